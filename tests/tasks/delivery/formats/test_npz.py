import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tasks.delivery import container, formats
from tasks.delivery.container import UNPACKED_LIMIT
from tasks.delivery.formats import Images, Tree, npz
from tasks.delivery.formats.npz import FORMAT
from tasks.params import Classes

IMAGES = np.arange(3 * 4 * 2 * 3, dtype=np.uint8).reshape(3, 4, 2, 3)
LABELS = np.array([[2], [0], [1]])
WHOLE = Images("", "images.npy", IMAGES.shape)


def save(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def check(path: Path, classes: Classes, limit: int = UNPACKED_LIMIT) -> None:
    """Images and labels."""
    tree = Tree(path.parent, [path.name])
    FORMAT.check(tree, limit)
    FORMAT.rows(tree, classes, FORMAT.names(tree) or classes.names)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_stream_yield_all_rows_in_order(tmp_path, save, rows):
    save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    found = list(FORMAT.stream(tmp_path / "a.npz", WHOLE, rows))
    assert [len(chunk) for chunk in found] == {1: [1, 1, 1], 2: [2, 1], 3: [3], 100: [3]}[rows]
    np.testing.assert_array_equal(np.concatenate(found), IMAGES)
    assert found[0].dtype == np.uint8


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
def test_stream_need_the_memory_of_a_chunk_not_of_the_array(tmp_path, save):
    images = np.random.default_rng(0).integers(0, 256, (2000, 40, 40, 3), np.uint8)
    save(tmp_path / "a.npz", images=images, labels=np.zeros(2000, int))
    tracemalloc.start()
    rows = sum(len(chunk) for chunk in FORMAT.stream(tmp_path / "a.npz", WHOLE, 100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 2000
    assert peak < images.nbytes / 4


def test_images_of_the_homework_have_no_prefix(tmp_path, classes):
    path = save(tmp_path / "a.npz", labels=LABELS, images=IMAGES)
    assert FORMAT.images(path) == [WHOLE]
    assert FORMAT.labels(path, ["a", "b", "c"]) == ["c", "a", "b"]


def test_images_of_medmnist_come_as_train_val_test(tmp_path):
    arrays = {}
    for split in ("test", "val", "train"):
        arrays |= {f"{split}_labels": LABELS, f"{split}_images": IMAGES}
    found = FORMAT.images(save(tmp_path / "a.npz", **arrays))
    assert [images.prefix for images in found] == ["train:", "val:", "test:"]
    assert found[1].key == "val_images.npy"


BAD = {
    "a key missing": ({"images": IMAGES}, "expected the keys images and labels.*got images"),
    "a key unknown": ({"images": IMAGES, "labels": LABELS, "more": LABELS}, "got images, labels, more"),
    "half a split": ({"train_images": IMAGES, "train_labels": LABELS, "val_images": IMAGES}, "got train_images"),
    "both layouts": (
        {"images": IMAGES, "labels": LABELS, "train_images": IMAGES, "train_labels": LABELS},
        "expected the keys",
    ),
    "no keys": ({}, "got none"),
    "lengths differ": ({"images": IMAGES, "labels": LABELS[:2]}, "images has 3 rows and labels 2"),
    "texts": ({"images": IMAGES.astype(str), "labels": LABELS}, "must be integers or floats of up to 64 bits, got <U"),
    "complex": ({"images": IMAGES * 1j, "labels": LABELS}, "got complex128"),
    "a single colour image": ({"images": IMAGES[0], "labels": LABELS}, "or N x H x W x 2, got 4 x 2 x 3"),
    "a single grey": ({"images": IMAGES[0, ..., 0], "labels": LABELS}, "or N x H x W x 2, got 4 x 2"),
    "five channels": ({"images": np.zeros((3, 2, 3, 5), "u1"), "labels": LABELS}, "got 3 x 2 x 3 x 5"),
    "no width": ({"images": IMAGES[:, :, :0], "labels": LABELS}, "got 3 x 4 x 0 x 3"),
    "one-hot of more classes": (
        {"images": IMAGES, "labels": np.eye(3, 4)},
        "has 4 columns, expected one for each of ig",
    ),
    "two ones": (
        {"images": IMAGES, "labels": np.eye(3) + np.eye(3, k=1)},
        r"row 0 is \[1.0, 1.0, 0.0\], expected a sing",
    ),
    "shares": ({"images": IMAGES, "labels": np.eye(3) * 0.9 + 0.1}, "expected a single 1 among zeros"),
    "labels that are floats": (
        {"images": IMAGES, "labels": LABELS * 1.0},
        "labels must be integers .*got 3 x 1 of float",
    ),
    "an empty name": (
        {"images": IMAGES, "labels": np.array(["ig", "", "ig"])},
        "row 1 is empty, expected a class name",
    ),
    "names that are no UTF-8": ({"images": IMAGES, "labels": np.array([b"ig", b"\xff", b"ig"])}, "not UTF-8"),
    "a name that is no class": (
        {"images": IMAGES, "labels": np.array(["ig", "x", "ig"]), "classes": np.array(["ig", "ne"])},
        "row 1 is 'x', expected one of ig, ne",
    ),
    "two lists of names": (
        {"images": IMAGES, "labels": LABELS, "classes": np.array(["a"]), "class_names": np.array(["a"])},
        "has both classes and class_names",
    ),
    "an unknown split": (
        {"images": IMAGES, "labels": LABELS, "splits": np.array(["train", "dev", "test"])},
        "'dev' is no split, expected one of train, training",
    ),
    "names twice": ({"images": IMAGES, "labels": LABELS, "classes": np.array(["a", "a", "b"])}, "has a name twice"),
    "names that are numbers": (
        {"images": IMAGES, "labels": LABELS, "classes": np.arange(3)},
        "must be a list of names",
    ),
    "endless names": ({"images": IMAGES, "labels": np.array(["a" * 2000] * 3)}, "names of at most 1024 characters"),
    "a label that is no index": ({"images": IMAGES, "labels": [0, 3, 1]}, r"row 1 is 3, expected 0 to 2 \(ig, neut"),
    "a label below zero": ({"images": IMAGES, "labels": [0, 1, -1]}, "row 2 is -1"),
    "pickled labels": ({"images": IMAGES, "labels": np.array([1, "a", None], object)}, "pickled"),
    "pickled images": ({"images": np.array([1, None], object), "labels": [1, 2]}, "pickled"),
    "Fortran order": ({"images": np.asfortranarray(IMAGES), "labels": LABELS}, "Fortran.*ascontiguousarray"),
    "no rows": ({"images": IMAGES[:0], "labels": LABELS[:0]}, "holds no image"),
}


@pytest.mark.parametrize(("arrays", "message"), BAD.values(), ids=BAD)
def test_check_names_what_is_wrong(tmp_path, classes, arrays, message):
    path = save(tmp_path / "some.npz", **arrays)
    with pytest.raises(ValueError, match=f"^some.npz: .*{message}"):
        check(path, classes)


def test_check_accepts_labels_of_any_integer_type_and_of_rank_one(tmp_path, classes):
    check(save(tmp_path / "a.npz", images=IMAGES, labels=np.array([0, 1, 2], np.uint8)), classes)


NAMES = ["platelet", "ig", "neutrophil"]


@pytest.mark.parametrize(
    ("labels", "more"),
    [
        (np.eye(3, dtype=int)[[2, 0, 1]], {}),
        (np.eye(3, dtype=np.float32)[[2, 0, 1]], {}),
        (np.eye(3, dtype=bool)[[2, 0, 1]], {}),
        (np.array([["c"], ["a"], ["b"]]), {}),
        (np.array([b"c", b"a", b"b"]), {}),
        (LABELS, {"class_names": np.array(["a", "b", "c"])}),
        (LABELS, {"classes": np.array(["a", "b", "c"]), "ids": np.array(["1"] * 3), "splits": np.array(["val"] * 3)}),
    ],
    ids=["one-hot", "one-hot of floats", "one-hot of booleans", "names", "bytes", "named", "our own export"],
)
def test_labels_in_every_form_give_their_names(tmp_path, labels, more):
    path = save(tmp_path / "a.npz", images=IMAGES, labels=labels, **more)
    own = FORMAT.class_names(path)
    assert own == (["a", "b", "c"] if more or labels.dtype.kind in "US" else None)
    assert FORMAT.labels(path, own or ["a", "b", "c"]) == ["c", "a", "b"]


@pytest.mark.parametrize("shape", [(3, 4, 2), (3, 4, 2, 1)])
@pytest.mark.parametrize("dtype", ["u1", ">u2", "i8", "f2", "f8"])
def test_grey_and_deep_images_are_streamed_as_rgb_of_their_own_type(tmp_path, shape, dtype):
    grey = (np.arange(24) / (24 if "f" in dtype else 1)).astype(dtype)
    path = save(tmp_path / "a.npz", images=grey.reshape(shape), labels=LABELS)
    (images,) = FORMAT.images(path)
    assert images.itemsize == grey.itemsize
    found = np.concatenate(list(FORMAT.stream(path, images, 2)))
    assert (found.dtype.kind, found.itemsize) == (grey.dtype.kind, grey.itemsize)
    np.testing.assert_array_equal(found, np.repeat(grey.reshape(3, 4, 2, 1), 3, axis=3))


def test_alpha_stays_the_last_channel_and_grey_becomes_three(tmp_path):
    values = np.arange(3 * 4 * 2 * 4, dtype=np.uint8).reshape(3, 4, 2, 4)
    for name, saved, expected in (("rgba", values, values), ("grey", values[..., 2:], values[..., [2, 2, 2, 3]])):
        path = save(tmp_path / f"{name}.npz", images=np.ascontiguousarray(saved), labels=LABELS)
        found = np.concatenate(list(FORMAT.stream(path, *FORMAT.images(path), 2)))
        np.testing.assert_array_equal(found, expected)


def flipped(array: np.ndarray):
    """Flips the lowest bit of the last number, so that nothing but the checksum can tell."""

    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[content.index(array.tobytes()) + array.nbytes - array.itemsize] ^= 1
        path.write_bytes(content)

    return change


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def other_content(member: bytes):
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images.npy", member)
            archive.writestr("labels.npy", npy(LABELS))

    return write


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(flipped(IMAGES), "damaged or cut short", id="a flipped bit in the images"),
        pytest.param(flipped(LABELS), "damaged or cut short", id="a flipped bit in the labels"),
        pytest.param(cut, "damaged or cut short", id="truncated"),
        pytest.param(other_content(b"text"), "no plain numpy array", id="no array"),
        pytest.param(other_content(npy(IMAGES) + b"more"), "by its header", id="longer than its header says"),
        pytest.param(other_content(npy(IMAGES)[:-1]), "by its header", id="shorter than its header says"),
    ],
)
def test_check_finds_damage(tmp_path, classes, change, message):
    path = save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    check(path, classes)
    change(path)
    with pytest.raises(ValueError, match=f"a.npz: .*{message}"):
        check(path, classes)


def test_more_than_images_can_unpack_to_is_a_bomb(tmp_path, classes, monkeypatch):
    monkeypatch.setattr(container, "FREE", 1000)
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((3, 300, 300, 3), np.uint8), labels=LABELS)
    with pytest.raises(ValueError, match=r"a.npz: unpacks to 810000 bytes, expected at most"):
        check(tmp_path / "a.npz", classes)
    save(tmp_path / "b.npz", images=np.zeros((3, 300, 300, 3), np.uint8), labels=LABELS)
    check(tmp_path / "b.npz", classes)


def test_an_image_that_fills_the_memory_is_refused(tmp_path, classes, monkeypatch):
    monkeypatch.setattr(npz, "IMAGE_LIMIT", IMAGES[0].nbytes - 1)
    with pytest.raises(ValueError, match="a.npz: images.npy has images of 4 x 2 x 3, expected at most 23 bytes"):
        check(save(tmp_path / "a.npz", images=IMAGES, labels=LABELS), classes)


@pytest.mark.parametrize("number", [1, 100])
def test_large_images_come_in_smaller_chunks(tmp_path, number, monkeypatch):
    monkeypatch.setattr(formats, "CHUNK", 2 * IMAGES[0].nbytes)
    path = save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    assert [len(chunk) for chunk in FORMAT.chunks(Tree(path.parent, [path.name]), number)] == (
        [1, 1, 1] if number == 1 else [2, 1]
    )


def test_check_has_a_limit(tmp_path, classes):
    path = save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    check(path, classes, 72)
    with pytest.raises(ValueError, match="unpacks to 72 bytes, expected at most 71"):
        check(path, classes, 71)
