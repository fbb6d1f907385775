import numpy as np
import pytest

from tasks.explain.out_of_sample import folds, probabilities


def clusters(each: int = 20, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(each * classes) % classes
    points = np.random.default_rng(0).normal(3 * np.eye(classes)[labels], 0.5).astype(np.float32)
    return points, labels


def test_rows_of_a_group_share_a_fold() -> None:
    groups = np.random.default_rng(0).integers(0, 30, 100)
    fold = folds(np.arange(100) % 3, groups, 5, 0)
    assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))
    assert set(fold) == set(range(5))


@pytest.mark.parametrize("count", [2, 5, 7])
def test_every_fold_has_its_share_of_each_class(count: int) -> None:
    labels = np.repeat([0, 1, 2], [50, 23, 9])
    fold = folds(labels, np.arange(len(labels)), count, 0)
    for label in range(3):
        sizes = np.bincount(fold[labels == label], minlength=count)
        assert sizes.max() - sizes.min() <= 1
    assert np.ptp(np.bincount(fold, minlength=count)) <= 1


def test_the_folds_follow_from_the_seed() -> None:
    labels, groups = np.arange(60) % 3, np.arange(60)
    assert (folds(labels, groups, 5, 1) == folds(labels, groups, 5, 1)).all()
    assert (folds(labels, groups, 5, 1) != folds(labels, groups, 5, 2)).any()


def test_what_is_said_of_a_row_does_not_follow_from_its_label() -> None:
    points, labels = clusters()
    fold = folds(labels, np.arange(len(labels)), 5, 0)
    before = probabilities(points, labels, fold, 3, 1.0)
    changed = labels.copy()
    here = fold == 2
    changed[here] = (labels[here] + 1) % 3
    after = probabilities(points, changed, fold, 3, 1.0)
    assert (before[here] == after[here]).all()
    assert (before[~here] != after[~here]).any(axis=1).all()


def test_the_classes_of_clusters_are_told() -> None:
    points, labels = clusters()
    predicted = probabilities(points, labels, folds(labels, np.arange(len(labels)), 5, 0), 3, 1.0)
    assert predicted.sum(axis=1) == pytest.approx(1)
    assert (predicted.argmax(axis=1) == labels).all()


def test_a_row_whose_class_is_in_its_fold_alone_is_not_judged() -> None:
    points, labels = clusters()
    labels[0] = 4
    predicted = probabilities(points, labels, folds(labels, np.arange(len(labels)), 5, 0), 5, 1.0)
    assert np.isnan(predicted[0]).all()
    assert np.isfinite(predicted[1:]).all()
    assert (predicted[1:, 3] == 0).all()  # a class of which there is no row


def test_where_one_class_is_left_to_learn_from_nothing_is_judged() -> None:
    points, labels = clusters(classes=1)
    assert np.isnan(probabilities(points, labels, np.arange(20) % 2, 3, 1.0)).all()
