import io

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from tasks import resolution


def saved(form: str, **options) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, form, **options)
    return stream.getvalue()


def tiff(per_unit: float, unit: int, description: str = "") -> bytes:
    tags = ImageFileDirectory_v2()
    tags[282] = tags[283] = IFDRational(per_unit)
    tags[296] = unit
    tags[270] = description
    return saved("TIFF", tiffinfo=tags)


def ome(unit: str) -> bytes:
    """As the format wants it, in UTF-8."""
    stream = io.BytesIO()
    pixels = np.zeros((4, 4, 3), np.uint8)
    tifffile.imwrite(stream, pixels, photometric="rgb", metadata=None, description=OME.format("0.125", unit).encode())
    return stream.getvalue()


OME = '<OME><Pixels PhysicalSizeX="{}" {}/></OME>'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (saved("PNG", dpi=(254_000, 254_000)), 10),
        (saved("PNG", dpi=(300, 300)), None),
        (saved("PNG"), None),
        (saved("JPEG", dpi=(72, 72)), None),
        (saved("JPEG", dpi=(50_800, 50_800)), 2),
        (tiff(254_000, 2), 10),
        (tiff(100_000, 3), 10),
        (tiff(300, 2), None),
        (tiff(9.5, 1, "ImageJ=1.53\nunit=micron\nslices=1\n"), 9.5),
        (tiff(9500, 1, "ImageJ=1.53\nunit=mm\n"), 9.5),
        (tiff(9.5, 1, "ImageJ=1.53\nunit=parsec\n"), None),
        (tiff(9.5, 1), None),
        (ome('PhysicalSizeXUnit="µm"'), 8),
        (tiff(72, 2, OME.format("125", 'PhysicalSizeXUnit="nm"')), 8),
        (tiff(72, 2, OME.format("0.125", "")), 8),
        (b"no image", None),
        (saved("BMP"), None),
    ],
)
def test_only_a_microscope_s_scale_counts(data: bytes, expected: float | None) -> None:
    assert resolution.stated(data) == (None if expected is None else pytest.approx(expected, rel=1e-3))
