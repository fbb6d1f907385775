"""A stained smear under a microscope: light, stain, red cells and the camera, as functions on arrays.

An image is light that passes layers of stain: float32 of shape (3, SIDE, SIDE), RGB, 1 being white (channels first,
as long rows are what NumPy is fast on). A stain is what it lets through, per channel; a layer is how densely it lies,
0 to 1, pixel by pixel.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.demo import shapes
from tasks.demo.shapes import SIDE, Field

ImageArray = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Stain = tuple[float, float, float]

HAEMOGLOBIN: Stain = (0.80, 0.70, 0.75)
GRANULOMERE: Stain = (0.52, 0.34, 0.62)


class Layer(NamedTuple):
    """A stain and how densely it lies on each pixel."""

    density: Field
    stain: Stain


class Cell(NamedTuple):
    """A cell in the middle of the image; `body` is its cover, through which no red cell shines."""

    radius: float
    body: Field
    layers: list[Layer]


class AcquisitionBatch(NamedTuple):
    """One laboratory's way of taking images: the colour of the lamp, the tint of its stains, its lens."""

    name: str
    light: tuple[float, float, float]
    tint: tuple[float, float, float]
    haemoglobin: Stain
    blur: tuple[float, float]


MAIN = AcquisitionBatch("main", (0.99, 0.91, 0.81), (1.0, 1.0, 1.0), HAEMOGLOBIN, (0.0, 0.17))
BLUISH = AcquisitionBatch("bluish", (0.88, 0.87, 0.945), (1.0, 1.02, 0.85), (0.82, 0.79, 0.89), (0.10, 0.22))


def photograph(rng: np.random.Generator, cell: Cell, acquisition_batch: AcquisitionBatch) -> Pixels:
    """`cell` among red cells, as a camera of `acquisition_batch` takes it: uint8 of shape (SIDE, SIDE, 3)."""
    strength = rng.uniform(0.86, 1.10) * np.asarray(acquisition_batch.tint) * rng.normal(1, 0.03, 3)
    light = _light(rng, acquisition_batch)
    around = _red_cells(rng, light, cell, acquisition_batch.haemoglobin, strength)
    around = _debris(rng, around, cell, strength)
    image = around + (light - around) * cell.body
    for layer in cell.layers:
        image = absorb(image, layer, strength)
    return _expose(rng, image, rng.uniform(*acquisition_batch.blur))


def absorb(image: ImageArray, layer: Layer, strength: NDArray[np.float64]) -> ImageArray:
    """What is left of `image` behind `layer`; `strength` scales the stain's absorption channel by channel."""
    taken = np.minimum((1 - np.asarray(layer.stain)) * strength, 0.97).astype(np.float32)
    return image * (1 - layer.density * taken[:, None, None])


def _light(rng: np.random.Generator, acquisition_batch: AcquisitionBatch) -> ImageArray:
    """The empty field: a lamp somewhat off in brightness and colour, and off the middle."""
    colour = np.asarray(acquisition_batch.light) * rng.uniform(0.94, 1.02) * rng.normal(1, 0.008, 3)
    falloff = 1 + np.float32(rng.uniform(0.005, 0.035)) * shapes.noise(rng, 60)
    return falloff * colour.astype(np.float32)[:, None, None]


def _red_cells(
    rng: np.random.Generator, light: ImageArray, cell: Cell, stain: Stain, strength: NDArray[np.float64]
) -> ImageArray:
    """Red cells around `cell`, pale in the middle, darker where they overlap; how many varies from smear to smear."""
    density, size, crowding = rng.uniform((0.55, 14, 0.7), (0.95, 18.5, 1.05))
    blood = np.zeros((SIDE, SIDE), np.float32)
    taken = [(0.0, 0.0, cell.radius)]
    for x, y in rng.uniform(-SIDE * 0.62, SIDE * 0.62, (int(rng.integers(8, 40)), 2)):
        if all(math.hypot(x - u, y - v) > (size + r) * crowding for u, v, r in taken):
            blood += _red_cell(rng, x, y, size)
            taken.append((x, y, size))
    return absorb(light, Layer(np.float32(density) * blood, stain), strength)


def _red_cell(rng: np.random.Generator, x: float, y: float, size: float) -> Field:
    a = size * rng.uniform(0.88, 1.1)
    disc = shapes.ellipse(shapes.plane(rng, x, y), a, a * rng.uniform(0.8, 1.0))
    pallor = shapes.cover(disc + np.float32(a * rng.uniform(0.5, 0.75)), a * rng.uniform(0.5, 0.9))
    return shapes.cover(disc, 2.5) * (1 - np.float32(rng.uniform(0.35, 0.9)) * pallor)


def _debris(rng: np.random.Generator, light: ImageArray, cell: Cell, strength: NDArray[np.float64]) -> ImageArray:
    """Here and there a stray platelet or a fleck of precipitated stain, clear of the cell."""
    for x, y in rng.uniform(-SIDE / 2, SIDE / 2, (int(rng.poisson(0.35)), 2)):
        radius = rng.uniform(2, 6)
        if math.hypot(x, y) > cell.radius + radius:
            at = shapes.plane(rng, x, y, wobble=2)
            fleck = shapes.cover(shapes.ellipse(at, radius, radius * 0.8), 3) * np.float32(rng.uniform(0.4, 0.9))
            light = absorb(light, Layer(fleck, GRANULOMERE), strength)
    return light


def _expose(rng: np.random.Generator, image: ImageArray, blur: float) -> Pixels:
    """What the camera makes of `image`: slightly out of focus, with the sensor's noise, as uint8 (SIDE, SIDE, 3)."""
    for axis in (1, 2, 1, 2):
        image = _smooth(image, blur, axis)
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(0.004, 0.012))
    levels = np.clip((image + grain) * 255 + np.float32(0.5), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))


def _smooth(image: ImageArray, blur: float, axis: int) -> ImageArray:
    """Each pixel mixed with `blur` of both its neighbours along `axis`; a pixel of the edge is its own neighbour."""
    rows = np.moveaxis(image, axis, 0)
    share = rows * np.float32(blur)
    mixed = rows - 2 * share
    mixed[1:] += share[:-1]
    mixed[:-1] += share[1:]
    mixed[0] += share[0]
    mixed[-1] += share[-1]
    return np.moveaxis(mixed, 0, axis)
