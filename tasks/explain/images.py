"""Images beside their maps, as PNG files without a clock inside."""

from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOURS = matplotlib.colormaps["viridis"]
OPACITY = 0.65
"""Of the colour where a map is 1; where it is 0 the image shows as it is."""


def overlaid(image: NDArray[np.uint8], evidence: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map, float32 (side, side), 0 to 1, in colour over an RGB image, uint8 (side, side, 3)."""
    opacity = OPACITY * evidence[..., None]
    colour = 255 * COLOURS(evidence)[..., :3]
    return np.rint((1 - opacity) * image + opacity * colour).astype(np.uint8)


def write_beside(file: Path, image: NDArray[np.uint8], evidence: NDArray[np.float32], side: int) -> None:
    """Write the image and, to its right, the same under its map, each `side` pixels a side."""
    panels = [_resized(panel, side) for panel in (image, overlaid(image, evidence))]
    write(file, np.concatenate(panels, axis=1))


def write(file: Path, image: NDArray[np.uint8]) -> None:
    """Write an RGB image, uint8 (height, width, 3), as PNG."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(file)


def _resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
