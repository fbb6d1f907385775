"""Settings of explain."""

from typing import ClassVar

from pydantic import Field

from tasks.explain.confident_learning import Rule
from tasks.params import Section


class Explain(Section):
    """Which examples are shown, how their maps are drawn, and how label issues are found."""

    section: ClassVar[str] = "explain"
    seed: int = Field(ge=0, lt=2**31, description="of the folds")
    batch: int = Field(ge=1, le=4096, description="images per step")

    wrong: int = Field(ge=0, le=10_000, description="misclassified images to show, most confident first")
    right: int = Field(ge=0, le=1_000, description="correctly classified images to show per class")
    map_size: int = Field(ge=1, le=64, description="minimum side of the feature map for Grad-CAM, in its pixels")
    side: int = Field(ge=16, le=1024, description="of an image beside its map, pixels")

    folds: int = Field(ge=2, le=100, description="of the cross validation that judges the labels")
    components: int = Field(ge=1, le=4096, description="principal components of the features that it reads")
    strength: float = Field(gt=0, le=1e6, description="inverse strength of its penalty")
    prune: Rule = Field(description="how the list is cut: by class, by noise rate, or where both agree")
    shown: int = Field(ge=0, le=10_000, description="label issues, and suspects, shown with an image")
