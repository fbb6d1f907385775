import numpy as np
import pytest

from tasks.selective import temperature
from tasks.selective.temperature import Judged, Temperature

CLASSES = 4


def judged(rows: int, sharper: float, score: float, seed: int) -> Judged:
    """Labels drawn from probabilities whose logits a network then states `sharper` times too large."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, CLASSES))
    true = softmax(logits)
    labels = np.array([rng.choice(CLASSES, p=p) for p in true])
    spread = rng.normal(10 * score, 0.5, rows)
    return Judged(softmax(sharper * logits).astype(np.float32), spread.astype(np.float32), labels)


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def test_the_temperature_of_overconfident_answers_is_found() -> None:
    clean = judged(4000, 2.0, 0.2, 0)
    fitted = temperature.fit(clean, clean, 0.0)
    assert np.median(fitted.of(clean.score)) == pytest.approx(2.0, rel=0.1)


def test_images_unlike_the_training_set_get_a_temperature_of_their_own() -> None:
    clean, corrupted = judged(4000, 1.0, 0.2, 0), judged(4000, 3.0, 0.4, 1)
    fitted = temperature.fit(clean, corrupted, 1.0)
    assert np.median(fitted.of(clean.score)) == pytest.approx(1.0, rel=0.15)
    assert np.median(fitted.of(corrupted.score)) == pytest.approx(3.0, rel=0.15)


def test_without_weight_corrupted_images_say_nothing() -> None:
    clean = judged(500, 1.5, 0.2, 0)
    assert temperature.fit(clean, judged(50, 3.0, 0.4, 1), 0.0) == temperature.fit(clean, judged(50, 1.0, 0.9, 2), 0.0)


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.7])
def test_calibrated_probabilities_sum_to_one_and_keep_their_order(slope: float) -> None:
    clean = judged(100, 1.0, 0.2, 3)
    calibrated = Temperature(0.5, slope, 2.0, 0.5).apply(clean.probabilities, clean.score)
    assert calibrated.dtype == np.float32
    assert calibrated.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (calibrated.argsort(axis=1) == clean.probabilities.argsort(axis=1)).all()


def test_certainty_and_scores_without_bound_stay_finite() -> None:
    certain = np.array([[1, 0], [0, 1]], np.float32)
    calibrated = Temperature(0.5, 1.0, 0.0, 0.1).apply(certain, np.array([-1e9, 1e9], np.float32))
    assert np.isfinite(calibrated).all()
    assert calibrated[0, 0] > 0.999


def test_scores_that_do_not_differ_are_no_error() -> None:
    clean = judged(200, 2.0, 0.2, 0)
    same = Judged(clean.probabilities, np.full(200, 0.3, np.float32), clean.labels)
    assert np.isfinite(temperature.fit(same, same, 0.1).of(same.score)).all()
