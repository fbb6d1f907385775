import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tasks.predict import inputs

IMAGES = np.zeros((2, 4, 4, 3), np.uint8)


def folder_of_one_npz(path: Path) -> None:
    path.mkdir()
    np.savez(path / "b.npz", images=IMAGES)


def folder_with_an_npz(path: Path) -> None:
    folder_of_one_npz(path)
    (path / "a.png").touch()


def empty_zip(path: Path) -> None:
    zipfile.ZipFile(path, "w").close()


def litter_alone(path: Path) -> None:
    path.mkdir()
    (path / ".DS_Store").touch()


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        pytest.param("a.png", Path.touch, ["a.png"], id="image"),
        pytest.param("a", Path.touch, ["a"], id="without an ending"),
        pytest.param("a.NPZ", lambda path: np.savez(path.open("wb"), images=IMAGES), ["a.NPZ#0", "a.NPZ#1"], id="npz"),
        pytest.param("a", folder_of_one_npz, ["b.npz#0", "b.npz#1"], id="npz alone in a folder, as delivered"),
        pytest.param("a", folder_with_an_npz, ["a.png", "b.npz"], id="npz beside an image"),
    ],
)
def test_the_input_s_kind_is_found(tmp_path, read, name, make, expected):
    make(tmp_path / name)
    assert list(read(inputs.find(tmp_path / name))) == expected


@pytest.mark.parametrize(
    ("name", "make", "error", "message"),
    [
        pytest.param("a", lambda path: None, FileNotFoundError, "no such file or folder", id="missing"),
        pytest.param("a", lambda path: path.symlink_to("b"), FileNotFoundError, "no such file", id="link to nothing"),
        pytest.param("a", Path.mkdir, ValueError, "holds no file", id="empty folder"),
        pytest.param("a", litter_alone, ValueError, "holds no file", id="litter alone"),
        pytest.param("a.zip", empty_zip, ValueError, "holds no file", id="empty zip"),
        pytest.param("a.npz", lambda path: np.savez(path, images=IMAGES[:0]), ValueError, "holds no file", id="no row"),
        pytest.param("a.tar", Path.touch, ValueError, "damaged or cut short", id="no tar"),
        pytest.param("a.npz", Path.touch, ValueError, "damaged or cut short", id="no npz"),
        pytest.param("a", os.mkfifo, ValueError, "a device or a pipe", id="pipe"),
    ],
)
def test_an_error_names_the_whole_path_once(tmp_path, name, make, error, message):
    make(tmp_path / name)
    with pytest.raises(error, match=message) as caught:
        inputs.find(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert f"{name}: " not in str(caught.value).removeprefix(f"{tmp_path / name}: ")
