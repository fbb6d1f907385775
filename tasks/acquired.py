"""What data/deliveries.yaml may say of a delivery under `acquisition`; what it leaves out is found or the default."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tasks.depth import parse

KEY = "acquisition"


class Acquisition(BaseModel):
    """How the pictures of one delivery were acquired."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    depth: int | Literal["0..1"] | None = Field(default=None, description='8 to 32 bits, or "0..1"')
    crop: int | None = Field(default=None, ge=8, le=20000, description="side of the centre crop in its own pixels")
    scale: float | None = Field(default=None, gt=0, le=1000, description="pixels per micrometre")

    @model_validator(mode="after")
    def _check(self) -> "Acquisition":
        if isinstance(self.depth, int) and not 8 <= self.depth <= 32:
            raise ValueError(f'depth must be 8 to 32 bits or "0..1", got {self.depth}')
        if self.crop is not None and self.scale is not None:
            raise ValueError("crop and scale say the same, expected one of them")
        return self

    def stated(self) -> dict[str, Any]:
        """What is not left out."""
        return self.model_dump(exclude_none=True)

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


def stated(depth: str | None, crop: int | None, scale: float | None) -> Acquisition:
    """What a person states. Raises ValueError for what an entry must not hold."""
    try:
        return Acquisition(depth=None if depth is None else parse(depth), crop=crop, scale=scale)
    except ValidationError as error:
        problem = error.errors()[0]
        path = ".".join(str(part) for part in problem["loc"][:1])
        raise ValueError(f"{path}: {problem['msg']}, got {problem['input']!r}".removeprefix(": ")) from error


def parsed(name: str, values: object) -> Acquisition:
    """The entry of a delivery. Raises ValueError, naming it, for what it must not hold."""
    try:
        return Acquisition.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        path = ".".join([KEY, name, *(str(part) for part in problem["loc"][:1])])
        message = problem["msg"].removeprefix("Value error, ")
        raise ValueError(f"{path}: {message}, got {problem['input']!r} (data/deliveries.yaml)") from error


def entries(document: Mapping[str, Any]) -> dict[str, Acquisition]:
    """Those of data/deliveries.yaml by delivery. Raises ValueError for one of an unlisted delivery, and as `parsed`."""
    found = document.get(KEY) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{KEY}: expected a mapping of deliveries, got {found!r} (data/deliveries.yaml)")
    for name in found:
        if name not in document["deliveries"]:
            raise ValueError(f"{KEY}: {name!r} is not among the deliveries (data/deliveries.yaml)")
    return {str(name): parsed(name, values) for name, values in found.items()}


def write(file: Path, entry: Acquisition) -> None:
    """Write the entry of one delivery, for `ingest`."""
    file.write_text(json.dumps(entry.stated()) + "\n")


def read(file: Path) -> Acquisition:
    """What `write` wrote."""
    return parsed(file.stem, json.loads(file.read_text()))
