import tracemalloc
import zipfile

import numpy as np
import pytest

from tasks.delivery.formats.npz import FORMAT
from tasks.predict import arrays

IMAGES = np.arange(3 * 4 * 2 * 3, dtype=np.uint8).reshape(3, 4, 2, 3)
LABELS = np.array([[2], [0], [9]])

GOOD = {
    "without labels": ({"images": IMAGES}, ["#0", "#1", "#2"]),
    "with labels, which nobody reads": ({"images": IMAGES, "labels": LABELS, "ids": LABELS}, ["#0", "#1", "#2"]),
    "MedMNIST's": (
        {"test_images": IMAGES[2:], "val_images": IMAGES[1:2], "train_images": IMAGES[:1], "train_labels": LABELS[:1]},
        ["#train:0", "#val:0", "#test:0"],
    ),
    "both": ({"train_images": IMAGES[1:], "images": IMAGES[:1]}, ["#0", "#train:0", "#train:1"]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
@pytest.mark.parametrize(("given", "names"), GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("chunk", [1, 50, 1000], ids=["a row at once", "two rows", "all"])
def test_rows_come_in_the_arrays_order(tmp_path, read, monkeypatch, save, given, names, chunk):
    monkeypatch.setattr(arrays, "CHUNK", chunk)
    save(tmp_path / "a.npz", **given)
    found = read(arrays.source(tmp_path / "a.npz", FORMAT))
    assert list(found) == [f"a.npz{name}" for name in names]
    np.testing.assert_array_equal(np.stack(list(found.values())), IMAGES)


FIVE = np.concatenate([IMAGES, IMAGES[..., :2]], axis=3)
BAD = {
    "no array of images": (
        {"photos": IMAGES, "labels": LABELS},
        "expected the keys images or .*got labels, photos",
    ),
    "no key": ({}, "got none"),
    "texts": ({"images": IMAGES.astype(str)}, "must be integers or floats of up to 64 bits, got <U"),
    "five channels": ({"images": FIVE}, "with alpha N x H x W x 4 or N x H x W x 2, got 3 x 4 x 2 x 5"),
    "one image": ({"images": IMAGES[0]}, "N x H x W x 2, got 4 x 2 x 3"),
    "no width": ({"images": IMAGES[:, :, :0]}, "got 3 x 4 x 0 x 3"),
    "pickled": ({"images": np.array([1, None], object)}, "pickled"),
    "Fortran order": ({"images": np.asfortranarray(IMAGES)}, "Fortran"),
    "a second one is wrong": ({"train_images": IMAGES, "val_images": FIVE}, "val_images.npy must have"),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_before_a_row_is_read(tmp_path, given, message):
    np.savez(tmp_path / "a.npz", **given)
    with pytest.raises(ValueError, match=f"^a.npz: .*{message}"):
        arrays.source(tmp_path / "a.npz", FORMAT)


def test_a_bomb_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES)
    assert arrays.source(tmp_path / "a.npz", FORMAT, limit=72).number == 3
    with pytest.raises(ValueError, match="unpacks to 72 bytes, expected at most 71"):
        arrays.source(tmp_path / "a.npz", FORMAT, limit=71)


def test_two_members_of_one_name_are_refused(tmp_path, npy):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", npy(IMAGES))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("images.npy", npy(IMAGES))
    with pytest.raises(ValueError, match="two members have one name"):
        arrays.source(tmp_path / "a.npz", FORMAT)


def test_damage_shows_when_the_pixels_are_read(tmp_path, read):
    np.savez(tmp_path / "a.npz", images=IMAGES)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(IMAGES.tobytes()) + 5] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz: damaged or cut short"):
        read(arrays.source(tmp_path / "a.npz", FORMAT))


def test_a_large_array_takes_the_memory_of_a_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK", 1 << 20)
    np.savez(tmp_path / "a.npz", images=np.zeros((20_000, 20, 20, 3), np.uint8))
    tracemalloc.start()
    with arrays.source(tmp_path / "a.npz", FORMAT).opened() as entries:
        rows = sum(entry.read().shape == (20, 20, 3) for entry in entries)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 20_000
    assert peak < 8 << 20
