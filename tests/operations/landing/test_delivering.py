"""What a landing, beside a person, asks of `add`."""

import errno
import os
from typing import Any

import pytest

from operations.deliveries import add_remove, waiting
from operations.deliveries.add_remove import RefusedError
from operations.process import lock
from operations.project import dvc_file, listing

PNG = b"\x89PNG\r\n\x1a\n"


def _raising(error: Exception) -> Any:
    def fail(*_arguments: Any) -> None:
        raise error

    return fail


FAULTS = [KeyError("header"), PermissionError(errno.EACCES, "not readable"), ValueError("bad")]
NO_FAULTS = [OSError(errno.ENOSPC, "disk full"), OSError(errno.EROFS, "read-only"), MemoryError()]


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_fault_of_the_content(project: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(add_remove, "take_in", _raising(error))
    with pytest.raises(RefusedError, match="header|not readable|bad"):
        add_remove.add(project.root, project.drop("batch", project.GOOD))


@pytest.mark.parametrize("error", NO_FAULTS, ids=repr)
def test_no_fault_of_the_content(project: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(add_remove, "take_in", _raising(error))
    with pytest.raises(type(error)):
        add_remove.add(project.root, project.drop("batch", project.GOOD))


@pytest.mark.parametrize("ignored", ["data/raw/x/ig", "*.tif", "x/", ".dvc"])
def test_content_that_dvc_leaves_out_is_at_fault(project: Any, ignored: str) -> None:
    """Which is found out while a run works, before `dvc add`."""
    if ignored != ".dvc":
        project.write(project.root, {".dvcignore": f"{ignored}\n".encode()})
    entry = project.drop("batch", {**project.GOOD, "ig/.dvc/y.png": PNG} if ignored == ".dvc" else project.GOOD)
    (entry / "ig/a.tif").write_bytes(b"II*\0")
    with lock.held(project.root, "a run"), pytest.raises(RefusedError, match=r"DVC leaves out \d of its files.*ig"):
        add_remove.accept(project.root, entry, "x")
    assert waiting.names(project.root) == []


def test_content_that_dvc_left_out_after_all_is_not_listed(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(root: Any, name: str) -> None:
        project.write(root / "data/raw", {f"{name}.dvc": b"outs: [{md5: 1.dir, nfiles: 1}]"})

    monkeypatch.setattr(dvc_file, "add", add)
    with pytest.raises(ValueError, match="DVC versions 1 of 2 files"):
        add_remove.add(project.root, project.drop("batch", project.GOOD))
    assert not dvc_file.place(project.root, "batch").exists()
    assert waiting.names(project.root) == []


def test_an_error_before_it_is_accepted_undoes_all(project: Any) -> None:
    def refuse(delivered: add_remove.Added) -> None:
        assert (delivered.name, delivered.new, delivered.images) == ("x", True, 2)
        assert delivered.waiting
        assert project.listed() == ["demo"]
        raise RuntimeError

    entry, before = project.drop("batch", project.GOOD), project.content(project.root / "data/raw")
    with pytest.raises(RuntimeError):
        add_remove.add(project.root, entry, "x", before_accepting=refuse)
    assert project.content(project.root / "data/raw") == before
    assert project.listed() == ["demo"]
    add_remove.add(project.root, entry, "x")
    assert not add_remove.add(project.root, entry, "x", before_accepting=refuse).new


def test_a_number_avoids_what_is_of_nobody_too(project: Any) -> None:
    project.write(project.root / "data/raw/demo-2", {"ig/other.png": PNG})
    for content, name in ((b"3", "demo-3"), (b"4", "demo-4"), (b"3", "demo-3")):
        entry = project.drop("batch", {"ig/a.png": PNG + content})
        assert add_remove.add(project.root, entry, "demo", numbered=True).name == name
    assert listing.names(project.root) == ["demo", "demo-3", "demo-4"]


def test_what_dead_deliveries_left_behind_goes(project: Any) -> None:
    """Also where the numbers in its names are those of living processes."""
    pid = os.getppid()
    left = [
        f"data/.state/add-{pid}-a/content/x",
        f"data/raw/.x.dvc.{pid}",
        "data/.deliveries.yaml.1",
        "data/deliveries/.x.yaml.2",
    ]
    stays = ["data/.state/other/x", "data/raw/.x.dvc.mine"]
    project.write(project.root, dict.fromkeys([*left, *stays], b""))
    add_remove.add(project.root, project.drop("batch", project.GOOD))
    assert [name for name in [*left, *stays] if (project.root / name).exists()] == stays
    assert not (project.root / left[0]).parents[1].exists()
