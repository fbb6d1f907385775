import numpy as np
import pandas as pd
import pytest

from tasks.drift.drift import Share
from tasks.drift.shares import measured, shares, stability


def compared(new: list[int], training: list[int], seed: int = 0):
    found = tuple(Share(str(k), *pair) for k, pair in enumerate(zip(new, training, strict=True)))
    return measured(found, np.random.default_rng(seed))


def test_counts_stand_by_class_also_those_of_one_side() -> None:
    new, training = (pd.DataFrame({"label": list(labels)}) for labels in ("bba", "bc"))
    assert shares(new, training) == (Share("a", 1, 0), Share("b", 2, 1), Share("c", 0, 1))


def test_stability_is_the_index_of_the_smoothed_shares() -> None:
    # With half an image added: 0.8 and 0.2 against 0.5 and 0.5.
    expected = 0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
    assert stability(np.array([35.5, 8.5]), np.array([44.5, 44.5])) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("new", "training", "word"),
    [
        ([50, 50, 50, 50], [250, 250, 250, 250], "none"),
        ([75, 60, 40, 25], [250, 250, 250, 250], "slight"),
        ([140, 20, 20, 20], [250, 250, 250, 250], "marked"),
        ([50, 50, 50, 50, 50], [250, 250, 250, 250, 0], "marked"),
        ([100, 100, 100, 0], [250, 250, 250, 250], "marked"),
        ([3, 3, 2, 2], [250, 250, 250, 250], "none"),
        ([10, 0, 0, 0], [250, 250, 250, 250], "marked"),
        ([5500, 5000, 5000, 4500], [25000, 25000, 25000, 25000], "none"),
        ([200], [1000], "none"),
    ],
    ids=[
        "the same",
        "a little off",
        "far off",
        "a class that is new",
        "a class that lacks",
        "ten, as evenly as can be",
        "ten of one class",
        "significant, but small",
        "one class",
    ],
)
def test_words(new, training, word: str) -> None:
    found = compared(new, training)
    assert found.word == word, found
    assert (found.new, found.training) == (sum(new), sum(training))


def test_chance_is_taken_off() -> None:
    # Thirty of eight classes: the bare index is above the band of a slight shift for chance alone.
    rng, bare, found = np.random.default_rng(0), [], []
    for seed in range(40):
        new = rng.multinomial(30, [1 / 8] * 8)
        bare.append(stability(new, np.full(8, 500)))
        found.append(compared(list(new), [500] * 8, seed).size)
    assert np.mean(bare) > 0.15
    assert np.median(found) < 0.05


def test_what_would_have_shown_falls_with_the_number_of_images() -> None:
    few, many = compared([5, 5, 5, 5], [250] * 4), compared([100] * 4, [250] * 4)
    assert few.shows_from > 0.25
    assert many.shows_from == 0.1


def test_p_is_that_of_the_exact_distribution() -> None:
    # Ten new ones all of the first of two classes, of twenty in all: 1 of C(20, 10) / 2 ways, counting both ends.
    assert compared([10, 0], [0, 10]).p == pytest.approx(1 / 10_000)
    # Six of ten: as far off or farther are all splits but 5 and 5, whose share is C(10, 5)^2 / C(20, 10).
    assert compared([6, 4], [4, 6]).p == pytest.approx(1 - 252**2 / 184_756, abs=0.02)
