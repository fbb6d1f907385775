"""A server serves one checkout: who has the lease, who is refused, and how it passes on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.server import lease, server
from tests.support.served import serving

RENEWED = "import sys; from pathlib import Path; from flows.server import lease\n"
RENEWED += "with lease.held(Path(), sys.argv[1]): print(flush=True); sys.stdin.read()"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return _folder(tmp_path / "one")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return _folder(tmp_path / "two")


@pytest.fixture
def url(prefect: Any) -> Iterator[str]:
    """A server without a lease."""
    _forget(prefect.api)
    yield prefect.api
    _forget(prefect.api)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _forget(api: str) -> None:
    while found := lease.latest(api):
        lease._variables(api, "DELETE", f"name/{lease.PREFIX}{found.number}")


def _holding(root: Path, api: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """A process of the checkout that holds the lease."""
    command, pipe = [sys.executable, "-c", RENEWED, api], subprocess.PIPE
    process = subprocess.Popen(command, cwd=root, env=environment, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "\n"
    return process


def test_a_second_checkout_is_refused_by_the_name_of_the_first(one: Path, two: Path, url: str) -> None:
    with lease.held(one, url):
        with pytest.raises(ValueError, match=f"{one} on .* since .*A server serves one checkout"), lease.held(two, url):
            pass
        with lease.held(one, url):
            assert lease.latest(url).number == 1  # type: ignore[union-attr]
    with lease.held(two, url):
        pass
    assert lease.latest(url) is None, "given back"


def test_a_killed_checkout_has_it_again_at_once_and_another_once_it_ran_out(
    one: Path, two: Path, url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = _holding(one, url, environment)
    killed.kill()
    killed.wait()
    with pytest.raises(ValueError, match="another checkout"):
        lease.acquire(two, url)
    assert lease.acquire(one, url) == 1
    monkeypatch.setattr(lease, "SECONDS", -5.0)
    assert lease.acquire(two, url) == 2
    monkeypatch.undo()
    with pytest.raises(ValueError, match=str(two)):
        lease.acquire(one, url)


def test_the_last_process_of_a_checkout_gives_it_back(one: Path, url: str, environment: dict[str, str]) -> None:
    first, second = (_holding(one, url, environment) for _ in range(2))
    first.communicate()
    assert lease.latest(url) is not None
    second.communicate()
    assert lease.latest(url) is None


def test_it_is_renewed(one: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.05)
    with lease.held(one, url):
        while "renewed" not in lease.latest(url).holder:  # type: ignore[union-attr]
            pass


def test_who_lost_it_ends(
    one: Path, two: Path, url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = RENEWED.replace("\nwith", "\nlease.BEAT = 0.2\nwith", 1)
    pipe = subprocess.PIPE
    loser = subprocess.Popen(
        [sys.executable, "-c", code, url], cwd=one, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    assert loser.stdout is not None
    loser.stdout.readline()
    monkeypatch.setattr(lease, "SECONDS", -5.0)
    lease.acquire(two, url)
    assert loser.wait(60) != 0
    assert loser.stderr is not None
    assert str(two) in loser.stderr.read()


def test_a_run_of_another_checkout_is_refused(one: Path, two: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with lease.held(one, url):
        lease.check(one)
        with pytest.raises(ValueError, match=str(one)):
            lease.check(two)
    lease.check(two)
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.free_port()}/api")
    lease.check(two)  # a server that is away ends no run


def test_a_copied_checkout_is_another(one: Path, two: Path) -> None:
    first = lease.identity(one)
    assert lease.identity(one) == first
    (two / lease.FILE).parent.mkdir(parents=True)
    (two / lease.FILE).write_bytes((one / lease.FILE).read_bytes())
    assert lease.identity(two) != first


@pytest.mark.server
def test_a_verb_and_a_serve_of_another_checkout_are_refused(
    toy: Path, one: Path, url: str, environment: dict[str, str], prefect: Any
) -> None:
    """Against the server, and against the database, of a checkout that holds the lease."""
    with lease.held(one, url):
        _are_refused(toy, one, environment, url, prefect.home)


def _are_refused(root: Path, holder: Path, environment: dict[str, str], api: str, home: Path) -> None:
    verb = _flows(root, {**environment, "PREFECT_API_URL": api}, "pipeline", "--target", "split")
    database = f"sqlite+aiosqlite:///{home / 'prefect.db'}"
    served = _flows(root, environment, "serve", "--port", str(server.free_port()), "--database", database)
    for done in (verb, served):
        assert done.returncode == 1
        assert f"{holder} on " in done.stderr


@pytest.mark.server
@pytest.mark.long
def test_a_verb_and_a_serve_of_a_second_checkout(
    toy: Path, environment: dict[str, str], prefect: Any, tmp_path: Path
) -> None:
    """Of one that is being served, and goes on."""
    prefect.give_database(toy)
    other = tmp_path / "other"
    subprocess.run(["cp", "-r", str(toy), str(other)], check=True)
    with serving(toy, environment) as first:
        _are_refused(other, toy, environment, first.api, toy / "data/.state/prefect")
        run = first.trigger(target="split")
        assert first.await_state(run, "COMPLETED", "FAILED", "CRASHED") == "COMPLETED"


def _flows(root: Path, env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hemaflow", *words]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=240)
