"""Settings of data_report."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class DataReport(Section):
    """How much the page shows. What it leaves out it counts; the table of `split` has it all."""

    section: ClassVar[str] = "data_report"
    thumbnail: int = Field(ge=16, le=256, description="side of an image on the page, pixels; none is enlarged")
    shown: int = Field(ge=1, description="images a list shows at most")
    nearest: int = Field(ge=0, description="kept images shown on the other side of a threshold")
    sample: int = Field(ge=0, description="images per class on the sheet of kept images")
