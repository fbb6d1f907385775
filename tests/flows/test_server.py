import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flows import server


@pytest.mark.parametrize("variable", ["PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK", "DVC_NO_ANALYTICS"])
def test_analytics_are_off_as_soon_as_the_package_is_imported(variable: str) -> None:
    code = f"import os; os.environ.pop('{variable}', None); import flows; print(os.environ['{variable}'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ("false" if variable.endswith("ENABLED") else "1")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, "{root}/data/.state/prefect", id="below the project"),
        pytest.param({"PREFECT_HOME": "/mine"}, "/mine", id="the user's"),
        pytest.param({"PREFECT_API_URL": "http://elsewhere/api"}, "None", id="a server elsewhere"),
    ],
)
def test_home(toy: Path, environment: dict[str, str], given: dict[str, str], expected: str) -> None:
    code = "import os, flows; print(os.environ.get('PREFECT_HOME'))"
    env = {**environment, **given}
    done = subprocess.run([sys.executable, "-c", code], cwd=toy, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected.format(root=toy.resolve())


def test_announced_as_long_as_the_block_lasts(tmp_path: Path) -> None:
    assert server.announced(tmp_path) is None
    with server.announcing(tmp_path) as announce:
        assert server.announced(tmp_path) is None, "it is not healthy yet"
        announce("http://127.0.0.1:1/api")
        assert server.announced(tmp_path) == "http://127.0.0.1:1/api"
        with pytest.raises(ValueError, match="served already: http://127.0.0.1:1/api"), server.announcing(tmp_path):
            pass
    assert server.announced(tmp_path) is None


def test_provide_takes_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    assert server.provide(tmp_path) is None
    monkeypatch.delenv("PREFECT_API_URL")
    with server.announcing(tmp_path) as announce:
        announce("http://127.0.0.1:1/api")
        assert server.provide(tmp_path) is None
        assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:1/api"


def test_a_taken_port_is_an_error() -> None:
    with socket.socket() as other:
        other.bind((server.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=rf"port {port} of 127.0.0.1 cannot be had .*--port"):
            server.check_free(port)
    server.check_free(server.free_port())


def test_nothing_healthy_where_nobody_listens() -> None:
    assert not server.healthy(f"http://{server.HOST}:{server.free_port()}/api")


def test_a_server_that_ends_at_once_is_an_error_with_its_log(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no database')"]
    monkeypatch.setattr(server, "_command", lambda _port: command)
    started = server.start(toy, server.free_port())
    with pytest.raises(OSError, match=r"(?s)did not start.*no database"):
        started.await_healthy()
    started.end()
