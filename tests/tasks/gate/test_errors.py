import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from tasks.gate.bootstrap import group
from tasks.gate.errors import Errors
from tasks.predictions import Predictions

GROUPS = ["u", "u", "v", "w", "w", "x", "y", "z"]


def errors(predictions: Predictions) -> Errors:
    return Errors(
        predictions, group(predictions.rows["split_group"].to_numpy(str), predictions.truth), predictions.classes
    )


def by_name(measures, values) -> dict[tuple[str, str], float]:
    return {(m.name, m.slice): value for m, value in zip(measures, values, strict=True)}


def test_each_error_is_as_counted_by_hand(predictions) -> None:
    wrong = {"clean": [0, 4], "blur/1": [0, 1], "blur/2": [0, 1, 4], "jpeg/1": [5, 6, 7], "mixed": [3]}
    made = errors(predictions("aaaabbcc", wrong, acquisition_batch=list("rrrrrsss"), split_group=GROUPS))
    assert by_name(made.measures, made.estimates()) == pytest.approx(
        {
            ("clean", ""): (1 / 4 + 1 / 2 + 0) / 3,
            ("corrupted", ""): ((1 / 6 + 1 / 3) / 2 + 1 / 2) / 2,
            ("worst", ""): 1 / 2,
            ("mixed", ""): (1 / 4) / 3,
            ("recall", "a"): 1 / 4,
            ("recall", "b"): 1 / 2,
            ("recall", "c"): 0,
            ("delivery", "x"): 2 / 8,
            ("acquisition_batch", "r"): 2 / 5,
            ("acquisition_batch", "s"): 0,
            ("sharpness", "1, least sharp"): 2 / 8,
        }
    )
    assert made.worst_kind() == "jpeg"
    assert {(m.slice, m.rows, m.groups) for m in made.measures if m.name == "acquisition_batch"} == {
        ("r", 5, 3),
        ("s", 3, 3),
    }


def test_a_draw_counts_as_its_rows_written_out(predictions) -> None:
    rng = np.random.default_rng(0)
    truth, groups = "".join(rng.choice(list("abc"), 60)), rng.choice(list("klmnopqrstuvwxyz"), 60)
    one = predictions(truth, {"mixed": rng.choice(60, 25, replace=False)}, split_group=groups)
    names, of_row = np.unique(groups, return_inverse=True)
    weights = rng.integers(0, 4, (20, len(names))).astype(np.float32)
    made = errors(one)
    for weight, values in zip(weights, made.under(weights), strict=True):
        rows = np.repeat(np.arange(60), weight[of_row].astype(int))
        expected = 1 - balanced_accuracy_score(one.truth[rows], one.under("mixed")[rows])
        assert by_name(made.measures, values)["mixed", ""] == pytest.approx(expected)


def test_the_worst_kind_is_each_draw_s_own(predictions) -> None:
    made = errors(predictions("aabbcc", {"blur/1": [0, 1], "blur/2": [0, 1], "jpeg/1": [2, 3]}))
    one_each = np.array([[2, 2, 1, 1, 1, 1], [1, 1, 2, 0, 1, 1]], np.float32)
    assert [by_name(made.measures, row)["worst", ""] for row in made.under(one_each)] == pytest.approx([1 / 3, 1 / 3])


def test_a_slice_that_is_not_drawn_has_no_error_in_that_draw(predictions) -> None:
    made = errors(predictions("aabbcc", acquisition_batch=list("rsrsrs")))
    values = by_name(made.measures, made.under(np.array([[2, 0, 2, 0, 2, 0]], np.float32))[0])
    assert np.isnan(values["acquisition_batch", "s"])
    assert values["acquisition_batch", "r"] == values["clean", ""] == 0


def test_a_class_without_rows_is_left_out_of_the_mean(predictions) -> None:
    made = errors(predictions("aabb", {"clean": [0]}))
    values = by_name(made.measures, made.estimates())
    assert np.isnan(values["recall", "c"])
    assert values["clean", ""] == 1 / 4


def test_the_order_of_the_suite_s_columns_does_not_matter(predictions) -> None:
    one = predictions("aabbcc", {"blur/1": [0], "jpeg/1": [1, 2]})
    turned = Predictions(one.classes, one.rows, one.corruptions[one.corruptions.columns[::-1]])
    assert errors(one).estimates().tolist() == errors(turned).estimates().tolist()
