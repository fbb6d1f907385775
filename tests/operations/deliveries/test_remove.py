"""`remove` of operations/deliveries/add_remove.py. It runs no DVC, so the project is a folder of files."""

import os
import signal
from pathlib import Path

import pytest

from operations.deliveries.add_remove import remove
from operations.project import dvc_file, listing

ONE = '# Top.\ndeliveries:\n- "demo"\n# Above drawn.\ndrawn:\n- "demo"\n'
TWO = ONE.replace('- "demo"\n# Above', '- "demo"\n- "x"\n# Above')


@pytest.fixture
def root(tmp_path) -> Path:
    """A project with the deliveries demo, which is drawn, and x, and all that stages make of them."""
    write(tmp_path, "data/deliveries.yaml", TWO)
    write(tmp_path, "data/raw/x.dvc", "outs: [{md5: 1.dir, path: x}]")
    for folder in ("raw", "ingested", "embedded", "truth"):
        ending = ".csv" if folder == "truth" else ""
        write(tmp_path, f"data/{folder}/.gitignore", f"/demo{ending}\n/x{ending}\n")
        for name in ("demo", "x"):
            write(tmp_path, f"data/{folder}/{name}{ending or '/made'}", name)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def traces(root: Path, name: str) -> list[str]:
    """Every path below data/ that is called after the delivery, and every line in a .gitignore."""
    paths = [str(path) for path in (root / "data").rglob("*") if path.name.split(".")[0] == name]
    ignored = [line for file in (root / "data").rglob(".gitignore") for line in file.read_text().split()]
    return paths + [line for line in ignored if line.lstrip("/").split(".")[0] == name]


def test_it_takes_all_of_one_delivery_and_nothing_of_another(root):
    assert str(remove(root, "x")) == (
        "removed 'x': deleted data/raw/x.dvc, data/raw/x, data/ingested/x, data/embedded/x, data/truth/x.csv\n"
        "next: git add -A data; make repro"
    )
    assert (root / listing.FILE).read_text() == ONE
    assert traces(root, "x") == []
    assert len(traces(root, "demo")) == 8
    assert {path.name for path in (root / "data/.state").iterdir()} == {"lock", "landing.lock"}


def test_the_last_one_and_a_drawn_one(root):
    remove(root, "x")
    assert "add a delivery, for none is left" in str(remove(root, "demo"))
    assert (listing.names(root), listing.drawn(root)) == ([], [])
    assert traces(root, "demo") == []


def test_one_of_which_nothing_is_here_but_its_line(root):
    listing.append(root, "y")
    assert "deleted nothing but its line in the list" in str(remove(root, "y"))
    assert (root / listing.FILE).read_text() == TWO


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("y", r"no delivery 'y', expected one of demo, x \(data/deliveries.yaml\)", id="unknown"),
        pytest.param("../raw", "bad name '../raw'", id="a path"),
        pytest.param("x.dvc", r"bad name 'x\.dvc'", id="a file of DVC"),
    ],
)
def test_what_is_no_delivery(root, name, message):
    with pytest.raises(ValueError, match=message):
        remove(root, name)
    assert (root / listing.FILE).read_text() == TWO
    assert len(traces(root, "x")) == 9


def test_an_error_on_the_way_can_be_made_good_by_a_second_call(root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(dvc_file, "unignore", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            remove(root, "x")
    remove(root, "x")
    assert traces(root, "x") == []


def dying(function, calls: int):
    """The function, and death at the end of that many calls of it."""
    left = iter(range(calls))

    def die(*arguments, **settings):
        function(*arguments, **settings)
        if next(left) == calls - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


@pytest.mark.parametrize(
    ("owner", "step", "calls"),
    [
        pytest.param(listing, "remove", 1, id="off the list"),
        *[pytest.param(Path, "rename", calls, id=f"{calls} paths gone") for calls in (1, 2, 3, 4)],
        *[pytest.param(dvc_file, "unignore", calls, id=f"{calls} paths not ignored") for calls in (2, 3, 5)],
    ],
)
def test_a_killed_one_is_finished_by_the_next(root, monkeypatch, owner, step, calls):
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dying(getattr(owner, step), calls))
        child = os.fork()
        if not child:
            remove(root, "x")
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert listing.names(root) == ["demo"]
    remove(root, "x")
    assert traces(root, "x") == []
    assert {path.name for path in (root / "data/.state").iterdir()} == {"lock", "landing.lock"}


def test_outside_a_project(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"deliveries\.yaml"):
        remove(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []
