"""Settings of model_report."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class ModelReport(Section):
    """What no file says of the data and the model, and how much the page shows."""

    section: ClassVar[str] = "model_report"
    shown: int = Field(
        ge=0, description="maximum number of images or files per list; the rest are counted. 0: a page to publish"
    )
    laboratory: str = Field(description="where the images come from, with stain and camera; empty: not stated")
    contact: str = Field(description="contact for questions about the model; empty: not stated")
    data_licence: dict[str, str] = Field(
        description="licence of each delivery, by its name; one that is not named here is as its deliverer stated"
    )
