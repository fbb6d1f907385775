"""Settings of outliers."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Outliers(Section):
    """When an image is none, or lies too far from the others."""

    section: ClassVar[str] = "outliers"
    min_contrast: float = Field(
        ge=0, le=128, description="standard deviation in grey levels below which an image is blank"
    )
    min_smoothness: float = Field(
        ge=-1, le=1, description="correlation of neighbouring pixels below which an image is noise"
    )
    max_flat: float = Field(
        ge=0, le=1, description="share of the side in rows or columns of one colour above which a part was lost"
    )
    components: int = Field(ge=2, le=1280, description="principal components of the features; the residual counts too")
    whitening: float = Field(ge=0, le=1, description="weight of directions in which images vary little: 0 none, 1 full")
    neighbours: int = Field(
        ge=1, description="the distance to this nearest neighbour counts: outliers that come oftener hide"
    )
    false_alarm: float = Field(
        gt=0, lt=1, description="probability that normal scores lose any image of a set without outliers"
    )
