import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from tasks import model
from tasks.export import model as forms
from tasks.export.model import export

CLASSES = ["ig", "platelet", "monocyte"]
CALIBRATION = {"temperature": {"base": 0.5}, "least_confidence": 0.7, "largest_score": 0.3}
OUT = {"keras": "m.keras", "onnx": "m.onnx", "savedmodel": "m", "submission": "m.zip"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of images of 16 x 16, calibrated."""
    keras.utils.set_random_seed(3)
    inputs = keras.layers.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, activation="relu")(keras.layers.Rescaling(1 / 50, offset=-2.5)(inputs))
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
    network = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    folder = tmp_path_factory.mktemp("trained") / "model"
    arrays = {"mean": np.ones(3, np.float32)}
    model.save(folder, network, CLASSES, 12, {"rows": {"train": 5}}, {"a"}, CALIBRATION, arrays)
    return folder


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (100, 16, 16, 3), np.uint8)


@pytest.fixture(scope="module")
def expected(trained: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities that the model itself gives; every class wins somewhere."""
    found = model.load(trained).network(images.astype(np.float32)).numpy()
    assert set(found.argmax(axis=1)) == {0, 1, 2}
    return found


def check_facts(text: str | bytes) -> None:
    told = json.loads(text)
    assert json.loads(told["classes"]) == CLASSES
    assert json.loads(told["calibration"]) == CALIBRATION
    assert json.loads(told["provenance"]) == {"rows": {"train": 5}}
    assert (told["image_size"], told["crop"], told["probabilities"]) == ("16", "12", "not calibrated")


def test_keras_reads_its_file_in_safe_mode(trained: Path, tmp_path: Path, images, expected) -> None:
    export(trained, tmp_path / "new" / "m.keras", "keras")
    loaded = keras.models.load_model(tmp_path / "new" / "m.keras", safe_mode=True)
    assert (loaded(images.astype(np.float32)).numpy() == expected).all()
    with zipfile.ZipFile(tmp_path / "new" / "m.keras") as archive:
        check_facts(archive.read(forms.FACTS))


def test_onnx_runtime_agrees(trained: Path, tmp_path: Path, images, expected) -> None:
    export(trained, tmp_path / "m.onnx", "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    assert np.abs(session.run(["probabilities"], {"images": images})[0] - expected).max() <= 1e-4
    metadata = {prop.key: prop.value for prop in onnx.load(tmp_path / "m.onnx").metadata_props}
    check_facts(json.dumps(metadata))


def test_tensorflow_serves_the_saved_model(trained: Path, tmp_path: Path, images, expected) -> None:
    export(trained, tmp_path / "m", "savedmodel")
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    assert np.abs(loaded.serve(images)["probabilities"].numpy() - expected).max() <= 1e-6
    served = loaded.signatures["serving_default"](images=tf.constant(images[:1]))["probabilities"]
    assert np.abs(served.numpy() - expected[:1]).max() <= 1e-6
    check_facts((tmp_path / "m" / "assets.extra" / forms.FACTS).read_text())
    stored = tf.train.list_variables(str(tmp_path / "m" / "variables" / "variables"))
    assert sorted(shape for name, shape in stored if shape) == [[3], [3, 3, 3, 8], [8], [1568, 3]], "each weight once"


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from model import Model
model = Model()
images = np.load(sys.argv[2])
print(model.predict(images).tolist(), model.predict(images).dtype, model.predict(images[:0]).tolist(), sep="\\n")
for wrong in (images[:, :8], images.astype("float32")):
    try:
        model.predict(wrong)
    except ValueError as error:
        print(error)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"tasks", "flows", "keras_cv"}))
"""


def test_a_submission_runs_where_nothing_of_the_project_is(trained: Path, tmp_path: Path, images, expected) -> None:
    export(trained, tmp_path / "m.zip", "submission")
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    np.save(tmp_path / "images.npy", images)
    (tmp_path / "cwd").mkdir()
    command = [sys.executable, "-I", "-c", CHILD, str(tmp_path / "elsewhere"), str(tmp_path / "images.npy")]
    done = subprocess.run(command, cwd=tmp_path / "cwd", env=_bare(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    labels, dtype, none, other_size, floats, modules = done.stdout.splitlines()
    assert json.loads(labels) == expected.argmax(axis=1).tolist()
    assert (dtype, none, modules) == ("int64", "[]", "[]")
    assert other_size == "expected uint8 of shape (n, 16, 16, 3), got uint8 of (100, 8, 16, 3)"
    assert floats == "expected uint8 of shape (n, 16, 16, 3), got float32 of (100, 16, 16, 3)"


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KERAS", "HEMAFLOW"))}


def test_an_uncalibrated_network_is_written_too(trained: Path, tmp_path: Path) -> None:
    network = model.load(trained).network
    model.save(tmp_path / "network", network, CLASSES, 12, {}, ())
    export(tmp_path / "network", tmp_path / "m.onnx", "onnx")
    metadata = {prop.key: prop.value for prop in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert metadata["calibration"] == "{}"


@pytest.mark.parametrize(
    ("out", "form", "error", "message"),
    [
        pytest.param(
            "m.zip", "pickle", ValueError, "one of keras, onnx, savedmodel, submission, got 'pickle'", id="form"
        ),
        pytest.param("m.h5", "keras", ValueError, "the format keras ends with .keras, got .*m.h5", id="ending"),
        pytest.param("there.zip", "submission", FileExistsError, "there.zip exists: give a new path", id="file there"),
        pytest.param("there", "savedmodel", FileExistsError, "there exists: give a new path", id="folder there"),
    ],
)
def test_mistakes_are_named(
    trained: Path, tmp_path: Path, out: str, form: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "there.zip").write_text("mine")
    (tmp_path / "there").mkdir()
    with pytest.raises(error, match=message):
        export(trained, tmp_path / out, form)
    assert (tmp_path / "there.zip").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"there.zip", "there"}


@pytest.mark.parametrize("form", OUT)
def test_without_a_model_nothing_is_written(tmp_path: Path, form: str) -> None:
    with pytest.raises(FileNotFoundError, match="no model in .*nonesuch"):
        export(tmp_path / "nonesuch", tmp_path / OUT[form], form)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", OUT)
def test_a_writer_that_fails_leaves_nothing(trained: Path, tmp_path: Path, monkeypatch, form: str) -> None:
    def fail(*given: Any) -> None:
        raise OSError("disk full")

    # The last thing that each does.
    monkeypatch.setattr(forms, "_text", fail)
    monkeypatch.setattr("tasks.export.submission.pack", fail)
    monkeypatch.setattr("tasks.export.onnx.convert", fail)
    with pytest.raises(OSError, match="disk full"):
        export(trained, tmp_path / OUT[form], form)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_in_nobody_s_way(trained: Path, tmp_path: Path) -> None:
    (tmp_path / ".partial-m" / "variables").mkdir(parents=True)
    export(trained, tmp_path / "m", "savedmodel")
    assert {path.name for path in tmp_path.iterdir()} == {"m"}
    assert (tmp_path / "m" / "saved_model.pb").is_file()
