"""The section `demo` of params.yaml."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Demo(Section):
    """How much is drawn and from which seed; the planted dirt comes on top and grows with `cells`.

    The bounds: two cells of each of the eight kinds, and what memory holds before the files are written (400 MB).
    """

    section: ClassVar[str] = "demo"
    seed: int = Field(ge=0)
    cells: int = Field(ge=16, le=20_000)
