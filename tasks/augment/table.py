"""The recipes of augmentation, as a table that needs no network: which steps each takes, in their order.

    none                nothing
    base                mirror image; rotation, translation, zoom, brightness
    randaugment         `operations` of RandAugment's, drawn for each image (arXiv:1909.13719)
    randaugment_cutout  the same, and a square cut out (arXiv:1708.04552)
    heavy               both mirror images, rotation by any angle; zoom, shear, translation; brightness, contrast,
                        saturation, hue, channels, now and then grey; blur and noise; a grid (arXiv:2001.04086) and a
                        square cut out
    broad               what `heavy` does and more, by the families of corruption in `FAMILIES`: each change is made to
                        a share of the images, to each as strongly as it draws (broad.py)

`without` names families that a recipe leaves out, so that a training can be judged by what it never met; RandAugment's
recipes draw from several at once and take none out.

`magnitude` scales every strength, 0 to 1; what each is at 1 stands in strengths.py. Three things it does not scale.
What a smear knows nothing of, its mirror images and in `heavy` the angle, is drawn at any magnitude, also at 0. The
square has a setting of its own, `cutout`, its largest side as a share of the image's. And autocontrast and equalize,
two of RandAugment's operations, know no strength, as in the paper: 0 switches off the twelve others alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

Engine = Literal["batched", "keras_cv"]
Name = Literal["none", "base", "randaugment", "randaugment_cutout", "heavy", "broad"]
Family = Literal["geometry", "colour", "occlusion", "light", "blur", "noise", "tone", "digital"]
Step = Literal[
    "base", "randaugment", "geometry", "blur", "colour", "noise", "grid", "cutout",
    "broad_geometry", "broad_colour", "broad_occlusion", "broad_light", "broad_blur", "broad_noise", "broad_tone",
    "broad_digital",
]  # fmt: skip

STEPS: dict[Name, tuple[Step, ...]] = {
    "none": (),
    "base": ("base",),
    "randaugment": ("randaugment",),
    "randaugment_cutout": ("randaugment", "cutout"),
    "heavy": ("geometry", "blur", "colour", "noise", "grid", "cutout"),
    "broad": (
        "broad_geometry", "broad_colour", "broad_occlusion", "broad_light", "broad_blur", "broad_noise", "broad_tone",
        "broad_digital",
    ),
}  # fmt: skip
ENGINES: tuple[Engine, ...] = get_args(Engine)
RECIPES: tuple[Name, ...] = tuple(STEPS)
OF_ENGINE: dict[str, tuple[Name, ...]] = {
    "batched": RECIPES,
    "keras_cv": tuple(name for name in RECIPES if name != "broad"),
}
FAMILIES: tuple[Family, ...] = get_args(Family)
"""Of corruptions, in the order in which light meets them, from the specimen to the file."""
FAMILY: dict[Step, Family] = {
    "geometry": "geometry", "blur": "blur", "colour": "colour", "noise": "noise", "grid": "occlusion",
    "cutout": "occlusion", "broad_geometry": "geometry", "broad_colour": "colour", "broad_occlusion": "occlusion",
    "broad_light": "light", "broad_blur": "blur", "broad_noise": "noise", "broad_tone": "tone",
    "broad_digital": "digital",
}  # fmt: skip
"""Of the steps that belong to one."""
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
    without: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is done, in this order."""
        return tuple(step for step in STEPS[self.recipe] if FAMILY.get(step) not in self.without)
