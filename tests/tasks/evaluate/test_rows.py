from pathlib import Path

import numpy as np
import pytest

from tasks import store
from tasks.evaluate import rows

NAMES = ["ig", "platelet"]


@pytest.fixture
def clean(tmp_path: Path, table) -> Path:
    made = table(list("edcbaxyz"), split=["test"] * 5 + ["train", "test", "val"], label=["ig"] * 4 + ["platelet"] * 4)
    reasons = np.array(["", "exact-copy", "", "", "", "", "outlier", "blank"])
    made = made.assign(drop_reason=reasons, kept=reasons == "", dropped_by=np.where(reasons == "", "", "outliers"))
    store.write_rows(tmp_path, made)
    return tmp_path


def test_kept_test_rows_come_by_id_and_what_is_no_cell_from_every_split(clean: Path) -> None:
    test, strange = rows.read(clean, NAMES, frozenset("x"))
    assert test["id"].tolist() == ["a", "b", "c", "e"]
    assert strange["source"].tolist() == ["y", "z"]


@pytest.mark.parametrize(
    ("names", "seen", "message"),
    [
        (["monocyte"], "", "knows none of the test rows' classes, ig, platelet; it knows monocyte"),
        (NAMES, "xbc", "has seen 2 of the 4 test rows in training, for one d/b"),
    ],
    ids=["class", "leak"],
)
def test_rows_that_say_nothing_of_this_model_are_refused(
    clean: Path, names: list[str], seen: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rows.read(clean, names, frozenset(seen))


def test_rows_of_a_class_that_the_model_does_not_know_are_counted(clean: Path) -> None:
    test, _ = rows.read(clean, ["platelet"], frozenset())
    mine, left = rows.of(test, ["platelet"])
    assert mine["id"].tolist() == ["a"]
    assert left == {"ig": 3}


def test_no_test_row_at_all_is_an_error(clean: Path) -> None:
    store.write_rows(clean, store.read_rows(clean).assign(split="train"))
    with pytest.raises(ValueError, match="no image is left in test, expected at least one"):
        rows.read(clean, NAMES, frozenset())
