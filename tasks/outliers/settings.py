"""Settings of outliers."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Outliers(Section):
    """When a picture lies too far from the others."""

    section: ClassVar[str] = "outliers"
    components: int = Field(ge=2, le=1280, description="principal components of the features that are kept")
    whitening: float = Field(
        ge=0, le=1, description="weight of directions in which pictures vary little: 0 none, 1 full"
    )
    neighbours: int = Field(
        ge=1, description="the distance to this nearest neighbour counts: foreign motifs that come oftener hide"
    )
    max_z: float = Field(gt=0, description="robust z of the log distance above which a picture is foreign")
