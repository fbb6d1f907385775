"""Files of more than 8 bits a value, whole numbers or floating point: their values as stored.

Pillow gives these away: of 16-bit colours it keeps the upper byte, so that 12 bits come out black, and floating point
colours, planes and most signed values it does not read at all.
"""

import io
import logging
import re
import warnings
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from tasks import depth
from tasks.ingest.png import SIGNATURE as PNG

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong with a file goes into its row

PIXELS_LIMIT = 64_000_000
"""A smear at full sensor size; more is taken for a decompression bomb."""
Image.MAX_IMAGE_PIXELS = PIXELS_LIMIT // 2  # Pillow warns of more, and refuses twice as many
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

BYTES_LIMIT = 128 << 20
"""Of values of more than 8 bits in one image; every step takes as much again."""

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
EIGHT_BITS = (b"\xff\xd8\xff", b"BM", b"GIF8")
"""First bytes of JPEG, BMP and GIF, which hold no more."""
GREY, COLOURS, INKS = 1, 3, 4
CHANNELS = {
    tifffile.PHOTOMETRIC.MINISWHITE: GREY,
    tifffile.PHOTOMETRIC.MINISBLACK: GREY,
    tifffile.PHOTOMETRIC.RGB: COLOURS,
    tifffile.PHOTOMETRIC.SEPARATED: INKS,
}
PNG_CHANNELS = {2: 3, 4: 2, 6: 4}
"""Of PNG's kinds of colour."""
SIGNED = 2
"""TIFF's format of whole numbers below 0 too, which Pillow takes for others."""
PREMULTIPLIED = 1
"""TIFF's kind of extra sample for an alpha by which the colours have been multiplied."""
SIGNIFICANT = re.compile(r'SignificantBits="(\d+)"')
"""How OME-TIFF states a camera's bits."""


class Samples(NamedTuple):
    """The values of an image: (height, width), (..., 3) for RGB or (..., 4) for CMYK; `alpha` is (height, width)."""

    values: NDArray[Any]
    alpha: NDArray[Any] | None = None
    premultiplied: bool = False
    white_is_zero: bool = False
    stated: int | None = None  # bits, by the header
    orientation: int = 1  # as EXIF counts, still to be undone
    profile: bytes | None = None
    frames: int = 1

    def level(self) -> depth.Level:
        """What tells the depth. Raises ValueError for values that are no numbers."""
        return depth.level(self.values, self.stated)

    def image(self, bits: depth.Depth) -> Image.Image:
        """The image in 8 bits: L, RGB, CMYK, RGBA or RGBa. Raises ValueError for values that are no numbers."""
        for values in (self.values, self.alpha):
            if values is not None:
                depth.check_numbers(values)
        scaled = depth.to_uint8(self.values, bits)
        if self.white_is_zero:
            scaled = 255 - scaled
        image = Image.fromarray(scaled, "CMYK" if scaled.ndim == 3 and scaled.shape[2] == INKS else None)
        if self.alpha is None:
            return image
        alpha = depth.to_uint8(self.alpha, _depth_of_alpha(self.alpha, bits))
        layers = [*image.convert("RGB").split(), Image.fromarray(alpha)]
        return Image.merge("RGBA", layers) if not self.premultiplied else _premultiplied(layers)


def samples(data: bytes) -> Samples | None:
    """The values of the file's first image, None for one of 8 bits. Raises whatever decoders raise."""
    if data.startswith(PNG):
        return _png(data) if data[24:25] == b"\x10" else None
    if data.startswith(TIFF):
        return _tiff(data)
    if data.startswith(EIGHT_BITS):
        return None
    image = Image.open(io.BytesIO(data))
    return Samples(np.asarray(image)) if image.mode.startswith(("I", "F")) else None


def _png(data: bytes) -> Samples:
    image = Image.open(io.BytesIO(data))
    profile = image.info.get("icc_profile")
    key = image.info.get("transparency")
    kind = data[25]
    _check_size(image.width * image.height, image.width * image.height * 2 * PNG_CHANNELS.get(kind, 1))
    values: NDArray[Any]
    alpha: NDArray[Any] | None
    if kind == 0:
        values, alpha = np.asarray(image).astype(np.uint16), None
    elif kind == 4:
        pair = _bytes(data, "RGBA").view(">u2")
        values, alpha = pair[..., 0], pair[..., 1]
    else:
        both = _bytes(data, f"{image.mode};16B").astype(np.uint16) << 8 | _bytes(data, f"{image.mode};16L")
        values, alpha = both[..., :3], both[..., 3] if both.shape[2] > 3 else None
    if key is not None:
        opaque = values != np.asarray(key)
        alpha = np.where(opaque.any(axis=2) if opaque.ndim > 2 else opaque, np.uint16(65535), np.uint16(0))
    return Samples(values, alpha, profile=profile, orientation=_orientation(image))


def _bytes(data: bytes, form: str) -> NDArray[np.uint8]:
    """The pixels as Pillow unpacks them in that raw mode: `;16B` has the upper bytes, `;16L` then the lower ones."""
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, ImageFile.ImageFile)
    image.tile = [tile._replace(args=form) for tile in image.tile]
    return np.array(image)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # a malformed EXIF says nothing about the pixels
        return 1


def _has_eight_bits(data: bytes) -> bool:
    """Whether Pillow takes it for a TIFF of at most 8 bits a value."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if not isinstance(image, TiffImagePlugin.TiffImageFile):
                return False
            return max(image.tag_v2.get(258, (1,))) <= 8 and SIGNED not in image.tag_v2.get(339, ())
    except UnidentifiedImageError:
        return False


def _tiff(data: bytes) -> Samples | None:
    if _has_eight_bits(data):
        return None
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        assert isinstance(page, tifffile.TiffPage)
        if page.bitspersample <= 8 and page.sampleformat == 1:
            return None
        facts: dict[str, Any] = {
            "stated": _stated(page),
            "white_is_zero": page.photometric == tifffile.PHOTOMETRIC.MINISWHITE,
            "premultiplied": PREMULTIPLIED in page.extrasamples[:1],
            "profile": page.iccprofile,
            "frames": len(file.pages),
        }
        channels = CHANNELS.get(tifffile.PHOTOMETRIC(page.photometric))
        if channels is None:
            raise UnidentifiedImageError(f"{page.bitspersample} bits of {page.photometric!r}, expected grey or RGB")
        values, orientation = _decoded(data, page)
    if values.dtype.kind not in "uif":
        raise UnidentifiedImageError(f"values of {values.dtype}, expected integers or floats")
    colours = values if values.ndim == 2 else values[..., 0] if channels == GREY else values[..., :channels]
    alpha = values[..., channels] if _has_alpha(page, values, channels) else None
    return Samples(colours, alpha, orientation=orientation, **facts)


def _has_alpha(page: tifffile.TiffPage, values: NDArray[Any], channels: int) -> bool:
    """Whether the first extra sample is alpha; one of no stated kind is, beside three colours, as Pillow has it."""
    extra = values.ndim == 3 and values.shape[2] > channels
    kinds = page.extrasamples[:1]
    return extra and (kinds[0] in (1, 2) if kinds else channels == COLOURS)


def _decoded(data: bytes, page: tifffile.TiffPage) -> tuple[NDArray[Any], int]:
    """Values, (height, width) or (..., samples), and how they still have to be turned."""
    _check_size(page.imagewidth * page.imagelength, page.nbytes)
    if page.imagedepth > 1:
        raise UnidentifiedImageError(f"{page.imagedepth} layers in depth, expected one")
    try:
        values = page.asarray()
    except (ValueError, ImportError):  # a compression that tifffile does not know by itself
        return _by_pillow(data), 1
    if page.axes.startswith("S"):
        values = np.moveaxis(values, 0, -1)
    tag = page.tags.get(274)
    return values, int(tag.value) if tag else 1


def _check_size(pixels: int, size: int) -> None:
    if pixels > PIXELS_LIMIT or size > BYTES_LIMIT:
        expected = f"expected at most {PIXELS_LIMIT} and {BYTES_LIMIT}"
        raise Image.DecompressionBombError(f"{pixels} pixels, of {size} bytes as numbers, {expected}")


def _by_pillow(data: bytes) -> NDArray[Any]:
    """Values by libtiff, of whole numbers from 0 where there are several channels; Pillow turns them upright."""
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, ImageFile.ImageFile)
    if image.mode.startswith(("I", "F")):
        return np.asarray(image)
    upper, lower = (_tiff_bytes(data, order) for order in [";16L", ";16B"])
    return upper.astype(np.uint16) << 8 | lower


def _tiff_bytes(data: bytes, order: str) -> NDArray[np.uint8]:
    """libtiff gives values in this machine's order, little endian: `;16L` takes the upper byte, `;16B` the lower."""
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, ImageFile.ImageFile)
    args: Any = image.tile[0].args
    native = args[0]
    if not native.endswith(";16N"):
        raise UnidentifiedImageError(f"values in the form {native}, expected 16 bits")
    form = native.replace(";16N", order).replace("RGBa", "RGBA")
    image.tile = [tile._replace(args=(form, *args[1:])) for tile in image.tile]
    return np.array(image)


def _stated(page: tifffile.TiffPage) -> int | None:
    """The bits that values make use of: packed ones, OME's word, or the largest sample, of n bits all set."""
    if page.sampleformat == tifffile.SAMPLEFORMAT.IEEEFP:
        return None
    if 8 < page.bitspersample < 16:
        return int(page.bitspersample)
    if found := SIGNIFICANT.search(page.description or ""):
        return int(found[1]) if 8 <= int(found[1]) <= 32 else None
    tag = page.tags.get(281)
    largest = int(np.max(tag.value)) if tag else 0
    return largest.bit_length() if 8 < largest.bit_length() < 16 and (largest + 1).bit_count() == 1 else None


def _depth_of_alpha(alpha: NDArray[Any], bits: depth.Depth) -> depth.Depth:
    """Alpha has the depth of the colours, or fills what it is stored in."""
    if alpha.dtype.kind == "f":
        return depth.UNIT if alpha.max() <= 1 else bits
    return bits if bits != depth.UNIT and int(alpha.max()).bit_length() <= bits else alpha.dtype.itemsize * 8


def _premultiplied(layers: list[Image.Image]) -> Image.Image:
    image = Image.merge("RGBA", layers)
    return Image.frombytes("RGBa", image.size, image.tobytes())
