"""Settings of the landing. A project without the section has these defaults."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tasks.params import Section, load, raw


class Landing(Section):
    """Where deliveries are put down, and when one that has no mark counts as complete."""

    section: ClassVar[str] = "landing"
    folders: list[str] = Field(
        default=["data/incoming"], description="data/incoming, and folders outside the project by absolute path"
    )
    class_order: list[str] = Field(
        default=[], description="classes by label number, for arrays that bring no names; empty: they are refused"
    )
    settle_seconds: float = Field(default=60.0, ge=0, description="without a change; a marked entry waits for nothing")


def of(file: Path) -> Landing:
    """The section of a params.yaml. Raises ValueError for what is wrong in it."""
    return Landing() if raw(Landing, file) is None else load(Landing, file)
