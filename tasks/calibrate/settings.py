"""Settings of calibrate."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Calibrate(Section):
    """How probabilities and thresholds are fitted."""

    section: ClassVar[str] = "calibrate"
    batch: int = Field(ge=1, le=4096, description="images per step")
    seed: int = Field(ge=0, lt=2**31, description="of the rows and the corruptions that are drawn")
    reference: int = Field(ge=100, description="maximum number of train rows that span the feature spaces")
    components: int = Field(ge=1, description="principal components per block")
    ood_false_positive_rate: float = Field(
        ge=0, lt=1, description="fraction of clean validation cells that the detector may reject"
    )
    corruption_weight: float = Field(ge=0, le=100, description="of corrupted images in the temperature's fit")
    target_accuracy: float = Field(gt=0, le=1, description="on clean validation images, above the confidence threshold")
