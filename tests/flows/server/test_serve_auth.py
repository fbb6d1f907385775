"""Who gets in: the address that the server listens at, and the password that it asks for."""

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server import access, server
from tests.support.served import FINAL, Served, serving

AUTH = "lab:a-secret 0815"
SECRET = AUTH.split(":")[1]
ASKS = "asks for a password: set HEMAFLOW_AUTH"
FLOW = ("pipeline", "--target", "outliers")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("", "USER:PASSWORD in printable", id="empty"),
        pytest.param("nocolon-but-long", "USER:PASSWORD in printable", id="no colon"),
        pytest.param(":longenough", "USER:PASSWORD in printable", id="no user"),
        pytest.param("me:", "at least 8", id="no password"),
        pytest.param("me:seven77", "at least 8", id="too short"),
        pytest.param("me:pässword1", "USER:PASSWORD in printable", id="beyond ASCII, where Prefect fails"),
        pytest.param("me:pass\tword", "USER:PASSWORD in printable", id="a control character"),
    ],
)
def test_a_malformed_password_is_an_error_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, expected: str
) -> None:
    monkeypatch.setenv(access.VARIABLE, given)
    with pytest.raises(ValueError, match=f"HEMAFLOW_AUTH must be .*{expected}") as error:
        server.start(tmp_path, server.free_port())
    assert len(given) < 4 or given not in str(error.value)


@pytest.mark.parametrize(
    ("host", "auth", "allowed"),
    [
        ("127.0.0.1", None, True),
        ("127.0.0.2", None, True),
        ("localhost", None, True),
        ("::1", None, True),
        ("0.0.0.0", None, False),
        ("::", None, False),
        ("192.0.2.7", None, False),
        ("0.0.0.0", AUTH, True),
        ("192.0.2.7", AUTH, True),
    ],
)
def test_beyond_the_loopback_only_with_a_password(
    monkeypatch: pytest.MonkeyPatch, host: str, auth: str | None, allowed: bool
) -> None:
    monkeypatch.delenv(access.VARIABLE, raising=False)
    if auth:
        monkeypatch.setenv(access.VARIABLE, auth)
    if allowed:
        access.check_host(host)
        return
    with pytest.raises(ValueError, match=rf"--host {host} lies beyond the loopback.*HEMAFLOW_AUTH=USER:PASSWORD"):
        access.check_host(host)


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(access.VARIABLE, raising=False)
    with pytest.raises(ValueError, match="--host no-such-host.invalid: "):
        access.check_host("no-such-host.invalid")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("localhost", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("192.0.2.7", "http://192.0.2.7:1"),
        ("::1", "http://[::1]:1"),
        ("::", "http://[::1]:1"),
    ],
)
def test_where_this_machine_finds_it(host: str, url: str) -> None:
    assert access.url(host, 1) == url


@pytest.mark.parametrize(
    ("host", "auth", "expected"),
    [
        pytest.param("0.0.0.0", None, "beyond the loopback", id="no password"),
        pytest.param("127.0.0.1", "short:pw", "at least 8", id="malformed also on the loopback"),
    ],
)
def test_serve_says_so_in_one_line(
    toy: Path, environment: dict[str, str], host: str, auth: str | None, expected: str
) -> None:
    command = [sys.executable, "-m", "hemaflow", "serve", "--host", host, "--port", str(server.free_port())]
    env = {**environment, **({access.VARIABLE: auth} if auth else {})}
    done = subprocess.run(command, cwd=toy, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, prefect: object) -> Iterator[server.Server]:
    """A server that asks for the password, and no more."""
    root = tmp_path_factory.mktemp("asking")
    prefect.give_database(root)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(access.VARIABLE, AUTH)
        home = str(root / server.STATE)
        started = server.start(root, server.free_port(), PREFECT_HOME=home, **server.BRIEF)
        started.await_healthy()
    yield started
    started.end()


def status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.server
@pytest.mark.parametrize(
    ("auth", "code"),
    [(None, 401), ("lab:a-secret 0816", 401), (AUTH, 200)],
    ids=["without", "wrong", "right"],
)
def test_the_api_asks_for_it(
    asking: server.Server, monkeypatch: pytest.MonkeyPatch, auth: str | None, code: int
) -> None:
    monkeypatch.delenv(access.VARIABLE, raising=False)
    if auth:
        monkeypatch.setenv(access.VARIABLE, auth)
    request = urllib.request.Request(f"{asking.api}/admin/version", headers=access.headers())
    assert status(request) == code
    assert server.healthy(asking.api), "that it is up, anybody may know"


@pytest.mark.server
@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        pytest.param(None, ASKS, id="without"),
        pytest.param("lab:a-secret 0816", "refuses HEMAFLOW_AUTH", id="wrong"),
        pytest.param("nonsense", "HEMAFLOW_AUTH must be USER:PASSWORD", id="malformed"),
        pytest.param(AUTH, None, id="right"),
    ],
)
def test_a_verb_gives_it_to_the_server_of_its_checkout(
    asking: server.Server, toy: Path, environment: dict[str, str], auth: str | None, expected: str | None
) -> None:
    env = {**environment, **({access.VARIABLE: auth} if auth else {})}
    command = [sys.executable, "-m", "hemaflow", "pipeline", "--target", "outliers"]
    with server.announcing(toy) as announce:
        announce(asking.api)
        done = subprocess.run(command, cwd=toy, env=env, capture_output=True, text=True, timeout=120)
    if expected is None:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "0816" not in done.stderr


@pytest.mark.server
@pytest.mark.parametrize(
    ("verb", "auth", "expected"),
    [
        pytest.param(FLOW, None, ASKS, id="without-a flow"),
        pytest.param(FLOW, AUTH, None, id="right-a flow"),
        pytest.param(("deploy",), None, ASKS, id="without-deploy"),
        pytest.param(("deploy",), AUTH, None, id="right-deploy", marks=pytest.mark.long),
    ],
)
def test_a_verb_gives_it_to_the_server_that_prefect_api_url_names(
    asking: server.Server, toy: Path, environment: dict[str, str], verb: tuple[str, ...], auth: str | None,
    expected: str | None,
) -> None:  # fmt: skip
    shutil.copy(Path(__file__).parents[3] / "prefect.yaml", toy)
    env = {**environment, "PREFECT_API_URL": asking.api, **({access.VARIABLE: auth} if auth else {})}
    command = [sys.executable, "-m", "hemaflow", *verb]
    done = subprocess.run(command, cwd=toy, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == bool(expected), done.stderr
    if expected:
        assert expected in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.server
@pytest.mark.long
def test_all_that_serve_does_goes_on_behind_it(toy: Path, environment: dict[str, str], prefect: object) -> None:
    """Reached by another address than the loopback's first; the password stands nowhere but in environments."""
    prefect.give_database(toy)  # type: ignore[attr-defined]
    with serving(toy, {**environment, access.VARIABLE: AUTH}, "--host", "0.0.0.0") as served:
        elsewhere = f"http://127.0.0.3:{served.port}"
        with urllib.request.urlopen(f"{elsewhere}/ui-settings") as answer:
            assert b'"api_url":"/api"' in answer.read(), "the browser asks where it has the page from"
        run = served.trigger(settings={"train": {"batch": 16}}, keep=True)
        assert served.await_state(run, *FINAL) == "COMPLETED", served.run(run)["state"]["message"]
        assert set(served.tasks(run).values()) == {"Cached", "Completed"}
        assert served.verb("pipeline").returncode == 0
        told = served.verb("pipeline", **{access.VARIABLE: "lab:a-secret 0816"})
        assert "refuses HEMAFLOW_AUTH" in told.stderr
        assert_nowhere(served)
    assert_nowhere(served)


def assert_nowhere(served: Served) -> None:
    """Neither in a file below data/.state (database, logs, announcement, output) nor in a command line."""
    files = [path for path in (served.root / "data/.state").rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(SECRET.encode() in command for command in commands)
