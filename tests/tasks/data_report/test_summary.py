import copy
from typing import Any

import pandas as pd
import pytest

from tasks.data_report.summary import check, summary


@pytest.fixture
def rows(full) -> pd.DataFrame:
    return full(
        ["a", "b", "c", "d"],
        {"b": ("dedupe", "exact-copy", "d/a"), "d": ("ingest", "unreadable", "")},
        id=["x", "x", "c", "d"],
        label=["ig", "ig", "platelet", ""],
        acquisition_batch=["yellow", "yellow", "grey", ""],
        split=["train", "train", "test", ""],
        review_decision=["", "", "keep", ""],
    )


def test_the_counts_of_a_small_table(rows) -> None:
    counts = summary(rows)
    assert (counts["came"], counts["kept"], counts["dropped"], counts["images"]) == (4, 2, 2, 3)
    assert counts["stages"] == {"ingest": {"unreadable": 1}, "dedupe": {"exact-copy": 1}}
    assert counts["deliveries"]["d"]["reasons"] == {"unreadable": 1, "exact-copy": 1}
    assert counts["classes"]["ig"] == {"came": 2, "kept": 1, "dropped": 1, "reasons": {"exact-copy": 1}}
    assert counts["acquisition_batches"][""] == {"came": 1, "kept": 0, "dropped": 1, "reasons": {"unreadable": 1}}
    assert {"class": "ig", "acquisition_batch": "yellow", "drop_reason": "", "rows": 1} in counts["combinations"]
    assert counts["splits"] == {"test": {"platelet": 1}, "train": {"ig": 1}}
    assert counts["overruled"] == {"keep": 1}


def test_deliveries_stand_in_the_order_in_which_they_came(full) -> None:
    rows = pd.concat([full(["a"], delivery="z"), full(["a"], delivery="b")], ignore_index=True)
    assert list(summary(rows)["deliveries"]) == ["z", "b"]


def test_stages_stand_in_the_order_of_the_pipeline_whatever_that_of_the_rows(full) -> None:
    rows = full("ab", {"a": ("split", "bridges-splits", ""), "b": ("dedupe", "exact-copy", "")})
    assert list(summary(rows)["stages"]) == ["dedupe", "split"]


def alter(counts: dict[str, Any], path: str) -> dict[str, Any]:
    """`counts` with one more at `path`."""
    altered = copy.deepcopy(counts)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = altered
    for part in way:
        place = place[part]
    place[last] += 1
    return altered


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("came", "kept and dropped"),
        ("stages/dedupe/exact-copy", "dropped, by stage and reason"),
        ("deliveries/d/kept", "deliveries, 'd'"),
        ("classes/ig/reasons/exact-copy", "classes, 'ig': reasons"),
        ("acquisition_batches/grey/came", "acquisition_batches, 'grey'"),
        ("combinations/0/rows", "combinations, by class"),
        ("splits/test/platelet", "splits"),
    ],
)
def test_counts_that_do_not_add_up_are_an_error(rows, path, named) -> None:
    with pytest.raises(ValueError, match=f"the counts of {named}.* do not add up"):
        check(alter(summary(rows), path))


def test_a_row_that_is_in_no_batch_is_noticed(rows) -> None:
    with pytest.raises(ValueError, match=r"batches.* do not add up: expected 4, got 3"):
        summary(rows.assign(acquisition_batch=["yellow", "yellow", "grey", None]))
