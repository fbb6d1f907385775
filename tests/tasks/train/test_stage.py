import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import model, params, reasons, store
from tasks.params import Classes
from tasks.train import provenance, stage
from tasks.train.provenance import Ingest
from tasks.train.settings import Train

CLASSES = Classes.model_validate({"dark": [], "light": []})
LISTED = Classes.model_validate({"dark": [], "grey": [], "light": []})
"""Of grey there is no image, so the model does not know it."""
SMALL = {
    "batch": 8, "dense": [8], "backbone": "custom_cnn", "weights": "none", "frozen_epochs": 2, "finetune_epochs": 3,
    "finetune_blocks": 5, "learning_rate": 0.003,
}  # fmt: skip
TRAIN = params.load(Train)
TRAIN = TRAIN.model_copy(update={**SMALL, "augment": TRAIN.augment.model_copy(update={"recipe": "base"})})
INGEST = Ingest(crop=24)
PRETRAINED = Path("data/pretrained")
SPLITS = ["train"] * 36 + ["val"] * 6 + ["test"] * 6


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, table) -> Path:
    """48 images, dark and light ones in turn, an eighth each in val and test."""
    folder = tmp_path_factory.mktemp("train")
    rng = np.random.default_rng(0)
    pixels = np.stack(
        [rng.normal(60 + 130 * (k % 2), 20, (32, 32, 3)).clip(0, 255).astype(np.uint8) for k in range(48)]
    )
    (folder / "ingested" / "d").mkdir(parents=True)
    np.save(folder / "ingested" / "d" / store.PIXELS, pixels)
    rows = table([f"{k:02}" for k in range(48)], label=["dark", "light"] * 24, split=SPLITS)
    store.write_rows(folder / "clean", rows)
    run(folder, folder)
    return folder


def run(project: Path, clean: Path, train: Train = TRAIN) -> None:
    """Train on the table in `clean`, the images in `project`; everything that is written goes to `clean`."""
    written = [clean / name for name in ("model", "state", "record.json")]
    stage.main(LISTED, train, INGEST, clean / "clean", project / "ingested", PRETRAINED, *written)


def test_the_model_is_whole_and_knows_its_classes(project: Path) -> None:
    classifier = model.load(project / "model")
    assert classifier.classes == ["dark", "light"]
    assert (classifier.image_size, classifier.crop) == (32, 24)
    assert classifier.training_ids == {f"{k:02}" for k in range(42)}
    assert (classifier.calibration, classifier.arrays) == ({}, {})


def test_the_model_says_what_it_was_made_from(project: Path) -> None:
    told = model.load(project / "model").provenance
    assert set(told) == {"train", "deliveries", "rows", "dataset", "weights"}
    assert Train.model_validate(told["train"]) == TRAIN
    assert (told["deliveries"], told["rows"], told["weights"]) == (["d"], {"train": 36, "val": 6}, "")
    lines = [f"{k:02}\t{'dark' if k % 2 == 0 else 'light'}\t{s}" for k, s in enumerate(SPLITS)]
    assert told["dataset"] == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_a_model_that_starts_from_another_has_seen_what_that_had(project: Path, tmp_path: Path) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(tmp_path / "clean", rows.assign(id=rows["id"] + "-later"))
    started = {"weights": str(project / "model"), "finetune_epochs": 0}
    run(project, tmp_path, TRAIN.model_copy(update=started))
    earlier, later = ({f"{k:02}{end}" for k in range(42)} for end in ("", "-later"))
    made = model.load(tmp_path / "model")
    assert made.training_ids == earlier | later
    stored = (project / "model" / "model.weights.h5").read_bytes()
    assert made.provenance["weights"] == hashlib.sha256(stored).hexdigest()


def test_the_section_of_ingest_is_read_for_its_crop_alone() -> None:
    assert params.load(Ingest).crop == params.raw(Ingest)["crop"]


@pytest.mark.parametrize(
    ("weights", "content"), [("none", None), ("imagenet", b"published"), ("own.h5", b"own")], ids=str
)
def test_the_digest_of_weights_is_that_of_their_file(project: Path, tmp_path: Path, weights, content) -> None:
    published = tmp_path / "efficientnet_lite0_imagenet_notop.weights.h5"
    published.write_bytes(b"published")
    (tmp_path / "own.h5").write_bytes(b"own")
    path = str(tmp_path / weights) if weights.endswith("h5") else weights
    train = TRAIN.model_copy(update={"backbone": "efficientnet_lite0", "weights": path})
    told = provenance.facts(train, project / "clean", tmp_path)["weights"]
    assert told == (hashlib.sha256(content).hexdigest() if content else "")


def test_rows_that_are_out_count_nowhere_and_their_order_is_no_matter(project: Path, tmp_path: Path) -> None:
    rows = store.read_rows(project / "clean")
    facts = provenance.facts(TRAIN, project / "clean", PRETRAINED)
    dropped = reasons.drop(
        rows.assign(id=rows["id"] + "x", source=rows["source"] + "x"), rows["kept"], reasons.BRIDGES_SPLITS
    )
    store.write_rows(tmp_path / "more", pd.concat([dropped, rows[::-1]]))
    store.write_rows(tmp_path / "moved", rows.assign(split=rows["split"].replace("val", "train")))
    assert provenance.facts(TRAIN, tmp_path / "more", PRETRAINED) == facts
    moved = provenance.facts(TRAIN, tmp_path / "moved", PRETRAINED)
    assert moved["rows"] == {"train": 42, "val": 0}
    assert moved["dataset"] != facts["dataset"]


def test_both_phases_have_their_curves_without_a_clock(project: Path) -> None:
    curves = project / "model" / "curves" / "plots" / "metrics"
    for figure in ("val_accuracy", "val_corruption_accuracy"):
        assert len((curves / "frozen" / f"{figure}.tsv").read_text().splitlines()) == 1 + TRAIN.frozen_epochs
    head, *points = (curves / "finetune" / "loss.tsv").read_text().splitlines()
    assert head.split("\t") == ["step", "loss"]
    assert len(points) == TRAIN.finetune_epochs


def test_nothing_but_the_model_its_figures_and_its_curves_is_left(project: Path) -> None:
    names = {model.DESCRIPTION, *model.FILES, "curves", "validation.json"}
    assert {path.name for path in (project / "model").iterdir()} == names


def test_the_figures_are_those_of_the_stored_model(project: Path) -> None:
    figures = json.loads((project / "model" / "validation.json").read_text())
    rows = store.read_rows(project / "clean")
    val = rows[rows["split"] == "val"]
    images = store.pixels(project / "ingested", rows)
    loaded = model.load(project / "model").network
    probabilities = loaded.predict(images.take(images.places(val)), verbose=0)
    right = np.array(CLASSES.names)[probabilities.argmax(axis=1)] == val["label"].to_numpy()
    assert figures["val_accuracy"] == pytest.approx(right.mean())
    assert 0 <= figures["val_corruption_accuracy"] <= 1


def test_what_it_took_and_on_what_stands_beside_the_outputs(project: Path) -> None:
    record = json.loads((project / "record.json").read_text())
    assert record["hardware"]["policy"] == "float32"
    assert record["finetune"]["epochs"] == TRAIN.finetune_epochs
    assert record["finetune"]["images_per_second"] > 0


def test_the_same_again_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    store.write_rows(tmp_path / "clean", store.read_rows(project / "clean"))
    run(project, tmp_path)
    for file in (project / "model").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / file.relative_to(project)).read_bytes(), file


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_images_is_named(project: Path, tmp_path: Path, split: str) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(tmp_path / "clean", rows.assign(split=rows["split"].replace(split, "test")))
    with pytest.raises(ValueError, match=f"no image is left in {split}"):
        run(project, tmp_path)
