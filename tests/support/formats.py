"""Deliveries in each format that `add` takes, of images of their own."""

import shutil
from pathlib import Path

import numpy as np

from tests.support import retrained


def folder(place: Path, seed: int) -> Path:
    """A folder for each class."""
    return retrained.images(place / "folder", 8, seed)


def archived(place: Path, seed: int, kind: str) -> Path:
    """A zip or a tar of that."""
    images = retrained.images(place / f"of-{kind}", 8, seed)
    return Path(shutil.make_archive(str(place / kind), kind, images))


def arrays(place: Path, seed: int) -> Path:
    """An npz of `images`, `labels` and `classes`."""
    drawn = np.random.default_rng(seed).integers(0, 255, (8, 8, 8, 3), dtype=np.uint8)
    np.savez(place / "arrays.npz", images=drawn, labels=np.arange(8)[:, None] % 2, classes=["ig", "platelet"])
    return place / "arrays.npz"


def each(place: Path) -> dict[str, Path]:
    """One in each format, by name."""
    place.mkdir(parents=True, exist_ok=True)
    return {
        "folder": folder(place, 11),
        "zipped": archived(place, 12, "zip"),
        "tarred": archived(place, 13, "gztar"),
        "arrays": arrays(place, 14),
    }
