import numpy as np
import pytest

from tasks.selective import abstention

CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)


@pytest.mark.parametrize(
    ("right", "wanted", "least"),
    [
        ([1, 1, 1, 1, 1], 0.99, 0.0),
        ([1, 1, 1, 0, 0], 0.99, 0.7),
        ([1, 1, 1, 0, 0], 0.75, 0.6),
        ([1, 0, 1, 1, 1], 0.75, 0.0),
        ([1, 0, 1, 0, 0], 0.60, 0.7),
        ([0, 0, 0, 0, 0], 0.5, abstention.NEVER),
    ],
    ids=["all right", "the sure are right", "some wrong allowed", "later ones make up", "dip", "never"],
)
def test_least_confidence_of_answers_that_are_right_as_often_as_wanted(
    right: list[int], wanted: float, least: float
) -> None:
    assert abstention.least_confidence(CONFIDENCE, np.array(right, bool), wanted) == pytest.approx(least)


def test_equal_confidences_are_not_parted() -> None:
    confidence = np.array([0.9, 0.9, 0.5], np.float32)
    assert abstention.least_confidence(confidence, np.array([True, False, True]), 0.99) == abstention.NEVER


def test_never_is_beyond_certainty() -> None:
    assert np.float32(1.0) < abstention.NEVER


@pytest.mark.parametrize(("refused", "beyond"), [(0.0, 0), (0.01, 1), (0.1, 10)])
def test_largest_score_is_exceeded_by_no_more_than_that_share(refused: float, beyond: int) -> None:
    scores = np.random.default_rng(0).permutation(100).astype(np.float32)
    assert (scores > abstention.largest_score(scores, refused)).sum() <= beyond
    assert (scores > abstention.largest_score(scores, refused)).sum() >= beyond - 1


def test_risk_coverage_by_hand() -> None:
    curve = abstention.risk_coverage(np.array([0.5, 0.9, 0.7, 0.6]), np.array([False, True, True, False]))
    assert curve[:, 0].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve[:, 1] == pytest.approx([0, 0, 1 / 3, 0.5])
