import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from tasks.drift import colour, sample

EVEN = "abcd" * 100


def rows(name: str, labels: str) -> pd.DataFrame:
    return pd.DataFrame({"delivery": name, "row": range(len(labels)), "label": list(labels)})


def drawn(new: str, training: str, seed: int = 0) -> sample.Sample:
    return sample.sample(rows("new", new), rows("old", training), np.random.default_rng(seed))


class Images:
    """Images of one grey level each: that of the class and side, and noise of 4 levels between images."""

    def __init__(self, level: dict[str, int], shift: float):
        self._level, self._shift = level, shift

    def batches(self, rows: pd.DataFrame, batch: int):
        rng = np.random.default_rng(7)
        level = rows["label"].map(self._level).to_numpy() + self._shift * (rows["delivery"] == "new")
        values = (level + rng.normal(0, 4, len(rows))).to_numpy().clip(0, 255).astype(np.uint8)
        for start in range(0, len(rows), batch):
            grey = values[start : start + batch]
            yield np.broadcast_to(grey[:, None, None, None], (len(grey), 8, 8, 3))


LEVEL = {"a": 40, "b": 90, "c": 140, "d": 190}


@pytest.mark.parametrize(
    ("new", "shift", "word"),
    [
        (EVEN, 0, "none"),
        (EVEN, 15, "marked"),
        (EVEN, -15, "marked"),
        (EVEN, 2, "slight"),
        ("a" * 200, 0, "none"),
        ("a" * 150 + "b", 0, "none"),
        ("a" * 200, 15, "marked"),
        ("d" * 12, 15, "marked"),
        ("abcd" * 3, 0, "none"),
    ],
    ids=[
        "as before",
        "brighter",
        "darker",
        "a little brighter",
        "one class alone",
        "another mix of classes",
        "one class, brighter",
        "twelve, brighter",
        "twelve, as before",
    ],
)
@pytest.mark.usefixtures("brief")
def test_colour_is_compared_within_classes(new: str, shift: float, word: str) -> None:
    found, lines = colour.measured(drawn(new, EVEN), Images(LEVEL, shift))
    assert found.word == word, found
    assert [line.figure for line in lines] == list(colour.FIGURES)
    assert all(abs(line.difference - shift) < 3 for line in lines[:3])
    assert all(line.difference == 0 for line in lines[3:])  # images of one level have no spread


@pytest.mark.usefixtures("brief")
def test_in_one_class_the_interval_is_student_s() -> None:
    images = np.random.default_rng(0).integers(0, 256, (72, 8, 8, 3), np.uint8)

    class Given:
        def batches(self, rows, batch):
            yield images

    _, lines = colour.measured(drawn("a" * 12, "a" * 60), Given())
    figures = colour._figures(images)
    for line, values in zip(lines, figures.T, strict=True):
        interval = ttest_ind(values[:12], values[12:]).confidence_interval(0.95)
        assert (line.low, line.high) == pytest.approx(tuple(interval), abs=1e-3), line.figure


@pytest.mark.usefixtures("brief")
def test_classes_weigh_as_among_the_new_images() -> None:
    # Class a is brighter by 20, b is not; three in four new images are of a.
    class Given:
        def batches(self, rows, batch):
            bright = 20 * ((rows["delivery"] == "new") & (rows["label"] == "a"))
            yield np.broadcast_to((100 + bright).to_numpy(np.uint8)[:, None, None, None], (len(rows), 8, 8, 3))

    _, lines = colour.measured(drawn("aaab" * 10, "ab" * 50), Given())
    assert lines[0].difference == pytest.approx(15, abs=1e-3)


def test_an_image_s_figures_are_those_of_its_channels() -> None:
    image = np.zeros((1, 4, 4, 3), np.uint8)
    image[..., 1] = 50
    image[:, :, 2:, 2] = 20
    assert colour._figures(image)[0] == pytest.approx([0, 50, 10, 0, 0, 10])
