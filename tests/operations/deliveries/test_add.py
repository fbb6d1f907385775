"""Most cases run with a stand-in for `dvc add`, which takes a second; those that are about DVC run the real one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from operations.deliveries import add_remove as module
from operations.deliveries import staging, waiting
from operations.deliveries.add_remove import add, remove
from operations.process import lock
from operations.project import dvc_file, listing, records
from tests.support.quick_add import quick_add

PNG = b"\x89PNG\r\n\x1a\n"
PARAMS = "classes:\n  ig: [immature granulocyte]\n  neutrophil: [ne]\n"
LIST = '# Top.\ndeliveries:\n- "demo"\n# Above drawn.\ndrawn:\n- "demo"\n'


@pytest.fixture(scope="session")
def made_project(tmp_path_factory, environment) -> Path:
    root = tmp_path_factory.mktemp("made") / "project"
    write(root, {"data/raw/demo/ig/d.png": PNG + b"d", "data/raw/.gitignore": b"/demo\n"})
    write(root, {"params.yaml": PARAMS.encode(), "data/deliveries.yaml": LIST.encode()})
    (root / ".gitignore").write_text("/data/.state/\n")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["git", "add", "."]):
        subprocess.run(command, cwd=root, env=environment, check=True)
    return root


@pytest.fixture
def root(made_project, tmp_path) -> Path:
    return Path(shutil.copytree(made_project, tmp_path / "project"))


@pytest.fixture
def cells(tmp_path) -> Path:
    files = {"ig/a.png": PNG, "immature_granulocyte/a.png": PNG + b"2", "ne/.DS_1.jpg": b"no"}
    return write(tmp_path / "My Cells", files)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(dvc_file, "add", quick_add)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def snapshot(root: Path) -> dict[str, bytes | None]:
    """All of the project but the lock and what DVC keeps for itself; None for a folder."""
    paths = [path for path in root.rglob("*") if not path.is_relative_to(root / ".dvc")]
    hidden = {root / lock.FILE, root / lock.LANDING, root / staging.STATE, root / waiting.FOLDER}
    return {str(path): None if path.is_dir() else path.read_bytes() for path in paths if path not in hidden}


def dvc(root: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def test_a_delivery_with_the_real_dvc(root, cells, environment):
    told = add(root, cells)
    assert str(told) == (
        "added 'my-cells': 3 images (ig 2, neutrophil 1)\n"
        "next: git add data/raw/my-cells.dvc data/raw/.gitignore data/deliveries.yaml data/deliveries/my-cells.yaml; "
        "make repro"
    )
    assert listing.names(root) == ["demo", "my-cells"]
    assert (root / "data/raw/my-cells/immature_granulocyte/a.png").read_bytes() == PNG + b"2"
    meta = dvc_file.read(root, "my-cells")["meta"]
    assert (meta["images"], meta["classes"]) == (3, {"ig": 2, "neutrophil": 1})
    assert dvc(root, "status") == "Data and pipelines are up to date.\n"
    assert {path.name for path in (root / "data/.state").iterdir()} == {"lock", "landing.lock"}

    # What it says to do next brings all of it under git, and a clone with DVC's cache has the images again.
    subprocess.run(str(told).split("next: ")[1].split(";")[0].split(), cwd=root, check=True)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=root, check=True, capture_output=True, text=True)
    assert [line for line in status.stdout.splitlines() if line[1] != " "] == []
    shutil.rmtree(root / "data/raw/my-cells")
    dvc(root, "checkout", "-q", "data/raw/my-cells.dvc")
    assert (root / "data/raw/my-cells/ne/.DS_1.jpg").read_bytes() == b"no"

    remove(root, "my-cells")
    assert (root / "data/deliveries.yaml").read_text() == LIST
    assert sorted(path.name for path in (root / "data/raw").iterdir()) == [".gitignore", "demo"]
    assert dvc(root, "status") == "There are no data or pipelines tracked in this project yet.\n" + (
        "See <https://dvc.org/doc/start> to get started!\n"
    )


def test_two_at_once_both_arrive(root, tmp_path):
    program = "import sys; from pathlib import Path; from operations.deliveries import add_remove as d; "
    program += "print(d.add(Path('.'), Path(sys.argv[1])))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    children = []
    for name in ("one", "two"):
        write(tmp_path / name, {"ig/a.png": PNG + name.encode()})
        command = [sys.executable, "-c", program, str(tmp_path / name)]
        children.append(subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True))
    errors = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert "".join(errors).count("waiting for the project's lock") <= 1
    assert sorted(listing.names(root)) == ["demo", "one", "two"]


def test_the_same_content_is_noticed_in_every_form_and_under_every_name(root, cells, quick):
    add(root, cells, "first")
    before = snapshot(root)
    packed = shutil.make_archive(str(cells.parent / "packed"), "zip", cells.parent, cells.name)
    for path, name in ((cells, None), (cells, "first"), (cells, "second"), (Path(packed), None)):
        told = add(root, path, name)
        assert (told.name, told.new) == ("first", False)
    assert str(told) == "nothing to do: the same 3 images are here already, as 'first'"
    assert snapshot(root) == before
    listing.hold(root, "first")
    told = str(add(root, cells, None))
    assert told.endswith("as 'first', which is on hold: `hemaflow release first --why REASON` takes it back")


def test_the_content_of_a_drawn_delivery_is_noticed(root, tmp_path, quick):
    assert add(root, write(tmp_path / "in", {"ig/d.png": PNG + b"d"})).name == "demo"


def test_content_is_known_by_its_meta_where_the_folder_is_not_here(root, cells, quick):
    add(root, cells, "first")
    shutil.rmtree(root / "data/raw/first")
    assert add(root, cells, "second").name == "first"


def test_removed_content_can_come_again(root, cells, quick):
    add(root, cells, "x")
    remove(root, "x")
    assert add(root, cells, "x").new


BAD = {
    "unknown class": ({"blast/a.png": PNG}, None, "unknown class folder 'blast', expected ig, neutrophil"),
    "empty": ({}, None, "holds no image"),
    "bad name": ({"ig/a.png": PNG}, "../x", "bad name '../x'"),
    "name that is empty": ({"ig/a.png": PNG}, "", "bad name ''"),
    "name taken": ({"ig/a.png": PNG}, "demo", "the name 'demo' is taken by a delivery with other content"),
}


@pytest.mark.parametrize(("files", "name", "message"), BAD.values(), ids=BAD)
def test_bad_deliveries_leave_nothing(root, tmp_path, quick, files, name, message):
    (tmp_path / "in").mkdir()
    before = snapshot(root)
    with pytest.raises(ValueError, match=message):
        add(root, write(tmp_path / "in", files), name)
    assert snapshot(root) == before


@pytest.mark.parametrize("left", ["folder", ".dvc file", "plain file"])
def test_an_unlisted_thing_of_other_content_is_never_overwritten(root, cells, quick, left):
    if left == "folder":
        write(root / "data/raw/x", {"ig/other.png": PNG})
    elif left == "plain file":
        write(root, {"data/raw/x": b"other"})
    else:
        meta = {"digest": "other", "md5": "1.dir"}
        write(root, {"data/raw/x.dvc": yaml.safe_dump({"outs": [{"md5": "1.dir"}], "meta": meta}).encode()})
    before = snapshot(root)
    with pytest.raises(ValueError, match=r"data/raw/x is there with other content.*remove x"):
        add(root, cells, "x")
    assert snapshot(root) == before


def failing(function, error, late: bool):
    def fail(*arguments, **settings):
        if late:
            function(*arguments, **settings)
        raise error

    return fail


STEPS = {
    "check": (module, "_check_free", False),
    "rename": (Path, "rename", False),
    "renamed": (Path, "rename", True),
    "dvc add": (dvc_file, "add", False),
    "dvc added": (dvc_file, "add", True),
    "noted": (dvc_file, "note", True),
    "record": (records, "write", False),
    "recorded": (records, "write", True),
    "append": (listing, "append", False),
}


@pytest.mark.parametrize(("owner", "step", "late"), STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_an_error_at_any_step_leaves_the_project_as_it_was(root, cells, quick, monkeypatch, owner, step, late, error):
    before = snapshot(root)
    with monkeypatch.context() as patch:
        original = getattr(owner, step)
        if step == "rename":  # once, since undoing renames too
            calls = iter([failing(original, error, late)])
            patch.setattr(owner, step, lambda *arguments: next(calls, original)(*arguments))
        else:
            patch.setattr(owner, step, failing(original, error, late))
        with pytest.raises(type(error)):
            add(root, cells)
    assert snapshot(root) == before
    assert add(root, cells).new


def test_an_interrupt_after_the_line_in_the_list_leaves_a_whole_delivery(root, cells, quick, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(listing, "append", failing(listing.append, KeyboardInterrupt(), late=True))
        with pytest.raises(KeyboardInterrupt):
            add(root, cells)
    assert not add(root, cells).new
    assert listing.names(root) == ["demo", "my-cells"]


def test_an_error_leaves_what_it_took_up(root, cells, quick, monkeypatch):
    shutil.copytree(cells, root / "data/raw/x")
    before = snapshot(root)
    with monkeypatch.context() as patch:
        patch.setattr(dvc_file, "note", failing(dvc_file.note, OSError("disk full"), late=False))
        with pytest.raises(OSError, match="disk full"):
            add(root, cells, "x")
    assert snapshot(root) == before
    assert add(root, cells, "x").new


def killed(work) -> None:
    """Run it in a process of its own, which must die by SIGKILL on the way."""
    child = os.fork()
    if not child:
        work()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def dying(function):
    """The function, and death at its end."""

    def die(*arguments, **settings):
        function(*arguments, **settings)
        os.kill(os.getpid(), signal.SIGKILL)

    return die


@pytest.mark.parametrize(
    ("owner", "step", "listed"),
    [
        pytest.param(module, "take_in", False, id="staged"),
        pytest.param(Path, "rename", False, id="renamed"),
        pytest.param(dvc_file, "add", False, id="added"),
        pytest.param(dvc_file, "note", False, id="noted"),
        pytest.param(records, "write", False, id="recorded"),
        pytest.param(listing, "append", True, id="listed"),
    ],
)
def test_a_killed_deliver_is_taken_up_by_the_next(root, cells, quick, monkeypatch, owner, step, listed):
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dying(getattr(owner, step)))
        killed(lambda: add(root, cells))
    assert listing.names(root) == (["demo", "my-cells"] if listed else ["demo"])
    assert add(root, cells).new is not listed
    assert listing.names(root) == ["demo", "my-cells"]
    assert dvc_file.read(root, "my-cells")["meta"]["images"] == 3
    assert (root / "data/raw/.gitignore").read_text() == "/demo\n/my-cells\n"
    assert {path.name for path in (root / "data/.state").iterdir()} == {"lock", "landing.lock"}


def test_outside_a_project(tmp_path, cells):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"deliveries\.yaml"):
        add(tmp_path / "empty", cells)
    assert list((tmp_path / "empty").iterdir()) == []
