import keras
import numpy as np
import pytest

from tasks.backbones import build, table
from tasks.calibrate import fitting
from tasks.calibrate.settings import Calibrate
from tasks.model import Classifier
from tasks.selective.keras_reader import KerasReader
from tasks.splits import Part
from tasks.train import network

SIDE, ROWS = 32, 120
SETTINGS = Calibrate(
    batch=32,
    seed=0,
    reference=100,
    components=4,
    ood_false_positive_rate=0.05,
    corruption_weight=0.1,
    target_accuracy=0.8,
)


def classifier(backbone: str) -> Classifier:
    keras.utils.set_random_seed(0)
    below = build.build(backbone, SIDE, "none", None)
    whole = network.classifier(below, network.head(below.output_shape[-1], [8], 0.0, 0.0, 2))
    return Classifier(whole, ["a", "b"], SIDE, 0, {"train": {"backbone": backbone}}, frozenset(), {}, {})


class Images:
    dtype, shape = np.dtype(np.uint8), (SIDE, SIDE, 3)

    def __init__(self) -> None:
        self._all = np.random.default_rng(0).integers(60, 200, (ROWS, SIDE, SIDE, 3), np.uint8)

    def take(self, places: np.ndarray) -> np.ndarray:
        return self._all[places[:, 1]]


def part(rows: np.ndarray) -> Part:
    places = np.stack([np.zeros_like(rows), rows], axis=1)
    return Part(places, rows % 2, [f"{row:03}" for row in rows])


@pytest.mark.parametrize(
    ("backbone", "layers"),
    [("custom_cnn", None), ("efficientnet_lite0", ("block7_add", "block10_add", "block14_add"))],
)
def test_inner_layers_end_the_blocks_from_the_middle_to_the_last_but_one(
    backbone: str, layers: tuple[str, ...] | None
) -> None:
    made = classifier(backbone)
    found = fitting.inner(made)
    assert layers in (None, found)
    number = len(table.blocks(backbone))
    assert [table.block_of(backbone, layer) for layer in found] == list(range((number - 1) // 2, number - 1))
    assert all(len(made.network.get_layer(layer).output.shape) == 4 for layer in found)


def test_a_calibration_keeps_what_was_wanted_of_it() -> None:
    made, arrays = classifier("custom_cnn"), Images()
    train, val = part(np.arange(80)), part(np.arange(80, ROWS))
    fitted = fitting.fit(SETTINGS, made, arrays, train, val)
    reader = KerasReader(made.network, fitted.layers)
    clean = arrays.take(val.places)
    answers = fitted.predict(*reader.read(clean))
    assert (answers.score > fitted.largest_score).mean() <= SETTINGS.ood_false_positive_rate
    sure = answers.confidence >= fitted.least_confidence
    right = answers.predicted == val.labels
    assert not sure.any() or right[sure].mean() >= SETTINGS.target_accuracy


def test_the_same_again_is_the_same() -> None:
    made, arrays = classifier("custom_cnn"), Images()
    one, two = (fitting.fit(SETTINGS, made, arrays, part(np.arange(80)), part(np.arange(80, ROWS))) for _ in range(2))
    assert one.describe() == two.describe()
    assert all((one.arrays()[name] == two.arrays()[name]).all() for name in one.arrays())


def test_rows_beyond_the_reference_are_not_read() -> None:
    made, arrays = classifier("custom_cnn"), Images()
    read: list[int] = []
    take = arrays.take
    arrays.take = lambda places: read.extend(places[:, 1]) or take(places)  # type: ignore[method-assign]
    small = SETTINGS.model_copy(update={"reference": 30})
    fitting.fit(small, made, arrays, part(np.arange(80)), part(np.arange(80, ROWS)))
    assert len(set(read) & set(range(80))) == 30
