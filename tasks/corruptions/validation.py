"""The corrupted validation images by which a training is judged, the same ones in every training.

Clean images of one laboratory tell models apart no longer; corrupted ones do, as ImageNet-C (arXiv:1903.12261)
showed. No kind here is among the augmentations of a training, nor among those of the benchmark that a finished model is
tested on, MedMNIST-C (arXiv:2406.17536): a model is chosen by what it never saw, and the test stays untouched.
tests/test_validation_guard.py holds that.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.corruptions import camera, optics, sensor, slide, storage
from tasks.corruptions.kind import FAMILIES, SEVERITIES, Family, Kind, applied, check_ids, check_images, check_kind

TABLE = {
    "elastic": Kind("geometry", optics.elastic, (0.010, 0.016, 0.022, 0.029, 0.037)),
    "magnification": Kind("geometry", slide.magnification, (1.1, 1.2, 1.3, 1.42, 1.55)),
    "fading": Kind("colour", camera.fading, (0.3, 0.45, 0.6, 0.75, 0.9)),
    "fibre": Kind("occlusion", slide.fibre, (0.008, 0.014, 0.022, 0.032, 0.045)),
    "illumination": Kind("light", optics.illumination, (0.4, 0.65, 0.9, 1.2, 1.5)),
    "haze": Kind("light", optics.haze, (0.4, 0.7, 1.1, 1.6, 2.4)),
    "chromatic_aberration": Kind("blur", optics.chromatic_aberration, (0.015, 0.030, 0.045, 0.060, 0.080)),
    "zoom_blur": Kind("blur", optics.zoom_blur, (1.05, 1.10, 1.15, 1.20, 1.25)),
    "shadow": Kind("occlusion", slide.shadow, (0.3, 0.45, 0.6, 0.75, 0.9)),
    "spectrum": Kind("colour", camera.spectrum, (0.05, 0.08, 0.11, 0.14, 0.18)),
    "flicker": Kind("light", sensor.flicker, (0.08, 0.14, 0.20, 0.30, 0.45)),
    "shot_noise": Kind("noise", sensor.shot_noise, (250, 100, 50, 30, 15)),
    "impulse_noise": Kind("noise", sensor.impulse_noise, (0.01, 0.02, 0.05, 0.08, 0.14)),
    "interlace": Kind("digital", storage.interlace, (0.015, 0.025, 0.035, 0.05, 0.07)),
    "knee": Kind("tone", camera.knee, (0.2, 0.32, 0.45, 0.6, 0.75)),
    "s_curve": Kind("tone", camera.s_curve, (5.0, 8.0, 11.0, 15.0, 20.0)),
    "dither": Kind("digital", storage.dither, (10, 7, 5, 4, 3)),
    "wavelet": Kind("digital", storage.wavelet, (0.03, 0.05, 0.08, 0.12, 0.17)),
}
"""In the order in which light meets them, from the specimen to the file: noise is never bent or blurred.

Zoom blur and the two noises have the strengths of Tiny ImageNet-C, made by the authors of ImageNet-C for images of 64
pixels: those for 224 leave no cell to tell at 96. The others were set by eye on real cells.
"""

KINDS: tuple[str, ...] = tuple(TABLE)
CHAINED = (
    "elastic", "illumination", "haze", "chromatic_aberration", "zoom_blur", "flicker", "shot_noise", "impulse_noise",
)  # fmt: skip
"""Those that choose an epoch and fit the temperature. With all of them, a recipe that knows little of some families is
stopped early for their sake: on the demo, `heavy` ended in epoch 5 of 12, at 0.929 clean instead of 0.992."""
LONGEST = 2
"""Kinds of a chain at most."""


def corrupt(images: NDArray[np.uint8], kind: str, severity: int, seeds: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """RGB images, uint8 (n, side, side, 3), under a corruption of that kind and severity; same dtype and shape.

    Each result follows from the image, kind, severity and the image's own seed, uint64 (n,), alone. Raises
    ValueError for a kind that is not in KINDS, a severity that is not 1 to SEVERITIES, another dtype or shape.
    """
    check_images(images)
    check_kind(TABLE, kind, severity)
    if seeds.dtype != np.uint64 or seeds.shape != (len(images),):
        raise ValueError(f"seeds must be uint64 of shape ({len(images)},), got {seeds.dtype} of shape {seeds.shape}")
    return applied(TABLE[kind], severity, images, map(np.random.default_rng, seeds))


def chain(images: NDArray[np.uint8], ids: Sequence[str], seed: int) -> NDArray[np.uint8]:
    """RGB images, uint8 (n, side, side, 3), each under one to LONGEST different kinds of CHAINED; same dtype and shape.

    Number, kinds, severities and all that is random about them follow from (seed, the image's id): an image is
    always corrupted in the same way, whatever else is in the set. Raises ValueError for another dtype or shape, for
    ids that are not one an image, and for a negative seed.
    """
    check_images(images)
    check_ids(ids, images, seed)
    kinds, severities, seeds = links(ids, seed)
    corrupted = images.copy()
    for place, kind in enumerate(CHAINED):
        for severity in range(1, SEVERITIES + 1):
            rows, link = np.nonzero((kinds == place) & (severities == severity))
            corrupted[rows] = corrupt(corrupted[rows], kind, severity, seeds[rows, link])
    return corrupted


def of_family(images: NDArray[np.uint8], family: Family, ids: Sequence[str], seed: int) -> NDArray[np.uint8]:
    """RGB images, uint8 (n, side, side, 3), each under one kind of that family; same dtype and shape.

    Kind, severity and all that is random about it follow from (seed, the image's id, the family). Raises ValueError as
    `chain` does, and for a family that is not in FAMILIES.
    """
    check_images(images)
    check_ids(ids, images, seed)
    kinds = [kind for kind in KINDS if TABLE[kind].family == family]
    if not kinds:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {family!r}")
    numbers = [
        np.random.default_rng([seed, *(int.from_bytes(text.encode()) for text in (family, name))]) for name in ids
    ]
    drawn = [(kinds[rng.integers(len(kinds))], rng.integers(1, SEVERITIES, endpoint=True)) for rng in numbers]
    corrupted = images.copy()
    for k, ((kind, severity), rng) in enumerate(zip(drawn, numbers, strict=True)):
        corrupted[k] = applied(TABLE[kind], int(severity), images[k : k + 1], [rng])[0]
    return corrupted


def links(ids: Sequence[str], seed: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.uint64]]:
    """What each image is due, a column a link: kind by its place in CHAINED, severity, seed; severity 0 is no link."""
    kinds, severities = np.zeros((2, len(ids), LONGEST), np.int64)
    seeds = np.zeros((len(ids), LONGEST), np.uint64)
    for k, name in enumerate(ids):
        rng = np.random.default_rng([seed, int.from_bytes(name.encode())])
        count = rng.integers(1, LONGEST, endpoint=True)
        kinds[k] = rng.choice(len(CHAINED), LONGEST, replace=False)
        severities[k, :count] = rng.integers(1, SEVERITIES, count, endpoint=True)
        seeds[k] = rng.integers(2**64, size=LONGEST, dtype=np.uint64)
    return kinds, severities, seeds
