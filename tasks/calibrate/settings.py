"""Settings of calibrate."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Calibrate(Section):
    """How honest the answers are to be."""

    section: ClassVar[str] = "calibrate"
    batch: int = Field(ge=1, le=4096, description="pictures a step")
    seed: int = Field(ge=0, lt=2**31, description="of the rows and the distortions that are drawn")
    reference: int = Field(ge=100, description="train rows, at most, that span the spaces of cells")
    components: int = Field(ge=1, description="principal components that span the space of each block")
    refused: float = Field(ge=0, lt=1, description="share of clean validation cells that may be taken for foreign")
    distorted_weight: float = Field(ge=0, le=100, description="of distorted pictures in the temperature's fit")
    wanted_accuracy: float = Field(gt=0, le=1, description="of what is answered, on clean validation pictures")
