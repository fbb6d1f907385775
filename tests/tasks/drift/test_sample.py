import numpy as np
import pandas as pd
import pytest

from tasks.drift import sample as module
from tasks.drift.sample import FOLDS, sample


def rows(name: str, labels: str) -> pd.DataFrame:
    return pd.DataFrame({"delivery": name, "row": range(len(labels)), "label": list(labels)})


def drawn(new: str, training: str, seed: int = 0):
    return sample(rows("new", new), rows("old", training), np.random.default_rng(seed))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERMUTATIONS", 30)
    monkeypatch.setattr(module, "IMAGES", 40)


def counts(found, delivery: str) -> dict[str, int]:
    return found.rows.loc[found.rows["delivery"] == delivery, "label"].value_counts().to_dict()


@pytest.mark.parametrize(
    ("new", "training", "of_new", "of_old"),
    [
        ("aab", "a" * 100 + "b" * 100, {"a": 2, "b": 1}, {"a": 27, "b": 14}),
        ("aab", "a" * 10 + "b" * 100, {"a": 2, "b": 1}, {"a": 10, "b": 14}),
        ("aab", "a" * 100, {"a": 2}, {"a": 27}),
        ("a", "ab" * 50, {"a": 1}, {"a": 40}),
        ("a" * 90, "a" * 90, {"a": 40}, {"a": 40}),
    ],
    ids=["in proportion", "as many as there are", "a class without", "one image", "at most so many"],
)
def test_training_images_are_drawn_in_the_mix_of_the_new_ones(new, training, of_new, of_old) -> None:
    found = drawn(new, training)
    assert (counts(found, "new"), counts(found, "old")) == (of_new, of_old)
    assert list(found.new[:, 0]) == list(found.rows["delivery"] == "new")
    assert not found.rows.duplicated(["delivery", "row"]).any()


def test_labels_are_dealt_anew_within_classes_and_folds() -> None:
    found = drawn("aabbbc" * 5, "abc" * 30)
    for label in range(3):
        for fold in range(FOLDS):
            here = (found.classes == label) & (found.folds == fold)
            assert set(found.new[here].sum(axis=0)) == {found.new[here, 0].sum()}
    assert not (found.new[:, 1:] == found.new[:, :1]).all(axis=0).any()
    assert len({column.tobytes() for column in found.new.T}) == 31


@pytest.mark.parametrize("seed", range(5))
def test_a_new_image_meets_a_training_image_of_its_class(seed: int) -> None:
    found = drawn("a" * 2 + "b" * 30, "a" * 3 + "b", seed)
    for label in range(2):
        new, old = (set(found.folds[(found.classes == label) & side]) for side in (found.new[:, 0], ~found.new[:, 0]))
        assert new & old


def test_every_draw_follows_from_the_seed() -> None:
    first, again, other = (drawn("ab" * 30, "ab" * 60, seed) for seed in (1, 1, 2))
    assert first.rows.equals(again.rows)
    assert (first.new == again.new).all()
    assert not first.rows.equals(other.rows)
