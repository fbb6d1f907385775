import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tasks.predict import packed, source

FILES = {"ne/sub/b.png": b"two" * 1000, "ig/a.png": b"one", "ig/.hidden": b"", "a.txt": b"text"}
ORDER = ["a.txt", "ig/.hidden", "ig/a.png", "ne/sub/b.png"]
TARS = {".tar": "w", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".txz": "w:xz"}


def make(path: Path, files: dict[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, TARS["".join(path.suffixes)]) as taped:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content), tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            taped.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("ending", [".zip", *TARS])
def test_every_file_is_an_entry_and_nothing_is_unpacked(tmp_path, read, ending):
    path = make(tmp_path / f"a{ending}", {"ne/": b"", **FILES, "__MACOSX/ig/._a.png": b"x", "ig/.DS_Store": b"x"})
    found = packed.source(path)
    names = ORDER if ending == ".zip" else list(FILES)
    assert list(read(found).items()) == [(name, FILES[name]) for name in names]
    assert (found.number, found.litter, found.ordered) == (4, 2, ending == ".zip")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".zip", ".tar"])
@pytest.mark.parametrize(
    ("name", "message"),
    [("../x.png", "leads out"), ("/etc/x.png", "leads out"), ("C:/x.png", "leads out"), ("ig/a.png", "twice")],
    ids=["climbs", "absolute", "on a drive", "twice"],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_deliver_refuses_are_refused(tmp_path, ending, name, message):
    path = tmp_path / f"a{ending}"
    with zipfile.ZipFile(path, "w") if ending == ".zip" else tarfile.open(path, "w") as archive:
        for member in ("ig/a.png", name):
            archive.writestr(member, b"") if ending == ".zip" else archive.addfile(tarfile.TarInfo(member))
    with pytest.raises(ValueError, match=message):
        packed.source(path)


def linked(path: Path) -> None:
    info = zipfile.ZipInfo("x.png")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o644) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"/etc/passwd")


def encrypted(path: Path) -> None:
    content = bytearray(make(path, FILES).read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(make(path, FILES).read_bytes()[:-300])


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        pytest.param("a.zip", linked, "'x.png', a link", id="link"),
        pytest.param("a.zip", encrypted, "encrypted", id="encrypted"),
        pytest.param("a.zip", cut, "a.zip: damaged or cut short", id="cut zip"),
        pytest.param("a.tar.gz", cut, "a.tar.gz: damaged or cut short", id="cut tar.gz"),
        pytest.param("a.zip", lambda path: path.write_bytes(b"text"), "damaged or cut short", id="no zip"),
    ],
)
def test_a_bad_archive_is_refused_before_anything_is_judged(tmp_path, name, spoil, message):
    spoil(tmp_path / name)
    with pytest.raises(ValueError, match=message):
        packed.source(tmp_path / name)


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_a_bomb_is_refused(tmp_path, ending):
    path = make(tmp_path / f"a{ending}", {"a": bytes(600), "b": bytes(500)})
    assert packed.source(path, limit=1100).number == 2
    with pytest.raises(ValueError, match="unpacks to more than 1099 bytes"):
        packed.source(path, limit=1099)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_a_member_too_long_for_an_image_is_not_read(tmp_path, read, monkeypatch, ending):
    monkeypatch.setattr(source, "FILE_LIMIT", 3)
    found = read(packed.source(make(tmp_path / f"a{ending}", {"a": b"123", "b": b"1234", "c": b""})))
    assert found == {"a": b"123", "b": "has 4 bytes, expected at most 3", "c": b""}


def test_damage_in_one_member_of_a_zip_costs_that_one(tmp_path, read):
    path = make(tmp_path / "a.zip", {"a": bytes(range(256)), "b": b"two"})
    content = bytearray(path.read_bytes())
    content[content.index(bytes(range(100, 120)))] ^= 1
    path.write_bytes(content)
    found = read(packed.source(path))
    assert "a.zip: damaged or cut short" in found["a"]
    assert found["b"] == b"two"


def test_a_member_that_understates_its_size_is_read_no_further(tmp_path, read):
    path = make(tmp_path / "a.zip", {"a": bytes(5000)})
    path.write_bytes(path.read_bytes().replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert "damaged or cut short" in read(packed.source(path))["a"]
