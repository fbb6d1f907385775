import os
from pathlib import Path

import pytest

from tasks.predict import files, source


def fill(folder: Path, *names: str) -> Path:
    """Files whose content is their own name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def test_one_file_is_called_by_its_name(tmp_path, read):
    fill(tmp_path, "a/b.png")
    assert read(files.one(tmp_path / "a/b.png")) == {"b.png": b"a/b.png"}


FOLDERS = {
    "flat": (["b.png", "a.png"], ["a.png", "b.png"], 0),
    "in classes, by the whole path": (
        ["ne/a.png", "ig/b.png", "ig-2/c.png"],
        ["ig-2/c.png", "ig/b.png", "ne/a.png"],
        0,
    ),
    "deep": (["x/y/z/a.png", "b.png"], ["b.png", "x/y/z/a.png"], 0),
    "hidden, and no images": ([".hidden", "notes.txt", ".git/HEAD"], [".hidden", "notes.txt"], 1),
    "the system's own": (
        [".DS_Store", "ig/.DS_Store", "ig/Thumbs.db", "__MACOSX/a.png", "ig/._a.png", "DESKTOP.INI", "ig/a.png"],
        ["ig/a.png"],
        6,
    ),
    "nothing": ([], [], 0),
}


@pytest.mark.parametrize(("given", "expected", "litter"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_s_files_come_by_their_path(tmp_path, read, given, expected, litter):
    found = files.folder(fill(tmp_path, *given))
    assert list(read(found).items()) == [(name, name.encode()) for name in expected]
    assert found.litter == litter
    assert found.ordered


def link(path: Path) -> None:
    path.symlink_to(path.parent / "a.png")


def broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def link_up(path: Path) -> None:
    path.symlink_to("..", target_is_directory=True)


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        pytest.param("x.png", link, "a link, expected a plain file", id="link"),
        pytest.param("x.png", broken_link, "a link, expected a plain file", id="link to nothing"),
        pytest.param("x", link_up, "a link, expected a plain file", id="link to a folder above"),
        pytest.param("x.png", os.mkfifo, "a device or a pipe, expected a plain file", id="pipe"),
        pytest.param("x.npz", Path.touch, "an archive inside a folder", id="npz"),
        pytest.param("x.ZIP", Path.touch, "an archive inside a folder", id="zip"),
    ],
)
def test_what_is_no_plain_file_is_an_entry_and_is_not_opened(tmp_path, read, name, make, message):
    make(fill(tmp_path, "a.png") / name)
    found = read(files.folder(tmp_path))
    assert list(found) == ["a.png", name]
    assert found["a.png"] == b"a.png"
    assert found[name].startswith(message)


def test_a_folder_that_may_not_be_read_is_an_entry(tmp_path, read, monkeypatch):
    fill(tmp_path, "a.png", "shut/b.png")
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert read(files.folder(tmp_path)) == {
        "a.png": b"a.png",
        "shut/": "a folder that cannot be read: Permission denied",
    }
    with pytest.raises(PermissionError):
        files.folder(tmp_path / "shut")


def test_a_file_that_vanished_is_an_entry(tmp_path, read):
    found = files.folder(fill(tmp_path, "a.png", "b.png"))
    (tmp_path / "a.png").unlink()
    assert "No such file" in read(found)["a.png"]


def test_a_file_too_long_for_an_image_is_not_read(tmp_path, read, monkeypatch):
    monkeypatch.setattr(source, "FILE_LIMIT", 5)
    found = read(files.folder(fill(tmp_path, "a.png", "b2.png")))
    assert found == {"a.png": b"a.png", "b2.png": "has 6 bytes, expected at most 5"}
