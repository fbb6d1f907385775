"""The grey views of an image by which its copies are found, whatever their size, colour and annotation.

| view | shows | finds |
| --- | --- | --- |
| whole | the image as it came, before the crop | copies of another size or another colour |
| centre | its middle, CENTRE of each side | copies with a scale bar or a caption beside the cell |
| fitted | the image at its place in the set | what was cropped before it came, beside the uncropped image |
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CENTRE = 0.65
"""Share of each side that the view of the centre shows: a scale bar may fill the outer 17 % of a side."""
LARGE = 256
"""Pixels of the shorter side, at the least, to which larger images are reduced; a hash needs no more than 64."""
CLIPPED = 5
"""Grey levels at either end that count as black or white."""
DETAIL = 96
"""Side in pixels of the view of the centre, more than a hash needs. Resized, not cut out: the centre of a small copy
begins between two pixels."""


def views(image: NDArray[np.uint8], fitted: NDArray[np.uint8]) -> list[Image.Image]:
    """The views in the order of the table, from RGB pixels, uint8 (height, width, 3), before and after the fit."""
    whole = Image.fromarray(image).convert("L")
    whole = whole.reduce(max(1, min(whole.size) // LARGE))
    return [whole, _centre(whole), Image.fromarray(fitted).convert("L")]


def thumbnail(view: Image.Image, side: int) -> NDArray[np.uint8]:
    """The view on which a pair is compared, uint8 (side, side); its proportions are not kept."""
    return np.asarray(view.resize((side, side), Image.Resampling.BOX))


def clipped(view: Image.Image) -> float:
    """Share of the view that is black or white, 0 to 1: annotation or glare, of which a stained cell has hardly any."""
    levels = view.histogram()
    return (sum(levels[:CLIPPED]) + sum(levels[-CLIPPED:])) / sum(levels)


def _centre(whole: Image.Image) -> Image.Image:
    (left, right), (top, bottom) = (((1 - CENTRE) / 2 * side, (1 + CENTRE) / 2 * side) for side in whole.size)
    return whole.resize((DETAIL, DETAIL), Image.Resampling.LANCZOS, (left, top, right, bottom))
