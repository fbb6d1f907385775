"""One comparison: what was measured, its margin, and whether that is kept."""

from dataclasses import dataclass
from typing import Literal

from tasks.gate.errors import CLEAN, CORRUPTED, RECALL, WORST
from tasks.predictions import MIXED

EXTERNAL = "external"
Rule = Literal["non-inferiority", "superiority", "minimum"]

PHRASES = {
    CLEAN: "clean images",
    CORRUPTED: "corrupted images",
    WORST: "the worst corruption",
    MIXED: "mixed corruptions",
}


@dataclass(frozen=True)
class Comparison:
    """One error of the challenger against the champion's, or against a minimum.

    All figures are errors, shares of 0 to 1: balanced error for `clean`, `corrupted`, `worst` and `mixed`, 1 - recall
    for `recall`, balanced error on an `external` delivery, the share of wrong answers for `delivery`,
    `acquisition_batch` and `sharpness`. `low` to `high` is the interval of `difference`, and for a minimum, which has
    no champion, of the challenger's error itself. Passed: for `non-inferiority` and `minimum`, `high` is at most
    `margin`; for `superiority`, `high` is below -`margin`. Not tested for lack of rows: None.
    """

    rule: Rule
    name: str
    slice: str
    """class, delivery, acquisition batch or quarter; of `worst`, the kind that is worst for the challenger; "" else"""
    rows: int
    champion: float | None
    challenger: float | None
    difference: float | None
    """challenger - champion: above 0 it is worse"""
    low: float | None
    high: float | None
    margin: float
    passed: bool | None
    why: str

    @property
    def title(self) -> str:
        """What is compared, in words."""
        if self.name == RECALL:
            return f"recall of {self.slice}"
        if self.name == EXTERNAL:
            return f"external delivery {self.slice}"
        kind = f" ({self.slice})" if self.slice else ""
        return f"{PHRASES[self.name]}{kind}" if self.name in PHRASES else f"{self.name.replace('_', ' ')} {self.slice}"

    @property
    def excess(self) -> float:
        """By how much the interval passes the margin; at most 0 where it does not."""
        if self.high is None:
            return 0.0
        return self.high + self.margin if self.rule == "superiority" else self.high - self.margin
