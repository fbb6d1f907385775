"""Settings of audit."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Least(Section):
    """Shares of a delivery's judged rows that must be contradicted, 0 to 1, however sure the test is."""

    section: ClassVar[str] = "audit.least"
    ahead: float = Field(gt=0, le=1, description="to hold a delivery before a training")
    refused: float = Field(gt=0, le=1, description="to hold it where the gate refused the model of it")


class Audit(Section):
    """When a delivery's labels are so much at odds with the champion that it goes on hold."""

    section: ClassVar[str] = "audit"
    level: float = Field(gt=0, le=0.1, description="probability that a run holds any delivery labelled as well as ever")
    min_rows: int = Field(ge=1, description="judged rows below which there is no verdict")
    times: float = Field(ge=1, description="the champion's own rate that a delivery's must reach as well")
    ood: float = Field(gt=0, le=1, description="share refused as no cell from which on labels are not judged")
    least: Least
