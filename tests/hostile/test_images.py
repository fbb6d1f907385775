"""Damaged files of every format of an image, by the way of `ingest` and of `predict`."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from tasks.ingest import survey
from tasks.ingest.images import Treatment, ingest_batch
from tests.support import fuzz

TREATMENT = Treatment(image_size=32, hash_size=8, crop=20)


def _pixels(channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    drawn = np.random.default_rng(0).integers(0, 256, (5, 6, channels))
    small = np.kron(drawn, np.ones((4, 4, 1)))
    return (small * (257 if dtype == np.uint16 else 1)).astype(dtype).squeeze()


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _tiff(values: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)
    return stream.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a cell"
    return exif


RGB, GREY, RGBA = Image.fromarray(_pixels()), Image.fromarray(_pixels(1)), Image.fromarray(_pixels(4))
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SAMPLES = {
    "png": [
        _saved(RGB, "PNG", exif=_exif(), icc_profile=PROFILE),
        _saved(RGBA, "PNG"),
        _saved(RGB.quantize(8), "PNG", transparency=1),
        _saved(Image.fromarray(_pixels(1, np.uint16)), "PNG"),
        _saved(GREY.convert("1"), "PNG"),
    ],
    "jpeg": [
        _saved(RGB, "JPEG", exif=_exif(), icc_profile=PROFILE),
        _saved(RGB, "JPEG", progressive=True),
        _saved(GREY, "JPEG"),
        _saved(RGB.convert("CMYK"), "JPEG"),
    ],
    "tiff": [
        *(_saved(RGB, "TIFF", compression=each) for each in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits")),
        _saved(RGBA, "TIFF", save_all=True, append_images=[RGB]),
        _saved(GREY.convert("1"), "TIFF", compression="group4"),
        _saved(Image.fromarray(_pixels(1, np.uint16)), "TIFF", compression="tiff_lzw"),
    ],
    "deep tiff": [
        _tiff(_pixels(3, np.uint16), photometric="rgb"),
        _tiff(_pixels(1, np.uint16), compression="zlib", predictor=True),
        _tiff(_pixels(1, np.uint16), compression="zlib", tile=(16, 16)),
        _tiff(_pixels(3).astype(np.float32) / 255, photometric="rgb", bigtiff=True),
        _tiff(_pixels(4, np.uint16), photometric="rgb", extrasamples=["unassalpha"], planarconfig="contig"),
    ],
    "bmp": [_saved(each, "BMP") for each in (RGB, GREY, RGB.quantize(16), RGBA)],
    "others": [_saved(RGB, "GIF"), _saved(RGB, "WEBP"), _saved(RGB, "PPM"), _saved(RGB, "TGA"), _saved(GREY, "PCX")],
}


def _read(content: bytes, _work: Path) -> str:
    survey.of([content])
    record = ingest_batch([content], TREATMENT).records[0]
    assert bool(record["drop_reason"]) == bool(record["detail"])
    assert "MemoryError" not in record["detail"]
    assert "\n" not in record["detail"]
    return record["drop_reason"] or "read"


@pytest.mark.parametrize("number", [60, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("form", SAMPLES)
def test_a_damaged_file_is_a_row(tmp_path: Path, form: str, number: int) -> None:
    samples = SAMPLES[form]
    assert fuzz.met(_read, samples, tmp_path) == {"read": len(samples)}
    counts = fuzz.met(_read, fuzz.damaged(samples, number, seed=number), tmp_path)
    assert set(counts) <= {"read", "unreadable", "transparent"}
    assert min(counts["read"], counts["unreadable"]) > number / 20


def test_an_image_whose_mode_is_not_that_of_its_pixels_is_unreadable(tmp_path: Path) -> None:
    """Found by the long test: a TIFF that Pillow calls RGB and decodes to four channels."""
    *_, found = fuzz.damaged(SAMPLES["tiff"], 536, seed=10_000)
    assert fuzz.met(_read, [found], tmp_path) == {"unreadable": 1}
