"""Settings of evaluate."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Evaluate(Section):
    """How the model is run over the test rows."""

    section: ClassVar[str] = "evaluate"
    batch: int = Field(ge=1, le=4096, description="pictures a step")
