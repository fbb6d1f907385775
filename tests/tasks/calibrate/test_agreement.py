from types import SimpleNamespace

import numpy as np
import pytest

from tasks.calibrate import agreement

IMAGES = np.zeros((2, 8, 8, 3), np.uint8)


def saying(probability: float, score: float) -> SimpleNamespace:
    said = SimpleNamespace(
        probabilities=np.array([[1.0, 0.0], [probability, 1 - probability]]), score=np.array([0.0, score])
    )
    return SimpleNamespace(predict=lambda images: said)


def test_the_largest_difference_of_probabilities_and_scores() -> None:
    assert agreement.largest_difference(saying(0.5, 1.0), saying(0.501, 1.002), IMAGES) == pytest.approx(0.002)


@pytest.mark.parametrize("other", [(0.6, 1.0), (0.5, 1.1), (float("nan"), 1.0)], ids=["probability", "score", "none"])
def test_engines_that_differ_are_an_error(other: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"ONNX Runtime's answers differ from Keras' by .*, expected at most 0.01"):
        agreement.largest_difference(saying(0.5, 1.0), saying(*other), IMAGES)
