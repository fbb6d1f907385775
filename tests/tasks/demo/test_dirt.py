import io
from collections import Counter

import imagehash
import numpy as np
import pytest
from PIL import Image

from tasks.demo import dirt, files
from tasks.demo.dirt import Amounts

COPY_DISTANCE = 24
"""Bits of 256 by which two hashes of one image may differ in real data; different images stand farther apart."""


def cells(count: int = 160) -> list[files.File]:
    labels = [f"class{index % 8}" for index in range(count)]
    return [files.File(label, f"{index}".encode() * 50, "cell", "main") for index, label in enumerate(labels)]


@pytest.fixture(scope="module")
def drawn() -> list[files.File]:
    return files.draw(7, 48, {kind: kind for kind in files.PREVALENCE})


@pytest.fixture(scope="module")
def planted(drawn) -> list[files.File]:
    return dirt.plant(7, drawn, "monocyte")


def phash(content: bytes) -> np.ndarray:
    return imagehash.phash(Image.open(io.BytesIO(content)), hash_size=16).hash


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(1600, Amounts(20, 20, 12, 12, 4, 1), id="the demo"),
        pytest.param(3200, Amounts(40, 40, 24, 24, 8, 2), id="twice as many"),
        pytest.param(48, Amounts(1, 1, 1, 1, 1, 1), id="at least one of each"),
    ],
)
def test_amounts(count, expected):
    assert dirt.amounts(count) == expected


@pytest.mark.parametrize("count", [16, 48, 160, 1600])
def test_there_are_cells_enough_to_copy(count):
    amount = dirt.amounts(count)
    assert amount.exact + amount.near + amount.other_label + amount.unreadable <= count


def test_the_cells_come_first_and_unchanged(drawn, planted):
    assert planted[: len(drawn)] == drawn


def test_every_fault_is_planted_in_its_number(planted):
    kinds = Counter(file.kind for file in planted)
    assert kinds == {"cell": 48, "outlier": 9, "exact": 1, "near": 1, "exact-other-label": 1, "unreadable": 1}


def test_each_copy_has_an_original_of_its_own(planted):
    originals = [file.of for file in planted if file.kind not in ("cell", "outlier")]
    assert len(set(originals)) == len(originals)
    assert all(planted[of].kind == "cell" for of in originals)


def test_one_outlier_is_everywhere_and_another_in_one_class(planted):
    outliers = [file for file in planted if file.kind == "outlier"]
    common, rare = Counter(file.content for file in outliers).most_common()
    assert (common[1], rare[1]) == (8, 1)
    assert len({file.label for file in outliers if file.content == common[0]}) == 8
    assert {file.label for file in outliers if file.content == rare[0]} == {"monocyte"}


def test_a_run_of_outliers_copies_its_first(planted):
    first, second, *_ = (index for index, file in enumerate(planted) if file.kind == "outlier")
    assert planted[first].of is None
    assert planted[second].of == first
    assert planted[second].content == planted[first].content


@pytest.mark.parametrize(("kind", "same_label"), [("exact", True), ("exact-other-label", False)])
def test_copies_are_exact(planted, kind, same_label):
    for file in (file for file in planted if file.kind == kind):
        original = planted[file.of]
        assert file.content == original.content
        assert (file.label == original.label) is same_label


def test_the_unreadable_file_cannot_be_read(planted):
    content = next(file.content for file in planted if file.kind == "unreadable")
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(content)).load()


@pytest.mark.parametrize("change", dirt.NEAR, ids=lambda change: change.__name__)
def test_near_copies_differ_and_yet_hash_alike(drawn, change):
    for file in drawn[::6]:
        image = Image.open(io.BytesIO(file.content))
        near = change(np.random.default_rng(1), image)
        assert (np.asarray(near) != np.asarray(image)).any()
        assert (phash(files.png(np.asarray(near))) != phash(file.content)).sum() <= COPY_DISTANCE


def test_every_sort_of_near_copy_is_planted(monkeypatch):
    used = []
    monkeypatch.setattr(dirt, "_near", lambda rng, cells, of, change: used.append(change) or cells[of])
    dirt.plant(7, cells(400), "class0")
    assert used == list(dirt.NEAR)


@pytest.mark.parametrize(
    ("change", "low", "high"),
    [
        pytest.param(dirt.brightened, 1.025, 1.065, id="brightened"),
        pytest.param(dirt.recompressed, 0.99, 1.01, id="recompressed"),
        pytest.param(dirt.resampled, 0.99, 1.01, id="resampled"),
    ],
)
def test_only_brightening_changes_the_brightness(change, low, high):
    grey = Image.new("RGB", (96, 96), (120, 100, 80))
    changed = np.asarray(change(np.random.default_rng(3), grey), float)
    assert changed.shape == (96, 96, 3)
    assert low < changed.mean() / 100 < high


def test_cells_drawn_apart_hash_apart(drawn):
    hashes = np.stack([phash(file.content).ravel() for file in drawn])
    distances = (hashes[:, None] != hashes[None]).sum(2)
    assert distances[~np.eye(len(drawn), dtype=bool)].min() > COPY_DISTANCE
