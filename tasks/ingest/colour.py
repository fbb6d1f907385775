"""Embedded colour profiles (ICC): an image's colours in sRGB, which everything after ingest takes them for."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SAME = 2
"""Grey levels by which a profile may move a colour and still be taken for sRGB's own; such pixels stay as they are."""
STEPS = 17
"""Colours a channel by which a profile is compared with sRGB."""
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""The mode of pixels that a profile of each colour space describes."""

CONVERTED, BROKEN = "colours by its ICC profile", "broken ICC profile ignored"


class MismatchError(ValueError):
    """The profile is for pixels of another kind."""


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    """The image, without alpha, as RGB in sRGB, and what its profile did: CONVERTED, BROKEN, or "" for nothing.

    By relative colorimetric intent with black point compensation. A profile that cannot be read, or is none for this
    kind of pixels, is BROKEN, and the pixels are taken for sRGB.
    """
    if profile is None:
        return image.convert("RGB"), ""
    try:
        transform, mode = _transform(profile)
        prepared = _prepared(image, mode)
        if transform is None:
            return image.convert("RGB"), ""
        converted = ImageCms.applyTransform(prepared, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image.convert("RGB"), BROKEN
    assert converted is not None, "only a transformation in place returns nothing"
    return converted, CONVERTED


def _prepared(image: Image.Image, mode: str) -> Image.Image:
    """The image in the mode that the profile describes."""
    if mode == image.mode:
        return image
    if mode == "RGB" and image.mode in ("1", "L", "P", "RGBX", "YCbCr"):
        return image.convert("RGB")
    if mode == "L" and image.mode in ("1", "P") and _is_grey(image):
        return image.convert("L")
    raise MismatchError(f"a profile for {mode} in an image of {image.mode}")


def _is_grey(image: Image.Image) -> bool:
    colours = np.asarray(image.convert("RGB"))
    return bool((colours == colours[..., :1]).all())


@lru_cache(maxsize=16)
def _transform(profile: bytes) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """The transformation into sRGB, None where that changes nothing, and the mode of what it takes."""
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = MODES.get(opened.profile.xcolor_space.strip())
    if mode is None:
        raise MismatchError(f"a profile for {opened.profile.xcolor_space}")
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    srgb = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(opened, srgb, mode, "RGB", intent, flags)
    return (None if _changes_nothing(transform, mode) else transform), mode


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode not in ("RGB", "L"):
        return False
    levels = np.linspace(0, 255, STEPS).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    before = Image.fromarray(grid if mode == "RGB" else np.arange(256, dtype=np.uint8)[None])
    after = ImageCms.applyTransform(before, transform)
    assert after is not None, "only a transformation in place returns nothing"
    difference = np.asarray(after).astype(int) - np.asarray(before.convert("RGB"))
    return bool(np.abs(difference).max() <= SAME)
