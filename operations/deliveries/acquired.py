"""How the pictures of a delivery were acquired: found when it is added, and told to the person who adds it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import ConfigDict

from operations.project import listing
from tasks import cell_size, depth, params, store
from tasks.acquired import Acquisition
from tasks.delivery import raw
from tasks.ingest import pictures, survey
from tasks.params import FILE as PARAMS
from tasks.params import Classes, load

OVERRULE = f"overrule it with --depth, or in {listing.FILE}"


class Ingest(params.Section):
    """A view of the section that is ingest's; what else stands there, ingest checks."""

    section: ClassVar[str] = "ingest"
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    crop: int
    pixels_per_micrometre: float = 10.0


class Acquired(NamedTuple):
    """What is to be listed of a delivery, and what a person should know, a line each."""

    entry: Acquisition
    told: list[str]


class Reference(NamedTuple):
    """The delivery that others are compared with: the diameter of its cells by class, as a share of the side."""

    name: str
    shares: dict[str, float]


def settings(root: Path) -> Ingest | None:
    """Those of ingest, None for a project without. Raises ValueError for wrong ones."""
    return load(Ingest, root / PARAMS) if params.raw(Ingest, root / PARAMS) is not None else None


def inspect(root: Path, folder: Path, asked: Acquisition, classes: Classes, ingest: Ingest | None) -> Acquired:
    """Find the depth and the scale of the delivery in `folder`; `asked` is what the person states.

    Raises ValueError for a depth that cannot be told, or a stated one that the files contradict.
    """
    levels = survey.levels(folder)
    bits = survey.settled(levels, asked.depth)
    entry = asked.model_copy(update={"depth": bits})
    told = [] if bits is None else [f"depth: {depth.told(bits, levels)}, in {len(levels)} files; {OVERRULE}"]
    return Acquired(entry, told + (_scale(root, folder, entry, classes, ingest) if ingest else []))


def _scale(root: Path, folder: Path, entry: Acquisition, classes: Classes, ingest: Ingest) -> list[str]:
    """What there is to say about the field of view; nothing where it is that of the reference."""
    reference = _reference(root)
    crop, _ = entry.side(ingest.crop, ingest.pixels_per_micrometre)
    measured = list(_measured(folder, entry, classes))
    sides = [side for _, _, side in measured]
    lines = [f"crop: {crop} pixels of its own"] if entry.crop or entry.scale else []
    if crop and sides and min(sides) < crop:
        lines.append(f"crop: some are smaller than {crop} pixels and are taken whole, the smallest has {min(sides)}")
    wanted = cell_size.ratio([(label, size) for label, size, _ in measured], reference.shares) if reference else np.nan
    used = min(crop or max(sides, default=0), max(sides, default=0))
    if reference and used and not abs(wanted / used - 1) <= cell_size.TOLERANCE and not np.isnan(wanted):
        size = float(np.median([size for _, size, _ in measured if not np.isnan(size)]))
        lines.append(
            f"scale: its cells are {size:.0f} pixels across; a crop of {wanted:.0f} pixels shows them as large as "
            f"those of {reference.name!r}, {used} is used: `--crop {wanted:.0f}`, or crop in {listing.FILE}"
        )
    return lines


def _measured(folder: Path, entry: Acquisition, classes: Classes) -> Iterator[tuple[str, float, int]]:
    """Class, diameter of the cell and shorter side, in pixels, of a sample of the pictures."""
    labels = [row.label for row in raw.rows(folder, classes)]
    for place, pixels in _sample(folder, cell_size.sample(labels), entry):
        side = min(pixels.shape[:2])
        top, left = ((length - side) // 2 for length in pixels.shape[:2])
        square = pixels[top : top + side, left : left + side]
        yield labels[place], cell_size.diameter(square) * side, side


def _sample(folder: Path, places: Sequence[int], entry: Acquisition) -> Iterator[tuple[int, np.ndarray]]:
    wanted, place = set(places), 0
    for chunk in raw.chunks(folder, survey.CHUNK):
        for content in chunk:
            if place in wanted:
                with suppress(ValueError):  # the table of ingest names it
                    yield place, pictures.decoded(content, entry.depth).pixels
            place += 1


def _reference(root: Path) -> Reference | None:
    """The earliest delivery that is ingested, None where there is none."""
    for name in listing.names(root):
        folder = root / "data/ingested" / name
        if (folder / store.TABLE).is_file():
            rows = store.read_rows(folder)
            rows = rows[rows["kept"]]
            chosen = rows.iloc[cell_size.sample(rows["label"].tolist())]
            pixels = np.load(folder / store.PIXELS, mmap_mode="r")
            pairs = zip(chosen["label"], chosen["row"], strict=True)
            return Reference(name, cell_size.medians((label, cell_size.diameter(pixels[row])) for label, row in pairs))
    return None
