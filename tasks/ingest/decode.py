"""From a file's bytes to RGB pixels, by stated rules.

| what came | what is done |
| --- | --- |
| EXIF orientation | the picture is turned upright |
| grey, 1 bit, palette, CMYK | converted to RGB |
| 16 bits a channel | scaled linearly to 8 (65535 becomes 255) |
| transparency | laid over white, the background of a smear |
| several frames | the first is taken |
| already image_size x image_size | left as it is |
| any other size | centre crop (the largest centre square where the picture is smaller than that), then bicubic resize |
"""

import hashlib
import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = 64_000_000  # a smear at full sensor size; more is taken for a decompression bomb


class UnreadableError(ValueError):
    """The bytes are no picture that can be decoded; the message says why."""


def decode(data: bytes) -> NDArray[np.uint8]:
    """Upright RGB pixels, uint8 (height, width, 3). Raises UnreadableError for whatever cannot be decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.load()
            return np.asarray(_rgb(ImageOps.exif_transpose(image)))
    except Exception as error:  # the decoders of Pillow raise whatever they like on broken files
        raise UnreadableError(f"{type(error).__name__}: {_without_address(str(error))}") from error


def fit(pixels: NDArray[np.uint8], crop: int, image_size: int) -> NDArray[np.uint8]:
    """The picture at its place in the set, uint8 (image_size, image_size, 3), from uint8 (height, width, 3)."""
    height, width = pixels.shape[:2]
    if height == width == image_size:
        return pixels
    side = crop if 0 < crop <= min(height, width) else min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.BICUBIC))


def content_id(content: NDArray[np.uint8] | bytes) -> str:
    """The id of decoded pixels before crop and resize, or of the bytes of a file that has none: 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    if isinstance(content, np.ndarray):
        digest.update(repr(content.shape).encode())
        content = np.ascontiguousarray(content).tobytes()
    digest.update(content)
    return digest.hexdigest()


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        return _from_16_bits(image)
    if image.mode == "F":
        raise UnreadableError("floating point pixels have no stated range")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise UnreadableError(f"grey values from {values.min()} to {values.max()}, expected 0 to 65535")
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8)).convert("RGB")


def _without_address(message: str) -> str:
    """Pillow names the object in memory, whose address differs from run to run."""
    return message.split(" <_io")[0]
