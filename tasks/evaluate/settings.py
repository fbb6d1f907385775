"""Settings of evaluate."""

from typing import ClassVar, Literal

from pydantic import Field

from tasks.params import Section


class Evaluate(Section):
    """How the model is run over the test rows, and how sure its figures are said to be."""

    section: ClassVar[str] = "evaluate"
    batch: int = Field(ge=1, le=4096, description="images per step")
    seed: int = Field(ge=0, lt=2**31, description="of the corruptions and of the bootstrap")
    tta: Literal[1, 4, 8] = Field(description="test-time augmentation: orientations that are averaged")
    resamples: int = Field(ge=200, le=100_000, description="bootstrap resamples")
    level: float = Field(ge=0.5, lt=1, description="of the intervals")
    min_rows: int = Field(ge=1, description="rows below which a slice has no figures")
