"""From a file's bytes to RGB pixels, by stated rules.

| what came | what is done |
| --- | --- |
| EXIF orientation | the image is turned upright; a malformed EXIF is ignored |
| an ICC profile | colours are converted to sRGB; a broken profile is ignored, and so is one that changes nothing |
| grey, 1 bit, palette, CMYK | converted to RGB |
| more than 8 bits a value, floating point | scaled linearly to 8 by the depth of the delivery (`tasks.depth`) |
| transparency | laid over white, the background of a smear |
| alpha 0 everywhere | the colours below are taken as they are; where there is but one, the file is transparent |
| large text, comments | skipped |
| several frames | the first is taken |
| already image_size x image_size | left as it is, unless the delivery has a crop of its own |
| any other size | centre crop (the largest centre square where the image is smaller than that), then bicubic resize |
"""

import hashlib
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImagePalette, TiffImagePlugin

from tasks import depth
from tasks.delivery.container import FILE_LIMIT
from tasks.delivery.formats import Content
from tasks.depth import Depth
from tasks.ingest import colour, deep, png

INVISIBLE = 2
"""Alpha, of 255, up to which a pixel counts as not there."""
STRAY = 0.001
"""Share of pixels with more alpha than that below which an image's alpha says nothing."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's orientation."""
ALPHA_IGNORED, EXIF_IGNORED, FIRST_FRAME = "alpha of 0 ignored", "malformed EXIF ignored", "first of several frames"


class UnreadableError(ValueError):
    """The bytes are no image that can be decoded; the message says why."""


class TransparentError(UnreadableError):
    """The image is transparent everywhere, with nothing below."""


class ImageArray(NamedTuple):
    """Upright RGB pixels, uint8 (height, width, 3), and what was done to read them, beyond the ordinary."""

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def decode(data: bytes, bits: Depth | None = None) -> NDArray[np.uint8]:
    """The pixels of `read`."""
    return read(data, bits).pixels


def read(data: bytes, bits: Depth | None = None) -> ImageArray:
    """The image in the file; `bits` is the depth of files of more than 8 bits, None: as this one alone tells it.

    Raises UnreadableError for whatever cannot be decoded.
    """
    try:
        return _read(data, bits)
    except UnreadableError:
        raise
    except Exception as error:  # the decoders of Pillow raise whatever they like on broken files
        raise UnreadableError(f"{type(error).__name__}: {_without_address(str(error))}") from error


def decoded(content: Content, bits: Depth | None = None) -> ImageArray:
    """The image that came as a file, or as an array of any depth; as `read`."""
    if isinstance(content, bytes):
        return read(content, bits)
    if content.dtype == np.uint8 and content.shape[2] == 3:
        return ImageArray(content)
    found = deep.Samples(content[..., :3], content[..., 3] if content.shape[2] > 3 else None)
    try:
        if content.dtype == np.uint8:
            return _scaled(found, 8, [])
        bits = depth.find([found.level()]) if bits is None else bits
        return _scaled(found, bits, [f"depth {bits}"])
    except UnreadableError:
        raise
    except ValueError as error:
        raise UnreadableError(str(error)) from error


def _scaled(found: deep.Samples, bits: Depth, notes: list[str]) -> ImageArray:
    pixels, more = _rgb(found.image(bits), None)
    return ImageArray(pixels, (*notes, *more))


def fit(pixels: NDArray[np.uint8], crop: int, image_size: int, own: bool = False) -> NDArray[np.uint8]:
    """The image at its place in the set, uint8 (image_size, image_size, 3), from uint8 (height, width, 3).

    `own`: the crop is the delivery's own, so images of image_size are cropped too.
    """
    height, width = pixels.shape[:2]
    side = side_of(height, width, crop, image_size, own)
    if height == width == side == image_size:
        return pixels
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.BICUBIC))


def side_of(height: int, width: int, crop: int, image_size: int, own: bool = False) -> int:
    """Side of the square that `fit` cuts out, in pixels of the image."""
    if height == width == image_size and not own:
        return image_size
    return crop if 0 < crop <= min(height, width) else min(height, width)


def content_id(content: NDArray[np.uint8] | bytes) -> str:
    """The id of decoded pixels before crop and resize, or of the bytes of a file that has none: 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    if isinstance(content, np.ndarray):
        digest.update(repr(content.shape).encode())
        content = np.ascontiguousarray(content).tobytes()
    digest.update(content)
    return digest.hexdigest()


def _read(data: bytes, bits: Depth | None) -> ImageArray:
    if len(data) > FILE_LIMIT:
        raise UnreadableError(f"has more than {FILE_LIMIT} bytes, the most that an image may have")
    cleaned = png.cleaned(data) if data.startswith(png.SIGNATURE) else png.Cleaned(data, None)
    found = deep.samples(cleaned.data)
    if found is None:
        image, notes = _opened(cleaned.data)
        profile = image.info.get("icc_profile")
    else:
        bits = depth.find([found.level()]) if bits is None else bits
        image, notes = _turned(found.image(bits), found.orientation), [f"depth {bits}"]
        notes += [FIRST_FRAME] * (found.frames > 1)
        profile = found.profile
    pixels, more = _rgb(image, cleaned.profile if cleaned.profile is not None else profile)
    return ImageArray(pixels, (*notes, *more))


def _opened(data: bytes) -> tuple[Image.Image, list[str]]:
    """The upright image in a file of 8 bits, and notes."""
    image: Image.Image = Image.open(io.BytesIO(data))
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        image = _mended(image, data)
    try:
        image.load()
        turned = _turned(image, image.getexif().get(0x0112, 1))
        return turned, [FIRST_FRAME] * (getattr(image, "n_frames", 1) > 1)
    except Exception:
        if getattr(image, "tile", True):  # the pixels themselves cannot be read
            raise
        return image, [EXIF_IGNORED]


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def _mended(image: ImageFile.ImageFile, data: bytes) -> ImageFile.ImageFile:
    """Have Pillow read what it would make black.

    A palette has 16 bits a colour, where some programs write 8; colours multiplied by an alpha of 0 are 0, so what is
    there was never multiplied.
    """
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    if image.mode == "P" and max(colours := image.tag_v2[TiffImagePlugin.COLORMAP]) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(colours))
    if not any("RGBa" in str(tile.args) for tile in image.tile):
        return image
    stored = Image.open(io.BytesIO(data))
    assert isinstance(stored, ImageFile.ImageFile)
    stored.tile = [
        tile._replace(args=tuple("RGBA" if part == "RGBa" else part for part in tile.args or ())) for tile in image.tile
    ]
    return stored if _is_invisible(stored.getchannel("A")) else image


def _is_invisible(alpha: Image.Image) -> bool:
    return bool((np.asarray(alpha) > INVISIBLE).mean() < STRAY)


def _rgb(image: Image.Image, profile: bytes | None) -> tuple[NDArray[np.uint8], list[str]]:
    alpha, notes = None, []
    if image.has_transparency_data:
        alpha = image.convert("RGBA").getchannel("A")
        if _is_invisible(alpha):
            alpha, notes = None, [ALPHA_IGNORED]
        image = _without_alpha(image, alpha is None)
    image, converted = colour.to_srgb(image, profile)
    if alpha is not None:
        image.putalpha(alpha)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    pixels = np.asarray(image)
    if pixels.shape[2:] != (3,):  # Pillow is at odds with itself over the mode of some damaged TIFF
        raise UnreadableError(f"decoded to the shape {pixels.shape}, expected three colours")
    if notes and (pixels == pixels[:1, :1]).all():
        raise TransparentError("transparent everywhere, and of one colour below")
    return pixels, [*notes, *filter(None, [converted])]


def _without_alpha(image: Image.Image, raw: bool) -> Image.Image:
    """The colours alone; `raw`: also those that were multiplied by an alpha of 0 as they are stored."""
    if image.mode == "RGBa":
        return Image.fromarray(np.asarray(image)[..., :3]) if raw else image.convert("RGBA").convert("RGB")
    return image.convert("L" if image.mode in ("L", "LA") else "RGB")


def _without_address(message: str) -> str:
    """Pillow names the object in memory, whose address differs from run to run."""
    return message.split(" <_io")[0]
