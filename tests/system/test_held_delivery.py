"""Deliveries that the champion contradicts, on the demo in a clone of this repository, by the commands of a person."""

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image, ImageOps

from operations.history import provenance
from tests.support.command import command_folder
from tests.system.test_unattended import ROOT, Place

pytestmark = pytest.mark.long

SMALLER = {"demo": {"cells": "800"}, "train": {"frozen_epochs": "15", "finetune_epochs": "3", "finetune_blocks": "2"}}
CELLS, SEED = "250", 31
WHERE = ["delivery", "source"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A clone with a smaller demo, whose model is the champion."""
    place = Place(tmp_path_factory.mktemp("home") / "hemaflow", command_folder(tmp_path_factory))
    (place.home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(place.root)], check=True)
    for section, values in SMALLER.items():
        place.sets(section, values)
    place.sets("gate.minimums", dict.fromkeys(("clean", "corrupted", "worst", "mixed", "recall"), "0.0"))
    place.types("git commit -qam Smaller")
    assert "champion/1 is the model of this run" in place.types("hemaflow retrain")
    return place


def draw(place: Place, name: str, seed: int) -> list[Path]:
    """The readable images of a delivery of the demo's generator, in class folders in the home."""
    desk = place.home / f"desk-{name}"
    desk.mkdir()
    text = (place.root / "params.yaml").read_text()
    text = re.sub(r"(?s)(\ndemo:.*?\n  seed: )\d+(.*?\n  cells: )\d+", rf"\g<1>{seed}\g<2>{CELLS}", text, count=1)
    (desk / "params.yaml").write_text(text)
    words = [sys.executable, "-m", "tasks.demo.stage", str(place.home / name), "truth.csv"]
    subprocess.run(words, cwd=desk, env={**place.environment, "PYTHONPATH": str(place.root)}, check=True)
    return sorted(file for file in (place.home / name).rglob("*") if file.is_file())


def shuffle(files: list[Path]) -> None:
    """Give each image another image's label."""
    labels = [file.parent for file in files]
    random.Random(SEED).shuffle(labels)
    for k, (file, label) in enumerate(zip(files, labels, strict=True)):
        file.rename(label / f"{k}-{file.name}")


def invert(files: list[Path]) -> None:
    """Make images of them that no microscope gave; those that cannot be read go."""
    for file in files:
        try:
            inverted = ImageOps.invert(Image.open(file).convert("RGB"))
        except OSError:
            inverted = None
        file.unlink()
        if inverted:
            inverted.save(file.with_suffix(".png"))


def rows(place: Place, *deliveries: str) -> pd.DataFrame:
    found = pd.read_parquet(place.root / "data/clean/rows.parquet").set_index(WHERE)[["split_group", "split", "kept"]]
    return found.loc[list(deliveries)]


def facts(place: Place) -> dict[str, Any]:
    found = provenance.read(place.root)
    return {**found["facts"], "stages": {entry["name"]: entry["outcome"] for entry in found["stages"]}}


def champion(place: Place) -> bytes:
    return (place.root / "data/champion.dvc").read_bytes()


def test_a_shuffled_delivery_is_held_comes_back_by_command_and_goes_by_command(project: Place) -> None:
    before, now = rows(project, "demo"), champion(project)
    shuffle(draw(project, "shuffled", SEED))
    project.types("hemaflow add ~/shuffled")
    said = project.types("hemaflow retrain")
    assert "held shuffled: " in said
    assert "to take it back: hemaflow release shuffled --why REASON" in said
    found = facts(project)
    assert [one["verdict"] for one in found["audit"]] == ["mislabelled"]
    assert found["stages"]["train"] == "skipped"
    assert champion(project) == now
    pd.testing.assert_frame_equal(rows(project, "demo"), before)
    assert not rows(project, "shuffled")["kept"].any()
    assert "shuffled (on hold)" in project.types("hemaflow explain")
    assert project.types("git status --porcelain") == ""

    project.types("hemaflow release shuffled --why 'looked at with the laboratory'")
    project.types("hemaflow pipeline --target split")
    pd.testing.assert_frame_equal(rows(project, "demo")[["split_group", "split"]], before[["split_group", "split"]])
    assert rows(project, "shuffled")["kept"].any()

    project.types("hemaflow remove shuffled")
    assert "nothing to train on" in project.types("hemaflow retrain")
    pd.testing.assert_frame_equal(rows(project, "demo"), before)
    assert champion(project) == now
    assert project.types("git status --porcelain") == ""


def test_a_delivery_from_elsewhere_is_told_as_that_whatever_its_labels(project: Place) -> None:
    project.sets("train", {"frozen_epochs": "1", "finetune_epochs": "1"})  # how well it learns is of no account
    files = draw(project, "elsewhere", SEED + 1)
    shuffle(files)
    invert(sorted(file for file in (project.home / "elsewhere").rglob("*") if file.is_file()))
    project.types("hemaflow add ~/elsewhere")
    project.types("hemaflow retrain")
    found = facts(project)
    assert [(one["delivery"], one["verdict"]) for one in found["audit"]][:1] == [("elsewhere", "out-of-distribution")]
    assert found["held"] == {}
    assert "elsewhere: mostly out-of-distribution: " in project.types("hemaflow explain")
