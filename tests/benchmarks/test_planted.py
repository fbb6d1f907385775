import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import planted


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for name in ("ig", "platelet"):
        (tmp_path / "cells" / name).mkdir(parents=True)
        for place in range(8):
            pixels = np.random.default_rng(place).integers(0, 256, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "cells" / name / f"{place}.png")
    (tmp_path / "cells" / "ig" / ".DS_Store").touch()
    return tmp_path / "cells"


def test_what_is_planted_is_in_the_truth(cells: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert planted.build(cells, out, 0.125, 0, every=2, strange=["coins.png=3"]) == 8 + 3 + len(planted.KINDS)
    truth = list(csv.DictReader((out / "truth.csv").open()))
    files = {file.relative_to(out / "delivery").as_posix() for file in (out / "delivery").glob("*/*")}
    assert {line["source"] for line in truth} == files
    kinds = [line["kind"] for line in truth]
    assert [kinds.count(kind) for kind in ("cell", "foreign-coins.png", *planted.KINDS)] == [8, 3] + [1] * 7
    assert all((line["of"] in files) == line["kind"].startswith("near") for line in truth)
