import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from operations import person, run_context


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setattr("getpass.getuser", lambda: "ann7")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param({"user.name": "Ann Lee", "user.email": "ann@lab.org"}, "Ann Lee <ann@lab.org>", id="git's"),
        pytest.param({"user.name": "Ann Lee"}, "Ann Lee", id="a name alone"),
        pytest.param({}, "ann7", id="the login"),
    ],
)
def test_at_the_command_line(root: Path, known: dict[str, str], expected: str) -> None:
    for key, value in known.items():
        subprocess.run(["git", "config", key, value], cwd=root, check=True)
    assert person.person(root) == expected


def test_without_git_and_without_a_login(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setenv("PATH", "")
    assert person.person(root) == "unknown"


Run = Callable[..., None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Has the test be in a flow run."""

    def put(**more: Any) -> None:
        made = {"deployment_id": "d", "auto_scheduled": False, "created_by": None, "labels": {}, **more}
        monkeypatch.setattr(run_context, "current", lambda: SimpleNamespace(**made))

    return put


ADA = {person.LABEL: "ada@lab.org"}
AUTOMATION = SimpleNamespace(type="AUTOMATION", display_value="retrain")


@pytest.mark.parametrize(
    ("header", "facts", "expected"),
    [
        pytest.param(None, {}, "through the UI, unverified", id="no proxy"),
        pytest.param(None, {"labels": ADA}, "through the UI, unverified", id="a label that a client made up"),
        pytest.param("X-User", {"labels": ADA}, "ada@lab.org (X-User)", id="a proxy's user"),
        pytest.param("X-User", {}, "through the UI, unverified", id="past the proxy"),
        pytest.param("X-User", {"labels": {person.LABEL: ""}}, "through the UI, unverified", id="nobody by the proxy"),
        pytest.param("X-User", {"auto_scheduled": True, "labels": ADA}, "the schedule", id="a schedule"),
        pytest.param("X-User", {"created_by": AUTOMATION, "labels": ADA}, "the automation 'retrain'", id="automation"),
        pytest.param("X-User", {"deployment_id": None, "labels": ADA}, "ann7", id="of the command line"),
    ],
)
def test_in_a_flow_run(
    root: Path, run: Run, monkeypatch: pytest.MonkeyPatch, header: str | None, facts: dict[str, Any], expected: str
) -> None:
    monkeypatch.delenv(person.VARIABLE, raising=False)
    if header:
        monkeypatch.setenv(person.VARIABLE, header)
    run(**facts)
    assert person.person(root) == expected


@pytest.mark.parametrize(
    ("header", "label", "expected"),
    [
        pytest.param(None, "id ada", "through the UI, unverified", id="no proxy"),
        pytest.param("X-User", "id ada", "ada (X-User)", id="a proxy's user"),
        pytest.param("X-User", "id ", "through the UI, unverified", id="past the proxy"),
        pytest.param("X-User", "other ada", None, id="of another run"),
        pytest.param("X-User", "ada", None, id="of the deployment"),
        pytest.param("X-User", "", None, id="not yet"),
    ],
)
def test_who_answered(monkeypatch: pytest.MonkeyPatch, header: str | None, label: str, expected: str | None) -> None:
    monkeypatch.setenv(person.VARIABLE, header or "")
    assert person.answerer(SimpleNamespace(id="id", labels={person.ANSWERED: label})) == expected


def test_what_is_no_header_s_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(person.VARIABLE, "X User:")
    with pytest.raises(ValueError, match="HEMAFLOW_USER_HEADER must be the name of a header, .*got 'X User:'"):
        person.header()
