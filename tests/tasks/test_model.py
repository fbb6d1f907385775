import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tasks import model, model_folder

CLASSES = ["ig", "platelet"]
PROVENANCE = {"train": {"seed": 0, "decay": 0.1}, "deliveries": ["d"], "rows": {"train": 2, "val": 1}}
TRAINING_IDS = {"b" * 64, "a" * 64, "c" * 64}
CALIBRATION = {"layer": "x", "least_confidence": 0.1 + 0.2}
ARRAYS = {"mean": np.arange(3, dtype=np.float32), "components": np.ones((2, 3), np.float32)}


def network(seed: int = 1, side: int = 8, width: int = 4) -> keras.Model:
    keras.utils.clear_session()  # automatic names, which are in the file, start anew
    keras.utils.set_random_seed(seed)
    inputs = keras.layers.Input((side, side, 3))
    x = keras.layers.Conv2D(width, 3)(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalMaxPooling2D()(x)))


def write(folder: Path, saved: keras.Model | None = None, **changes: Any) -> Path:
    given = {
        "crop": 6,
        "provenance": PROVENANCE,
        "training_ids": TRAINING_IDS,
        "calibration": CALIBRATION,
        "arrays": ARRAYS,
        **changes,
    }
    model.save(folder, saved or network(), CLASSES, **given)
    return folder


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("stored") / "m")


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(stored, tmp_path / "m"))


def test_a_saved_model_is_read_whole(tmp_path: Path) -> None:
    saved = network()
    loaded = model.load(write(tmp_path / "m", saved))
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.float32)
    assert (loaded.network(images).numpy() == saved(images).numpy()).all()
    assert (loaded.classes, loaded.image_size, loaded.crop) == (CLASSES, 8, 6)
    assert (loaded.provenance, loaded.training_ids, loaded.calibration) == (PROVENANCE, TRAINING_IDS, CALIBRATION)
    assert {name: array.dtype for name, array in loaded.arrays.items()} == dict.fromkeys(ARRAYS, np.float32)
    assert all((loaded.arrays[name] == array).all() for name, array in ARRAYS.items())


def test_a_network_needs_no_calibration_and_no_provenance(tmp_path: Path) -> None:
    model.save(tmp_path / "m", network(), CLASSES, 0, {}, ())
    loaded = model.load(tmp_path / "m")
    assert (loaded.provenance, loaded.training_ids, loaded.calibration, loaded.arrays) == ({}, frozenset(), {}, {})


def test_the_ids_stand_sorted_one_a_line(stored: Path) -> None:
    assert (stored / model.TRAINING_IDS).read_text() == "".join(f"{one}\n" for one in sorted(TRAINING_IDS))


def test_the_same_model_has_the_same_bytes(stored: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", arrays=dict(reversed(ARRAYS.items())), training_ids=sorted(TRAINING_IDS, reverse=True))
    write(tmp_path / "read", model.load(stored).network)
    for name in (model.DESCRIPTION, *model.FILES):
        for other in ("again", "read"):
            assert (tmp_path / other / name).read_bytes() == (stored / name).read_bytes(), (other, name)


def test_nothing_else_is_written_and_no_array_needs_pickle(stored: Path) -> None:
    assert {file.name for file in stored.iterdir()} == {model.DESCRIPTION, *model.FILES}
    with zipfile.ZipFile(stored / model.ARRAYS) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_other_files_beside_it_are_no_part_of_it(folder: Path) -> None:
    (folder / "validation.json").write_text("{}")
    assert model.load(folder).classes == CLASSES


def spoil(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return run


def flipped(content: bytes) -> bytes:
    """One bit of the middle byte."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def edited(**changes: Any) -> Callable[[bytes], bytes]:
    """A description that says something else, its digest left as it was."""
    return lambda content: json.dumps({**json.loads(content), **changes}).encode()


def forged(**changes: Any) -> Callable[[bytes], bytes]:
    """The same with the digest that fits: what a digest cannot find, the other checks must."""

    def change(content: bytes) -> bytes:
        description = {**json.loads(content), **changes}
        return json.dumps({**description, "digest": model_folder.taken(description)}).encode()

    return change


def layer(**part: Any) -> Callable[[bytes], bytes]:
    """A forged network with that in place of its last layer."""

    def change(content: bytes) -> bytes:
        config = json.loads(content)["network"]
        config["layers"][-1].update(part)
        return forged(network=config)(content)

    return change


def swapped(folder: Path) -> None:
    """Weights of another training of the same network: right in length, and they would load."""
    write(folder / "other", network(seed=2))
    shutil.copy(folder / "other" / model.WEIGHTS, folder)


def swapped_and_forged(folder: Path) -> None:
    """Weights of another network, with digests that fit."""
    write(folder / "other", network(width=5))
    shutil.copy(folder / "other" / model.WEIGHTS, folder)
    files = json.loads((folder / model.DESCRIPTION).read_text())["files"]
    spoil(
        model.DESCRIPTION,
        forged(files={**files, model.WEIGHTS: model_folder.stored(folder / model.WEIGHTS).model_dump()}),
    )(folder)


NOT_ON_THE_LIST = "expected layers of Keras that are on this project's list"
SPOILT = {
    **{
        f"{name}-one-bit": (spoil(name, flipped), rf"{name}: expected sha256 \w+, as model.json says, got \w+")
        for name in model.FILES
    },
    **{
        f"{name}-truncated": (spoil(name, lambda content: content[:-1]), rf"{name}: expected \d+ bytes, .*, got \d+")
        for name in model.FILES
    },
    **{
        f"{name}-missing": (lambda folder, name=name: (folder / name).unlink(), rf"{name} is missing: expected a file")
        for name in model.FILES
    },
    "weights-swapped": (swapped, r"model.weights.h5: expected sha256 .*: damaged, or of another model"),
    "weights-swapped-and-forged": (swapped_and_forged, r"model.weights.h5: expected the weights of this network"),
    "json-truncated": (spoil(model.DESCRIPTION, lambda content: content[:-9]), r"model.json: expected the JSON of"),
    "json-not-text": (spoil(model.DESCRIPTION, lambda content: b"\xff\x00"), r"model.json: expected the JSON of"),
    "json-a-list": (
        spoil(model.DESCRIPTION, lambda content: b"[]"),
        "model.json: expected the JSON of a model, got list",
    ),
    "json-edited": (spoil(model.DESCRIPTION, edited(crop=7)), r"model.json: damaged or edited"),
    "json-without-digest": (spoil(model.DESCRIPTION, edited(digest=None)), r"model.json: damaged or edited"),
    "format-1": (
        spoil(model.DESCRIPTION, edited(format="hemaflow-model/1")),
        "model.json: expected format hemaflow-model/3, got 'hemaflow-model/1'",
    ),
    "foreign": (spoil(model.DESCRIPTION, lambda content: b'{"format": "pickle"}'), "expected format .*, got 'pickle'"),
    "mistyped": (spoil(model.DESCRIPTION, forged(crop="6")), r"model.json: crop: Input should be a valid integer"),
    "unknown-key": (spoil(model.DESCRIPTION, forged(code="x")), r"model.json: code: Extra inputs are not permitted"),
    "no-files": (spoil(model.DESCRIPTION, forged(files={})), "model.json: expected the digests of model.weights.h5, "),
    "classes": (spoil(model.DESCRIPTION, forged(classes=["ig"])), "model.json: expected an output for each of 1 class"),
    "image-size": (spoil(model.DESCRIPTION, forged(image_size=9)), "model.json: expected image_size 8, got 9"),
    "no-network": (spoil(model.DESCRIPTION, forged(network={})), "model.json: "),
    "lambda": (
        spoil(model.DESCRIPTION, layer(class_name="Lambda", module="keras.layers")),
        f"model.json: the network holds keras.layers.Lambda, {NOT_ON_THE_LIST}",
    ),
    "code-in-a-layer": (
        spoil(model.DESCRIPTION, layer(config={"units": 2, "activation": {"class_name": "__lambda__", "config": {}}})),
        f"the network holds __lambda__, {NOT_ON_THE_LIST}",
    ),
    "no-module": (spoil(model.DESCRIPTION, layer(module=None)), f"the network holds Dense, {NOT_ON_THE_LIST}"),
    "other-package": (
        spoil(model.DESCRIPTION, layer(module="keras_cv.layers", class_name="Augmenter")),
        f"the network holds keras_cv.layers.Augmenter, {NOT_ON_THE_LIST}",
    ),
    "registered-by-others": (
        spoil(model.DESCRIPTION, layer(registered_name="theirs>Dense")),
        f"the network holds keras.layers.theirs>Dense, {NOT_ON_THE_LIST}",
    ),
}


@pytest.mark.parametrize(("change", "message"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_folder_is_refused(folder: Path, change: Callable[[Path], None], message: str) -> None:
    change(folder)
    with pytest.raises(ValueError, match=message) as caught:
        model.load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model in .*model.json is missing"):
        model.load(tmp_path)


def test_a_network_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    inputs = keras.layers.Input((8, 8, 3))
    x = keras.layers.Lambda(lambda x: x + 1)(inputs)
    saved = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    with pytest.raises(ValueError, match=f"the network holds keras.layers.Lambda, {NOT_ON_THE_LIST}"):
        write(tmp_path / "m", saved)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"arrays": {"mean": np.zeros(3)}}, "array mean: expected float32, got float64", id="float64"),
        pytest.param({"arrays": {"mean": np.array([{}])}}, "array mean: expected float32, got object", id="objects"),
        pytest.param({"calibration": {"slope": float("nan")}}, "not JSON compliant", id="not-a-number"),
    ],
)
def test_what_no_file_could_hold_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "m", **changes)
    with pytest.raises(FileNotFoundError):
        model.load(tmp_path / "m")


def test_classes_are_those_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected an output for each of 3 classes, got one of \(None, 2\)"):
        model.save(tmp_path / "m", network(), ["a", "b", "c"], 0, {}, ())


def test_an_interrupted_save_leaves_no_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_write_arrays", lambda *given: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(folder, network(seed=2))
    with pytest.raises(FileNotFoundError, match="no model in"):
        model.load(folder)
