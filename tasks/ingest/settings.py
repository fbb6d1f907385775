"""Settings of ingest."""

from typing import ClassVar

from pydantic import Field

from tasks.params import Section


class Ingest(Section):
    """How a delivered image becomes one of the set."""

    section: ClassVar[str] = "ingest"
    crop: int = Field(
        ge=0, description="side of the centre crop in pixels before the resize; 0 takes the largest square"
    )
    pixels_per_micrometre: float = Field(
        default=10.0,
        gt=0,
        description="scale that crop is for; deliveries of a known scale are cropped in proportion",
    )
    image_size: int = Field(ge=32, le=1024, description="side of the stored images in pixels")
    hash_size: int = Field(ge=4, le=64, multiple_of=4, description="side of the perceptual hash in bits")
