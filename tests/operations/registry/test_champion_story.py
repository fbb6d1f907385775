import re
from pathlib import Path

from operations.registry import champion
from operations.registry.champion import POINTER, current, history, rollback
from tests.support.crowning import agree, crown, git


def test_the_champion_in_words(root: Path) -> None:
    there = current(root)
    said = [
        f"champion/2, promoted {there.since} by Ada <ada@example.org>: better under corruption",
        f"  model {there.model[:12]}, run two, replaced champion/1",
        "  at its promotion: accuracy 0.9877, mixed 0.9000 on 240 test rows",
    ]
    assert champion.describe(root).splitlines() == said
    (root / POINTER).write_text(git(root, "show", f"champion/1:{POINTER}"))
    assert champion.describe(root).splitlines()[0].startswith("champion/1, promoted ")
    assert champion.describe(root).endswith(
        "\n  git has no commit of it yet: the next `promote` or `rollback` makes it"
    )


def test_after_a_rollback_it_is_told_since_when_it_is_back(fresh: Path) -> None:
    crown(fresh, "one")
    crown(fresh, "two")
    rollback(fresh, None, "wrong: on new smears", "Cy")
    lines = champion.describe(fresh).splitlines()
    assert lines[0].startswith("champion/1, promoted ")
    assert re.fullmatch(
        r"  in its place again since 2\S+Z by Cy, instead of champion/2: wrong: on new smears", lines[2]
    )
    assert [line[:13] for line in history(fresh).splitlines()[1:]] == ["*  champion/1", "   champion/2"]
    assert crown(fresh, "three", expected="champion/1").replaced == "champion/1"
    agree(fresh, "champion/3")
    assert "again" not in champion.describe(fresh)


def test_no_champion_in_words(fresh: Path) -> None:
    assert current(fresh) is None
    assert champion.describe(fresh).startswith("no champion yet: `hemaflow promote --why REASON`")
    assert history(fresh) == "no champion yet"


def test_a_clone_knows_the_champion_and_its_history_without_its_files(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(root), "clone")
    clone = tmp_path / "clone"
    assert current(clone) == current(root)
    assert (
        champion.describe(clone).splitlines()[-1]
        == f"  {current(root).folder} is not here: `dvc pull data/champion.dvc` brings it"
    )
    assert history(clone) == history(root)
