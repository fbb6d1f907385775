"""What is measured on each image, before anybody judges: contrast, smoothness, lost parts, background."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

CONSTANT = 2
"""Grey levels by which a row of lost pixels may vary. The background of a real smear varies more."""
BACKGROUND = (0.80, 0.98)
"""Quantiles of brightness between which pixels are taken for background; what is brighter is glare."""
COLOURLESS = 8.0
"""CIELAB chroma below which a background is grey."""
HUES = {"red": 0, "yellow": 50, "green": 115, "cyan": 165, "blue": 225, "magenta": 315}
"""Where in the CIELAB hue circle, in degrees, each name begins; the primaries of sRGB lie well inside their own."""


def measures(pixels: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """A record for each of the RGB images, uint8 (n, height, width, 3).

    | key | meaning |
    | --- | --- |
    | contrast | standard deviation of the grey image, 0 to 128 grey levels |
    | smoothness | correlation of neighbouring pixels, -1 to 1; noise has none |
    | flat | longest run of rows or columns of one colour, as a share of the side, 0 to 1 |
    | saturation | mean difference of a pixel's largest and least channel, 0 to 255 grey levels; 0 for a grey image |
    | background | colour of the background, as #rrggbb |
    | acquisition_batch | name of that colour; a smear's stain and camera show in it |
    """
    red, green, blue = (pixels[..., channel].astype(np.uint16) for channel in range(3))
    grey = (red + green + blue) * np.float32(1 / 3)  # NumPy's mean over so short an axis takes ten times as long
    colours = _backgrounds(pixels, grey)
    columns = {
        "contrast": grey.std(axis=(1, 2)).astype(float).tolist(),
        "smoothness": _smoothness(grey).astype(float).tolist(),
        "flat": _flat(pixels, grey).tolist(),
        "saturation": _saturation(pixels).astype(float).tolist(),
        "background": [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours.tolist()],
        "acquisition_batch": colour_names(colours),
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def colour_names(colours: NDArray[np.uint8]) -> list[str]:
    """For each RGB colour, (n, 3), one of HUES or grey, by a fixed division of CIELAB (CIE 15): nothing moves it."""
    _, a, b = rgb2lab(colours).T
    sector = np.searchsorted(list(HUES.values()), np.degrees(np.arctan2(b, a)) % 360, side="right") - 1
    return np.where(np.hypot(a, b) < COLOURLESS, "grey", np.array(list(HUES))[sector]).tolist()


def _saturation(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    red, green, blue = (pixels[..., channel] for channel in range(3))
    largest, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return (largest - least).mean(axis=(1, 2))


def _smoothness(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Autocorrelation at a distance of one pixel, across or down, whichever is less; 0 for constant images."""
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    power = np.square(centred).mean(axis=(1, 2))
    across = (centred[:, :, 1:] * centred[:, :, :-1]).mean(axis=(1, 2))
    down = (centred[:, 1:] * centred[:, :-1]).mean(axis=(1, 2))
    return np.where(power > 0, np.minimum(across, down) / np.where(power > 0, power, 1), 0)


def _flat(pixels: NDArray[np.uint8], grey: NDArray[np.float32]) -> NDArray[np.float64]:
    upright, turned = _constant(pixels, grey), _constant(pixels.swapaxes(1, 2), grey.swapaxes(1, 2))
    return np.array(
        [max(_longest_run(rows), _longest_run(columns)) for rows, columns in zip(upright, turned, strict=True)]
    )


def _constant(pixels: NDArray[np.uint8], grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Rows of one colour, bool (n, height); few rows are grey alike, and only those are looked at in colour."""
    constant = grey.max(axis=2) - grey.min(axis=2) <= CONSTANT
    constant[constant] = np.ptp(pixels[constant], axis=1).max(axis=1) <= CONSTANT
    return constant


def _longest_run(constant: NDArray[np.bool_]) -> float:
    ends = np.flatnonzero(~np.concatenate([[False], constant, [False]]))
    return float(np.diff(ends).max() - 1) / len(constant)


def _backgrounds(pixels: NDArray[np.uint8], grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Median colour of the bright pixels, (n, 3); a quarter of the pixels gives it as well as all."""
    level = grey[:, ::2, ::2].reshape(len(grey), -1)
    colours = pixels[:, ::2, ::2].reshape(*level.shape, 3)
    low, high = (int(share * (level.shape[1] - 1)) for share in BACKGROUND)
    bright = np.argpartition(level, (low, high), axis=1)[:, low : high + 1]
    return np.median(np.take_along_axis(colours, bright[:, :, None], axis=1), axis=1).round().astype(np.uint8)
