"""What the champion's audit runs, and how it is told; the audit of a delivery on the toy is in test_hold.py."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from operations.retraining import audit
from operations.retraining.audit import Audited
from tasks.audit.labels import Count, Finding, Verdict

HERE = Path(__file__).parents[3]
PLACES = Path("data/ingested/x"), Path("data/champions/1-a"), Path("data/.state/audited/1.part")


def finding(name: str, verdict: Verdict) -> Finding:
    return Finding(name, verdict, Count(100, 0, 40), Count(400, 0, 2), 0, 1e-9, 0.01, 0.1)


def test_the_command_of_this_project_is_a_module_that_there_is() -> None:
    words = audit.command(HERE, *PLACES)
    assert words == ["python", "-m", "tasks.audit.stage", *map(str, PLACES)]
    assert find_spec(words[2])


def test_a_project_whose_evaluate_reads_no_cleaned_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {evaluate: {cmd: python toy.py evaluate data/model}}")
    with pytest.raises(ValueError, match="evaluate: expected data/clean in its command"):
        audit.command(tmp_path, *PLACES)


def test_guilty_is_who_is_mislabelled_and_was_not_released() -> None:
    found = Audited(
        "champion/1", [finding("a", "mislabelled"), finding("b", "mislabelled"), finding("c", "agrees")], ["b"]
    )
    assert [one.delivery for one in found.guilty] == ["a"]
    lines = found.markdown().splitlines()
    assert lines[0].startswith("- `a`: 40 of 100 labels contradicted (0.400, ")
    assert lines[1].endswith("; it stays, for a person released it")


def test_without_a_champion_it_says_so() -> None:
    assert Audited(None, [], []).markdown().startswith("No champion yet, so nobody has looked at the labels")
