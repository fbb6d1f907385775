"""Writes records for deliveries that were added before there were any.

What the label numbers of an npz stand for was the order of params.yaml then. It is taken to be the order of today,
which is shown, and compared with the counts per class that were noted when the delivery was added.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from operations.project import dvc_file, listing, records
from tasks import params
from tasks.delivery import raw, record
from tasks.delivery.formats import Row
from tasks.delivery.record import Record
from tasks.params import FILE as PARAMS
from tasks.params import Classes


class Found(NamedTuple):
    """The record of a delivery, and what to tell of it."""

    record: Record
    told: str


def found(root: Path) -> dict[str, Found]:
    """The missing records by delivery; writes nothing.

    Raises FileNotFoundError where a delivery's content is not here, ValueError where today's order of classes
    contradicts the counts of then.
    """
    missing = records.missing(root)
    classes = Classes.model_validate(params.read(root / PARAMS, checked=False)["classes"]) if missing else None
    return {name: _found(root, name, classes) for name in missing if classes}


def _found(root: Path, name: str, classes: Classes) -> Found:
    file = records.place(Path(), name)
    if name in listing.drawn(root):
        return Found(Record(), f"{file}: written, of a delivery that is drawn")
    folder = root / dvc_file.RAW / name
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{dvc_file.RAW / name} is not here, and its record needs a look at it: "
            f"`dvc pull {dvc_file.place(Path(), name)}`, then `hemaflow migrate`"
        )
    own = raw.names(folder)
    names = classes.names if own is None else own
    rows = raw.rows(folder, classes, names)
    if own is None:
        _check(root, name, rows, classes)
    order = ", ".join(f"{number} = {each}" for number, each in enumerate(names))
    told = f"label numbers, by today's order in {PARAMS}: {order}" if own is None else f"classes {', '.join(names)}"
    return Found(record.of(names, [row.name for row in rows]), f"{file}: written, {told}")


def _check(root: Path, name: str, rows: Sequence[Row], classes: Classes) -> None:
    """Raise ValueError where these are not the counts that were noted."""
    noted = dvc_file.read(root, name).get("meta", {}).get("classes")
    now = dict(Counter(row.label for row in rows))
    if noted is not None and noted != now:
        counts = [", ".join(f"{each} {count}" for each, count in sorted(of.items())) for of in (noted, now)]
        raise ValueError(
            f"{name!r} was added with {counts[0]}, and by today's order of classes in {PARAMS} it has {counts[1]}: put "
            f"the classes into the order of then, run `hemaflow migrate`, and change the order afterwards"
        )
