from pathlib import Path

import pandas as pd
import pytest

from tasks import store
from tasks.params import Classes
from tasks.split import stage
from tasks.split.settings import Shares, Split

CLASSES = Classes.model_validate({"ig": [], "platelet": []})
SPLIT = Split(seed=0, shares=Shares(train=0.7, val=0.15, test=0.15))


def write(folder: Path, rows: pd.DataFrame, pairs: list[tuple[str, str]] = ()) -> None:
    store.write_rows(folder / "inliers", rows)
    (folder / "deduped").mkdir(exist_ok=True)
    pd.DataFrame(pairs, columns=["first", "second"], dtype="str").to_parquet(folder / "deduped" / "pairs.parquet")


@pytest.fixture
def many(table):
    """Builds a table of n pictures, every other one a platelet."""
    return lambda n, delivery="d": table(
        [f"{delivery}{k:03}" for k in range(n)], delivery, label=["ig", "platelet"] * (n // 2)
    )


def run(folder: Path) -> pd.DataFrame:
    stage.main(CLASSES, SPLIT, folder / "inliers", folder / "deduped", folder / "clean")
    return store.read_rows(folder / "clean").set_index("id")


def test_a_verdict_moves_no_other_row(tmp_path: Path, many) -> None:
    rows = many(100)
    write(tmp_path, rows)
    before = run(tmp_path)["split"]
    write(tmp_path, store.drop(rows, rows["row"] % 7 == 0, "outliers", "foreign"))
    after = run(tmp_path)["split"]
    pd.testing.assert_series_equal(after, before)


def test_unreadable_rows_have_no_split(tmp_path: Path, many) -> None:
    rows = many(20)
    write(tmp_path, store.drop(rows, rows["row"] == 3, "ingest", "unreadable"))
    assert run(tmp_path).loc["d003", ["kept", "split", "reason"]].tolist() == [False, "", "unreadable"]


def test_a_bridge_is_dropped_with_that_reason(tmp_path: Path, many) -> None:
    rows = many(40)
    write(tmp_path, rows)
    splits = run(tmp_path)["split"]
    test, train = splits[splits == "test"].index[0], splits[splits == "train"].index[0]
    newcomer = many(2, "e").iloc[:1]
    write(tmp_path, pd.concat([rows, newcomer], ignore_index=True), [(test, "e000"), (train, "e000")])
    after = run(tmp_path)
    assert after.loc["e000", ["kept", "stage", "reason"]].tolist() == [False, "split", "bridges-splits"]
    pd.testing.assert_series_equal(after.loc[splits.index, "split"], splits)


def test_too_few_groups_fail(tmp_path: Path, many) -> None:
    write(tmp_path, many(4))
    with pytest.raises(ValueError, match="class ig: 2 pictures"):
        run(tmp_path)
