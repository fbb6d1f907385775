"""The records of deliveries, `data/deliveries/NAME.yaml` (`tasks.delivery.record`): their place, and which lack one."""

from pathlib import Path
from typing import TYPE_CHECKING

from operations.project import listing
from tasks import atomic

if TYPE_CHECKING:
    from tasks.delivery.record import Record

FOLDER = Path("data/deliveries")


def place(root: Path, name: str) -> Path:
    """Where the record of a delivery is."""
    return root / FOLDER / f"{name}.yaml"


def write(root: Path, name: str, told: "Record") -> None:
    """Write it at once, in the place of another."""
    from tasks.delivery import record  # here: it takes half a second, and every verb looks whether records are there

    file = place(root, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(file) as stream:
        stream.write(record.text(told).encode())


def missing(root: Path) -> list[str]:
    """The listed deliveries that have none: they were added before there were records."""
    if not (root / listing.FILE).is_file():
        return []
    return [name for name in listing.everything(root) if not place(root, name).is_file()]


def check(root: Path) -> None:
    """Raise ValueError, naming `hemaflow migrate`, where a listed delivery has none."""
    if found := missing(root):
        raise ValueError(
            f"no record of {', '.join(map(repr, found))} in {FOLDER}: what label numbers stand for is kept with each "
            "delivery now. `hemaflow migrate` writes what is missing"
        )
