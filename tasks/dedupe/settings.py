"""Settings of dedupe."""

from typing import ClassVar, Literal

from pydantic import Field

from tasks.params import Section


class Dedupe(Section):
    """When two pictures are copies of each other, and what becomes of copies with different labels."""

    section: ClassVar[str] = "dedupe"
    max_distance: int = Field(ge=0, description="bits by which the perceptual hashes of copies may differ")
    max_rmse: float = Field(
        ge=0, le=255, description="difference of copies after matching their brightness, grey levels"
    )
    min_contrast: float = Field(
        ge=0, le=128, description="standard deviation in grey levels below which a hash says nothing"
    )
    on_conflict: Literal["drop_all", "keep_first"] = Field(
        description="copies under different labels: drop all, or keep the first"
    )
