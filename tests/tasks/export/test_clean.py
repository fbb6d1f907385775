from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks import reasons, store
from tasks.delivery import raw
from tasks.delivery.intake import take_in
from tasks.export.clean import export
from tasks.ingest.decode import decoded
from tasks.params import Classes

CLASSES = ["ig", "NK/T cell"]
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
KEPT = [0, 1, 3, 4]


@pytest.fixture
def project(tmp_path: Path, table) -> Path:
    """Five images, the third of them dropped."""
    labels = ["ig", "NK/T cell", "ig", "NK/T cell", "ig"]
    rows = table(list("abcde"), label=labels, split=["train", "train", "val", "val", "test"])
    store.write_rows(tmp_path / "clean", reasons.drop(rows, rows["id"] == "c", reasons.OUTLIER))
    (tmp_path / "ingested" / "d").mkdir(parents=True)
    np.save(tmp_path / "ingested" / "d" / store.PIXELS, PIXELS)
    return tmp_path


def run(project: Path, out: str, form: str) -> int:
    return export(project / "clean", project / "ingested", project / out, form, CLASSES)


def test_npz_holds_what_was_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.export.clean.BATCH", 3)
    assert run(project, "set.npz", "npz") == 4
    with np.load(project / "set.npz", allow_pickle=False) as data:
        assert (data["images"] == PIXELS[KEPT]).all()
        assert data["labels"].tolist() == [[0], [1], [1], [0]]
        assert data["splits"].tolist() == ["train", "train", "val", "test"]
        assert data["ids"].tolist() == list("abde")
        assert data["classes"].tolist() == CLASSES


def test_an_exported_npz_is_a_delivery_with_its_own_names(project: Path) -> None:
    run(project, "set.npz", "npz")
    later = Classes.model_validate({"NK/T cell": [], "basophil": [], "granulocyte": ["ig"]})
    taken = take_in(project / "set.npz", project / "staging", later)
    assert taken.record.names == CLASSES
    labels = [row.label for row in raw.rows(taken.folder, later, taken.record.names)]
    assert labels == ["granulocyte", "NK/T cell", "NK/T cell", "granulocyte"]
    assert (np.stack([image for chunk in raw.chunks(taken.folder, 9) for image in chunk]) == PIXELS[KEPT]).all()


def test_labels_of_more_than_256_classes_are_their_own(project: Path) -> None:
    classes = [f"{k}" for k in range(300)] + CLASSES
    export(project / "clean", project / "ingested", project / "set.npz", "npz", classes)
    with np.load(project / "set.npz", allow_pickle=False) as data:
        assert data["labels"].tolist() == [[300], [301], [301], [300]]


@pytest.mark.parametrize(
    "label", ["..", ".", ".git", "unlabelled", "Thumbs.db", "train", "CON", "ig.", "😀", "%2F", "a/b/c"]
)
def test_exported_folders_are_a_delivery_again_whatever_the_class_is_called(project: Path, label: str) -> None:
    rows = store.read_rows(project / "clean")
    store.write_rows(project / "clean", rows.assign(label=rows["label"].replace("NK/T cell", label)))
    export(project / "clean", project / "ingested", project / "set", "folders", ["ig", label])
    assert all(len(file.relative_to(project / "set").parts) == 3 for file in (project / "set").rglob("*.png"))
    taken = take_in(project / "set", project / "staging", Classes.model_validate({"ig": [], label: []}))
    assert (taken.classes, taken.litter) == ({"ig": 2, label: 2}, 0)


def test_folders_hold_the_same_pixels(project: Path) -> None:
    assert run(project, "set", "folders") == 4
    files = {"train/ig/a": 0, "train/NK%2FT cell/b": 1, "val/NK%2FT cell/d": 3, "test/ig/e": 4}
    found = {str(file.relative_to(project / "set").with_suffix("")) for file in (project / "set").rglob("*.png")}
    assert found == set(files)
    for name, row in files.items():
        assert (np.asarray(Image.open(project / "set" / f"{name}.png")) == PIXELS[row]).all()


@pytest.mark.parametrize("form", ["npz", "folders"])
def test_what_is_exported_is_a_delivery_again(project: Path, form: str) -> None:
    out = "set.npz" if form == "npz" else "set"
    run(project, out, form)
    classes = Classes.model_validate({"NK/T cell": [], "ig": [], "platelet": []})
    taken = take_in(project / out, project / "staging", classes)
    assert taken.classes == {"NK/T cell": 2, "ig": 2}
    rows = raw.rows(taken.folder, classes, taken.record.names)
    given = [(row.label, row.split) for row in rows]
    assert Counter(given) == {("ig", "train"): 1, ("NK/T cell", "train"): 1, ("NK/T cell", "val"): 1, ("ig", "test"): 1}
    contents = [content for chunk in raw.chunks(taken.folder, 2) for content in chunk]
    pixels = [decoded(content).pixels for content in contents]
    assert sorted(each.tobytes() for each in pixels) == sorted(PIXELS[row].tobytes() for row in KEPT)


def test_tfrecord_holds_the_same_pixels(project: Path) -> None:
    import tensorflow as tf

    assert run(project, "set", "tfrecord") == 4
    features = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    data = tf.data.TFRecordDataset(str(project / "set" / "train.tfrecord"))
    parsed = [tf.io.parse_single_example(record, features) for record in data]
    assert [int(one["label"]) for one in parsed] == [0, 1]
    assert (tf.io.decode_png(parsed[1]["image"]).numpy() == PIXELS[1]).all()


def test_nothing_is_overwritten(project: Path) -> None:
    (project / "set").mkdir()
    with pytest.raises(FileExistsError, match="set exists"):
        run(project, "set", "folders")


def test_an_unknown_format_names_those_there_are(project: Path) -> None:
    with pytest.raises(ValueError, match="one of npz, folders, tfrecord, got 'zip'"):
        run(project, "set", "zip")
