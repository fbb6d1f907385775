from pathlib import Path

import pytest

from tasks.delivery import names


@pytest.mark.parametrize("name", ["a", "0", "007", "a.b-c_d.", "x" * 100, "dvc", "x.dvc2"])
def test_good_names(name):
    names.check(name)


BAD = ["", ".a", "-a", "_a", "A", "a b", "a/b", "a..b", "..", "a@b", "ä", "a\n", "x.dvc", "a" * 101]


@pytest.mark.parametrize("name", BAD)
def test_bad_names(name):
    with pytest.raises(ValueError, match="bad name"):
        names.check(name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("My Cells (2).zip", "my-cells-2"),
        ("a/b/Blood_Été.tar.gz", "blood_ete"),
        ("set..v1.npz", "set.v1"),
        ("..x.tgz", "x"),
        ("007.zip", "007"),
        ("x" * 150 + ".zip", "x" * 100),
    ],
)
def test_default(path, name):
    assert names.default(Path(path)) == name
    names.check(name)


def test_default_of_a_folder_keeps_its_dots(tmp_path, monkeypatch):
    (tmp_path / "pbc-1.0").mkdir()
    assert names.default(tmp_path / "pbc-1.0") == "pbc-1.0"
    monkeypatch.chdir(tmp_path / "pbc-1.0")
    assert names.default(Path()) == "pbc-1.0"


def test_default_of_nothing_but_signs():
    with pytest.raises(ValueError, match=r"'血\.zip' makes no name for a delivery, give one with --name"):
        names.default(Path("血.zip"))
