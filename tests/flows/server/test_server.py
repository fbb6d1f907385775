import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.server import access, api, server


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
    monkeypatch.setattr(server, "await_answer", lambda _api: None)
    monkeypatch.setattr(server, "check_admitted", lambda _api: None)
    monkeypatch.setattr(api, "check_admitted", lambda _api, _seconds: None)
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "1")
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    with server.announcing(tmp_path) as announce:
        announce("http://127.0.0.1:1/api")
        assert server.provide(tmp_path) is None
        assert os.environ["PREFECT_API_URL"] == "http://elsewhere/api"
        monkeypatch.delenv("PREFECT_API_URL")
        assert server.provide(tmp_path) is None
        assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
        assert os.environ["PREFECT_CLIENT_MAX_RETRIES"] == "8", "2 + 4 + ... + 256 s: the server may be away"


def test_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(server, "healthy", lambda _api: next(answers))
    server.await_answer("http://127.0.0.1:1/api")
    monkeypatch.setattr(server, "healthy", lambda _api: False)
    with pytest.raises(OSError, match="http://127.0.0.1:1/api, the server of this checkout, does not answer"):
        server.await_answer("http://127.0.0.1:1/api", 0.1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_taken_port_is_an_error(host: str) -> None:
    with socket.socket() as other:
        other.bind((server.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=rf"port {port} of {host} cannot be had .*--port"):
            access.check_free(host, port)
    access.check_free(host, server.free_port())


def test_verbs_at_work_are_known_until_they_end(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from flows.server import api, server"
    code += (
        "; api.check_admitted = lambda at, _: print(at); server.provide(Path()); sys.stdout.flush(); sys.stdin.read()"
    )
    env = {**os.environ, "PREFECT_API_URL": "http://elsewhere/api", "PYTHONPATH": str(Path(__file__).parents[3])}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    verbs = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=env, **pipes) for _ in range(2)]
    for verb in verbs:
        assert verb.stdout is not None
        assert verb.stdout.readline() == b"http://elsewhere/api\n"
    for verb in verbs:
        assert server.verbs_run(tmp_path)
        verb.kill()
        verb.communicate()
    assert not server.verbs_run(tmp_path)


def test_nothing_healthy_where_nobody_listens() -> None:
    assert not server.healthy(f"http://{server.HOST}:{server.free_port()}/api")


def test_a_server_that_ends_at_once_is_an_error_with_its_log(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no database')"]
    monkeypatch.setattr(server, "_command", lambda _host, _port: command)
    log = toy / server.STATE / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("an error of yesterday\n")
    started = server.start(toy, server.free_port())
    with pytest.raises(OSError, match=r"(?s)did not start.*no database") as failed:
        started.await_healthy()
    assert "yesterday" not in str(failed.value)
    started.end()
