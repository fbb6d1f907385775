"""What whoever adds a delivery states about it, beyond what its files say."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.delivery.intake import Naming
from tasks.delivery.record import Acquisition
from tasks.landing import settings
from tasks.params import FILE as PARAMS


class Asked(NamedTuple):
    """Class names in the order of its label numbers, and how it was acquired; nothing where nobody says.

    `external`: models are judged on it, and none is made of it. Nobody but a person says so.
    """

    classes: Sequence[str] | None = None
    acquisition: Acquisition = Acquisition()
    external: bool = False


NOTHING = Asked()


def names(text: str | None) -> list[str] | None:
    """Class names as a person lists them, `a,b,"c, d"`. Raises ValueError for an empty or a repeated one."""
    if text is None:
        return None
    found = [each.strip() for each in next(csv.reader([text], skipinitialspace=True), [])]
    if not found or "" in found or len(set(found)) < len(found):
        raise ValueError(f"--classes: expected different names with commas between them, got {text!r}")
    return found


def naming(root: Path, asked: Asked) -> Naming:
    """What label numbers stand for, by that and by landing.class_order in params.yaml."""
    return Naming(asked.classes, settings.of(root / PARAMS).class_order or None)
