from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import store


def test_what_is_written_is_read_again(tmp_path: Path, table) -> None:
    rows = table(["a", "b"]).assign(phash="00")
    store.write_rows(tmp_path / "out", rows)
    pd.testing.assert_frame_equal(store.read_rows(tmp_path / "out"), rows, check_dtype=False)


def test_the_same_table_has_the_same_bytes(tmp_path: Path, table) -> None:
    for name in ("x", "y"):
        store.write_rows(tmp_path / name, table(["a", "b"]))
    assert (tmp_path / "x" / store.TABLE).read_bytes() == (tmp_path / "y" / store.TABLE).read_bytes()


@pytest.mark.parametrize(
    ("names", "columns", "message"),
    [
        (["a", "a"], {}, "key d/a more than once"),
        (["a"], {"kept": False}, "d/a: a dropped row needs a stage and a reason"),
        (["a"], {"drop_reason": "outlier"}, "d/a: a dropped row needs"),
    ],
    ids=["double-key", "dropped-without-reason", "kept-with-reason"],
)
def test_a_table_that_breaks_the_contract_is_refused(tmp_path: Path, table, names, columns, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store.write_rows(tmp_path, table(names, **columns))


def test_a_missing_column_is_named(tmp_path: Path, table) -> None:
    with pytest.raises(ValueError, match="lacks the columns duplicate_of"):
        store.write_rows(tmp_path, table(["a"]).drop(columns="duplicate_of"))


def test_a_lost_row_is_noticed(table) -> None:
    with pytest.raises(ValueError, match=r"2 rows came in and 1 went out.*\('d', 'b'\)"):
        store.check_same_rows(table(["a", "b"]), table(["a"]))


def listing(folder: Path, *names: str) -> Path:
    file = folder / "deliveries.yaml"
    file.write_text("deliveries:\n" + "".join(f'- "{name}"\n' for name in names))
    return file


def test_listed_tables_come_in_the_list_s_order(tmp_path: Path, table) -> None:
    for name in ("a", "b"):
        store.write_rows(tmp_path / "in" / name, table(["x"], delivery=name))
    (tmp_path / "in" / ".gitignore").touch()  # DVC puts one beside its outputs
    rows = store.read_listed(tmp_path / "in", listing(tmp_path, "b", "a"))
    assert list(rows["delivery"]) == ["b", "a"]
    assert list(rows.index) == [0, 1]


def test_a_folder_that_is_not_listed_is_an_error(tmp_path: Path, table) -> None:
    for name in ("a", "b"):
        store.write_rows(tmp_path / "in" / name, table(["x"], delivery=name))
    with pytest.raises(ValueError, match="in/b is no delivery of"):
        store.read_listed(tmp_path / "in", listing(tmp_path, "a"))


def arrays(folder: Path, **shards: np.ndarray) -> store.Arrays:
    for name, shard in shards.items():
        (folder / name).mkdir()
        np.save(folder / name / store.PIXELS, shard)
    return store.Arrays(folder, store.PIXELS, list(shards))


def test_rows_of_several_shards_come_in_the_order_asked_for(tmp_path: Path) -> None:
    pixels = arrays(tmp_path, a=np.array([[1], [2]], np.uint8), b=np.array([[3]], np.uint8))
    rows = pd.DataFrame({"delivery": ["b", "a", "a", "b"], "row": [0, 1, 0, 0]})
    assert pixels.take(pixels.places(rows)).tolist() == [[3], [2], [1], [3]]
    assert [batch.tolist() for batch in pixels.batches(rows, 3)] == [[[3], [2], [1]], [[3]]]


def test_shards_of_different_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="differ in dtype or shape"):
        arrays(tmp_path, a=np.zeros((1, 2), np.uint8), b=np.zeros((1, 3), np.uint8))
