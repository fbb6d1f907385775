"""Records of deliveries for the stages that read them."""

from pathlib import Path
from typing import Any

from tasks.delivery import raw, record
from tasks.delivery.record import Record
from tasks.params import Classes


def nothing(file: Path, **stated: Any) -> Path:
    """One that tells no classes, as of a delivery that is drawn; `stated` is depth, crop or scale."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(record.text(Record(**stated)))
    return file


def written(file: Path, delivery: Path, classes: Classes, names: list[str] | None = None) -> Path:
    """That of a raw delivery, as `add` leaves it; `names` are those of label numbers."""
    own = raw.names(delivery) or names or []
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(record.text(record.of(own, [row.name for row in raw.rows(delivery, classes, own)])))
    return file
