from pathlib import Path

import numpy as np
import pytest

from tests.support.external import listed, read, write


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    return listed(tmp_path)


def test_each_row_that_is_not_judged_says_why(listing: Path, table) -> None:
    reasons = {
        "judged": "", "no class": "unlabelled", "other class": "unknown-class", "learnt": "in-training",
        "one label": "label-conflict", "other label": "label-conflict", "first": "", "copy": "exact-copy",
        "broken": "unreadable",
    }  # fmt: skip
    labels = ["ig", "", "monocyte", "ig", "ig", "platelet", "platelet", "platelet", ""]
    ids = ["a", "b", "c", "d", "e", "e", "f", "f", "g"]
    rows = table(list(reasons), id=ids, label=labels)
    broken = rows["source"] == "broken"
    rows = rows.assign(
        kept=~broken,
        drop_reason=np.where(broken, "unreadable", ""),
        dropped_by=np.where(broken, "ingest", ""),
    )
    write(listing, rows)
    write(listing, table(["a"], id="a"), "y")
    found = read(listing, ("d", "z"))
    assert dict(zip(found["source"][:-1], found["left_out"][:-1], strict=True)) == reasons
    assert found["left_out"].iloc[-1] == "", "a copy in another delivery is judged there too"


def test_a_folder_that_the_list_does_not_name_is_an_error(listing: Path, table) -> None:
    for name in ("x", "y", "gone"):
        write(listing, table(["a"]), name)
    with pytest.raises(ValueError, match=r"external/gone is no delivery of .*external.yaml: remove the folder"):
        read(listing)
