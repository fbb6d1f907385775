"""Small inputs that would grow without end, names of 64 KiB, tricks with paths, and arrays that are none."""

import gzip
import io
import os
import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from tasks.delivery import archive
from tasks.ingest.images import Treatment, ingest_batch
from tests.hostile.test_containers import reader
from tests.support import fuzz

TREATMENT = Treatment(image_size=32, hash_size=8, crop=20)
SIDE = 60_000


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, pixels: bytes = b"", *before: bytes, colours: int = 2, bits: int = 8) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    body = _chunk(b"IDAT", zlib.compress(pixels or bytes(1000), 1))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *before, body, _chunk(b"IEND", b"")])


def _tiff(width: int, height: int, bits: int, samples: int) -> bytes:
    entries = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 277: samples, 278: height, 279: 100}
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)


IMAGE_BOMBS = {
    "png": _png(SIDE, SIDE),
    "png of 16 bits": _png(SIDE, SIDE, bits=16),
    "png with a text of 1 GB": _png(4, 4, bytes(52), _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 30), 9))),
    "bmp": struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 999, 0, 0, 54, 40, SIDE, SIDE, 1, 24, *[0] * 6) + bytes(900),
    "gif": struct.pack("<6sHHBBB6sBHHHHB", b"GIF89a", SIDE, SIDE, 128, 0, 0, bytes(6), 44, 0, 0, SIDE, SIDE, 0),
    "tiff": _tiff(SIDE, SIDE, 8, 1),
    "tiff of 16 bits": _tiff(SIDE, SIDE, 16, 1),
    "tiff of many samples": _tiff(4000, 4000, 16, 60_000),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGE_BOMBS)
def test_an_image_that_is_too_large_is_a_row(tmp_path: Path, name: str) -> None:
    expected = "read" if "text" in name else "unreadable"
    assert fuzz.met(_image, [IMAGE_BOMBS[name]], tmp_path) == {expected: 1}


def _image(content: bytes, _work: Path) -> str:
    record = ingest_batch([content], TREATMENT).records[0]
    assert "\n" not in record["detail"]
    return record["drop_reason"] or "read"


@pytest.mark.long
@pytest.mark.parametrize(
    ("side", "colours", "channels", "bits"),
    [(8000, 2, 3, 8), (8000, 6, 4, 8), (4700, 2, 3, 16), (4000, 6, 4, 16)],
    ids=["rgb", "rgba", "rgb of 16 bits", "rgba of 16 bits"],
)
def test_the_largest_image_stays_within_a_gigabyte(
    tmp_path: Path, side: int, colours: int, channels: int, bits: int
) -> None:
    row = bytes([0]) + bytes(range(200)) * (side * channels * bits // 8 // 200)
    content = _png(side, side, row * side, colours=colours, bits=bits)
    assert fuzz.met(_image, [content], tmp_path) == {"read": 1}


def _many(number: int) -> bytes:
    """A zip's directory of members that are nowhere, as long as its names are short."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    size = number * len(entry)
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, number, number, size, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, size, 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return entry * number + wide + locator + end


def _taped(number: int, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as packed:
        for place in range(number):
            info = tarfile.TarInfo(f"ig/{place:07}.png")
            info.type, info.size = kind, size
            packed.write(info.tobuf(tarfile.GNU_FORMAT))
        packed.write(bytes(1024))
    return stream.getvalue()


def _zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def _fails(tmp_path: Path, ending: str, content: bytes) -> str:
    """The one line that `predict` says of it, or else `add`."""

    def read(content: bytes, work: Path) -> str:
        try:
            return reader(ending)(content, work)
        except (ValueError, OSError) as error:
            return str(error)

    (said,) = fuzz.met(read, [content], tmp_path)
    assert "\n" not in said
    assert len(said) < 400
    return said


def test_a_million_members_of_a_zip(tmp_path: Path) -> None:
    assert "holds more than 500000 members: deliver it in parts" in _fails(tmp_path, "zip", _many(1_000_000))


@pytest.mark.parametrize("number", [300, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_many_members_of_a_tar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    if number == 300:
        monkeypatch.setattr(archive, "MEMBERS_LIMIT", 200)
    said = _fails(tmp_path, "tar.gz", _taped(number))
    assert f"holds more than {archive.MEMBERS_LIMIT} members" in said


LONG = f"ig/{'n' * 65_000}.png"
TRICKS = ["ig/../../../x", "/x", "//server/x", "ig/../..", "..", "ig/./../../x", "C:/x"]


@pytest.mark.parametrize("name", [LONG, *TRICKS], ids=lambda name: ascii(name[:20]))
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_lead_nowhere_and_are_told_in_short(tmp_path: Path, kind: str, name: str) -> None:
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as packed:
            packed.writestr(name, b"x")
    else:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as taped:
            taped.addfile(tarfile.TarInfo(name))
    said = _fails(tmp_path, kind, stream.getvalue())
    assert ("too long for a file" if name == LONG else "leads out of the archive") in said


def _of_zeros(kind: str) -> bytes:
    """An archive whose member is much larger, all zeros."""
    stream = io.BytesIO()
    if kind == "zip":
        with (
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
            packed.open("ig/a.bmp", "w") as member,
        ):
            for _ in range(300):
                member.write(bytes(1 << 20))
    else:
        info = tarfile.TarInfo("ig/a.bmp")
        info.size = 4 << 30
        stream.write(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_that_grows_without_end_is_refused(tmp_path: Path, kind: str) -> None:
    assert "unpacks to more than 268435456 bytes" in _fails(tmp_path, kind, _of_zeros(kind))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME], ids=["x", "g", "L"])
def test_a_tar_whose_names_grow_without_end_is_refused(tmp_path: Path, kind: bytes) -> None:
    said = _fails(tmp_path, "tar.gz", _taped(1, kind, size=4 << 30))
    assert "holds a name or attributes of 4294967296 bytes, expected at most 1048576" in said


def test_a_tar_that_goes_on_behind_its_end_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(gzip.decompress(_taped(1)) + bytes(100 << 20), 1)
    assert "more than 67108864 bytes behind its end" in _fails(tmp_path, "tar.gz", content)


def test_a_sparse_file_in_a_tar_is_refused(tmp_path: Path) -> None:
    said = _fails(tmp_path, "tar.gz", _taped(1, tarfile.GNUTYPE_SPARSE))
    assert "holds 'ig/0000000.png' as a sparse file, expected whole files" in said


class Strays:
    """What a pickle would do when it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("/tmp/a-pickle-was-read",)


def _npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _sparse() -> bytes:
    stream = io.BytesIO()
    scipy.sparse.save_npz(stream, scipy.sparse.csr_matrix((10_000_000, 10_000_000), dtype=np.uint8))
    return stream.getvalue()


def _claims(shape: str) -> bytes:
    """An npz whose header states another shape than its array has, with right checksums."""
    array, stream = io.BytesIO(), io.BytesIO()
    np.save(array, np.zeros((2, 4, 4, 3), np.uint8))
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("images.npy", array.getvalue().replace(b"(2, 4, 4, 3)", shape.ljust(12).encode()))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(_npz(images=np.array([Strays()], object), labels=np.zeros(1)), "pickled array", id="pickled"),
        pytest.param(_sparse(), "expected the keys images", id="sparse"),
        pytest.param(_claims("(9**9,4,4,3)"), "no plain numpy array", id="code for a shape"),
        pytest.param(_claims("(9999999,4,3"), "no plain numpy array", id="half a shape"),
        pytest.param(_claims("(9999,4,4,3)"), "images.npy has 224 bytes, expected", id="another shape"),
    ],
)
def test_an_npz_that_is_none_of_images_is_told_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    assert re.search(said, _fails(tmp_path, "npz", content))
    assert not Path("/tmp/a-pickle-was-read").exists()
