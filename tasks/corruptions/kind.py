"""What all sets of corruptions share: a kind and its severities, the way from bytes to light and back, and checks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

LUMA = (0.299, 0.587, 0.114)
"""Light of red, green and blue (ITU-R BT.601), as in Pillow's grey."""
DARKEST = np.float32(1 / 255)
"""Light of the darkest pixel of which there is a logarithm."""
SEVERITIES = 5
"""1 is seen at a second look, at 3 a person still tells the cell, 5 is hard."""


Family = Literal["geometry", "occlusion", "light", "blur", "noise", "colour", "tone", "digital"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""What a corruption is a change of. tests/test_validation_guard.py holds that augmentation has the same ones."""


class Kind(NamedTuple):
    """Its family, a function of (image, strength, generator), and its strength at each severity, from 1 on."""

    family: Family
    function: Callable[[NDArray[np.float32], float, Generator], NDArray[np.float32]]
    strengths: tuple[float, float, float, float, float]


def applied(kind: Kind, severity: int, images: NDArray[np.uint8], numbers: Iterable[Generator]) -> NDArray[np.uint8]:
    """Images, uint8 (n, side, side, 3), each corrupted with a generator of its own; same dtype and shape."""
    strength, corrupted = kind.strengths[severity - 1], np.empty_like(images)
    for k, (image, rng) in enumerate(zip(images, numbers, strict=True)):
        light = kind.function(image / np.float32(255), strength, rng)
        corrupted[k] = np.rint(np.clip(light, 0, 1) * 255)
    return corrupted


def check_images(images: NDArray[Any]) -> None:
    """Raises ValueError unless they are uint8 (n, side, side, 3)."""
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if images.dtype != np.uint8 or not square:
        raise ValueError(
            f"images must be uint8 of shape (n, side, side, 3), got {images.dtype} of shape {images.shape}"
        )


def check_kind(table: Mapping[str, Kind], kind: str, severity: int) -> None:
    """Raises ValueError for a kind that is not in the table, and for a severity that is not 1 to SEVERITIES."""
    if kind not in table:
        raise ValueError(f"kind must be one of {', '.join(table)}, got {kind!r}")
    if severity not in range(1, SEVERITIES + 1):
        raise ValueError(f"severity must be 1 to {SEVERITIES}, got {severity!r}")


def check_ids(ids: Sequence[str], images: NDArray[Any], seed: int) -> None:
    """Raises ValueError for ids that are not one an image, and for a negative seed."""
    if len(ids) != len(images):
        raise ValueError(f"ids must be one an image, {len(images)}, got {len(ids)}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
