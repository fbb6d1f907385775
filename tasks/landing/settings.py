"""Settings of the landing. A project without the section has these defaults."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Landing(Section):
    """Where deliveries are put down, and when one that has no mark counts as complete."""

    section: ClassVar[str] = "landing"
    folders: list[str] = Field(
        default=["data/incoming"], description="data/incoming, and folders outside the project by absolute path"
    )
    settle_seconds: float = Field(default=60.0, ge=0, description="without a change; a marked entry waits for nothing")
