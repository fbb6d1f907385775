import hashlib
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks import params, reasons, store
from tasks.backbones import build
from tasks.corruptions.kind import FAMILIES
from tasks.params import Classes
from tasks.study import stage
from tasks.study.trial import kind
from tasks.train.settings import Train

ROOT = Path(__file__).parents[3]
CLASSES = Classes.model_validate({"dark": [], "light": []})
SMALL = {
    "batch": 8, "dense": [8], "backbone": "custom_cnn", "weights": "none", "frozen_epochs": 2, "finetune_epochs": 3,
    "finetune_blocks": 5, "learning_rate": 0.003,
}  # fmt: skip
AUGMENT = {"engine": "batched", "recipe": "none", "operations": 0, "magnitude": 0.0, "cutout": 0.0, "without": []}
RECIPE = {**params.load(Train, ROOT / "params.yaml").model_dump(), **SMALL, "augment": AUGMENT}
HEAD = {"frozen_epochs": 1, "finetune_epochs": 0}
SPLITS = ["train"] * 36 + ["val"] * 6 + ["test"] * 6


def images(folder: Path, test: float = 0.0) -> Path:
    """48 images, dark and light ones in turn; those of test rows are changed by `test` grey levels."""
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.normal(60 + 130 * (k % 2), 20, (32, 32, 3)) for k in range(48)])
    drawn[42:] += test
    (folder / "d").mkdir(parents=True)
    np.save(folder / "d" / store.PIXELS, drawn.clip(0, 255).astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def rows(table) -> pd.DataFrame:
    return table([f"{k:02}" for k in range(48)], label=["dark", "light"] * 24, split=SPLITS)


def run(folder: Path, rows: pd.DataFrame, share: float = 0.5, test: float = 0.0, **changes: Any) -> bytes:
    """The bytes of the result."""
    store.write_rows(folder / "clean", rows)
    settings = kind("x", "y").model_validate({"share": share, "train": {**RECIPE, **changes}})
    (folder / "external").mkdir()
    (folder / "external.yaml").write_text("external: []\n")
    elsewhere = [folder / "external.yaml", folder / "external"]
    given = [folder / "clean", images(folder / "ingested", test), ROOT / "data/pretrained", *elsewhere]
    stage.main(CLASSES, settings, *given, folder / "out.json", folder / "state", folder / "record.json")
    return (folder / "out.json").read_bytes()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, rows: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("study")
    run(folder, rows)
    return folder


@pytest.fixture(scope="module")
def result(done: Path) -> dict[str, Any]:
    return json.loads((done / "out.json").read_text())


def test_figures_are_of_content_alone(result: dict[str, Any]) -> None:
    figures = {"val_accuracy", "val_loss", "val_corruption_accuracy", "val_corruption_loss"}
    assert set(result) == figures | {"families", "external", "parameters", "mb", "phases", "rows"}
    assert result["external"] == {}
    assert set(result["families"]) == set(FAMILIES)
    assert all(0 <= accuracy <= 1 for accuracy in result["families"].values())
    assert result["val_accuracy"] * 6 == pytest.approx(round(result["val_accuracy"] * 6)), "not on the whole of val"


def test_a_share_of_train_and_the_whole_of_val(result: dict[str, Any]) -> None:
    assert result["rows"] == {"train": 18, "val": 6}


def test_epochs_of_both_phases(result: dict[str, Any]) -> None:
    assert {name: phase["epochs"] for name, phase in result["phases"].items()} == {"frozen": 2, "finetune": 3}
    assert all(0 <= phase["best"] <= phase["epochs"] for phase in result["phases"].values())


def test_parameters_are_those_of_the_backbone_and_of_the_whole(result: dict[str, Any]) -> None:
    network = build.build("custom_cnn", 32, "none", Path())
    backbone, features = network.count_params(), network.output_shape[-1]
    assert result["parameters"] == {"backbone": backbone, "whole": backbone + (features + 1) * 8 + (8 + 1) * 2}
    assert result["mb"]["backbone"] == round(backbone * 4 / 1024 / 1024, 2)


def test_b0_has_the_report_s_parameters_and_megabytes() -> None:
    import keras

    backbone = build.build("efficientnet_b0", 32, "none", Path())
    top = keras.Sequential([keras.Input(backbone.output_shape[1:]), keras.layers.Dense(8)], name="head")
    found = stage._parameters(keras.Model(backbone.input, top(backbone.output)))
    assert (found["parameters"]["backbone"], found["mb"]["backbone"]) == (4049571, 15.45)


def test_times_and_hardware_stand_beside_the_result(done: Path) -> None:
    record = json.loads((done / "record.json").read_text())
    assert record["result"] == hashlib.md5((done / "out.json").read_bytes()).hexdigest()
    assert record["seconds"] >= record["frozen"]["seconds"] + record["finetune"]["seconds"] - 0.2
    assert record["finetune"]["images_per_second"] > 0
    assert record["hardware"]["policy"] == "float32"


@pytest.fixture(scope="module")
def head_alone(tmp_path_factory: pytest.TempPathFactory, rows: pd.DataFrame) -> bytes:
    return run(tmp_path_factory.mktemp("head"), rows, **HEAD)


@pytest.mark.parametrize("what", ["changed", "absent"])
def test_the_test_rows_are_not_read(head_alone: bytes, rows: pd.DataFrame, tmp_path: Path, what: str) -> None:
    test = rows["split"] == "test"
    beyond = rows.assign(row=rows["row"].mask(test, 10**6), label=rows["label"].mask(test, "nonesuch"))
    assert run(tmp_path, beyond if what == "changed" else rows[~test], test=200.0, **HEAD) == head_alone


def test_the_val_rows_are(head_alone: bytes, rows: pd.DataFrame, tmp_path: Path) -> None:
    wrong = rows["label"].mask(rows["split"] == "val", rows["label"].map({"dark": "light", "light": "dark"}))
    assert run(tmp_path, rows.assign(label=wrong), **HEAD) != head_alone


@pytest.mark.parametrize(("imbalance", "number"), [("none", 6 + 1), ("under_sampling", 1 + 1)])
def test_rows_are_those_that_were_trained_on(tmp_path: Path, rows: pd.DataFrame, imbalance: str, number: int) -> None:
    """18 dark ones and 3 light ones in train, a third of each."""
    gone = (rows["split"] == "train") & (rows["label"] == "light") & (rows["row"] > 5)
    left = reasons.drop(rows, gone, reasons.EXACT_COPY)
    result = json.loads(run(tmp_path, left, share=1 / 3, **{**HEAD, "batch": 2, "imbalance": imbalance}))
    assert result["rows"] == {"train": number, "val": 6}
    assert list(result["phases"]) == ["frozen"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param([], "study: expected STUDY TRIAL and paths, got nothing", id="nothing"),
        pytest.param(
            ["ablation", "transfer", "a"],
            "study: expected 8 paths (clean ingested pretrained listing external out",
            id="paths",
        ),
        pytest.param(["ablation", "transfer", *"abcdefgh"], "study: no such input: a", id="no data"),
        pytest.param(
            ["ablation", "nonesuch", *["studies"] * 5, *"def"], "study: ablation.nonesuch: missing", id="trial"
        ),
    ],
)
def test_mistakes_are_told_in_a_line(monkeypatch: pytest.MonkeyPatch, words: list[str], message: str) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["tasks/study/stage.py", *words])
    with pytest.raises(SystemExit, match=re.escape(message)):
        runpy.run_path("tasks/study/stage.py", run_name="__main__")
