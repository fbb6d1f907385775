"""Damaged archives and files of arrays, by the way of `add` and of `predict`."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.delivery.intake import Naming, take_in
from tasks.params import Classes
from tasks.predict import inputs
from tests.support import fuzz

CLASSES = Classes.model_validate({"ig": [], "neutrophil": ["ne"]})


def png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


FILES = {
    "set/ig/a.png": png(),
    "set/ne/b.png": png(),
    "set/.DS_Store": b"\0\0\0\1Bud1",
    "set/ne/notes.txt": b"x" * 99,
}


def _zip(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, content in FILES.items():
            packed.writestr(name, content)
    return stream.getvalue()


def _tar(form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as taped:
        for name, content in {**FILES, f"set/ig/{'long' * 24}.png": b"y"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            taped.addfile(info, io.BytesIO(content))
    return stream.getvalue()[:-8192] + bytes(1024)


def _npz(save: Callable[..., None], **arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


IMAGES = np.random.default_rng(1).integers(0, 256, (6, 5, 5, 3), np.uint8)
LABELS = np.array([[0], [1], [0], [1], [0], [1]], np.uint8)
TAPES = [_tar(tarfile.GNU_FORMAT), _tar(tarfile.PAX_FORMAT), _tar(tarfile.USTAR_FORMAT)]
SAMPLES = {
    "zip": [_zip(zipfile.ZIP_STORED), _zip(zipfile.ZIP_DEFLATED), _zip(zipfile.ZIP_LZMA), _zip(zipfile.ZIP_BZIP2)],
    "tar": TAPES,
    "tar.gz": [gzip.compress(tape) for tape in TAPES],
    "tar.bz2": [bz2.compress(tape) for tape in TAPES],
    "tar.xz": [lzma.compress(tape) for tape in TAPES],
    "npz": [
        _npz(np.savez, images=IMAGES, labels=LABELS),
        _npz(np.savez_compressed, images=IMAGES, labels=LABELS),
        _npz(np.savez, train_images=IMAGES, train_labels=LABELS, test_images=IMAGES, test_labels=LABELS),
        _npz(np.savez, images=IMAGES[..., 0], labels=np.array(["ig", "ne"])[LABELS]),
        _npz(np.savez, images=IMAGES / 255, labels=np.eye(2)[LABELS[:, 0]], classes=np.array([b"ne", b"ig"])),
    ],
}
PACKED = {
    "tar.gz": (gzip.decompress, gzip.compress),
    "tar.bz2": (bz2.decompress, bz2.compress),
    "tar.xz": (lzma.decompress, lzma.compress),
}


def _added(path: Path, work: Path) -> str:
    found = take_in(path, work / "staging", CLASSES, Naming(None, ["ig", "ne"]))
    assert found.images
    return "added"


def _predicted(path: Path) -> None:
    with inputs.find(path).opened() as entries:
        for entry in entries:
            with suppress(ValueError, OSError):
                entry.read()


def reader(ending: str) -> fuzz.Reader:
    def read(content: bytes, work: Path) -> str:
        path = work / f"input.{ending}"
        path.write_bytes(content)
        with suppress(ValueError, OSError):
            _predicted(path)
        return _added(path, work)

    return read


def _inputs(form: str, number: int) -> list[bytes]:
    """Half of the packed tapes are damaged before they are packed, or a checksum would be all that is looked at."""
    samples = SAMPLES[form]
    if form not in PACKED:
        return list(fuzz.damaged(samples, number, seed=number))
    unpack, pack = PACKED[form]
    inner = fuzz.damaged([unpack(each) for each in samples], number // 2, seed=number)
    return [*map(pack, inner), *fuzz.damaged(samples, number - number // 2, seed=number + 1)]


@pytest.mark.parametrize("number", [50, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("form", SAMPLES)
def test_a_damaged_container_is_rows_or_one_error(tmp_path: Path, form: str, number: int) -> None:
    samples = SAMPLES[form]
    assert fuzz.met(reader(form), samples, tmp_path) == {"added": len(samples)}
    counts = fuzz.met(reader(form), _inputs(form, number), tmp_path)
    assert set(counts) == {"added", "error"}
    assert counts["error"] > number / 10
