"""The corruptions that a finished model is tested on: the corruptions of MedMNIST-C (arXiv:2406.17536) for blood cells.

Kinds and strengths follow `CORRUPTIONS_DS["bloodmnist"]` of medmnistc/corruptions/registry.py in medmnistc-api (commit
b6dee0e), which corrupts images of 224 pixels; lengths are the same shares of the side here. Where a kind would be an
augmentation of the training over again, its form is another one, which its own docstring says: brightness, contrast,
defocus. tests/test_validation_guard.py holds that no augmentation does what a kind does.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tasks.corruptions import blur, colour, encoding, specimen
from tasks.corruptions.kind import SEVERITIES, Kind, applied, check_ids, check_images, check_kind

TABLE = {
    "stain_deposit": Kind("occlusion", specimen.stain_deposit, (0.02, 0.03, 0.04, 0.055, 0.07)),
    "bubble": Kind("occlusion", specimen.bubble, (5 / 224, 7 / 224, 10 / 224, 12 / 224, 15 / 224)),
    "defocus_blur": Kind("blur", blur.defocus_blur, (0.010, 0.016, 0.023, 0.031, 0.042)),
    "motion_blur": Kind("blur", blur.motion_blur, (3 / 224, 5 / 224, 6 / 224, 7 / 224, 9 / 224)),
    "brightness_up": Kind("tone", colour.brightness, (1.1, 1.2, 1.3, 1.35, 1.4)),
    "brightness_down": Kind("tone", colour.brightness, (0.9, 0.8, 0.7, 0.6, 0.5)),
    "contrast_up": Kind("tone", colour.contrast, (1.1, 1.15, 1.2, 1.25, 1.3)),
    "contrast_down": Kind("tone", colour.contrast, (0.9, 0.8, 0.7, 0.6, 0.5)),
    "saturation": Kind("colour", colour.saturation, (0.05, 0.10, 0.15, 0.17, 0.20)),
    "pixelate": Kind("digital", encoding.pixelate, (0.6, 0.5, 0.4, 0.3, 0.25)),
    "jpeg": Kind("digital", encoding.jpeg, (50, 30, 15, 10, 7)),
}
"""In the order in which light meets them, from the slide to the file, which is that of a chain too.

Set by eye on real cells: deposits, which have another shape, and the radius of the ring. The others are MedMNIST-C's.
"""

KINDS: tuple[str, ...] = tuple(TABLE)
OPPOSITES = ({"brightness_up", "brightness_down"}, {"contrast_up", "contrast_down"})
LONGEST = 3
"""Kinds of a chain at most."""


def corrupt(images: NDArray[np.uint8], kind: str, severity: int, ids: Sequence[str], seed: int) -> NDArray[np.uint8]:
    """RGB images, uint8 (n, side, side, 3), under a corruption of that kind and severity; same dtype and shape.

    Each result follows from (seed, image, its id, kind, severity) alone. What is drawn for an image does not depend
    on the severity: a greater one corrupts it further in the same way. Raises ValueError for another dtype or shape, a
    kind that is not in KINDS, a severity that is not 1 to SEVERITIES, ids that are not one an image, a negative seed.
    """
    check_images(images)
    check_kind(TABLE, kind, severity)
    check_ids(ids, images, seed)
    return applied(TABLE[kind], severity, images, _generators(ids, kind, seed))


def mixed(images: NDArray[np.uint8], ids: Sequence[str], seed: int) -> NDArray[np.uint8]:
    """RGB images, uint8 (n, side, side, 3), each under a chain of its own, as in the contest; same dtype and shape.

    One to LONGEST different kinds, no two of them opposites, each at a severity of its own: all follows from (seed,
    image, its id), whatever else is in the set. Raises ValueError as `corrupt` does.
    """
    check_images(images)
    check_ids(ids, images, seed)
    severities, corrupted = chains(ids, seed), images.copy()
    for column, kind in enumerate(KINDS):
        for severity in range(1, SEVERITIES + 1):
            rows = np.flatnonzero(severities[:, column] == severity).tolist()
            corrupted[rows] = corrupt(corrupted[rows], kind, severity, [ids[row] for row in rows], seed)
    return corrupted


def chains(ids: Sequence[str], seed: int) -> NDArray[np.int64]:
    """What mixed corruptions does to each image: the severity of each of KINDS, (n, kinds); 0 is not at all."""
    severities = np.zeros((len(ids), len(KINDS)), np.int64)
    for row, rng in zip(severities, _generators(ids, "mix", seed), strict=True):
        length = rng.integers(1, LONGEST, endpoint=True)
        chosen = _compatible(rng.permutation(len(KINDS)))[:length]
        row[chosen] = rng.integers(1, SEVERITIES, length, endpoint=True)
    return severities


def _compatible(columns: Sequence[int] | NDArray[np.int64]) -> list[int]:
    """Places of kinds without those whose opposite came before."""
    kept: list[int] = []
    for column in columns:
        if not any({KINDS[column], KINDS[other]} in OPPOSITES for other in kept):
            kept.append(column)
    return kept


def _generators(ids: Sequence[str], use: str, seed: int) -> Iterator[Generator]:
    """A generator for each id, another one for each use."""
    return (np.random.default_rng([seed, *(int.from_bytes(text.encode()) for text in (use, name))]) for name in ids)
