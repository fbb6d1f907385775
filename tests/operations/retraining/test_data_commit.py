import subprocess
from datetime import date
from pathlib import Path

import pytest

from operations.git import repository
from operations.project import listing
from operations.retraining import data_commit
from tests.support import recording

DAY = date(2024, 11, 25)


@pytest.fixture
def root(in_repository: Path) -> Path:
    """A committed toy with a delivery that landed since, whose stages have run: the files alone, not the data."""
    listing.append(in_repository, "smears")
    recording.nothing(in_repository / "data/deliveries/smears.yaml")
    (in_repository / "data/raw/smears.dvc").write_text("outs:\n- md5: 0\n  path: smears\n")
    for folder in ("raw", "ingested", "embedded"):
        with (in_repository / f"data/{folder}/.gitignore").open("a") as ignored:
            ignored.write("/smears\n")
    (in_repository / "dvc.lock").write_text((in_repository / "dvc.lock").read_text() + "# ran\n")
    return in_repository


COMMITTED = [
    "data/deliveries.yaml", "data/deliveries/smears.yaml",
    "data/embedded/.gitignore", "data/ingested/.gitignore", "data/raw/.gitignore",
    "data/raw/smears.dvc", "dvc.lock",
]  # fmt: skip


def test_exactly_what_the_run_changed(root: Path) -> None:
    (root / "params.yaml").write_text((root / "params.yaml").read_text() + "# a person's\n")
    (root / "notes.txt").write_text("a person's")
    (root / "toy.py").write_text((root / "toy.py").read_text() + "# staged\n")
    git(root, "add", "toy.py")
    made = commit(root)
    assert git(root, "show", "--name-only", "--format=", made).split() == COMMITTED
    assert git(root, "show", "--format=%B", "--no-patch", made).splitlines() == [
        "Take in smears", "", "deliveries: demo, smears", "run: 20240101",
    ]  # fmt: skip
    assert data_commit.left(root) == ["notes.txt", "params.yaml", "toy.py"]
    assert git(root, "diff", "--cached", "--name-only") == "toy.py"


def test_the_list_is_the_one_that_the_run_read(root: Path) -> None:
    """What came while a person was asked is for the next run: it is neither committed nor lost."""
    read = (root / listing.FILE).read_bytes()
    listing.append(root, "later")
    made = data_commit.commit(root, read, ["smears"], [], "20240101")
    assert repository.show(root, made, listing.FILE) == read
    assert listing.names(root) == ["demo", "smears", "later"]
    assert data_commit.left(root) == [str(listing.FILE)]


def test_a_withdrawn_delivery_goes_from_git_too(root: Path) -> None:
    commit(root)
    listing.remove(root, "smears")
    files = ("data/raw/smears.dvc", "data/deliveries/smears.yaml")
    for file in files:
        (root / file).unlink()
    made = commit(root, [])
    assert [repository.show(root, made, file) for file in files] == [None, None]
    assert git(root, "log", "-1", "--format=%s") == "Bring the data up to date"


def test_a_file_of_no_listed_delivery_is_a_person_s(root: Path) -> None:
    (root / "data/raw/other.dvc").write_text("outs:\n- md5: 1\n  path: other\n")
    commit(root)
    assert data_commit.left(root) == ["data/raw/other.dvc"]


def test_nothing_changed(root: Path) -> None:
    made = commit(root)
    assert commit(root) == made == repository.head(root)


def test_branches_for_review(root: Path, tmp_path: Path) -> None:
    """Each push has a branch of its own; the same commit has one, however often it is pushed."""
    origin = tmp_path / "origin.git"
    git(root, "init", "-q", "--bare", str(origin))
    git(root, "remote", "add", "origin", str(origin))
    names = [data_commit.push_for_review(root, DAY)]
    commit(root)
    names += [data_commit.push_for_review(root, DAY), data_commit.push_for_review(root, date(2024, 11, 26))]
    assert names == ["retrain/2024-11-25", "retrain/2024-11-25-2", "retrain/2024-11-25-2"]
    assert git(origin, "rev-parse", "retrain/2024-11-25-2") == repository.head(root)
    assert git(root, "branch", "--show-current") == git(origin, "symbolic-ref", "--short", "HEAD")


def test_a_branch_without_an_origin_is_an_error(root: Path) -> None:
    with pytest.raises(OSError, match="git ls-remote: .*origin"):
        data_commit.push_for_review(root, DAY)


def commit(root: Path, fresh: list[str] | None = None) -> str:
    read = (root / listing.FILE).read_bytes()
    return data_commit.commit(root, read, ["smears"] if fresh is None else fresh, [], "20240101")


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
