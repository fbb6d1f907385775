import pytest


@pytest.mark.parametrize("column", ["acquisition_batch", "review_decision", "outlier_score"])
def test_a_table_without_a_column_is_an_error(full, material, column) -> None:
    with pytest.raises(ValueError, match=f"the table of rows lacks the columns {column}"):
        material(full("a").drop(columns=column))


def test_pairs_without_a_column_are_an_error(full, pairs, material) -> None:
    with pytest.raises(ValueError, match="the table of pairs lacks the columns rmse"):
        material(full("a"), pairs().drop(columns="rmse"))


def test_ids_are_distinct_ordered_and_without_a_value_last(full, material) -> None:
    rows = full("abcd", id=["x", "y", "z", "x"], outlier_score=[1.0, float("nan"), 3.0, 1.0])
    assert material(rows).ids(rows["kept"], "outlier_score", ascending=False) == ["z", "x", "y"]
