from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import model, store
from tasks.evaluate import stage as evaluate
from tasks.evaluate.settings import Evaluate
from tasks.params import Classes
from tasks.train import stage
from tasks.train.settings import Augment, Train

CLASSES = Classes.model_validate({"dark": [], "light": []})
TRAIN = Train(
    seed=0,
    batch=8,
    dense=[8],
    feature_dropout=0.1,
    dense_dropout=0.1,
    class_weights="balanced",
    frozen_epochs=15,
    frozen_learning_rate=0.003,
    finetune_epochs=1,
    finetune_blocks=1,
    learning_rate=0.0001,
    decay=0.9,
    weight_decay=0.0001,
    patience=15,
    monitor="val_accuracy",
    augment=Augment(operations=1, magnitude=0.2, cutout=0.2),
)
PRETRAINED = Path("data/pretrained")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, table) -> Path:
    """48 pictures, dark and light ones in turn, an eighth each in val and test."""
    folder = tmp_path_factory.mktemp("train")
    rng = np.random.default_rng(0)
    pixels = np.stack(
        [rng.normal(60 + 130 * (k % 2), 20, (32, 32, 3)).clip(0, 255).astype(np.uint8) for k in range(48)]
    )
    (folder / "ingested" / "d").mkdir(parents=True)
    np.save(folder / "ingested" / "d" / store.PIXELS, pixels)
    splits = ["train"] * 36 + ["val"] * 6 + ["test"] * 6
    rows = table([f"{k:02}" for k in range(48)], label=["dark", "light"] * 24, split=splits)
    store.write_rows(folder / "clean", rows)
    stage.main(CLASSES, TRAIN, folder / "clean", folder / "ingested", PRETRAINED, folder / "model")
    return folder


def test_the_model_is_whole_and_knows_its_classes(project: Path) -> None:
    classifier = model.load(project / "model")
    assert classifier.classes == ["dark", "light"]
    assert classifier.image_size == 32


def test_both_phases_have_their_curves_without_a_clock(project: Path) -> None:
    curves = project / "model" / "curves" / "plots" / "metrics"
    assert len((curves / "frozen" / "val_accuracy.tsv").read_text().splitlines()) == 1 + TRAIN.frozen_epochs
    head, *points = (curves / "finetune" / "loss.tsv").read_text().splitlines()
    assert head.split("\t") == ["step", "loss"]
    assert len(points) == TRAIN.finetune_epochs


def test_nothing_but_the_model_and_its_curves_is_left(project: Path) -> None:
    assert {path.name for path in (project / "model").iterdir()} == {model.DESCRIPTION, model.WEIGHTS, "curves"}


def test_evaluate_scores_the_test_rows_and_those_alone(project: Path) -> None:
    evaluate.main(Evaluate(batch=4), project / "clean", project / "ingested", project / "model", project / "evaluation")
    predictions = pd.read_parquet(project / "evaluation" / "predictions.parquet")
    assert list(predictions["source"]) == [f"{k}" for k in range(42, 48)]
    assert np.allclose(predictions[["p_dark", "p_light"]].sum(axis=1), 1, atol=1e-5)
    accuracy = (predictions["predicted"] == predictions["label"]).mean()
    assert f'"accuracy": {accuracy}' in (project / "evaluation" / "metrics.json").read_text()
    assert accuracy > 0.6


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_pictures_is_named(project: Path, tmp_path: Path, split: str) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(tmp_path / "clean", rows.assign(split=rows["split"].replace(split, "test")))
    with pytest.raises(ValueError, match=f"no picture is left in {split}"):
        stage.main(CLASSES, TRAIN, tmp_path / "clean", project / "ingested", PRETRAINED, tmp_path / "model")


def test_evaluate_without_test_rows_is_an_error(project: Path, tmp_path: Path) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(tmp_path / "clean", rows.assign(split="train"))
    with pytest.raises(ValueError, match="no picture is left in test"):
        evaluate.main(Evaluate(batch=4), tmp_path / "clean", project / "ingested", project / "model", tmp_path / "out")
