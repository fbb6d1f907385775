"""How the images of a delivery were acquired: found when it is added, and told to the person who adds it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from operations.project import listing
from tasks import depth, params, resolution, store
from tasks.delivery import raw
from tasks.delivery.intake import Intake
from tasks.delivery.record import Acquisition, Record
from tasks.ingest import survey
from tasks.ingest.decode import decoded
from tasks.params import FILE as PARAMS
from tasks.params import Classes


class Ingest(params.Section):
    """A view of the section that is ingest's; what else stands there, ingest checks."""

    section: ClassVar[str] = "ingest"
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    crop: int
    image_size: int = 0
    pixels_per_micrometre: float = 10.0


class Reference(NamedTuple):
    """The delivery that others are compared with: the diameter of its cells by class, as a share of the side."""

    name: str
    shares: dict[str, float]


class Cell(NamedTuple):
    """An image of a sample: its class, the diameter of its cell and its shorter side, in pixels."""

    label: str
    diameter: float
    side: int
    stated: float | None = None  # pixels per micrometre, by the file's header


def settings(root: Path) -> Ingest | None:
    """Those of ingest, None for a project without. Raises ValueError for wrong ones."""
    return params.load(Ingest, root / PARAMS) if params.raw(Ingest, root / PARAMS) is not None else None


def inspected(root: Path, taken: Intake, asked: Acquisition, classes: Classes, ingest: Ingest | None) -> Intake:
    """The delivery with its depth and scale recorded; `asked` is what the person states.

    Raises ValueError for a depth that cannot be told, and for a stated one that the files contradict.
    """
    levels = survey.levels(taken.folder)
    bits = survey.settled(levels, asked.depth)
    entry = Acquisition(**{**asked.model_dump(), "depth": bits})
    told = [] if bits is None else [f"depth: {depth.told(bits, levels)}, in {len(levels)} images; --depth overrules it"]
    told += _scale(root, taken, entry, classes, ingest) if ingest else []
    record = Record(**{**taken.record.model_dump(), **entry.model_dump()})
    return taken._replace(record=record, told=(*taken.told, *told))


def _scale(root: Path, taken: Intake, entry: Acquisition, classes: Classes, ingest: Ingest) -> list[str]:
    """What there is to say about the field of view; nothing where it is that of the reference."""
    crop, own = entry.side(ingest.crop, ingest.pixels_per_micrometre)
    cells = list(_measured(taken, entry, classes))
    lines = [f"crop: {crop} of its own pixels"] if own else []
    # One of the stored size is such as others hand on, cut out already; only a crop of its own cuts it again.
    smallest = min((cell.side for cell in cells if own or cell.side != ingest.image_size), default=crop)
    if crop and smallest < crop:
        lines.append(
            f"crop: some images are smaller than {crop} pixels and are taken whole, the smallest is {smallest}"
        )
    reference = _reference(root)
    lines += _compared(cells, crop, reference) if reference else []
    return lines if own or not crop else lines + _stated(cells, ingest)


def _stated(cells: Sequence[Cell], ingest: Ingest) -> list[str]:
    """A proposal where all files state one scale, and it is another than ingest's."""
    from tasks import cell_size

    stated = {round(cell.stated, 2) for cell in cells if cell.stated is not None}
    if len(stated) != 1 or any(cell.stated is None for cell in cells):
        return []
    scale = stated.pop()
    if abs(scale / ingest.pixels_per_micrometre - 1) <= cell_size.TOLERANCE:
        return []
    usual = ingest.pixels_per_micrometre
    return [
        f"scale: its files say {scale:g} pixels per micrometre, ingest.crop is for {usual:g}: "
        f"--scale {scale:g} takes it"
    ]


def _compared(cells: Sequence[Cell], crop: int, reference: Reference) -> list[str]:
    """A proposal where the cells would be shown in another size than those of the reference."""
    from tasks import cell_size

    wanted = cell_size.ratio([(cell.label, cell.diameter) for cell in cells], reference.shares)
    largest = max((cell.side for cell in cells), default=0)
    used = min(crop or largest, largest)
    if np.isnan(wanted) or not used or abs(wanted / used - 1) <= cell_size.TOLERANCE:
        return []
    size = float(np.median([cell.diameter for cell in cells if not np.isnan(cell.diameter)]))
    return [
        f"scale: its cells are {size:.0f} pixels across; a crop of {wanted:.0f} pixels shows them as large as those of "
        f"{reference.name!r}, {used} is used: --crop {wanted:.0f} takes it"
    ]


def _measured(taken: Intake, entry: Acquisition, classes: Classes) -> Iterator[Cell]:
    """A sample of the images of each class."""
    from tasks import cell_size  # here: scikit-image takes a second

    labels = [row.label for row in raw.rows(taken.folder, classes, taken.record.names)]
    for place, pixels, scale in _sample(taken.folder, cell_size.sample(labels), entry):
        side = min(pixels.shape[:2])
        top, left = ((length - side) // 2 for length in pixels.shape[:2])
        square = pixels[top : top + side, left : left + side]
        yield Cell(labels[place], cell_size.diameter(square) * side, side, scale)


def _sample(
    folder: Path, places: Sequence[int], entry: Acquisition
) -> Iterator[tuple[int, NDArray[Any], float | None]]:
    """Position, pixels and stated scale of each."""
    wanted, place = set(places), 0
    for chunk in raw.chunks(folder, survey.CHUNK):
        for content in chunk:
            if place in wanted:
                with suppress(ValueError):  # the table of ingest names it
                    scale = resolution.stated(content) if isinstance(content, bytes) else None
                    yield place, decoded(content, entry.depth).pixels, scale
            place += 1


def _reference(root: Path) -> Reference | None:
    """The earliest delivery that is ingested here, None where there is none."""
    from tasks import cell_size

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
