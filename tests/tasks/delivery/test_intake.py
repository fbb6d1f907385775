import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tasks.delivery import raw
from tasks.delivery.intake import Naming, take_in

PNG = b"\x89PNG\r\n\x1a\n"
STARTS = {"png": PNG, "jpg": b"\xff\xd8\xff\xe0", "tif": b"II*\0", "TIFF": b"MM\0*", "bmp": b"BM"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {"ig/a.png": PNG, "immature_granulocyte/a.png": PNG + b"2", "ne/.DS_1.jpg": b"no"}.items():
        (tmp_path / "cells" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cells" / name).write_bytes(content)
    return tmp_path / "cells"


def packed(folder: Path, kind: str) -> Path:
    """The folder as it is, or in an archive: with its name around it as a zip, without as a tar."""
    if kind == "folder":
        return folder
    base = {"base_name": folder.parent / "packed", "format": kind}
    if kind == "zip":
        return Path(shutil.make_archive(root_dir=folder.parent, base_dir=folder.name, **base))
    return Path(shutil.make_archive(root_dir=folder, base_dir=".", **base))


KINDS = ["folder", "zip", "tar", "gztar", "bztar", "xztar"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_images_come_out_of_all_forms(tmp_path, folder, classes, kind):
    taken = take_in(packed(folder, kind), tmp_path / "staging", classes)
    assert taken.digest == raw.digest(folder)
    assert (taken.images, taken.classes, taken.litter) == (3, {"ig": 2, "neutrophil": 1}, 0)
    assert raw.sources(taken.folder) == ["ig/a.png", "immature_granulocyte/a.png", "ne/.DS_1.jpg"]
    assert (taken.folder / "immature_granulocyte/a.png").read_bytes() == PNG + b"2"


@pytest.mark.parametrize("kind", KINDS)
def test_litter_is_counted_and_makes_no_other_delivery(tmp_path, folder, classes, kind):
    clean = raw.digest(folder)
    (folder / ".DS_Store").write_bytes(b"litter")
    taken = take_in(packed(folder, kind), tmp_path / "staging", classes)
    assert (taken.digest, taken.litter) == (clean, 1)


def test_rows_in_no_class_are_counted(tmp_path, folder, classes):
    (folder / "notes.txt").write_text("for you")
    assert take_in(folder, tmp_path / "staging", classes).classes == {"ig": 2, "neutrophil": 1, "": 1}


@pytest.mark.parametrize("form", STARTS)
def test_one_image_is_a_delivery(tmp_path, classes, form):
    (tmp_path / "in/ig").mkdir(parents=True)
    (tmp_path / f"in/ig/a.{form}").write_bytes(STARTS[form] + b"rest")
    assert take_in(tmp_path / "in", tmp_path / "staging", classes).images == 1


@pytest.mark.parametrize("where", ["alone", "in a folder"])
def test_an_npz_is_kept_as_it_is(tmp_path, classes, where):
    (tmp_path / "in").mkdir()
    np.savez(tmp_path / "in/set.npz", images=np.zeros((2, 1, 1, 3), np.uint8), labels=[1, 1])
    given = tmp_path / "in" if where == "in a folder" else tmp_path / "in/set.npz"
    taken = take_in(given, tmp_path / "s", classes, Naming(["ig", "ne"]))
    assert (taken.folder / "set.npz").read_bytes() == (tmp_path / "in/set.npz").read_bytes()
    assert (taken.images, taken.classes) == (2, {"neutrophil": 2})


IMAGES = np.arange(4 * 3, dtype=np.uint8).reshape(4, 1, 1, 3)
NUMBERED = {"images": IMAGES, "labels": np.array([1, 0, 1, 1])}
OTHER = {**NUMBERED, "classes": np.array(["ne", "ig"])}
SPELLED = {"images": IMAGES, "labels": np.array(["ne", "IG", "ne", "ne"])}


@pytest.mark.parametrize(
    ("arrays", "naming", "names", "told"),
    [
        (NUMBERED, Naming(["ig", "ne"]), ["ig", "ne"], ("label numbers, by --classes: 0 = ig, 1 = ne",)),
        (
            NUMBERED,
            Naming(None, ["ne", "ig"]),
            ["ne", "ig"],
            ("label numbers, by landing.class_order: 0 = ne, 1 = ig",),
        ),
        (NUMBERED, Naming(["ig", "ne", "blast"], ["ne"]), ["ig", "ne", "blast"], None),
        (OTHER, Naming(), ["ne", "ig"], ()),
        (OTHER, Naming(["ne", "ig"], ["x"]), ["ne", "ig"], ()),
        (OTHER | {"classes": np.array(["ne", "ig", "blast"])}, Naming(), ["ne", "ig", "blast"], ()),
        (SPELLED, Naming(None, ["x"]), ["IG", "ne"], ()),
    ],
    ids=[
        "asked",
        "configured",
        "asked before configured",
        "its own",
        "asked as its own",
        "an unknown one is empty",
        "spelled",
    ],
)
def test_the_names_of_labels_are_noted(tmp_path, classes, arrays, naming, names, told):
    np.savez(tmp_path / "set.npz", **arrays)
    taken = take_in(tmp_path / "set.npz", tmp_path / "s", classes, naming)
    counts = dict.fromkeys(names, 0) | {names[0]: 1, names[1]: 3}
    assert {each.name: each.images for each in taken.record.classes} == counts
    assert taken.record.names == names
    assert told is None or taken.told == told


def test_the_names_of_folders_are_noted(tmp_path, folder, classes):
    (folder / ".DS_Store").write_bytes(b"litter")
    found = take_in(folder, tmp_path / "s", classes).record
    assert [(each.name, each.images) for each in found.classes] == [("ig", 1), ("immature_granulocyte", 1), ("ne", 1)]
    assert found.left_out == 1


@pytest.mark.parametrize(
    ("arrays", "naming", "message"),
    [
        (NUMBERED, Naming(), "its labels are numbers, and nothing says .* with --classes a,b,c, or .*class_order"),
        (NUMBERED, Naming(["ig"]), r"labels row 0 is 1, expected 0 to 0 \(ig\)"),
        (NUMBERED, Naming(["ig", "nee"]), r"unknown class 'nee' \(nearest: 'ne'\), expected ig, neutrophil, platelet"),
        (OTHER, Naming(["ig", "ne"]), "its own class names are ne, ig, in this order, and --classes says ig, ne"),
        (OTHER | {"classes": np.array(["ne", "blast"])}, Naming(), "unknown class 'blast'"),
    ],
    ids=["nameless", "too few", "unknown", "contradiction", "unknown of its own"],
)
def test_label_numbers_without_good_names_are_refused(tmp_path, classes, arrays, naming, message):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(ValueError, match=f"^{tmp_path}/set.npz: {message}"):
        take_in(tmp_path / "set.npz", tmp_path / "s", classes, naming)


def test_class_folders_take_no_other_names(tmp_path, folder, classes):
    with pytest.raises(ValueError, match="its own class names are ig, immature_granulocyte, ne"):
        take_in(folder, tmp_path / "s", classes, Naming(["ig", "ne"]))


def test_a_hard_link_is_copied_as_the_file_it_is(tmp_path, folder, classes):
    (folder / "ne/b.png").hardlink_to(folder / "ig/a.png")
    taken = take_in(folder, tmp_path / "staging", classes)
    assert taken.images == 4
    assert (taken.folder / "ne/b.png").stat().st_nlink == 1


def no_image(path: Path) -> Path:
    (path / "ig").mkdir(parents=True)
    (path / "ig/a.png").write_text("text")
    return path


def text_file(path: Path) -> Path:
    path.write_text("text")
    return path


def bad_npz(path: Path) -> Path:
    np.savez(path.with_suffix(".npz"), images=np.zeros((2, 1, 1, 3), np.uint8), labels=[1])
    return path.with_suffix(".npz")


def bad_zip(path: Path) -> Path:
    return text_file(path.with_suffix(".zip"))


def empty_tar(path: Path) -> Path:
    with tarfile.open(path.with_suffix(".tar"), "w"):
        return path.with_suffix(".tar")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        pytest.param(
            no_image, ValueError, "holds no image: none of its files is PNG, JPEG, TIFF or BMP", id="no image"
        ),
        pytest.param(text_file, ValueError, r"expected a folder, .*or an archive \(.zip", id="none of these"),
        pytest.param(lambda path: path, FileNotFoundError, "no such file or folder", id="nothing there"),
        pytest.param(bad_npz, ValueError, "images has 2 rows and labels 1", id="npz"),
        pytest.param(bad_zip, ValueError, "damaged or cut short", id="zip"),
        pytest.param(empty_tar, ValueError, "holds no image", id="empty tar"),
    ],
)
def test_errors_name_the_path_once(tmp_path, classes, make, error, message):
    path = make(tmp_path / "given")
    with pytest.raises(error, match=f"^{path}: {message}") as caught:
        take_in(path, tmp_path / "staging", classes, Naming(classes.names if path.suffix == ".npz" else None))
    assert str(caught.value).count("given") == 1


def test_the_limit_reaches_archives_and_arrays(tmp_path, folder, classes):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 2, 2, 3), np.uint8), labels=[1, 1])
    for number, path in enumerate((packed(folder, "zip"), tmp_path / "a.npz")):
        with pytest.raises(ValueError, match="unpacks to"):
            take_in(path, tmp_path / f"staging{number}", classes, Naming(classes.names), limit=10)
