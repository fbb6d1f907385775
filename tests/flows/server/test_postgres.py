"""The database that Prefect's server keeps its runs in. `test_serve.py` has a whole suite on PostgreSQL."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server import database, server
from tests.support.postgres import PASSWORD, postgresql
from tests.support.served import FINAL, serving


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("mysql://me:a-secret-4711@h/d", "got mysql://me:***@h/d", id="another database"),
        pytest.param("postgresql://me:a-secret-4711@h/d", "postgresql+asyncpg://... or", id="the driver is missing"),
        pytest.param("postgresql+asyncpg://me:a-secret-4711@h", "got postgresql", id="no name of a database"),
        pytest.param("sqlite+aiosqlite://", "got sqlite", id="in memory, which dies with the server"),
        pytest.param("a-secret-4711", "something that is no URL", id="no URL"),
        pytest.param("postgresql+asyncpg://me@h:port/d", "something that is no URL", id="no number of a port"),
        pytest.param("x://h/d?password=a-secret-4711", "got x://h/d", id="a password among the options"),
    ],
)
def test_what_is_no_database_of_prefects(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match="the database must be") as error:
        database.chosen(url)
    assert expected in str(error.value)
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize(
    ("option", "variable", "expected"),
    [
        pytest.param(None, None, None, id="neither"),
        pytest.param(None, "", None, id="an empty variable"),
        pytest.param(None, "sqlite+aiosqlite:////a/b", "sqlite+aiosqlite:////a/b", id="the variable"),
        pytest.param("sqlite+aiosqlite:////c", "sqlite+aiosqlite:////a/b", "sqlite+aiosqlite:////c", id="the option"),
    ],
)
def test_the_option_goes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, option: str | None, variable: str | None, expected: str | None
) -> None:
    monkeypatch.delenv(database.VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(database.VARIABLE, variable)
    assert database.chosen(option) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("postgresql+asyncpg://me:a-secret-4711@127.0.0.1:{free}/d", "Connect call failed", id="nobody"),
        pytest.param(
            "postgresql+asyncpg://me:a-secret-4711@no.invalid/d", "not known|name resolution", id="no such host"
        ),
        pytest.param("sqlite+aiosqlite:////no/such/folder/x.db", "no such folder", id="no such folder"),
    ],
)
def test_serve_says_in_one_line_that_it_cannot_be_reached(
    toy: Path, environment: dict[str, str], url: str, expected: str
) -> None:
    url = url.format(free=server.free_port())
    command = [sys.executable, "-m", "hemaflow", "serve", "--database", url, "--port", str(server.free_port())]
    done = subprocess.run(command, cwd=toy, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert re.search(expected, done.stderr)  # a name is resolved in other words where there is no net
    assert len(done.stderr.strip().splitlines()) == 1
    assert PASSWORD not in done.stderr


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param((PASSWORD, "another-0815"), "password authentication failed", id="wrong password"),
        pytest.param(("/postgres", "/nothing"), 'database "nothing" does not exist', id="no such database"),
    ],
)
def test_a_database_that_refuses(url: str, change: tuple[str, str], expected: str) -> None:
    wrong = url.replace(*change)
    with pytest.raises(OSError, match="cannot be used") as error:
        database.check(wrong)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)
    assert not [secret for secret in (PASSWORD, "another-0815") if secret in str(error.value)]


@pytest.mark.long
@pytest.mark.server
def test_the_variable_keeps_the_password_off_command_lines_and_logs(
    url: str, toy: Path, environment: dict[str, str]
) -> None:
    with serving(toy, {**environment, database.VARIABLE: url}) as served:
        run = served.trigger()
        assert served.await_state(run, *FINAL) == "COMPLETED"
        commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        assert not any(PASSWORD.encode() in command for command in commands)
    files = [path for path in (toy / "data/.state").rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    assert not (toy / server.STATE / "prefect.db").exists()


@pytest.mark.long
@pytest.mark.server
def test_a_second_checkout_at_the_same_database_is_refused(url: str, toy: Path, environment: dict[str, str]) -> None:
    env = {**environment, database.VARIABLE: url}
    other = shutil.copytree(toy, toy.parent / "other", symlinks=True)
    with serving(toy, env):
        command = [sys.executable, "-m", "hemaflow", "serve", "--port", str(server.free_port())]
        second = subprocess.run(command, cwd=other, env=env, capture_output=True, text=True, timeout=240)
        assert second.returncode == 1
        assert f"{toy.resolve()} on " in second.stderr
        assert PASSWORD not in second.stderr
    with serving(other, env):
        pass
