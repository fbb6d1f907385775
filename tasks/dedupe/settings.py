"""Settings of dedupe."""

from typing import ClassVar, Literal

from pydantic import Field

from tasks.params import Section


class Dedupe(Section):
    """When two images are copies of each other, and what becomes of copies with different labels."""

    section: ClassVar[str] = "dedupe"
    max_distance: int = Field(ge=0, description="bits by which the perceptual hashes of copies may differ")
    orientations: bool = Field(description="also find rotated and mirrored copies")
    max_rmse: float = Field(
        ge=0, le=255, description="difference of copies after matching brightness and contrast, grey levels"
    )
    min_contrast: float = Field(
        ge=0, le=128, description="standard deviation in grey levels below which a hash says nothing"
    )
    neighbours: int = Field(
        ge=0, le=100, description="nearest images in feature space that may be the same cropped anew; 0: not sought"
    )
    max_shift: float = Field(gt=0, le=0.25, description="of copies cropped anew, as a share of the side")
    max_recropped_rmse: float = Field(
        ge=0, le=255, description="difference of copies cropped anew where they overlap, grey levels"
    )
    on_conflict: Literal["drop_all", "keep_first"] = Field(
        description="copies under different labels: drop all, or keep the first"
    )
