from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from tasks.predict import judge
from tasks.predict.ahead import ImageArray


class SelectivePrediction(NamedTuple):
    probabilities: np.ndarray
    score: np.ndarray
    why: np.ndarray


class Model:
    """Says of an image that is (p, s, w) all over: p % ig, score s / 100, and the reason of that number."""

    classes = ("ig", "ne")
    thresholds = {"least_confidence": 0.7, "largest_score": 0.5}  # noqa: RUF012

    def __init__(self):
        self.calls = []

    def predict(self, images, tta=1):
        self.calls.append((len(images), tta))
        chance, score, why = (images[:, 0, 0, :].T / np.float32([[100], [100], [1]])).astype(np.float32)
        reasons = np.array(["", "unsure", "ood"])[why.astype(int)]
        return SelectivePrediction(np.stack([chance, 1 - chance], axis=1), score, reasons)


def image(name: str, chance: int = 90, score: int = 10, why: int = 0) -> ImageArray:
    return ImageArray(name, np.full((2, 2, 3), [chance, score, why], np.uint8), "")


def lost(name: str) -> ImageArray:
    return ImageArray(name, None, "no image")


@pytest.mark.parametrize(
    ("given", "guess", "outcome", "reason"),
    [
        pytest.param(image("a"), "ig", "answered", "", id="answered"),
        pytest.param(image("a", 2), "ne", "answered", "", id="the other class"),
        pytest.param(
            image("a", 55, 10, 1),
            "ig",
            "unsure",
            "probability 0.55 of the best guess, an answer needs at least 0.7",
            id="unsure",
        ),
        pytest.param(image("a", 2, 90, 2), "ne", "ood", "score 0.9, a cell has at most 0.5", id="ood"),
        pytest.param(lost("a"), "", "unreadable", "no image", id="unreadable"),
    ],
)
def test_what_becomes_of_an_image(given, guess, outcome, reason):
    (row,) = judge.rows([given], Model())
    assert (row.file, row.guess, row.outcome, row.reason) == ("a", guess, outcome, reason)
    chance = float(given.pixels[0, 0, 0]) / 100 if given.pixels is not None else None
    assert row.probabilities == (pytest.approx([chance, 1 - chance]) if chance is not None else ())


NONE, ALL = "x" * 5, "." * 7
CASES = {
    "full batches and a rest": (ALL, [3, 3, 1]),
    "unreadable ones between": ("x.x..xx.x.x", [3, 2]),
    "unreadable ones at the end": ("...xx", [3]),
    "none readable": (NONE, []),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("pattern", "sizes"), CASES.values(), ids=CASES)
def test_the_network_sees_full_batches_and_rows_keep_their_order(pattern, sizes):
    given = [image(f"{k}", k) if kind == "." else lost(f"{k}") for k, kind in enumerate(pattern)]
    model = Model()
    rows = list(judge.rows(given, model, tta=4, batch=3))
    assert model.calls == [(size, 4) for size in sizes]
    assert [row.file for row in rows] == [f"{k}" for k in range(len(pattern))]
    assert [row.outcome == judge.ANSWERED for row in rows] == [kind == "." for kind in pattern]
    for k, row in enumerate(rows):
        assert row.probabilities == () or row.probabilities[0] == pytest.approx(k / 100)


@pytest.mark.parametrize(
    ("figure", "threshold", "expected"),
    [
        (0.41234, 0.655, ("0.412", "0.655")),
        (0.654999, 0.655001, ("0.654999", "0.655001")),
        (2.5, 2.5, ("2.5", "2.5")),
        (123456.0, 2.0, ("1.23e+05", "2")),
    ],
    ids=["far apart", "close", "the same", "large"],
)
def test_a_figure_never_looks_like_a_threshold_that_it_missed(figure, threshold, expected):
    assert judge.apart(figure, threshold) == expected


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        pytest.param({"answered": 145, "ood": 155}, "155 of 300 look unlike the training data", id="most"),
        pytest.param({"answered": 20, "ood": 5, "unreadable": 9}, "5 of 25 look unlike", id="a fifth of the readable"),
        pytest.param({"answered": 16, "unsure": 5, "ood": 5}, "", id="less than a fifth"),
        pytest.param({"ood": 4}, "", id="a few images"),
        pytest.param({"unreadable": 4}, "", id="none readable"),
    ],
)
def test_an_input_that_lies_outside_as_a_whole_is_told(counts, told):
    said = judge.outside(Counter(counts))
    assert said.startswith(told)
    assert said.endswith("another stain or scale? see docs/data.md") == bool(told)
