"""How large the cells of images are, so that deliveries of different magnification can be compared."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2hsv
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import label

SIDE = 96
"""Side at which every image is measured, in pixels."""
SAMPLE = 24
"""Images of a class that are measured, at most."""
FEWEST = 5
"""Measured cells that a comparison needs."""
TOLERANCE = 0.15
"""Difference of two scales that is not worth a word: cells of one class differ as much from smear to smear."""


def diameter(pixels: NDArray[np.uint8]) -> float:
    """Diameter of the cell at the centre, as a share of the side, 0 to 1, of a square RGB image; NaN without a cell.

    Stain has colour and background has none: Otsu's threshold of the saturation parts them (Otsu 1979), and the stained
    region at the centre, or nearest to it, counts, as a disk of equal area.
    """
    square = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    saturation = gaussian(rgb2hsv(np.asarray(square))[..., 1], 1.0)
    if np.ptp(saturation) == 0:
        return float("nan")
    stained = scipy.ndimage.binary_fill_holes(saturation > threshold_otsu(saturation))
    regions = label(scipy.ndimage.binary_opening(stained, iterations=2))
    if not regions.any():
        return float("nan")
    rows, columns = np.nonzero(regions)
    nearest = np.argmin((rows - SIDE // 2) ** 2 + (columns - SIDE // 2) ** 2)
    area = (regions == regions[rows[nearest], columns[nearest]]).sum()
    return float(np.sqrt(4 * area / np.pi) / SIDE)


def sample(labels: Sequence[str]) -> list[int]:
    """Positions of at most SAMPLE images of each class, "" left out, spread evenly over it; in order."""
    found: list[int] = []
    for name in sorted(set(labels) - {""}):
        places = np.flatnonzero(np.array(labels) == name)
        found += places[np.linspace(0, len(places) - 1, min(SAMPLE, len(places))).round().astype(int)].tolist()
    return sorted(found)


def medians(measured: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The median of each class, from pairs of class and figure, NaN left out."""
    by_class: dict[str, list[float]] = {}
    for name, figure in measured:
        if not np.isnan(figure):
            by_class.setdefault(name, []).append(figure)
    return {name: float(np.median(figures)) for name, figures in by_class.items()}


def ratio(measured: Iterable[tuple[str, float]], reference: Mapping[str, float]) -> float:
    """How many times as large cells are as those of their class in `reference`: the median over the cells.

    Class by class, because a delivery of monocytes alone has larger cells at any scale. NaN where fewer than FEWEST
    cells can be compared.
    """
    ratios = [figure / reference[name] for name, figure in measured if name in reference and not np.isnan(figure)]
    return float(np.median(ratios)) if len(ratios) >= FEWEST else float("nan")
