import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tasks import model, store
from tasks.selective import selective_classifier
from tasks.selective.calibration import Calibration, SelectivePrediction, rebuild
from tasks.selective.detector import Detector, Space
from tasks.selective.temperature import Temperature

SIDE, CHANNELS = 8, 3
PLAIN = Temperature(float(np.log(np.e - 1)), 0.0, 0.0, 1.0)  # softplus of that is 1


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.layers.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(CHANNELS, 3, name="maps")(keras.layers.Rescaling(1 / 255)(inputs))
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def calibration(least: float = 0.0, largest: float = 10.0) -> Calibration:
    space = Space(np.zeros(CHANNELS, np.float32), np.eye(CHANNELS, dtype=np.float32)[:1])
    detector = Detector((space,), np.zeros(1, np.float32), np.ones(1, np.float32))
    return Calibration(("maps",), detector, PLAIN, least, largest)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), np.uint8)


def saved(folder: Path, fitted: Calibration | None) -> keras.Model:
    made = network()
    parts = (fitted.describe(), fitted.arrays()) if fitted else ()
    model.save(folder, made, ["ig", "platelet"], 200, {}, [], *parts)
    return made


def test_an_answer_is_the_network_s_at_temperature_one(tmp_path: Path, images: np.ndarray) -> None:
    made = saved(tmp_path / "m", calibration())
    loaded = selective_classifier.load(tmp_path / "m")
    said = loaded.predict(images)
    assert said.probabilities == pytest.approx(made(images.astype(np.float32)).numpy(), abs=1e-6)
    assert (loaded.classes, loaded.image_size, loaded.crop) == (["ig", "platelet"], SIDE, 200)
    assert said.why.tolist() == [""] * 5
    assert said.answered.all()


def test_onnx_runtime_says_what_keras_says(tmp_path: Path, images: np.ndarray) -> None:
    saved(tmp_path / "m", calibration())
    said = selective_classifier.load(tmp_path / "m").predict(images)
    expected = selective_classifier.load_keras(tmp_path / "m").predict(images)
    assert said.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    assert said.score == pytest.approx(expected.score, abs=1e-5)
    assert expected.score.std() > 0


def test_the_same_images_have_the_same_bits(tmp_path: Path, images: np.ndarray) -> None:
    saved(tmp_path / "m", calibration())
    first, again = (selective_classifier.load(tmp_path / "m").predict(images) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_an_answer_needs_neither_tensorflow_nor_what_else_takes_long(tmp_path: Path, images: np.ndarray) -> None:
    saved(tmp_path / "m", calibration())
    code = (
        "import sys, numpy; from pathlib import Path; from tasks.selective import selective_classifier as s;"
        "s.load(Path(sys.argv[1])).predict(numpy.zeros((1, 8, 8, 3), numpy.uint8));"
        "print({'tensorflow', 'keras', 'pandas', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "m"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_layer_that_onnx_has_not_runs_in_keras_and_a_line_says_so(
    tmp_path: Path, images: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = keras.layers.Input((SIDE, SIDE, 3))
    maps = keras.layers.Conv2D(CHANNELS, 3, name="maps")(keras.layers.Rescaling(1 / 255)(inputs))
    x = keras.layers.Flatten()(keras.layers.BatchNormalization(axis=1, name="across")(maps))
    made = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    model.save(tmp_path / "m", made, ["ig", "platelet"], 200, {}, [], calibration().describe(), calibration().arrays())
    said = selective_classifier.load(tmp_path / "m").predict(images)
    assert said.probabilities == pytest.approx(made(images.astype(np.float32)).numpy(), abs=1e-6)
    assert capsys.readouterr().err == (
        f"the network of {tmp_path / 'm'} runs in Keras, which takes longer: layer across (BatchNormalization) cannot "
        "be written as ONNX: expected the last axis, got 1\n"
    )


def test_images_are_refused_and_answers_withheld_by_their_thresholds(tmp_path: Path, images: np.ndarray) -> None:
    saved(tmp_path / "m", calibration())
    first = selective_classifier.load(tmp_path / "m").predict(images)
    fitted = calibration(float(np.median(first.confidence)), float(np.sort(first.score)[-2]))
    saved(tmp_path / "n", fitted)
    loaded = selective_classifier.load(tmp_path / "n")
    said = loaded.predict(images)
    strange, sure = first.score > fitted.largest_score, first.confidence >= fitted.least_confidence
    assert strange.sum() == 1
    assert ((said.why == "ood") == strange).all()
    assert ((said.why == "unsure") == (~strange & ~sure)).all()
    assert loaded.thresholds == {"least_confidence": fitted.least_confidence, "largest_score": fitted.largest_score}


@pytest.mark.parametrize("tta", selective_classifier.TTA)
def test_views_average_over_orientations(tmp_path: Path, images: np.ndarray, tta: int) -> None:
    made = saved(tmp_path / "m", calibration())
    loaded = selective_classifier.load(tmp_path / "m")
    each = [made(store.turned(images, k).astype(np.float32)).numpy() for k in range(tta)]
    assert loaded.predict(images, tta).probabilities == pytest.approx(np.mean(each, axis=0), abs=1e-5)
    assert (loaded.predict(images, tta).score == loaded.predict(images).score).all()


def test_over_batches_is_the_same(tmp_path: Path, images: np.ndarray) -> None:
    saved(tmp_path / "m", calibration())
    loaded = selective_classifier.load(tmp_path / "m")
    joined, whole = loaded.over([images[:2], images[2:]]), loaded.predict(images)
    assert joined.probabilities == pytest.approx(whole.probabilities, abs=1e-6)
    assert joined.why.shape == (5,)


@pytest.mark.parametrize(
    ("given", "tta", "message"),
    [
        (np.zeros((1, SIDE, SIDE, 3), np.float32), 1, r"must be uint8 of shape \(n, 8, 8, 3\), got float32"),
        (np.zeros((1, 4, 4, 3), np.uint8), 1, r"got uint8 of shape \(1, 4, 4, 3\)"),
        (np.zeros((1, SIDE, SIDE, 3), np.uint8), 3, "tta must be one of 1, 4, 8, got 3"),
    ],
    ids=["dtype", "shape", "tta"],
)
def test_what_is_no_batch_is_refused(tmp_path: Path, given: np.ndarray, tta: int, message: str) -> None:
    saved(tmp_path / "m", calibration())
    with pytest.raises(ValueError, match=message):
        selective_classifier.load(tmp_path / "m").predict(given, tta)


def test_a_network_that_was_not_calibrated_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "m", None)
    with pytest.raises(ValueError, match="not calibrated: expected what the stage calibrate writes"):
        selective_classifier.load(tmp_path / "m")


@pytest.mark.parametrize("key", ["layers", "temperature", "largest_score"])
def test_an_incomplete_calibration_names_what_it_lacks(key: str) -> None:
    description = {name: value for name, value in calibration().describe().items() if name != key}
    with pytest.raises(ValueError, match=f"calibration is incomplete: '{key}'"):
        rebuild(description, calibration().arrays())


def test_a_calibration_is_rebuilt_as_it_was() -> None:
    again = rebuild(calibration(0.5, 0.25).describe(), calibration().arrays())
    assert (again.temperature, again.least_confidence, again.largest_score) == (PLAIN, 0.5, 0.25)


def test_probabilities_of_classes_that_have_one_name_by_now_add_up() -> None:
    given = SelectivePrediction(np.array([[0.3, 0.4, 0.3]], np.float32), np.zeros(1), np.array([""]))
    merged = given.under(["granulocyte", "platelet", "granulocyte"], ["granulocyte", "platelet"])
    assert merged.probabilities == pytest.approx(np.array([[0.6, 0.4]]), abs=1e-7)
    assert (given.predicted.tolist(), merged.predicted.tolist()) == ([1], [0])
