import numpy as np
import pandas as pd
import pytest

from tasks.explain.label_issues import COLUMNS, find_label_issues
from tasks.explain.settings import Explain

NAMES = ["ba", "ig", "mo"]
EXPLAIN = Explain(
    seed=0, batch=8, wrong=4, right=2, map_size=1, side=32, folds=5, components=8, strength=1.0, prune="class", shown=2
)
WRONG = {4: "mo", 25: "ba", 50: "ig"}


@pytest.fixture
def features() -> np.ndarray:
    labels = np.arange(90) % 3
    return np.random.default_rng(0).normal(4 * np.eye(3, 8)[labels], 0.5)


@pytest.fixture
def rows(table) -> pd.DataFrame:
    """Of 90 rows three have a wrong label: each is of class k % 3."""
    names = [f"{k:02}" for k in range(90)]
    labels = [WRONG.get(k, NAMES[k % 3]) for k in range(90)]
    return table(names, label=labels, split=["train", "val", "test"] * 30)


def test_the_wrong_labels_are_told_with_what_they_are(rows: pd.DataFrame, features: np.ndarray) -> None:
    issues, figures = find_label_issues(EXPLAIN, rows, NAMES, features.astype(np.float32).__getitem__)
    assert list(issues.columns) == COLUMNS
    assert set(issues["id"]) == {"04", "25", "50"}
    assert issues["rank"].tolist() == [1, 2, 3]
    assert issues["self_confidence"].is_monotonic_increasing
    for row in issues.itertuples():
        assert row.suggested == NAMES[int(row.id) % 3]
        assert row.p_suggested > 0.5 > row.self_confidence
        assert row.split == ["train", "val", "test"][int(row.id) % 3]
    assert (figures["rows"], figures["label_issues"], figures["shown"]) == (90, 3, 2)
    assert figures["estimated_share"] == pytest.approx(3 / 90, abs=0.01)
    assert "5 folds" in figures["method"]


@pytest.mark.parametrize("together", [True, False], ids=["one-group", "a-group-each"])
def test_copies_under_a_wrong_label_do_not_vouch_for_one_another(rows, features: np.ndarray, together: bool) -> None:
    # Row 4 and 39 copies, each with the same spot, which no other row has.
    copies = [f"c{k}" for k in range(39)]
    group = "04" if together else copies
    given = pd.concat(
        [rows, rows.iloc[[4] * 39].assign(id=copies, source=copies, split_group=group)], ignore_index=True
    )
    features[4, 7] += 4
    seen = np.concatenate([features, features[[4] * 39]]).astype(np.float32)
    issues, _ = find_label_issues(EXPLAIN, given, NAMES, seen.__getitem__)
    assert ("04" in set(issues["id"])) == together


def test_a_label_of_one_row_is_not_judged(rows: pd.DataFrame, features: np.ndarray) -> None:
    rows.loc[0, "label"] = "rare"
    issues, figures = find_label_issues(EXPLAIN, rows, [*NAMES, "rare"], features.astype(np.float32).__getitem__)
    assert figures["rows"] == 89
    assert "00" not in set(issues["id"])


def test_no_rows_are_no_label_issues(rows: pd.DataFrame, features: np.ndarray) -> None:
    issues, figures = find_label_issues(EXPLAIN, rows[:0], NAMES, features.astype(np.float32).__getitem__)
    assert list(issues.columns) == COLUMNS
    assert (figures["rows"], figures["label_issues"], figures["estimated_share"]) == (0, 0, 0)


def test_a_label_that_the_model_does_not_know_is_an_error(rows: pd.DataFrame, features: np.ndarray) -> None:
    with pytest.raises(ValueError, match="label must be one of ba, ig, got 'mo'"):
        find_label_issues(EXPLAIN, rows, NAMES[:2], features.astype(np.float32).__getitem__)
