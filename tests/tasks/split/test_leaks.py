import pandas as pd
import pytest

from tasks.split.leaks import check_no_leak


def rows(*values: tuple[str, bool, str]) -> pd.DataFrame:
    return pd.DataFrame(values, columns=["id", "kept", "split"])


@pytest.mark.parametrize(
    "table",
    [rows(("A", True, "train"), ("B", True, "train")), rows(("A", True, "train"), ("B", False, "test"))],
    ids=["same-split", "one-was-dropped"],
)
def test_no_leak(table: pd.DataFrame) -> None:
    check_no_leak(table, [("A", "B"), ("A", "gone")])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows(("A", True, "train"), ("B", True, "test")), "A in train and B in test are copies"),
        (rows(("A", True, "train"), ("A", True, "test")), "image A stands in test and train"),
    ],
    ids=["a-pair", "one-image-twice"],
)
def test_a_leak_stops_the_pipeline(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_no_leak(table, [("A", "B")])
