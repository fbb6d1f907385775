import re

import numpy as np
import pytest

from tasks.explain import confident_learning

RULES = ["class", "noise_rate", "both"]
# Three classes. Row 3 is called 0 and looks like 1, row 7 is called 1 and looks like 2; row 2 is only doubtful.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
TOLD = np.array(
    [
        [0.90, 0.05, 0.05], [0.80, 0.10, 0.10], [0.40, 0.35, 0.25], [0.05, 0.90, 0.05],
        [0.10, 0.80, 0.10], [0.05, 0.90, 0.05], [0.10, 0.85, 0.05], [0.00, 0.10, 0.90],
        [0.10, 0.10, 0.80], [0.05, 0.05, 0.90], [0.10, 0.00, 0.90], [0.05, 0.15, 0.80],
    ]
)  # fmt: skip


def noisy(skill: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """900 labels of which a tenth was changed, what a model of that skill says of the rows, and which were changed."""
    truth, wrong = np.arange(900) % 3, np.arange(900) % 10 == 1
    logits = np.random.default_rng(0).normal(size=(900, 3)) + skill * np.eye(3)[truth]
    predicted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.where(wrong, (truth + 1 + np.arange(900) // 10 % 2) % 3, truth), predicted, wrong


def test_thresholds_are_what_a_class_is_given_on_its_own_rows() -> None:
    assert confident_learning.thresholds(LABELS, TOLD) == pytest.approx([0.5375, 0.6625, 0.85])


def test_a_class_without_rows_is_confident_of_nothing() -> None:
    assert confident_learning.thresholds(np.array([0, 0]), np.array([[0.9, 0.1], [0.7, 0.3]])) == pytest.approx(
        [0.8, 1.0]
    )


def test_the_confident_joint_counts_rows_beyond_a_threshold_and_no_others() -> None:
    # Of class 0 the doubtful row 2 reaches no threshold; of class 2 rows 8 and 11 stay below their own mean.
    assert confident_learning.confident_joint(LABELS, TOLD).tolist() == [[2, 1, 0], [0, 3, 1], [0, 0, 2]]


def test_of_several_thresholds_reached_the_most_probable_class_counts() -> None:
    labels, predicted = np.array([0, 1, 0]), np.array([[0.2, 0.8], [0.6, 0.4], [0.4, 0.6]])
    assert confident_learning.thresholds(labels, predicted) == pytest.approx([0.3, 0.4])
    assert confident_learning.confident_joint(labels, predicted).tolist() == [[0, 2], [1, 0]]


def test_the_joint_is_scaled_to_the_rows_of_each_label() -> None:
    joint = confident_learning.estimated_joint(LABELS, TOLD)
    assert joint == pytest.approx(np.array([[8 / 3, 4 / 3, 0], [0, 3, 1], [0, 0, 4]]))


@pytest.mark.parametrize("rule", RULES)
def test_the_two_wrong_rows_are_found_the_least_believed_first(rule: confident_learning.Rule) -> None:
    found = confident_learning.find(LABELS, TOLD, rule)
    assert found.places.tolist() == [3, 7]
    assert found.suggested.tolist() == [1, 2]
    assert found.estimated_share == pytest.approx((4 / 3 + 1) / 12)


@pytest.mark.parametrize("rule", RULES)
def test_most_of_what_was_changed_is_found_and_little_else(rule: confident_learning.Rule) -> None:
    labels, predicted, wrong = noisy(skill=5)
    found = confident_learning.find(labels, predicted, rule)
    assert wrong[found.places].mean() > 0.9
    assert wrong[found.places].sum() > 0.9 * wrong.sum()
    assert found.estimated_share == pytest.approx(0.1, abs=0.02)


def test_both_is_what_the_two_rules_have_in_common() -> None:
    labels, predicted, _ = noisy(skill=1.5)
    one, other, both = (set(confident_learning.find(labels, predicted, rule).places.tolist()) for rule in RULES)
    assert both == one & other
    assert len(one) > len(both) < len(other)


def test_by_class_ranks_by_the_label_alone_and_by_noise_rate_by_the_margin() -> None:
    # Row 0 gives its label less than row 1 does, but row 1 is surer of class 1: one of the two is estimated wrong.
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2])
    predicted = np.array(
        [[0.20, 0.41, 0.39], [0.25, 0.75, 0], *[[0.9, 0.1, 0]] * 4, [0.4, 0.6, 0], [0.2, 0.8, 0], [0, 0.1, 0.9]]
    )
    assert round(confident_learning.estimated_joint(labels, predicted)[0, 1]) == 1
    assert confident_learning.find(labels, predicted, "class").places.tolist() == [0]
    assert confident_learning.find(labels, predicted, "noise_rate").places.tolist() == [1]


@pytest.mark.parametrize("rule", RULES)
def test_where_all_labels_are_believed_none_is_an_issue(rule: confident_learning.Rule) -> None:
    found = confident_learning.find(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]), rule)
    assert found.places.tolist() == []
    assert found.estimated_share == 0


def test_a_label_that_is_the_most_probable_class_is_no_issue_however_many_are_estimated() -> None:
    # Class 0's threshold is reached by no row of its own but the first; one is confidently class 1: half the class.
    labels = np.array([0, 0, 0, 0, 1, 1])
    predicted = np.array([[0.99, 0.01], [0.05, 0.95], [0.51, 0.49], [0.51, 0.49], [0.2, 0.8], [0.2, 0.8]])
    assert confident_learning.estimated_joint(labels, predicted)[0].tolist() == [2, 2]
    assert confident_learning.find(labels, predicted, "class").places.tolist() == [1]


def test_no_rows_are_no_label_issues() -> None:
    found = confident_learning.find(np.zeros(0, np.int64), np.zeros((0, 3)), "class")
    assert (len(found.places), len(found.suggested), found.estimated_share) == (0, 0, 0)


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [
        ([0, 1], [[0.5, 0.5]], "expected probabilities of 2 rows by class, got (1, 2)"),
        ([0, 2], [[0.5, 0.5]] * 2, "labels must be 0 to 1, got 0 to 2"),
        ([-1, 1], [[0.5, 0.5]] * 2, "labels must be 0 to 1, got -1 to 1"),
        ([0, 1], [[0.5, np.nan]] * 2, "probabilities must be numbers, got NaN or infinity"),
    ],
    ids=["rows", "label-above", "label-below", "nan"],
)
def test_what_does_not_fit_is_an_error(labels: list[int], predicted: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        confident_learning.find(np.array(labels), np.array(predicted), "class")
