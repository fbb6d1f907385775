"""How images are read that were acquired otherwise than those that a model has learnt from."""

from typing import NamedTuple

from tasks.depth import Depth


class View(NamedTuple):
    """What a person states; None: as usual."""

    depth: Depth | None = None  # of values of more than 8 bits; None: as all images of the input tell it
    crop: int | None = None  # centre crop in the images' own pixels; None: the model's, but not of its image_size


USUAL = View()
