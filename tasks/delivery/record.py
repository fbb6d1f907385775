"""The record of a delivery, `data/deliveries/NAME.yaml`: what was told when it was added, and how to read its images.

Label numbers mean nothing without names, and the classes of params.yaml may change their order, so the names stay with
the delivery. `add` writes the file; depth, crop and scale may be edited later, which runs `ingest` of it again.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tasks.depth import parse
from tasks.params import Loader

TOLD = """\
# What came, by `hemaflow add`: the delivery's own class names, in the order of its label numbers, and their images.
# params.yaml says which classes they are today. Do not edit this part.
"""
DRAWN = "# Drawn by the stage `demo`: its classes are those of params.yaml.\n"
ACQUIRED = """\
# How it was acquired. After an edit, `ingest` of this delivery runs again.
"""
ABOUT = {
    "depth": 'bits that values of more than 8 make use of, 8 to 32, or "0..1"; null: found by ingest',
    "crop": "side of the centre crop in its own pixels; null: ingest.crop",
    "scale": "pixels per micrometre, instead of a crop; null: unknown",
}


class Acquisition(BaseModel):
    """How the images of one delivery were acquired; None where nobody has said."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    depth: int | Literal["0..1"] | None = None
    crop: int | None = Field(default=None, ge=8, le=20000)
    scale: float | None = Field(default=None, ge=0.01, le=1000)

    @model_validator(mode="after")
    def _check(self) -> "Acquisition":
        if isinstance(self.depth, int) and not 8 <= self.depth <= 32:
            raise ValueError(f'depth must be 8 to 32 bits or "0..1", got {self.depth}')
        if self.crop is not None and self.scale is not None:
            raise ValueError("crop and scale say the same, expected one of them")
        return self

    def side(self, crop: int, pixels_per_micrometre: float) -> tuple[int, bool]:
        """Side of the crop, and whether it is the delivery's own, from the project's crop and the scale that it is for.

        Raises ValueError for a scale where the project has no crop.
        """
        if self.crop is not None:
            return self.crop, True
        if self.scale is None:
            return crop, False
        if crop == 0:
            raise ValueError("scale needs ingest.crop in params.yaml, which is 0: give crop instead")
        return max(1, round(crop * self.scale / pixels_per_micrometre)), True


class DeliveredClass(BaseModel):
    """A class as the delivery calls it, and how many images it has there."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    name: str = Field(min_length=1)
    images: int = Field(ge=0)


class Record(Acquisition):
    """All that is recorded. `classes` are in the order of label numbers; None: the delivery is drawn by the project."""

    classes: tuple[DeliveredClass, ...] | None = Field(default=None, strict=False)
    left_out: int = Field(default=0, ge=0, description="files that systems leave beside images")

    @property
    def names(self) -> list[str] | None:
        """The delivery's own class names by label number, None where nobody noted them."""
        return None if self.classes is None else [each.name for each in self.classes]

    def check(self, found: Iterable[str]) -> None:
        """Raise ValueError where `found`, the own class of each row ("" for none), is not as many as were told."""
        if self.classes is None:
            return
        now = Counter(found)
        del now[""]
        told = Counter({each.name: each.images for each in self.classes})
        if now != told:
            names = sorted(each for each in now | told if now[each] != told[each])
            counts = "; ".join(f"{each!r} {told[each]} recorded, {now[each]} found" for each in names)
            raise ValueError(
                f"the images per class are not those that were added: {counts}. Bring the delivery back, or write the "
                "new counts there where the change is meant"
            )


def of(names: Iterable[str], found: Iterable[str], left_out: int = 0) -> Record:
    """The record of a delivery with these class names, and `found`, the own class of each of its rows ("" for none)."""
    counts = Counter(found)
    return Record(classes=tuple(DeliveredClass(name=name, images=counts[name]) for name in names), left_out=left_out)


def stated(depth: str | None, crop: int | None, scale: float | None) -> Acquisition:
    """What a person states. Raises ValueError for what a record must not hold."""
    try:
        return Acquisition(depth=None if depth is None else parse(depth), crop=crop, scale=scale)
    except ValidationError as error:
        raise ValueError(_sentence(error)) from error


def text(record: Record) -> str:
    """The content of the file."""
    lines = [DRAWN]
    if record.classes is not None:
        lines = [TOLD, f"classes:{'' if record.classes else ' []'}\n", *map(_line, record.classes)]
        lines.append(f"left_out: {record.left_out}  # files of the system beside the images\n")
    lines.append(ACQUIRED)
    for key, about in ABOUT.items():
        lines.append(f"{f'{key}: {json.dumps(getattr(record, key))}':<14}  # {about}\n")
    return "".join(lines)


def read(file: Path) -> Record:
    """What the file says. Raises ValueError, naming it, for what it must not hold."""
    try:
        return parsed(yaml.load(file.read_text(encoding="utf-8"), Loader=Loader) or {})
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{file}: {' '.join(str(error).split())}") from error


def parsed(values: Mapping[str, Any]) -> Record:
    """The record with these values, as `model_dump` gives them. Raises ValueError for what it must not hold."""
    if not isinstance(values, dict):
        raise ValueError(f"expected a mapping, got {type(values).__name__}")
    values = dict(values)
    if isinstance(values.get("classes"), list):
        values["classes"] = tuple(values["classes"])
    try:
        record = Record.model_validate(values)
    except ValidationError as error:
        raise ValueError(_sentence(error)) from error
    if record.names and len(set(record.names)) < len(record.names):
        raise ValueError("classes: a name comes twice")
    return record


def _line(each: DeliveredClass) -> str:
    name = yaml.safe_dump(each.name, default_style='"', allow_unicode=True, width=1 << 20).strip()
    return f"- {{name: {name}, images: {each.images}}}\n"


def _sentence(error: ValidationError) -> str:
    problem = error.errors()[0]
    path = ".".join(map(str, problem["loc"][:2] if problem["loc"][:1] != ("depth",) else problem["loc"][:1]))
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path}: {message}, got {problem['input']!r}" if path else message
