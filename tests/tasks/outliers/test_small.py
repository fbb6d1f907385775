import numpy as np
import pytest
from scipy.stats import t

from tasks.outliers import small

NONE = np.zeros(100)


def bulk(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(100, 10)).astype(np.float32)


def found(points: np.ndarray, strangeness: np.ndarray) -> list[int]:
    made = small.detect(points, strangeness, np.ones(len(points), bool), 30, 0.01)
    return np.flatnonzero(made.scores > made.limit).tolist()


def test_no_value_of_a_set_exceeds_the_limit_but_with_the_false_alarm_s_probability() -> None:
    for n in (40, 200):
        assert t.cdf(small.limit(n, 0.01), small.FREEDOM) ** n == pytest.approx(0.99, abs=1e-6)
    assert small.limit(40, 0.01) < small.limit(200, 0.01)


def test_what_lies_far_out_in_the_set_itself_needs_no_reference() -> None:
    points = bulk()
    points[17] = 40
    assert found(points, NONE) == [17]


def test_the_reference_counts_where_the_set_itself_has_the_image_among_its_farther_ones() -> None:
    points = bulk()
    order = np.argsort(np.linalg.norm(points, axis=1))
    near, far = order[0], order[-1]
    strange = NONE.copy()
    strange[[near, far]] = small.STRANGE + 1
    assert found(points, NONE) == []
    assert found(points, strange) == [far]
    strange[far] = small.STRANGE - 0.1
    assert found(points, strange) == []
