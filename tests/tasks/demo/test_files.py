import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy._core import _multiarray_umath as numpy_build
from PIL import Image

from tasks.demo import files
from tasks.demo.files import File
from tasks.params import Classes

PLAIN = {kind: kind for kind in files.PREVALENCE}
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("total", "counts"),
    [
        pytest.param(1600, (115, 291, 146, 270, 114, 133, 311, 220), id="the demo"),
        pytest.param(48, (4, 8, 5, 8, 4, 5, 8, 6), id="a small one"),
        pytest.param(16, (2,) * 8, id="the smallest"),
    ],
)
def test_share(total, counts):
    assert files.share(total) == dict(zip(files.PREVALENCE, counts, strict=True))
    assert sum(counts) == total


@pytest.mark.parametrize("total", [17, 100, 999, 20_000])
def test_share_gives_out_all(total):
    assert sum(files.share(total).values()) == total


def test_share_of_too_few():
    with pytest.raises(ValueError, match="2 cells of each of 8 kinds, got 15"):
        files.share(15)


def classes(**changed: list[str] | None) -> Classes:
    names = {kind: [] for kind in files.PREVALENCE} | changed
    return Classes.model_validate({name: aliases for name, aliases in names.items() if aliases is not None})


def test_folders_carry_the_canonical_names():
    assert files.folders(classes(ig=None, immature=["IG"])) == PLAIN | {"ig": "immature"}


def test_a_class_with_a_slash_makes_one_folder():
    folder = files.folders(classes(ig=None, **{"NK/T cell": ["ig"]}))
    (name,) = files.names(0, [File(folder["ig"], b"", "cell", "yellow")])
    assert name == "NK%2FT cell/000000.png"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"ig": None}, "draws a class ig, got basophil, .*platelet", id="a class is missing"),
        pytest.param(
            {"ig": None, "neutrophil": ["ig"]}, "draws ig and neutrophil apart, got both in neutrophil", id="merged"
        ),
    ],
)
def test_folders_that_do_not_fit(changed, message):
    with pytest.raises(ValueError, match=message):
        files.folders(classes(**changed))


def test_a_cell_follows_from_seed_index_and_kind():
    one = files.cell((7, 3, "ig"))
    assert one == files.cell((7, 3, "ig"))
    assert one not in {files.cell((8, 3, "ig")), files.cell((7, 4, "ig")), files.cell((7, 3, "monocyte"))}


def test_png_loses_nothing():
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(files.png(pixels)))) == pixels).all()


def test_draws_the_same_bytes_on_one_core_and_on_several(monkeypatch):
    alone = files.draw(7, 16, PLAIN)
    monkeypatch.setattr(files, "POOL_FROM", 4)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert files.draw(7, 16, PLAIN) == alone


def test_draws_the_same_bytes_on_an_older_processor():
    vectors = [name for name in numpy_build.__cpu_dispatch__ if numpy_build.__cpu_features__.get(name)]
    jobs = [(7, index, kind) for index, kind in enumerate(files.PREVALENCE)]
    code = (
        f"import hashlib; from tasks.demo.files import cell; print([hashlib.md5(cell(j)).hexdigest() for j in {jobs}])"
    )
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(vectors)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == str([hashlib.md5(files.cell(job)).hexdigest() for job in jobs]), done.stderr


def test_draw_labels_by_folder_and_counts_the_second_batch():
    drawn = files.draw(7, 48, PLAIN | {"ig": "immature"})
    assert [file.label for file in drawn].count("immature") == 8
    assert [file.kind for file in drawn] == ["cell"] * 48
    assert [file.acquisition_batch for file in drawn].count("bluish") == 1
    assert len({file.content for file in drawn}) == 48


FOUR = [File(label, b"", "cell", "main", of) for label, of in [("ig", None), ("ig", 0), ("platelet", 3), ("ig", None)]]


def test_names_are_numbered_in_another_order_than_drawn():
    sources = files.names(7, FOUR * 20)
    numbers = [int(source[-10:-4]) for source in sources]
    assert [source.split("/")[0] for source in sources] == ["ig", "ig", "platelet", "ig"] * 20
    assert sorted(numbers) == list(range(80))
    assert abs(np.corrcoef(numbers, range(80))[0, 1]) < 0.4
    assert sources == files.names(7, FOUR * 20) != files.names(8, FOUR * 20)


def test_truth_is_sorted_and_names_what_was_copied():
    sources = ["ig/3.png", "ig/0.png", "platelet/2.png", "ig/1.png"]
    assert [tuple(row.values()) for row in files.truth(FOUR, sources)] == [
        ("ig/0.png", "ig", "cell", "ig/3.png", "main"),
        ("ig/1.png", "ig", "cell", "", "main"),
        ("ig/3.png", "ig", "cell", "", "main"),
        ("platelet/2.png", "platelet", "cell", "ig/1.png", "main"),
    ]
