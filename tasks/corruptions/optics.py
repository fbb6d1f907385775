"""Corruptions that happen to the light: a specimen that moves, an uneven lamp, stray light, lenses.

Each takes an image, float32 (side, side, 3), RGB, 0 to 1, a strength and a generator, and gives the corrupted image
in the same form, not yet clipped. What is drawn does not depend on the strength, so a greater one corrupts the same
image further in the same way. Lengths are shares of the side.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

ImageArray = NDArray[np.float32]

KNOTS = 7
"""Knots of the deformation along a side: a cell, which fills half of it, is pushed in several directions."""
OCTAVES = (3, 5, 9)
"""Knots of each layer of the haze along a side, from coarse to fine, each half as strong as the one before."""
DOUBLINGS = 4
"""The exposure during a zoom is the mean of 2 ** DOUBLINGS moments."""
OFF_CENTRE = 0.15
"""How far from the middle the centre of a zoom lies at most, across and down."""
FIELD = (0.3, 1.0)
"""How far from the middle of the image the optical axis lies: a cell is rarely in the middle of the field of view."""


def elastic(image: ImageArray, reach: float, rng: Generator) -> ImageArray:
    """Drift and deformation: each point moves along a smooth random field, `reach` is the deviation at its knots.

    Simard et al. 2003, "Best practices for convolutional neural networks applied to visual document analysis", with a
    spline through random knots (Rueckert et al. 1999, doi:10.1109/42.796284) for the smooth field, and without the
    affine part that ImageNet-C adds.
    """
    side = len(image)
    moves = reach * side * np.stack([_smooth(KNOTS, side, rng) for _ in range(2)])
    places = np.indices((side, side)) + moves
    return _of_each_channel(image, lambda channel: ndimage.map_coordinates(channel, places, order=1, mode="reflect"))


def illumination(image: ImageArray, depth: float, rng: Generator) -> ImageArray:
    """An uneven lamp: light falls off to one side and away from a bright spot; `depth` is brightest less darkest gain.

    The mean gain is 1, as a camera exposes: this is no change of brightness. The model is that of shading correction
    in microscopy (Peng et al. 2017, doi:10.1038/ncomms14836): a smooth field that multiplies.
    """
    place = np.linspace(-1, 1, len(image))
    y, x = place[:, None], place[None, :]
    angle, share, spot = rng.uniform(0, 2 * np.pi), rng.uniform(), rng.uniform()
    down, across = np.sin(angle), np.cos(angle)
    slope = down * y + across * x
    bowl = (y + spot * down) ** 2 + (x + spot * across) ** 2  # brightest away from the dark side
    field = share * slope / np.ptp(slope) + (1 - share) * bowl / np.ptp(bowl)
    gain = 1 - depth * (field - field.mean()) / np.ptp(field)
    return (image * gain[..., None]).astype(np.float32)


def haze(image: ImageArray, density: float, rng: Generator) -> ImageArray:
    """Stray light: a cloud of the lamp's colour, up to `density` times as bright as the brightest of the image.

    The fog of ImageNet-C (arXiv:1903.12261): fractal noise, here of its low frequencies alone. The exposure falls by
    what the cloud adds on average, for a veil that only brightens is little but a loss of contrast.
    """
    layers = [_smooth(knots, len(image), rng) / 2**k for k, knots in enumerate(OCTAVES)]
    cloud = np.sum(layers, axis=0)
    cloud = density * (cloud - cloud.min()) / np.ptp(cloud)
    lamp = image.max(axis=(0, 1))
    return ((image + cloud[..., None] * lamp) / (1 + cloud.mean())).astype(np.float32)


def chromatic_aberration(image: ImageArray, magnification: float, rng: Generator) -> ImageArray:
    """Lateral colour: red is magnified by 1 + `magnification`, blue made smaller by as much, about the optical axis.

    The radial term of first order in the model of Kang 2007, "Automatic removal of chromatic aberration from a single
    image".
    """
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(*FIELD)
    axis = 0.5 + distance * np.array([np.sin(angle), np.cos(angle)])
    red = _magnified(image[..., :1], 1 + magnification, axis)
    blue = _magnified(image[..., 2:], 1 - magnification, axis)
    return np.concatenate([red, image[..., 1:2], blue], axis=2)


def zoom_blur(image: ImageArray, zoom: float, rng: Generator) -> ImageArray:
    """Focus drawn during the exposure: the mean over magnifications from 1 to `zoom`, evenly in their logarithm.

    As ImageNet-C (arXiv:1903.12261) has it, but about a centre that is drawn. Magnifications about one centre multiply,
    so each pass doubles the number of moments in the mean.
    """
    centre = 0.5 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2)
    step = zoom ** (1 / (2**DOUBLINGS - 1))
    for doubling in range(DOUBLINGS):
        image = np.float32(0.5) * (image + _magnified(image, step ** (2**doubling), centre))
    return image


def _magnified(image: ImageArray, factor: float, centre: NDArray[np.float64]) -> ImageArray:
    """The image magnified about `centre`, which is a share of the side, down and across."""
    back = 1 / factor
    offset = (centre * len(image) - 0.5) * (1 - back)
    return _of_each_channel(
        image,
        lambda channel: ndimage.affine_transform(channel, [back, back], offset, order=1, mode="reflect"),
    )


def _of_each_channel(image: ImageArray, function: Callable[[ImageArray], ImageArray]) -> ImageArray:
    """`function` of two dimensions at a time: over three, scipy's interpolation takes twice as long."""
    return np.stack([function(image[..., k]) for k in range(image.shape[2])], axis=2)


def _smooth(knots: int, side: int, rng: Generator) -> NDArray[np.float64]:
    """A cubic spline through normal draws at knots x knots places, (side, side)."""
    basis = _basis(knots, side)
    return basis @ rng.normal(size=(knots, knots)) @ basis.T


@lru_cache
def _basis(knots: int, side: int) -> NDArray[np.float64]:
    """Spline through a 1 at each knot in turn, (side, knots): interpolation is linear, so a product is all it takes."""
    return ndimage.zoom(np.eye(knots), (side / knots, 1), order=3)
