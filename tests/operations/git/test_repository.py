import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.git import repository
from tests.support import repositories
from tests.support.repositories import FILES, fill, run, staged


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return repositories.made(tmp_path, monkeypatch)


def as_it_is(root: Path) -> Path:
    return root


def detached(root: Path) -> Path:
    run(root, "checkout", "-q", "--detach")
    return root


def worktree(root: Path) -> Path:
    run(root, "worktree", "add", "-q", "../beside", "-b", "beside")
    return root.parent / "beside"


def subfolder(root: Path) -> Path:
    fill(root / "sub/project")
    run(root, "add", "-A")
    run(root, "commit", "-qm", "A project inside")
    return root / "sub/project"


PLACES = {"a branch": as_it_is, "detached": detached, "a worktree": worktree, "a subfolder": subfolder}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_commit_has_exactly_these_files_and_leaves_all_else(root: Path, place: Callable[[Path], Path]) -> None:
    at = place(root)
    before, branch = repository.head(at), run(at, "rev-parse", "--abbrev-ref", "HEAD")
    (at / "edited.txt").write_text("edited\n")
    (at / "staged.txt").write_text("staged\n")
    run(at, "add", "staged.txt")
    (at / "untracked.txt").write_text("untracked\n")
    files = {"folder/name with ü.txt": b"new\n", "new/file.bin": b"\0\xff\r\n", "gone.txt": None}
    made = repository.commit(at, files, "Second: a subject\n\nand a body\n")
    assert repository.head(at) == made
    assert run(at, "rev-parse", "HEAD^").strip() == before
    assert run(at, "rev-parse", "--abbrev-ref", "HEAD") == branch
    assert run(at, "log", "-1", "--format=%an|%s|%b").strip() == "Ada|Second: a subject|and a body"
    changed = run(at, "-c", "core.quotePath=false", "diff", "--name-status", "--relative", "HEAD^", "HEAD").splitlines()
    assert changed == ["M\tfolder/name with ü.txt", "D\tgone.txt", "A\tnew/file.bin"]
    for name, content in files.items():
        assert repository.show(at, "HEAD", name) == content
    assert run(at, "diff", "--cached", "--name-only", "--relative", "HEAD").split() == ["staged.txt"]
    assert not (at / "new").exists(), "the working tree is not touched"
    assert {name: (at / name).read_text() for name in FILES} == {**FILES, "edited.txt": "edited\n"}
    assert "Second: a subject" in run(at, "reflog", "-1")


def test_the_same_once_more_is_no_commit_and_mends_the_index(root: Path) -> None:
    files = {"kept.txt": b"new\n"}
    made = repository.commit(root, files, "Second")
    (root / "kept.txt").write_text("something else\n")
    run(root, "add", "kept.txt")
    assert repository.commit(root, files, "Third") == made
    assert run(root, "diff", "--cached", "--name-only", "HEAD") == ""
    assert (root / "kept.txt").read_text() == "something else\n"


def test_modes_are_kept_and_a_new_file_is_a_plain_one(root: Path) -> None:
    (root / "tool.sh").write_text("one")
    (root / "tool.sh").chmod(0o755)
    (root / "link").symlink_to("kept.txt")
    run(root, "add", "-A")
    run(root, "commit", "-qm", "Tool")
    repository.commit(root, {"tool.sh": b"two", "link": b"edited.txt", "new": b""}, "Both")
    modes = {line.split("\t")[1]: line.split()[0] for line in run(root, "ls-tree", "HEAD").splitlines()}
    assert (modes["tool.sh"], modes["link"], modes["new"]) == ("100755", "120000", "100644")


def nobody(root: Path) -> None:
    run(root, "config", "--unset", "user.name")
    run(root, "config", "--unset", "user.email")


@pytest.mark.parametrize(
    ("setting", "variables", "expected"),
    [
        (nobody, {}, "hemaflow <hemaflow@localhost> hemaflow"),
        (lambda root: None, {}, "Ada <ada@example.org> Ada"),
        (nobody, {"GIT_AUTHOR_NAME": "Bo", "GIT_AUTHOR_EMAIL": "b@example.org"}, "Bo <b@example.org> hemaflow"),
    ],
    ids=["git knows nobody", "git's own", "an author by variables"],
)
def test_who_commits(
    root: Path, monkeypatch: pytest.MonkeyPatch, setting, variables: dict[str, str], expected: str
) -> None:
    setting(root)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = repository.commit(root, {"new": b""}, "New")
    assert run(root, "log", "-1", "--format=%an <%ae> %cn").strip() == expected
    repository.tag(root, "mine/1", made)
    assert run(root, "for-each-ref", "--format=%(taggername)", "refs/tags/mine/1").strip() == expected.split("> ")[1]


def test_variables_of_a_hook_lead_nowhere_else(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    run(tmp_path, "init", "-q", "other")
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_INDEX_FILE": other / "index",
        "GIT_OBJECT_DIRECTORY": other / ".git/objects",
        "GIT_PREFIX": "deep/",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, str(value))
    made = repository.commit(root, {"new": b"new"}, "New")
    assert repository.changed(root) == ["new"]
    monkeypatch.undo()
    assert run(root, "rev-parse", "HEAD").strip() == made
    assert not (other / "index").exists()


def merging(root: Path) -> None:
    for branch, text in (("left", "left\n"), ("right", "right\n")):
        run(root, "checkout", "-q", "-b", branch, "main")
        (root / "kept.txt").write_text(text)
        run(root, "commit", "-qam", branch)
    subprocess.run(["git", "merge", "-q", "left"], cwd=root, capture_output=True)


def rebasing(root: Path) -> None:
    merging(root)
    run(root, "merge", "--abort")
    subprocess.run(["git", "rebase", "-q", "left"], cwd=root, capture_output=True)


def picking(root: Path) -> None:
    merging(root)
    run(root, "merge", "--abort")
    subprocess.run(["git", "cherry-pick", "left"], cwd=root, capture_output=True)


def no_commit(root: Path) -> None:
    run(root, "checkout", "-q", "--orphan", "empty")


def no_repository(root: Path) -> None:
    (root / ".git").rename(root.parent / "git")


BAD = {
    "a merge": (merging, "a merge is under way in git: finish or abort it first"),
    "a rebase": (rebasing, "a rebase is under way"),
    "a cherry-pick": (picking, "a cherry-pick is under way"),
    "no commit yet": (no_commit, "git has no commit yet: commit the project first"),
    "no repository": (no_repository, "is in no git repository that can be used: .*not a git repository"),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD)
def test_where_nothing_can_be_committed(root: Path, spoil: Callable[[Path], None], message: str) -> None:
    repository.check(root)
    spoil(root)
    for act in (repository.check, lambda root: repository.commit(root, {"new": b""}, "New")):
        with pytest.raises(ValueError, match=message):
            act(root)


@pytest.mark.parametrize("path", ["../out.txt", "/etc/passwd", "folder/../../x", ".git/config", "folder"])
def test_a_path_that_is_no_file_of_the_project_is_refused(root: Path, path: str) -> None:
    before = repository.head(root), staged(root)
    with pytest.raises(ValueError, match=r"expected (the path of )?a file"):
        repository.commit(root, {path: b"x"}, "Bad")
    assert (repository.head(root), staged(root)) == before


def test_tags_come_in_the_order_of_their_numbers(root: Path) -> None:
    for number in (10, 9, 1):
        repository.tag(root, f"champion/{number}", "HEAD")
    repository.tag(root, "other/1", "HEAD")
    assert repository.tags(root, "champion/*") == ["champion/1", "champion/9", "champion/10"]


def test_a_tag_is_made_once(root: Path) -> None:
    first = repository.head(root)
    repository.tag(root, "champion/1", first)
    made = run(root, "rev-parse", "champion/1")
    repository.tag(root, "champion/1", "HEAD")
    assert run(root, "rev-parse", "champion/1") == made
    second = repository.commit(root, {"new": b""}, "New")
    with pytest.raises(ValueError, match=f"champion/1 is at {first[:10]} already, not at {second[:10]}"):
        repository.tag(root, "champion/1", second)


def test_each_clone_that_makes_a_tag_makes_the_same(root: Path, tmp_path: Path) -> None:
    made = repository.commit(root, {"new": b""}, "New: ü\n\n# no comment\nby: me\n")
    run(root, "commit", "-q", "--allow-empty", "-m", "Another", "--date", "2020-01-01")
    run(tmp_path, "clone", "-q", str(root), "clone")
    run(tmp_path / "clone", "config", "user.name", "Bo")
    for at in (root, tmp_path / "clone"):
        repository.tag(at, "champion/1", made)
    one, other = (run(at, "cat-file", "-p", "refs/tags/champion/1") for at in (root, tmp_path / "clone"))
    assert one == other
    assert one.startswith(f"object {made}\ntype commit\ntag champion/1\ntagger Ada <ada@example.org> ")
    assert one.endswith("\n\nNew: ü\n\n# no comment\nby: me\n")
    assert run(root, "rev-parse", "champion/1") == run(tmp_path / "clone", "rev-parse", "champion/1")


def test_nothing_is_signed_and_no_editor_starts(root: Path) -> None:
    for name in ("commit.gpgSign", "tag.gpgSign", "tag.forceSignAnnotated"):
        run(root, "config", name, "true")
    run(root, "config", "gpg.program", "false")
    run(root, "config", "core.editor", "false")
    repository.tag(root, "champion/1", repository.commit(root, {"new": b""}, "New"))
    assert repository.tags(root, "*") == ["champion/1"]


def test_what_differs_from_head(root: Path) -> None:
    at = subfolder(root)
    assert repository.changed(at) == []
    (root / "kept.txt").write_text("outside the project\n")
    (at / "edited.txt").write_text("edited\n")
    (at / "gone.txt").unlink()
    (at / "many").mkdir()
    for k in range(3):
        (at / "many" / f"{k} ü").touch()
    run(at, "rm", "-q", "--cached", "folder/name with ü.txt")
    assert repository.changed(at) == ["edited.txt", "folder/", "folder/name with ü.txt", "gone.txt", "many/"]
    assert not (root / ".git/index.lock").exists()


def test_commits_that_changed_a_file(root: Path) -> None:
    for number in range(3):
        repository.commit(root, {"kept.txt": f"{number}".encode()}, f"Number {number}\n\nwhy: {number}\nby: me\n")
        repository.commit(root, {"other": f"{number}".encode()}, "Another")
    found = repository.log(root, "kept.txt")
    assert [one.subject for one in found] == ["Number 2", "Number 1", "Number 0", "First"]
    assert found[0].sha == run(root, "rev-parse", "HEAD^").strip()
    assert (found[0].author, found[0].body) == ("Ada", "why: 2\nby: me\n")
    assert abs(time.mktime(time.strptime(found[0].when, "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())) < 60
    assert repository.log(root, "never") == []


def test_an_unknown_revision_is_an_error(root: Path) -> None:
    assert repository.show(root, "HEAD", "never") is None
    for revision in ("champion/9", "--all", "HEAD:kept.txt"):
        with pytest.raises(ValueError, match="git has no revision"):
            repository.show(root, revision, "kept.txt")


def test_pushing(root: Path, tmp_path: Path) -> None:
    run(tmp_path, "init", "-q", "--bare", "there.git")
    run(root, "remote", "add", "origin", str(tmp_path / "there.git"))
    made = repository.commit(root, {"new": b""}, "New")
    repository.tag(root, "champion/1", made)
    repository.push_branch(root, made, "retrain/2024-11-25")
    repository.push_tag(root, "champion/1")
    there = run(tmp_path / "there.git", "for-each-ref", "--format=%(refname) %(objecttype)").splitlines()
    assert there == ["refs/heads/retrain/2024-11-25 commit", "refs/tags/champion/1 tag"]
    with pytest.raises(OSError, match="git push: .*nowhere"):
        repository.push_branch(root, made, "main", "nowhere")
    with pytest.raises(ValueError, match="git has no revision 'nothing'"):
        repository.push_branch(root, "nothing", "main")
