import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tasks.delivery import archive

FILES = {"ig/a.png": b"one", "ne/sub/b.png": b"two" * 1000, "ne/.DS_1": b""}
TARS = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


def make_zip(path: Path, files: dict[str, bytes], **settings) -> Path:
    with zipfile.ZipFile(path, "w", **settings) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def make_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, TARS["".join(path.suffixes)]) as taped:
        for name, content in files.items():
            taped.addfile(tar_info(name, len(content)), io.BytesIO(content))
    return path


def tar_info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, target
    return info


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_zip(tmp_path, method):
    archive.unpack(make_zip(tmp_path / "a.zip", FILES, compression=method), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


@pytest.mark.parametrize("ending", TARS)
def test_tar(tmp_path, ending):
    archive.unpack(make_tar(tmp_path / f"a{ending}", FILES), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.zip", ".zip"), ("A.TAR.GZ", ".tar.gz"), ("a.b.tgz", ".tgz"), ("a.gz", None), ("zip", None), ("a.npz", None)],
)
def test_suffix(name, expected):
    assert archive.suffix(Path(name)) == expected


NAMES = {
    "climbs": ("../x.png", "leads out"),
    "climbs in the middle": ("ig/../../x.png", "leads out"),
    "absolute": ("/tmp/x.png", "leads out"),
    "on a drive": ("C:/x.png", "leads out"),
    "a folder that climbs": ("ig/../../x/", "leads out"),
    "twice": ("ig/a.png", "'ig/a.png' twice"),
    "twice, spelled otherwise": ("./ig//a.png", "twice"),
    "below a file": ("ig/a.png/b.png", "as a file and as a folder"),
    "in the place of a folder": ("ig", "as a file and as a folder"),
}


@pytest.mark.parametrize(("name", "message"), NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_are_refused(tmp_path, kind, name, message):
    path = tmp_path / f"a.{kind}"
    with zipfile.ZipFile(path, "w") if kind == "zip" else tarfile.open(path, "w") as packed:
        for member in ("ig/a.png", name):
            if kind == "zip":
                packed.writestr(member, b"")
            else:
                packed.addfile(tar_info(member.rstrip("/"), 0, tarfile.DIRTYPE if member[-1] == "/" else b"0"))
    with pytest.raises(ValueError, match=message):
        archive.unpack(path, tmp_path / "in/out")
    assert sorted(tmp_path.rglob("*")) == sorted(
        [path, tmp_path / "in", tmp_path / "in/out", tmp_path / "in/out/ig", tmp_path / "in/out/ig/a.png"]
    )


def test_folders_may_be_there_many_times(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as taped:
        for info in (tar_info(".", 0, tarfile.DIRTYPE), *[tar_info("ig", 0, tarfile.DIRTYPE)] * 2, tar_info("ig/a")):
            taped.addfile(info)
    archive.unpack(tmp_path / "a.tar", tmp_path / "out")
    assert contents(tmp_path / "out") == {"ig/a": b""}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(tarfile.SYMTYPE, "'ig/x', a link", id="symbolic link"),
        pytest.param(tarfile.LNKTYPE, "'ig/x', a link", id="hard link"),
        pytest.param(tarfile.FIFOTYPE, "'ig/x', a device", id="fifo"),
        pytest.param(tarfile.CHRTYPE, "'ig/x', a device", id="device"),
    ],
)
def test_tar_members_that_are_no_files(tmp_path, kind, message):
    with tarfile.open(tmp_path / "a.tar", "w") as taped:
        taped.addfile(tar_info("ig/x", 0, kind, "/etc/passwd"))
    with pytest.raises(ValueError, match=message):
        archive.unpack(tmp_path / "a.tar", tmp_path / "out")


@pytest.mark.parametrize(
    ("mode", "message"), [(stat.S_IFLNK, "'ig/x', a link"), (stat.S_IFIFO, "'ig/x', a device")], ids=["link", "fifo"]
)
def test_zip_members_that_are_no_files(tmp_path, mode, message):
    info = zipfile.ZipInfo("ig/x")
    info.create_system, info.external_attr = 3, (mode | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, b"/etc/passwd")
    with pytest.raises(ValueError, match=message):
        archive.unpack(tmp_path / "a.zip", tmp_path / "out")


def test_separators_of_windows(tmp_path):
    info = zipfile.ZipInfo("x")
    info.filename, info.create_system = "ig\\a.png", 0
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, b"1")
    archive.unpack(tmp_path / "a.zip", tmp_path / "out")
    assert contents(tmp_path / "out") == {"ig/a.png": b"1"}


def test_utf8_without_its_flag(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"ig/\u00e9.png": b"1"})
    content = path.read_bytes()
    for start, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.index(start) + offset
        content = content[:place] + bytes(2) + content[place + 2 :]
    path.write_bytes(content)
    assert zipfile.ZipFile(path).namelist() != ["ig/\u00e9.png"]
    archive.unpack(path, tmp_path / "out")
    assert contents(tmp_path / "out") == {"ig/\u00e9.png": b"1"}


def encrypted(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)


def test_an_encrypted_zip(tmp_path):
    path = make_zip(tmp_path / "a.zip", FILES)
    encrypted(path)
    with pytest.raises(ValueError, match=r"'ig/a\.png' encrypted"):
        archive.unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["a.zip", *(f"a{ending}" for ending in TARS)])
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.95])
def test_a_truncated_archive(tmp_path, name, share):
    path = (make_zip if name == "a.zip" else make_tar)(tmp_path / name, {"ig/a": bytes(range(256)) * 200, **FILES})
    content = path.read_bytes()
    # A tape ends in up to 20 blocks of zeros, which nothing needs but the first.
    whole = len(content.rstrip(b"\0")) + 512 if name == "a.tar" else len(content)
    path.write_bytes(content[: int(whole * share)])
    with pytest.raises(ValueError, match=f"{name}: damaged or cut short"):
        archive.unpack(path, tmp_path / "out")


def test_a_tar_that_ends_between_two_members(tmp_path):
    path = make_tar(tmp_path / "a.tar", {"ig/a": b"1", "ig/b": b"2"})
    path.write_bytes(path.read_bytes()[:1024])
    with pytest.raises(ValueError, match="no mark of its end"):
        archive.unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_a_flipped_byte(tmp_path, name):
    make = make_zip if name == "a.zip" else make_tar
    path = make(tmp_path / name, {"ig/a": bytes(range(256)) * 200})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: damaged or cut short"):
        archive.unpack(path, tmp_path / "out")


@pytest.mark.parametrize("make", [make_zip, make_tar], ids=["zip", "tar"])
def test_the_limit_stops_it_before_it_writes_more(tmp_path, make):
    path = make(tmp_path / ("a.zip" if make is make_zip else "a.tar.gz"), {"ig/a": bytes(600), "ig/b": bytes(500)})
    archive.unpack(path, tmp_path / "whole", limit=1100)
    with pytest.raises(ValueError, match="more than 1099 bytes"):
        archive.unpack(path, tmp_path / "out", limit=1099)
    assert list(contents(tmp_path / "out")) == ["ig/a"]


def test_a_zip_that_understates_its_size(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"ig/a": bytes(5000)}, compression=zipfile.ZIP_DEFLATED)
    size, lie = (5000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, lie))
    with pytest.raises(ValueError, match="damaged"):
        archive.unpack(path, tmp_path / "out", limit=100)
    assert sum(map(len, contents(tmp_path / "out").values())) <= 100


@pytest.mark.parametrize("system", [0, 3, 10, 11])
def test_a_backslash_in_a_zip_parts_folders_whatever_system_it_names(tmp_path, system):
    info = zipfile.ZipInfo("placeholder")
    info.filename, info.create_system = "cells\\ig\\a.png", system
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, b"x")
    archive.unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out/cells/ig/a.png").read_bytes() == b"x"
