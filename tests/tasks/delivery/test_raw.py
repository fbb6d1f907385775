import shutil
from pathlib import Path

import numpy as np
import pytest

from tasks.delivery import raw
from tasks.delivery.formats import Row


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_images_of_class_folders_are_all_files_sorted_by_source(tmp_path, classes):
    files = ["ne/b.png", "ne/a.png", "Immature Granulocyte/x.jpg", "ig/x.jpg", "neutrophil/.DS_1.jpg", "ne/deep/n.txt"]
    write(tmp_path, dict.fromkeys([*files, "notes.txt", "blast/c.png"], b""))
    assert raw.rows(tmp_path, classes) == [
        Row("Immature Granulocyte/x.jpg", "ig", "Immature Granulocyte"),
        Row("blast/c.png", "", "blast"),
        Row("ig/x.jpg", "ig", "ig"),
        Row("ne/a.png", "neutrophil", "ne"),
        Row("ne/b.png", "neutrophil", "ne"),
        Row("ne/deep/n.txt", "neutrophil", "ne"),
        Row("neutrophil/.DS_1.jpg", "neutrophil", "neutrophil"),
        Row("notes.txt", "", ""),
    ]


def test_a_file_that_is_named_as_a_class_is_in_no_class(tmp_path, classes):
    assert raw.rows(write(tmp_path, {"ne": b""}), classes) == [Row("ne", "", "")]


def test_images_of_the_homework_are_the_rows(tmp_path, classes):
    np.savez(tmp_path / "set.npz", images=np.zeros((2, 1, 1, 3), np.uint8), labels=[[2], [0]])
    found = raw.rows(tmp_path, classes, ["ne", "blast", "IG"])
    assert found == [Row("set.npz#0", "ig", "IG"), Row("set.npz#1", "neutrophil", "ne")]


def test_images_of_medmnist_name_their_split(tmp_path, classes):
    one, two = np.zeros((1, 1, 1, 3), np.uint8), np.zeros((2, 1, 1, 3), np.uint8)
    np.savez(tmp_path / "b.npz", test_images=one, test_labels=[[0]], train_images=two, train_labels=[[1], [2]])
    assert raw.rows(tmp_path, classes, classes.names) == [
        Row("b.npz#train:0", "neutrophil", "neutrophil", "train"),
        Row("b.npz#train:1", "platelet", "platelet", "train"),
        Row("b.npz#test:0", "ig", "ig", "test"),
    ]


def test_an_npz_beside_class_folders_is_a_file_like_others(tmp_path, classes):
    write(tmp_path, {"a.npz": b"", "ig/b": b""})
    assert [image.source for image in raw.rows(tmp_path, classes)] == ["a.npz", "ig/b"]


FILES = {"ig/a": b"1", "ig/b": b"2", "ne/a": b"3"}


@pytest.mark.parametrize(
    ("files", "same"),
    [
        pytest.param(dict(reversed(FILES.items())), True, id="another order"),
        pytest.param({**FILES, "ig/b": b"3"}, False, id="other bytes"),
        pytest.param({"ig/a": b"1", "ig/c": b"2", "ne/a": b"3"}, False, id="another name"),
        pytest.param({"ig/a": b"2", "ig/b": b"1", "ne/a": b"3"}, False, id="two contents swapped"),
        pytest.param({"ig/a": b"1", "ig/b": b"2"}, False, id="a file less"),
        pytest.param({**FILES, "ne/e": b""}, False, id="an empty file more"),
    ],
)
def test_digest_is_of_paths_and_bytes(tmp_path, files, same):
    assert (raw.digest(write(tmp_path / "a", FILES)) == raw.digest(write(tmp_path / "b", files))) is same


def test_digest_has_no_part_in_times_modes_and_empty_folders(tmp_path):
    folder = write(tmp_path / "a", FILES)
    before = raw.digest(folder)
    (folder / "empty").mkdir()
    (folder / "ig/a").chmod(0o400)
    (folder / "ig/a").touch()
    assert raw.digest(folder) == before


def test_digest_knows_a_renamed_npz_again(tmp_path):
    write(tmp_path, {"a/one.npz": b"x", "b/two.npz": b"x", "c/one.npz": b"y"})
    digests = [raw.digest(tmp_path / name) for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_links_to_files_are_read_since_dvc_may_make_them(tmp_path, classes):
    write(tmp_path / "kept", FILES)
    shutil.copytree(tmp_path / "kept", tmp_path / "linked", copy_function=lambda a, b: Path(b).symlink_to(a))
    assert raw.digest(tmp_path / "linked") == raw.digest(tmp_path / "kept")
    assert len(raw.rows(tmp_path / "linked", classes)) == 3
