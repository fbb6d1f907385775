import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from operations.registry import champion, champion_data
from operations.registry.champion import POINTER, Unset, current, promote, rollback
from tests.support import crowning
from tests.support.crowning import agree, contents, crown, git, train


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two champions after one another, by DVC itself."""
    root = crowning.project(tmp_path_factory.mktemp("made") / "project")
    crown(root, "one", "the first", who="Bo", expected=None)
    crown(root, "two", "better under corruption", expected="champion/1")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """The same, of one's own."""
    return Path(shutil.copytree(made, tmp_path / "project", symlinks=True))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for DVC."""
    monkeypatch.setattr(champion_data, "_dvc", crowning.stand_in)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crowning.project(tmp_path_factory.mktemp("new") / "project")


@pytest.fixture
def fresh(new: Path, tmp_path: Path, quick: None) -> Path:
    """A project without a champion, and without DVC."""
    return Path(shutil.copytree(new, tmp_path / "fresh", symlinks=True))


def test_a_champion_holds_all_that_belongs_to_it(root: Path) -> None:
    agree(root, "champion/2")
    there = current(root)
    files = contents(root / there.folder)
    assert (there.why, there.who, there.replaced, there.run) == (
        "better under corruption",
        "Ada <ada@example.org>",
        "champion/1",
        "two",
    )
    assert abs(datetime.fromisoformat(there.since) - datetime.now(UTC)).total_seconds() < 600
    assert there.model == json.loads(files["model.json"])["digest"]
    assert files["model.weights.h5"] == b"two model.weights.h5"
    assert json.loads(files["decision.json"]) == {"promote": True, "sentence": "Promoted: two"}
    assert json.loads(files["provenance.json"])["id"] == "two"
    assert files["evaluation/corruptions.parquet"] == b"two"
    assert yaml.safe_load((root / POINTER).read_text())["meta"] == json.loads(files["champion.json"])
    digest = yaml.safe_load((root / POINTER).read_text())["outs"][0]["md5"]
    assert there.folder == Path(f"data/champions/2-{digest[:8]}")
    status = crowning.run(root, sys.executable, "-m", "dvc", "status", str(POINTER))
    assert status == "Data and pipelines are up to date.\n"


def test_git_has_a_commit_and_a_tag_of_each_and_nothing_else(root: Path) -> None:
    assert git(root, "log", "--format=%s").splitlines() == [
        "Promote champion/2: better under corruption",
        "Promote champion/1: the first",
        "First",
    ]
    for commit in ("HEAD^", "HEAD"):
        assert git(root, "show", "--name-only", "--format=", commit).split() == ["data/champion.dvc"]
    assert git(root, "rev-parse", "champion/1^{commit}", "champion/2^{commit}") == git(
        root, "rev-parse", "HEAD^", "HEAD"
    )
    body = git(root, "log", "-1", "--format=%b")
    assert "replaces: champion/1\nrun: two\n" in body
    assert f"model: {current(root).model}\nby: Ada" in body
    assert git(root, "status", "--porcelain") == ""


def test_rollback_and_forth(root: Path) -> None:
    before = contents(root / "data/champions")
    assert rollback(root, None, "wrong on new smears", "Cy").tag == "champion/1"
    agree(root, "champion/1")
    assert (root / current(root).folder / "model.weights.h5").read_bytes() == b"one model.weights.h5"
    assert git(root, "log", "-1", "--format=%s|%b") == (
        "Roll back to champion/1 from champion/2: wrong on new smears|by: Cy"
    )
    assert git(root, "tag").split() == ["champion/1", "champion/2"]
    assert rollback(root, "champion/2", "no, the smears were wrong").who == "Ada <ada@example.org>"
    agree(root, "champion/2")
    assert (current(root).back.instead, current(root).back.why) == ("champion/1", "no, the smears were wrong")
    assert contents(root / "data/champions") == before


@pytest.mark.parametrize("kind", ["hardlink", pytest.param("symlink", marks=pytest.mark.long)])
def test_files_that_are_links_into_dvc_s_cache(root: Path, kind: str) -> None:
    (root / ".dvc/config").write_text(f"[cache]\n    type = {kind}\n")
    git(root, "commit", "-qam", "Links")
    crown(root, "three")
    weights = root / current(root).folder / "model.weights.h5"
    assert weights.is_symlink() if kind == "symlink" else weights.stat().st_nlink == 2
    shutil.rmtree(root / "data/champions")
    for tag, word in (("champion/2", "two"), ("champion/3", "three")):
        rollback(root, tag, "is it whole?")
        agree(root, tag)
        weights = root / current(root).folder / "model.weights.h5"
        assert weights.read_bytes() == f"{word} model.weights.h5".encode()
    assert weights.is_symlink() if kind == "symlink" else weights.stat().st_nlink > 1


def test_what_others_do_in_the_checkout_is_neither_lost_nor_committed(fresh: Path) -> None:
    (fresh / "data/deliveries.yaml").write_text('deliveries: ["demo", "smears"]\n')
    (fresh / "params.yaml").write_text("classes: {ig: [], ne: []}\n")
    git(fresh, "add", "params.yaml")
    (fresh / "data/raw.dvc").write_text("untracked\n")
    crown(fresh, "one")
    status = [" M data/deliveries.yaml", "M  params.yaml", "?? data/raw.dvc"]
    assert crowning.run(fresh, "git", "status", "--porcelain").splitlines() == status
    crown(fresh, "two")
    rollback(fresh, None, "back")
    assert crowning.run(fresh, "git", "status", "--porcelain").splitlines() == status
    assert git(fresh, "log", "--format=", "--name-only", "-2").split() == ["data/champion.dvc"] * 2


def test_numbers_go_on_where_a_clone_has_no_tags(fresh: Path) -> None:
    crown(fresh, "one")
    crown(fresh, "two")
    git(fresh, "tag", "-d", "champion/1", "champion/2")
    git(fresh, "tag", "champion/x")
    assert crown(fresh, "three").tag == "champion/3"


def refused_index(root: Path) -> None:
    (root / ".git/index.lock").touch()


def merging(root: Path) -> None:
    (root / ".git/MERGE_HEAD").write_text(git(root, "rev-parse", "HEAD"))


def not_ignored(root: Path) -> None:
    (root / ".gitignore").write_text("/data/.state/\n")


def foreign(root: Path) -> None:
    (root / POINTER).write_text("outs: [{md5: 1.dir, path: champions/1}]\n")


REFUSED = {
    "another champion by now": (None, {"expected": "champion/1"}, "against champion/1, and the champion is champion/2"),
    "a champion by now": (None, {"expected": None}, "against no champion, and the champion is champion/2 by now"),
    "no reason": (None, {"why": " \n"}, r"expected the reason in words, got ' \\n'"),
    "nobody": (None, {"who": " "}, r"expected who says so in words, got ' '"),
    "no candidate": (None, {"candidate": Path("data/model")}, "data/model is no candidate, expected a folder that"),
    "index locked": (refused_index, {}, "another git has had the index for 0 s"),
    "a merge under way": (merging, {}, "a merge is under way in git"),
    "not ignored": (not_ignored, {}, "git does not ignore data/champions, which DVC has: `hemaflow migrate` puts it"),
    "no champion's file": (foreign, {}, "data/champion.dvc: expected what a promotion writes: 'meta'"),
}


@pytest.mark.parametrize(("spoil", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(
    root: Path, quick: None, monkeypatch: pytest.MonkeyPatch, spoil, options: dict[str, object], message: str
) -> None:
    monkeypatch.setattr("operations.git.git_index.PATIENCE", 0.2)
    train(root, "three")
    candidate = champion.assemble(root, {}, None)
    if spoil:
        spoil(root)
    before = lasting(root), git(root, "rev-parse", "HEAD"), git(root, "ls-files", "-s"), git(root, "tag")
    with pytest.raises((ValueError, OSError), match=message):
        promote(root, **{"candidate": candidate, "why": "why", **options})
    assert (lasting(root), *before[1:]) == before
    assert (git(root, "rev-parse", "HEAD"), git(root, "ls-files", "-s"), git(root, "tag")) == before[1:]


def lasting(root: Path) -> dict[str, bytes]:
    """All data but the folder of a champion that never was, which `clean-up` removes some day."""
    return {name: text for name, text in contents(root / "data").items() if not name.startswith("champions/3-")}


def test_without_an_expectation_any_champion_is_replaced(root: Path, quick: None) -> None:
    assert crown(root, "three", expected=Unset.UNSET).replaced == "champion/2"


def test_dvc_failing_is_told_in_its_words_and_changes_nothing(root: Path) -> None:
    train(root, "three")
    candidate = champion.assemble(root, {}, None)
    (root / ".dvc/config").write_text("nonsense")
    head = git(root, "rev-parse", "HEAD")
    with pytest.raises(OSError, match="dvc add failed with exit code 25[0-9]: .*config"):
        promote(root, candidate, "why")
    assert (git(root, "rev-parse", "HEAD"), current(root).tag, candidate.exists()) == (head, "champion/2", True)
    assert not (root / "data/champion.next").exists()


def no_champion(root: Path) -> None:
    (root / POINTER).unlink()


BACK = {
    "no champion": (no_champion, None, "there is no champion yet, so none to go back from"),
    "unknown": (None, "champion/9", "no champion 'champion/9'; there are champion/1"),
    "a tag of another kind": (lambda root: git(root, "tag", "v1"), "v1", "no champion 'v1'; there are champion/1"),
    "the same": (None, "champion/2", "champion/2 is the champion; others are champion/1"),
}


@pytest.mark.parametrize(("spoil", "to", "message"), BACK.values(), ids=BACK)
def test_where_there_is_no_way_back(root: Path, spoil, to: str | None, message: str) -> None:
    if spoil:
        spoil(root)
    head = git(root, "rev-parse", "HEAD")
    with pytest.raises(ValueError, match=message):
        rollback(root, to, "why")
    assert git(root, "rev-parse", "HEAD") == head


def test_the_first_champion_replaced_none(fresh: Path) -> None:
    crown(fresh, "one")
    with pytest.raises(ValueError, match="champion/1 replaced no champion: name one with --to; there are none"):
        rollback(fresh, None, "why")


def test_a_folder_stays_as_it_is_when_others_take_its_place(root: Path, quick: None) -> None:
    folder = root / current(root).folder
    before = contents(folder)
    crown(root, "three")
    rollback(root, None, "back")
    assert contents(folder) == before
    crown(root, "four")
    assert contents(folder) == before
    assert sorted(path.name.partition("-")[0] for path in folder.parent.iterdir()) == ["1", "2", "3", "4"]


def test_a_pointer_that_a_person_puts_back_counts_and_is_committed(root: Path, quick: None) -> None:
    git(root, "checkout", "champion/1", "--", str(POINTER))
    assert current(root).tag == "champion/1"
    assert champion.recover(root) == "champion/1"
    agree(root, "champion/1")
    assert git(root, "log", "-1", "--format=%s") == "Have champion/1 as champion"
    assert crown(root, "three").replaced == "champion/1"
