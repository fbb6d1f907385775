import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from operations.git import git, git_index, repository
from tests.support import repositories
from tests.support.repositories import run, staged


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return repositories.made(tmp_path, monkeypatch)


def status(root: Path) -> dict[str, str]:
    lines = run(root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames").split("\0")
    return {line[3:]: line[:2] for line in lines if line}


def disorder(root: Path, draw: random.Random) -> list[str]:
    """Random edits, staged or not or twice, removals, new files; the names of all files that were ever there."""
    names = [f"{folder}{k}" for folder in ("", "a/", "a/b/", "c d/") for k in range(4)]
    for name in draw.sample(names, 8):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"first {name}\n")
    run(root, "add", "-A")
    run(root, "commit", "-qm", "All")
    for name in names:
        deed = draw.choice(["leave", "edit", "stage", "stage and edit", "remove", "remove staged", "mode"])
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if deed in ("edit", "stage", "stage and edit"):
            (root / name).write_text(f"{draw.random()}\n")
        if deed == "mode" and (root / name).exists():
            (root / name).chmod(0o755)
        if deed.startswith("remove"):
            (root / name).unlink(missing_ok=True)
        if deed in ("stage", "stage and edit", "remove staged", "mode"):
            run(root, "add", "-A", "--", name) if (root / name).exists() or name in staged(root) else None
        if deed == "stage and edit":
            (root / name).write_text("edited since\n")
    return names


def without(chosen: dict[str, bytes | None], table: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in table.items() if name not in chosen}


def contents(root: Path) -> dict[Path, tuple[bytes, int]]:
    files = [path for path in root.rglob("*") if ".git" not in path.parts and path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mode) for path in files}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_lies_about_in_a_checkout_is_the_same_afterwards(root: Path, seed: int) -> None:
    draw = random.Random(seed)
    names = disorder(root, draw)
    chosen = {name: draw.choice([None, f"by a commit {seed}\n".encode()]) for name in draw.sample(names, 5)}
    before = without(chosen, status(root)), without(chosen, staged(root)), contents(root)
    repository.commit(root, chosen, "Some of them")
    assert (without(chosen, status(root)), without(chosen, staged(root)), contents(root)) == before
    assert all(repository.show(root, "HEAD", name) == content for name, content in chosen.items())
    assert not set(run(root, "diff", "--cached", "--name-only", "-z", "HEAD").split("\0")) & set(chosen)
    touched = set(run(root, "diff", "--name-only", "-z", "HEAD^", "HEAD").split("\0")) - {""}
    assert touched <= set(chosen)


def test_a_locked_index_is_waited_for(root: Path) -> None:
    lock = root / ".git/index.lock"
    lock.touch()
    timer = threading.Timer(0.5, lock.unlink)
    timer.start()
    made = repository.commit(root, {"new": b"new"}, "New")
    timer.join()
    assert repository.head(root) == made
    assert run(root, "diff", "--cached", "--name-only", "HEAD") == ""


def test_an_index_that_stays_locked_is_an_error_and_nothing_is_committed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_index, "PATIENCE", 0.3)
    (root / ".git/index.lock").touch()
    before = repository.head(root)
    with pytest.raises(OSError, match=r"another git .* remove .*index\.lock where none is at work"):
        repository.commit(root, {"new": b"new"}, "New")
    assert repository.head(root) == before


def test_a_branch_that_stays_locked_is_an_error_and_the_index_is_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_index, "PATIENCE", 0.3)
    (root / "edited.txt").write_text("staged\n")
    run(root, "add", "edited.txt")
    before = staged(root), repository.head(root)
    (root / ".git/refs/heads/main.lock").touch()
    with pytest.raises(OSError, match=r"main\.lock"):
        repository.commit(root, {"new": b"new", "edited.txt": b"mine", "gone.txt": None}, "New")
    assert (staged(root), repository.head(root)) == before


def test_a_commit_of_another_s_in_between_is_kept(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run(root, "worktree", "add", "-q", "--detach", str(tmp_path / "beside"))
    tree, others = repository._tree, []

    def late(*arguments):
        made = tree(*arguments)
        if len(others) < 2:
            others.append(f"other{len(others)}")
            (tmp_path / "beside" / others[-1]).write_text("theirs")
            run(tmp_path / "beside", "add", others[-1])
            run(tmp_path / "beside", "commit", "-qm", others[-1])
            run(tmp_path / "beside", "update-ref", "refs/heads/main", "HEAD")
        return made

    monkeypatch.setattr(repository, "_tree", late)
    repository.commit(root, {"kept.txt": b"ours"}, "Ours")
    assert run(root, "log", "--format=%s").split() == ["Ours", "other1", "other0", "First"]
    assert repository.show(root, "HEAD", "kept.txt") == b"ours"
    assert all(repository.show(root, "HEAD", name) == b"theirs" for name in others)


def test_a_person_s_commit_meanwhile_takes_nothing_of_ours_along(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update, said = git.run, []

    def late(root: Path, *words: str, **options) -> bytes:
        if words[0] in ("commit-tree", "update-ref"):
            (root / "edited.txt").write_text("theirs\n")
            theirs = subprocess.run(["git", "commit", "-qam", "Theirs"], cwd=root, capture_output=True, text=True)
            said.append(theirs.stderr)
        return update(root, *words, **options)

    monkeypatch.setattr(git, "run", late)
    repository.commit(root, {"kept.txt": b"ours\n"}, "Ours")
    assert len(said) == 2
    assert all("index.lock" in line for line in said)
    run(root, "commit", "-qm", "Theirs", "--", "edited.txt")
    assert run(root, "log", "--format=%s", "--name-only", "-2").split() == ["Theirs", "edited.txt", "Ours", "kept.txt"]


KILLED = [
    "os.link hemaflow-holds-index",
    "shutil.copyfile index",
    "subprocess.Popen commit-tree",
    "subprocess.Popen update-ref",
    "os.rename hemaflow-index",
]


@pytest.mark.parametrize("step", KILLED)
def test_a_commit_that_was_killed_leaves_what_the_next_one_mends(root: Path, step: str) -> None:
    """Killed before the index is copied, in the middle, and between the commit and the index."""
    code = """
import os, sys
from pathlib import Path
from operations.git import repository

def watch(event, arguments):
    words = [str(word) for word in (arguments[1] if event == "subprocess.Popen" else arguments)]
    if event == EVENT and any(word.rpartition("/")[2] == NAME for word in words[:4]):
        os.kill(os.getpid(), 9)

EVENT, NAME = sys.argv[1].split()
sys.addaudithook(watch)
repository.commit(Path.cwd(), {"kept.txt": b"ours"}, "Ours")
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(git.__file__).parents[2])}
    (root / "staged.txt").write_text("staged\n")
    run(root, "add", "staged.txt")
    done = subprocess.run([sys.executable, "-c", code, step], cwd=root, env=environment, capture_output=True)
    assert done.returncode == -9, done.stderr
    repository.commit(root, {"other.txt": b"other"}, "Other")
    committed = ["Ours"] if step == "os.rename hemaflow-index" else []
    assert run(root, "log", "--format=%s").split() == ["Other", *committed, "First"]
    assert run(root, "diff", "--cached", "--name-only", "HEAD").split() == ["staged.txt"]
    repository.commit(root, {"kept.txt": b"ours"}, "Ours")
    assert run(root, "log", "--format=%s").split().count("Ours") == 1
    assert not {path.name for path in (root / ".git").iterdir()} & {"index.lock", "hemaflow-index"}


def test_commits_of_many_at_once_are_all_there(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from operations.git import repository\n"
        "for k in range(4): repository.commit(Path.cwd(), {f'{sys.argv[1]}-{k}': b'x'}, f'{sys.argv[1]}-{k}')"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(git.__file__).parents[2])}
    started = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=root, env=environment) for name in ("a", "b", "c")
    ]
    assert [one.wait(60) for one in started] == [0, 0, 0]
    wanted = {f"{name}-{k}" for name in "abc" for k in range(4)}
    assert set(run(root, "log", "--format=%s").split()) - {"First"} == wanted
    assert wanted <= set(run(root, "ls-tree", "--name-only", "HEAD").split())
    assert run(root, "diff", "--cached", "--name-only", "HEAD") == ""
