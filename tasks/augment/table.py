"""The recipes of augmentation, as a table that needs no network: which steps each takes, in their order.

    none                nothing
    base                mirror image; rotation, translation, zoom, brightness
    randaugment         `operations` of RandAugment's, drawn for each image (arXiv:1909.13719)
    randaugment_cutout  the same, and a square cut out (arXiv:1708.04552)
    heavy               both mirror images, rotation by any angle; zoom, shear, translation; brightness, contrast,
                        saturation, hue, channels, now and then grey; blur and noise; a grid (arXiv:2001.04086) and a
                        square cut out

`magnitude` scales every strength, 0 to 1; what each is at 1 stands in strengths.py. Three things it does not scale.
What a smear knows nothing of, its mirror images and in `heavy` the angle, is drawn at any magnitude, also at 0. The
square has a setting of its own, `cutout`, its largest side as a share of the image's. And autocontrast and equalize,
two of RandAugment's operations, know no strength, as in the paper: 0 switches off the twelve others alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

Engine = Literal["batched", "keras_cv"]
Name = Literal["none", "base", "randaugment", "randaugment_cutout", "heavy"]
Step = Literal["base", "randaugment", "geometry", "blur", "colour", "noise", "grid", "cutout"]

STEPS: dict[Name, tuple[Step, ...]] = {
    "none": (),
    "base": ("base",),
    "randaugment": ("randaugment",),
    "randaugment_cutout": ("randaugment", "cutout"),
    "heavy": ("geometry", "blur", "colour", "noise", "grid", "cutout"),
}
ENGINES: tuple[Engine, ...] = get_args(Engine)
RECIPES: tuple[Name, ...] = tuple(STEPS)
MOST = 10
"""Operations of RandAugment."""

Change = Callable[[Any, Any], Any]
"""From (images, step) to images, all tensors."""


@dataclass(frozen=True)
class Recipe:
    """What is done to an image, by which engine; `operations` counts for RandAugment's recipes alone."""

    engine: str
    recipe: Name
    operations: int
    magnitude: float
    cutout: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is done, in this order."""
        return STEPS[self.recipe]
