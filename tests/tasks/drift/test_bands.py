import pytest
from scipy.stats import norm

from tasks.drift import bands


@pytest.mark.parametrize(
    ("size", "p", "word"),
    [
        (0.09, 0.001, "none"),
        (0.1, 0.001, "slight"),
        (0.25, 0.001, "marked"),
        (0.25, 0.01, "marked"),
        (9.0, 0.011, "none"),
        (0.0, 1.0, "none"),
    ],
    ids=["too small", "slight", "marked", "just evident", "large by chance", "nothing"],
)
def test_drift_wants_size_and_evidence(size: float, p: float, word: str) -> None:
    assert bands.SHARES.word(size, p) == word


def test_the_bands_of_colour_and_embeddings_are_the_same_distance() -> None:
    for name in ("slight", "marked"):
        area = norm.cdf(getattr(bands.COLOUR, name) / 2**0.5)
        assert getattr(bands.EMBEDDINGS, name) == pytest.approx(area, abs=5e-4)
