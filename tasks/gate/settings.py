"""Settings of the gate: the rules of a promotion."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class NonInferiorityMargins(Section):
    """Increases of the error, 0 to 1, that count as not worse; the interval's upper end must not exceed them."""

    section: ClassVar[str] = "gate.non_inferiority_margins"
    clean: float = Field(ge=0, le=1, description="balanced error on clean images")
    corrupted: float = Field(ge=0, le=1, description="mean balanced error over the benchmark's kinds of corruption")
    worst: float = Field(ge=0, le=1, description="balanced error under the kind that is worst for each model")
    mixed: float = Field(ge=0, le=1, description="balanced error on mixed corruptions")
    recall: float = Field(ge=0, le=1, description="of each class; wider, as a class has few rows")
    slices: float = Field(ge=0, le=1, description="error on each delivery, acquisition batch and quarter of sharpness")
    external: float = Field(default=0.08, ge=0, le=1, description="balanced error on each external delivery")


class SuperiorityMargins(Section):
    """Decreases of the balanced error of which one at least must be exceeded, by the whole interval."""

    section: ClassVar[str] = "gate.superiority_margins"
    clean: float = Field(ge=0, lt=1)
    corrupted: float = Field(ge=0, lt=1)
    mixed: float = Field(ge=0, lt=1)


class Minimums(Section):
    """Balanced accuracies and recalls of a first model, 0 to 1; the interval's lower end must reach them all."""

    section: ClassVar[str] = "gate.minimums"
    clean: float = Field(ge=0, le=1)
    corrupted: float = Field(ge=0, le=1, description="mean over the kinds of corruption")
    worst: float = Field(ge=0, le=1, description="under the worst kind")
    mixed: float = Field(ge=0, le=1)
    recall: float = Field(ge=0, le=1, description="of each class")


class Gate(Section):
    """What a challenger must show. Errors and differences of errors are shares, 0 to 1."""

    section: ClassVar[str] = "gate"
    seed: int = Field(ge=0, lt=2**31)
    resamples: int = Field(ge=200, le=100_000, description="bootstrap resamples")
    level: float = Field(ge=0.5, lt=1, description="of two-sided intervals; each bound holds at (1 + level) / 2")
    min_rows: int = Field(
        ge=1, description="minimum independent rows of a slice; smaller slices are listed but not tested"
    )
    min_external_rows: int = Field(default=200, ge=1, description="the same of an external delivery")
    non_inferiority_margins: NonInferiorityMargins
    superiority_margins: SuperiorityMargins
    minimums: Minimums
