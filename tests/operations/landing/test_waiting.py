"""While a run works its lock is taken: what lands then waits, and joins the next run."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.deliveries import add_remove, admission, waiting
from operations.landing import landing
from operations.landing.landing import Outcome
from operations.process import lock
from operations.project import dvc_file, listing
from tests.operations.landing.conftest import HERE, AtWork

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def at_work(project: Any) -> Any:
    with AtWork(project.root) as run:
        yield run


ERRORS = [OSError(errno.ENOSPC, "disk full"), OSError("dvc add failed"), ValueError("no list")]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_what_cannot_be_listed_yet_waits_whole_and_is_told(
    project: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def add(root: Path, name: str) -> None:
        raise error

    project.drop("batch", project.GOOD)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(dvc_file, "add", add)
            with pytest.raises(type(error), match="disk full|dvc add|no list"):
                project.look()
        assert waiting.names(project.root) == ["batch"]
        assert project.content(waiting.read(project.root, "batch").folder) == project.GOOD
        assert landing.is_due(project.root, [project.incoming], 0)
    assert project.look() == []
    assert project.listed() == ["demo", "batch"]
    assert project.emitted() == ["batch"]


def test_entries_are_refused_and_accepted_at_once_and_join_the_next_run(project: Any, at_work: AtWork) -> None:
    for name, files in (("bad", project.BAD), ("a", project.GOOD), ("b", {"ig/b.png": PNG}), ("c", project.GOOD)):
        project.drop(name, files)
    landed = project.look()
    told = {each.message.partition(":")[0]: each.outcome for each in landed}
    assert list(told.values()) == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.QUARANTINED, Outcome.KNOWN]
    assert landed[0].message == "accepted 'a': 2 images (ig 1, platelet 1)"
    assert sorted(project.reasons()) == ["bad-1", "c-1"]
    assert "are here already, as 'a', which joins the next run" in project.reasons()["c-1"]
    assert project.emitted() == ["a", "b"]
    project.drop("a", {"ig/other.png": PNG + b"other"})
    project.look()
    assert waiting.names(project.root) == ["a", "b", "a-2"]
    assert project.listed() == ["demo"], "what a run reads does not change under it"
    assert not landing.is_due(project.root, [project.incoming], 0), "nothing to do until the run has ended"
    at_work.end()
    assert landing.is_due(project.root, [project.incoming], 0)
    assert project.look() == []
    assert project.listed() == ["demo", "a", "b", "a-2"]
    assert project.content(project.root / "data/raw/a") == project.GOOD
    assert waiting.names(project.root) == []
    assert project.emitted() == ["a-2"]


def test_a_person_is_answered_at_once(project: Any, at_work: AtWork, tmp_path: Path) -> None:
    project.write(tmp_path / "cells", project.GOOD)
    project.write(tmp_path / "more", {"ig/more.png": PNG})
    told = add_remove.add(project.root, tmp_path / "cells")
    assert str(told).startswith("accepted 'cells': 2 images (ig 1, platelet 1)\na run is at work, and the next")
    again = add_remove.add(project.root, tmp_path / "cells")
    assert str(again) == "nothing to do: the same 2 images are here already, as 'cells', which joins the next run"
    with pytest.raises(ValueError, match="the name 'cells' is taken"):
        add_remove.add(project.root, tmp_path / "more", "cells")
    assert project.listed() == ["demo"]
    at_work.end()
    assert add_remove.add(project.root, tmp_path / "more").waiting is False
    assert project.listed() == ["demo", "cells", "more"], "in the order in which they came"


def test_a_verb_that_names_the_deliveries_names_what_waits(project: Any, at_work: AtWork) -> None:
    project.drop("batch", project.GOOD)
    project.look()
    soon = threading.Timer(0.5, at_work.end)  # to remove what is listed waits for the run
    soon.start()
    with pytest.raises(ValueError, match=r"no delivery 'x', expected one of demo, batch \(which joins the next run\)"):
        add_remove.remove(project.root, "x")
    soon.join()


def test_remote_status_names_what_waits(project: Any, at_work: AtWork, monkeypatch: Any, capsys: Any) -> None:
    """No remote has it before it is listed."""
    from hemaflow import runs

    monkeypatch.setattr("operations.storage.remote.not_backed_up", lambda _root: [])
    monkeypatch.chdir(project.root)
    runs.remote_status()
    assert capsys.readouterr().out == "everything is on the remote\n"
    project.drop("batch", project.GOOD)
    project.look()
    capsys.readouterr()
    runs.remote_status()
    assert capsys.readouterr().out == "accepted deliveries, here alone until a run lists them: batch\n"


def test_what_waits_is_withdrawn_at_once(project: Any, at_work: AtWork) -> None:
    project.drop("batch", project.GOOD)
    project.look()
    told = add_remove.remove(project.root, "batch")
    assert str(told) == "removed 'batch', which waited for the next run: deleted data/waiting/batch"
    assert (waiting.names(project.root), told.left) == ([], ["demo"])
    project.drop("batch", project.GOOD)
    assert [each.outcome for each in project.look()] == [Outcome.ACCEPTED], "it can come again"


def test_an_event_of_what_was_withdrawn_is_not_sent(project: Any, at_work: AtWork, monkeypatch: Any) -> None:
    def away(_delivered: Any) -> None:
        raise OSError("the server is away")

    project.drop("batch", project.GOOD)
    with monkeypatch.context() as patch:
        patch.setattr("flows.events.accepted", away)
        with pytest.raises(OSError, match="away"):
            project.look()
    add_remove.remove(project.root, "batch")
    project.look()
    assert project.emitted() == []


def test_a_name_that_was_listed_meanwhile(project: Any, at_work: AtWork) -> None:
    """As by `git pull`. That is told, and hinders no other delivery."""
    for name, files in (("batch", project.GOOD), ("other", {"ig/b.png": PNG})):
        project.drop(name, files)
    project.look()
    at_work.end()
    project.write(project.root / "data/raw/batch", {"ig/x.png": PNG + b"x"})
    listing.append(project.root, "batch")
    with pytest.raises(ValueError, match="remove batch"):
        project.look()
    assert project.listed() == ["demo", "batch", "other"]
    assert waiting.names(project.root) == ["batch"]
    add_remove.remove(project.root, "batch")
    assert project.listed() == ["demo", "batch", "other"]
    assert project.look() == []


LOOK = """
from pathlib import Path
from operations.landing import landing
root = Path()
landing.look(root, [root / "data/incoming"], 0, each=lambda entry: landing.land(root, entry), send=lambda: None)
"""


def another_look(root: Path) -> None:
    """By another process."""
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    environment.pop(lock.VARIABLE, None)
    subprocess.run([sys.executable, "-c", LOOK], cwd=root, env=environment, check=True, timeout=60)


@pytest.mark.parametrize("lister", ["a run", "watch"])
def test_a_broken_delivery_is_told_while_what_waits_is_listed(
    project: Any, monkeypatch: pytest.MonkeyPatch, lister: str
) -> None:
    """`dvc add` takes seconds for each that waits, which may be many."""
    with AtWork(project.root):
        for name in ("a", "b"):
            project.drop(name, {"ig/a.png": PNG + name.encode()})
        project.look()
    seen, add = [], dvc_file.add

    def slowly(root: Path, name: str) -> None:
        if not seen:
            project.drop("bad", project.BAD)
            project.drop("again", {"ig/a.png": PNG + b"a"})
            if lister == "a run":
                another_look(root)
        seen.append(sorted(project.reasons()))
        add(root, name)

    monkeypatch.setattr(dvc_file, "add", slowly)
    if lister == "a run":
        with lock.held(project.root, "a run"):
            admission.admit(project.root)
        assert seen == [["again-1", "bad-1"], ["again-1", "bad-1"]]
    else:
        project.look()
        assert seen == [[], ["again-1", "bad-1"]]
    assert "as 'a'" in project.reasons()["again-1"]
    assert project.listed() == ["demo", "a", "b"]
    assert waiting.names(project.root) == []


def test_what_is_being_listed_is_withdrawn_once_it_is(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with AtWork(project.root):
        project.drop("a", project.GOOD)
        project.look()
    add, asked = dvc_file.add, []
    environment = {key: value for key, value in os.environ.items() if key != lock.VARIABLE}
    code = (
        "from pathlib import Path; from operations.deliveries import add_remove; print(add_remove.remove(Path(), 'a'))"
    )

    def slowly(root: Path, name: str) -> None:
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        paths = {"PYTHONPATH": str(HERE)}
        asked.append(subprocess.Popen([sys.executable, "-c", code], cwd=root, env={**environment, **paths}, **pipes))
        assert asked[0].stderr.readline().startswith("waiting for the project's lock")
        add(root, name)

    monkeypatch.setattr(dvc_file, "add", slowly)
    project.look()
    told, _ = asked[0].communicate(timeout=60)
    assert told.startswith("removed 'a': deleted data/raw/a.dvc, data/raw/a, data/deliveries/a.yaml\n")
    assert project.listed() == ["demo"]


@pytest.mark.parametrize("taken", [lock.FILE, lock.LANDING], ids=["a run", "another landing"])
def test_what_a_landing_waits_for(project: Any, taken: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """For another landing, and for no run."""
    project.drop("batch", project.GOOD)
    with AtWork(project.root, taken) as other:
        soon = threading.Timer(0.5, other.end)
        soon.start()
        project.look()
        soon.join()
    said = f"waiting for the landing's lock (data/.state/landing.lock), held by pid {other.pid}: at work\n"
    assert capfd.readouterr().err == (said if taken == lock.LANDING else "")
    assert project.in_incoming() == []


def _by_the_pipeline(request: pytest.FixtureRequest) -> None:
    from flows.pipeline import pipeline

    request.getfixturevalue("api")
    pipeline(target="ingest")


def _by_make_repro(request: pytest.FixtureRequest) -> None:
    code = "from operations import locked; locked.main(['dvc', 'repro', '-q', 'ingest@cells'])"
    assert request.getfixturevalue("child")(code).wait(timeout=120) == 0


@pytest.mark.parametrize("run", [_by_the_pipeline, _by_make_repro])
def test_what_waits_is_listed_by_who_runs_next(
    in_toy: Path, tmp_path: Path, run: Callable[[pytest.FixtureRequest], None], request: pytest.FixtureRequest
) -> None:
    with AtWork(in_toy):
        for label in ("ig", "platelet"):
            (tmp_path / f"cells/{label}").mkdir(parents=True)
            (tmp_path / f"cells/{label}/a.png").write_bytes(PNG + label.encode())
        assert add_remove.add(in_toy, tmp_path / "cells").waiting
    run(request)
    assert listing.names(in_toy) == ["demo", "cells"]
    assert waiting.names(in_toy) == []
    assert "ingest@cells" in (in_toy / "dvc.lock").read_text()
