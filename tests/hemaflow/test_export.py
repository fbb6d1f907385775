"""`hemaflow export model`; what the files hold is looked at in tests/tasks/export."""

from pathlib import Path

import keras
import pytest
from typer.testing import CliRunner

from hemaflow.__main__ import app
from tasks import model


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model, and another model beside it; not calibrated."""
    (tmp_path / "dvc.yaml").touch()
    for folder, classes in (("data/model", ["ig", "ne"]), ("champion", ["ig", "ne", "ba"])):
        inputs = keras.layers.Input((8, 8, 3))
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
        network = keras.Model(inputs, keras.layers.Dense(len(classes), activation="softmax")(x))
        model.save(tmp_path / folder, network, classes, 0, {}, ())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(app, ["export", "model", *words])


@pytest.mark.parametrize(
    ("words", "folder", "outputs"),
    [([], "data/model", 2), (["--model", "champion"], "champion", 3)],
    ids=["what was trained last", "another"],
)
def test_the_model_that_is_meant_is_written(root: Path, words: list[str], folder: str, outputs: int) -> None:
    done = run("new/m.keras", "--format", "keras", *words)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{folder} -> new/m.keras\n", "")
    assert keras.models.load_model(root / "new/m.keras").output_shape == (None, outputs)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param(["m.h5", "--format", "h5"], 2, "'h5' is not one of 'keras', 'onnx'", id="unknown format"),
        pytest.param(["m.onnx"], 2, "Missing option '--format'", id="no format"),
        pytest.param(["m", "--format", "onnx"], 1, "the format onnx ends with .onnx, got m\n", id="ending"),
        pytest.param(["data", "--format", "savedmodel"], 1, "data exists: give a new path", id="something there"),
        pytest.param(
            ["m.onnx", "--format", "onnx", "--model", "data"], 1, "no model in data: model.json is missing\n", id="none"
        ),
    ],
)
def test_mistakes_are_told_in_a_line(root: Path, words: list[str], code: int, message: str) -> None:
    done = run(*words)
    assert done.exit_code == code
    assert message in done.stderr
    assert code == 2 or done.stderr.count("\n") == 1
    assert {path.name for path in root.iterdir()} == {"dvc.yaml", "data", "champion"}


def test_a_damaged_model_is_told_in_a_line(root: Path) -> None:
    (root / "data/model/model.weights.h5").write_bytes(b"")
    done = run("m.onnx", "--format", "onnx")
    assert done.exit_code == 1
    assert done.stderr.startswith("data/model/model.weights.h5: expected ")
    assert done.stderr.count("\n") == 1
