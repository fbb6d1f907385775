import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tasks.drift import embeddings, sample


def drawn(new: str, training: str, seed: int = 0) -> sample.Sample:
    rows = [
        pd.DataFrame({"delivery": name, "row": range(len(labels)), "label": list(labels)})
        for name, labels in (("new", new), ("old", training))
    ]
    return sample.sample(*rows, np.random.default_rng(seed))


def points(found: sample.Sample, shift: float, seed: int = 0) -> np.ndarray:
    """Classes far apart; new images `shift` standard deviations off in one dimension."""
    values = np.random.default_rng(seed).normal(size=(len(found.rows), 8)).astype(np.float32)
    values[:, 0] += 10 * found.classes
    values[:, 1] += shift * found.new[:, 0]
    return values


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    ("new", "shift", "low", "high"),
    [
        ("abcd" * 50, 0, 0.42, 0.58),
        ("abcd" * 50, 1, 0.70, 0.82),  # two normal distributions so far apart have an AUC of 0.76
        ("abcd" * 50, 6, 0.999, 1),
        ("a" * 100, 0, 0.40, 0.60),
        ("aaab" * 25, 6, 0.999, 1),
    ],
    ids=["as before", "a standard deviation", "far off", "one class alone", "another mix, far off"],
)
def test_the_area_is_within_classes(new: str, shift: float, low: float, high: float) -> None:
    found = drawn(new, "abcd" * 100)
    assert low <= embeddings.areas(found, points(found, shift))[0] <= high


@pytest.mark.usefixtures("brief")
def test_the_area_is_that_of_a_cross_validated_discriminant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "RIDGE", 0)
    found = drawn("a" * 100, "a" * 100)
    values = points(found, 1).astype(float)
    centred = values - values.mean(axis=0)
    expected = []
    for fold in range(sample.FOLDS):
        here, new = found.folds == fold, found.new[:, 0]
        weights = np.linalg.lstsq(centred[~here], new[~here] - new.mean(), rcond=None)[0]
        expected.append(roc_auc_score(new[here], centred[here] @ weights))
    assert embeddings.areas(found, values)[0] == pytest.approx(np.mean(expected))


@pytest.mark.usefixtures("brief")
def test_under_no_drift_the_measured_area_is_one_of_the_permuted() -> None:
    ranks = []
    for seed in range(40):
        found = drawn("aabc" * 5, "abcc" * 20, seed)
        areas = embeddings.areas(found, points(found, 0, seed))
        ranks.append((areas[1:] < areas[0]).mean())
    assert 0.35 < np.mean(ranks) < 0.65
    assert 0.15 < np.std(ranks) < 0.4  # of even ranks 0.29


@pytest.mark.usefixtures("brief")
def test_a_dimension_that_never_varies_does_no_harm() -> None:
    found = drawn("ab" * 20, "ab" * 40)
    values = np.column_stack([points(found, 6), np.full(len(found.rows), 3, np.float32)])
    assert embeddings.areas(found, values)[0] > 0.99


@pytest.mark.usefixtures("brief")
def test_images_that_are_all_alike_are_told_apart_by_nothing() -> None:
    found = drawn("ab" * 20, "ab" * 40)
    assert np.allclose(embeddings.areas(found, np.ones((len(found.rows), 8), np.float32)), 0.5)
