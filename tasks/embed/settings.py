"""Settings of embed."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Embed(Section):
    """How features are computed; the network is EfficientNet-Lite0."""

    section: ClassVar[str] = "embed"
    batch: int = Field(ge=1, le=4096, description="images per step")
