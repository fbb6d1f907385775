"""Settings of split."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from tasks.params import Section


class Shares(Section):
    """Shares of the images; they add up to 1."""

    section: ClassVar[str] = "split.shares"
    train: float = Field(gt=0, lt=1)
    val: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"must add up to 1, got {total:g}")
        return self


class Split(Section):
    """How the cleaned set is divided. A change of any of these moves images between the splits."""

    section: ClassVar[str] = "split"
    seed: int = Field(ge=0, description="another seed is another division")
    given: bool = Field(default=False, description="take the split that a delivery gives its images, where it does")
    shares: Shares
