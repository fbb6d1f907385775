"""A project of before the standard names, migrated, and refused in one line where it is not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from operations.settings.migrate import migrate
from tasks import params
from tasks.calibrate.settings import Calibrate
from tasks.dedupe import overrules
from tasks.evaluate.settings import Evaluate
from tasks.gate.settings import Gate
from tasks.train.settings import Train

HERE = Path(__file__).parents[3]
OLD = {value: key for key, value in params.RENAMED.items()}
REVIEW = "delivery,source,id,verdict,who,why\nd,a.png,,drop,Ada,blurred\n"


def old_settings() -> str:
    """params.yaml as it is, with the names of before."""
    lines, above = [], []
    for line in (HERE / "params.yaml").read_text().splitlines():
        found = re.match(r"( *)([\w-]+):", line)
        if found:
            above = [one for one in above if one[0] < len(found[1])] + [(len(found[1]), found[2])]
            path = ".".join(key for _, key in above)
            if path in OLD:
                line = line.replace(f"{found[2]}:", OLD[path].rpartition(".")[2] + ":", 1)
        lines.append(line)
    return "\n".join(lines).replace("val_corruption_", "val_distorted_") + "\n"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(old_settings())
    (tmp_path / "studies").mkdir()
    studies = (HERE / "studies/params.yaml").read_text().replace("frozen_augmentations", "frozen_views")
    (tmp_path / "studies/params.yaml").write_text(
        re.sub(r"(?m)^( *)ablation:", r"\1ladder:", studies.replace("val_corruption_", "val_distorted_"))
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data/review.csv").write_text(REVIEW)
    return tmp_path


def test_an_older_project_has_the_values_that_it_had_under_the_names_of_today(older: Path) -> None:
    said = migrate(older)
    assert "params.yaml: gate.allowed -> gate.non_inferiority_margins" in said.splitlines()
    assert "data/review.csv: verdict -> review_decision" in said.splitlines()
    for name in ("params.yaml", "studies/params.yaml"):
        assert yaml.safe_load((older / name).read_text()) == yaml.safe_load((HERE / name).read_text())
    assert [line.review_decision for line in overrules.read(older / "data/review.csv")] == ["drop"]
    for kind in (Calibrate, Evaluate, Gate, Train):
        params.load(kind, older / "params.yaml")


def test_comments_stay_and_a_second_call_changes_nothing(older: Path) -> None:
    before = (older / "params.yaml").read_text()
    migrate(older)
    after = (older / "params.yaml").read_text()
    assert before.count("#") == after.count("#")
    assert len(before.splitlines()) == len(after.splitlines())
    assert migrate(older).startswith("nothing to migrate")
    assert (older / "params.yaml").read_text() == after


def test_both_names_are_an_error_and_nothing_is_changed(older: Path) -> None:
    text = old_settings() + "model_report:\n  shown: 1\n"
    (older / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"params.yaml has both card and model_report: remove one of them"):
        migrate(older)
    assert (older / "params.yaml").read_text() == text
    assert (older / "data/review.csv").read_text() == REVIEW


def test_settings_in_braces_are_renamed(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("gate:\n  allowed: {clean: 0.1, distorted: 0.2, mix: 0.3}  # margins\n")
    migrate(tmp_path)
    assert (
        (tmp_path / "params.yaml")
        .read_text()
        .startswith("gate:\n  non_inferiority_margins: {clean: 0.1, corrupted: 0.2, mixed: 0.3}  # margins")
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("card: {shown: 1}\n", "params.yaml: card is model_report now: `hemaflow migrate` renames it"),
        ("calibrate:\n  refused: 0.1\n", "params.yaml: calibrate.refused is calibrate.ood_false_positive_rate now"),
        ("gate: {floors: {clean: 1}}\n", "params.yaml: gate.floors is gate.minimums now"),
    ],
    ids=["section", "key", "nested"],
)
def test_old_settings_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    kind = Gate if "gate" in text else Calibrate
    with pytest.raises(ValueError, match=re.escape(message.replace("params.yaml", str(tmp_path / "params.yaml")))):
        params.load(kind, tmp_path / "params.yaml")


def test_an_old_review_file_is_refused_in_one_line(older: Path) -> None:
    with pytest.raises(ValueError, match="the column verdict is review_decision now: `hemaflow migrate` renames it"):
        overrules.read(older / "data/review.csv")


def test_the_command_says_what_it_did(older: Path) -> None:
    shutil.copy(HERE / "dvc.yaml", older)
    command = [sys.executable, "-m", "hemaflow", "migrate"]
    done = subprocess.run(
        command, cwd=older, env={**os.environ, "PYTHONPATH": str(HERE)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "params.yaml: card -> model_report" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "next: git diff; make repro"
