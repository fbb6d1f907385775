"""The eight kinds of cell, by the marks that tell them apart in a May-Gruenwald-Giemsa stain.

Each function draws one cell of its kind from a generator; all measures are in pixels (shapes.SIDE). Sizes and shades
overlap between the kinds on purpose: no single colour or size names a class.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from tasks.demo import shapes
from tasks.demo.shapes import Field, Plane
from tasks.demo.smear import GRANULOMERE, Cell, Layer, Stain

CHROMATIN: Stain = (0.21, 0.13, 0.46)
PALE_CHROMATIN: Stain = (0.36, 0.22, 0.55)
PINK: Stain = (0.87, 0.78, 0.82)
LILAC: Stain = (0.76, 0.66, 0.84)
GREY_BLUE: Stain = (0.66, 0.64, 0.86)
BLUE: Stain = (0.48, 0.48, 0.80)
GREY: Stain = (0.72, 0.68, 0.80)
ORANGE: Stain = (0.84, 0.57, 0.57)
PURPLE: Stain = (0.24, 0.10, 0.40)
AZURE: Stain = (0.58, 0.36, 0.66)


def basophil(rng: np.random.Generator) -> Cell:
    """Coarse dark granules over the whole cell, which all but hide a two-lobed nucleus."""
    at, radius = _placed(rng, 23, 38, wobble=2.0)
    outline = shapes.ellipse(at, radius, radius * rng.uniform(0.82, 1.0))
    body = shapes.cover(outline)
    lobes = _lobes(rng, at, 2, 0.42 * radius, 0.42 * radius, 0.4 * radius)
    nucleus = _chromatin(rng, 0.8 * body * shapes.cover(lobes, 5), CHROMATIN, 0.35)
    granules = shapes.grains(rng, rng.uniform(2.8, 3.7), rng.uniform(1.25, 1.8), rng.uniform(0.7, 1.0))
    coat = shapes.cover(outline - np.float32(1.0)) * granules
    layers = [Layer(body, _shade(rng, LILAC)), nucleus, Layer(rng.uniform(0.6, 0.9) * coat, PURPLE)]
    return Cell(radius, body, layers)


def eosinophil(rng: np.random.Generator) -> Cell:
    """A nucleus of two round lobes, seldom three, in a cytoplasm packed with large orange granules."""
    at, radius = _placed(rng, 27, 36, wobble=1.6)
    body = shapes.cover(shapes.ellipse(at, radius, radius * rng.uniform(0.86, 1.0)))
    count = 2 if rng.uniform() < 0.8 else 3
    lobe = rng.uniform(0.34, 0.44) * radius * (1.0 if count == 2 else 0.85)
    nucleus = body * shapes.cover(_lobes(rng, at, count, lobe, rng.uniform(0.42, 0.55) * radius, rng.uniform(3, 9)))
    granules = shapes.grains(rng, rng.uniform(3.2, 4.2), rng.uniform(1.3, 1.8), rng.uniform(0.7, 1.0))
    cytoplasm = Layer(body * rng.uniform(0.4, 0.9), _shade(rng, _between(rng, ORANGE, LILAC, 0.5)))
    packed = Layer(rng.uniform(0.4, 0.75) * body * granules, ORANGE)
    return Cell(radius, body, [cytoplasm, packed, _chromatin(rng, nucleus, CHROMATIN, 0.25)])


def erythroblast(rng: np.random.Generator) -> Cell:
    """A small, round, almost black nucleus in a grey to pinkish cytoplasm, of which some cells have hardly any."""
    at, nuclear = _placed(rng, 10, 17, wobble=1.0)
    radius = nuclear + (rng.uniform(4, 12) if rng.uniform() < 0.85 else rng.uniform(0, 3))
    body = shapes.cover(shapes.ellipse(_warped(rng, at, rng.uniform(0.5, 4)), radius, radius * rng.uniform(0.8, 1.0)))
    away = rng.uniform(0, 0.6) * max(radius - nuclear, 0)
    outline = shapes.ellipse(at, nuclear, nuclear * rng.uniform(0.9, 1.0), away)
    if rng.uniform() < 0.08:
        outline = _lobes(rng, at, 2, 0.68 * nuclear, 0.6 * nuclear, 4)
    tint = _shade(rng, _between(rng, GREY, (0.80, 0.66, 0.74)))
    clumped = _chromatin(rng, shapes.cover(outline), _between(rng, (0.13, 0.09, 0.33), CHROMATIN), 0.22)
    return Cell(max(radius, nuclear), body, [Layer(body * rng.uniform(0.7, 1.1), tint), clumped])


def ig(rng: np.random.Generator) -> Cell:
    """An immature granulocyte: a large pale nucleus, oval or dented, with fine granules beside and upon it."""
    at, radius = _placed(rng, 27, 41, wobble=2.5)
    body = shapes.cover(shapes.ellipse(at, radius, radius * rng.uniform(0.78, 1.0)))
    a = radius * rng.uniform(0.58, 0.80)
    away = rng.uniform(0.2, 1.0) * (radius - a)
    outline = shapes.ellipse(_warped(rng, at, 2), a, a * rng.uniform(0.68, 0.95), away)
    if rng.uniform() < 0.5:
        dent = shapes.ellipse(at, 0.5 * a, 0.45 * a, away - rng.uniform(0.85, 1.2) * a)
        outline = -shapes.union(-outline, dent, 6)
    nucleus = _chromatin(rng, body * shapes.cover(outline), _between(rng, PALE_CHROMATIN, CHROMATIN), 0.3)
    granules = shapes.grains(rng, rng.uniform(2.2, 3.4), rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.9))
    tint = _shade(rng, _between(rng, PINK, _between(rng, LILAC, GREY_BLUE)))
    layers = [Layer(body, tint), nucleus, Layer(rng.uniform(0.3, 0.75) * body * granules, AZURE)]
    return Cell(radius, body, layers)


def lymphocyte(rng: np.random.Generator) -> Cell:
    """A round dense nucleus that leaves a thin blue rim; the larger ones show more cytoplasm on one side."""
    at, nuclear = _placed(rng, 15, 23, wobble=1.6)
    rim = rng.uniform(1, 5) if rng.uniform() < 0.75 else rng.uniform(5, 11)
    radius = nuclear + rim
    body = shapes.cover(shapes.ellipse(_warped(rng, at, rng.uniform(0.5, 4)), radius, radius * rng.uniform(0.88, 1.0)))
    outline = shapes.ellipse(at, nuclear, nuclear * rng.uniform(0.86, 1.0), rng.uniform(0, 0.8) * rim)
    chromatin = _between(rng, (0.17, 0.13, 0.42), PALE_CHROMATIN, 0.7)
    nucleus = _chromatin(rng, shapes.cover(outline), chromatin, rng.uniform(0.12, 0.25))
    tint = _shade(rng, _between(rng, BLUE, GREY_BLUE))
    return Cell(radius, body, [Layer(body, tint), nucleus])


def monocyte(rng: np.random.Generator) -> Cell:
    """The largest: a kidney of a nucleus, loosely textured, in a wide grey-blue cytoplasm, often with vacuoles."""
    at, radius = _placed(rng, 30, 45, wobble=rng.uniform(2, 6))
    body = shapes.cover(shapes.ellipse(at, radius, radius * rng.uniform(0.72, 1.0)))
    lobe, ring = radius * rng.uniform((0.29, 0.28), (0.38, 0.45))
    kidney = _lobes(rng, _warped(rng, at, 2.5), 4, lobe, ring, 1.9 * lobe, arc=1.1 * math.pi)
    nucleus = _chromatin(rng, body * shapes.cover(kidney), _between(rng, PALE_CHROMATIN, CHROMATIN, 0.8), 0.26)
    haze = 0.85 + 0.15 * shapes.noise(rng, 4)
    holes = shapes.grains(rng, rng.uniform(6, 11), rng.uniform(1.2, 2.6), rng.uniform(0, 0.35))
    cytoplasm = Layer(body * haze * (1 - 0.8 * holes), _shade(rng, _between(rng, GREY_BLUE, LILAC)))
    dust = shapes.grains(rng, 2.5, 0.5, rng.uniform(0, 0.4))
    return Cell(radius, body, [cytoplasm, nucleus, Layer(0.3 * body * dust, AZURE)])


def neutrophil(rng: np.random.Generator) -> Cell:
    """Three to five lobes on thin threads, or an unsegmented band, in a pink cytoplasm with fine granules."""
    at, radius = _placed(rng, 26, 37, wobble=2.0)
    body = shapes.cover(shapes.ellipse(at, radius, radius * rng.uniform(0.84, 1.0)))
    band = rng.uniform() < 0.25
    count = 5 if band else int(rng.integers(3, 6))
    lobe = radius * rng.uniform(0.94, 1.15) * (0.40 - 0.038 * count)
    thread = 1.8 * lobe if band else rng.uniform(1.5, 5)
    outline = _lobes(rng, _warped(rng, at, 1.5), count, lobe, rng.uniform(0.38, 0.5) * radius, thread)
    nucleus = _chromatin(rng, body * shapes.cover(outline), CHROMATIN, 0.2)
    granules = shapes.grains(rng, rng.uniform(2.2, 3.4), rng.uniform(0.45, 0.8), rng.uniform(0.3, 0.9))
    tint = _shade(rng, _between(rng, PINK, LILAC, 0.6))
    layers = [Layer(body, tint), Layer(rng.uniform(0.2, 0.65) * body * granules, AZURE), nucleus]
    return Cell(radius, body, layers)


def platelet(rng: np.random.Generator) -> Cell:
    """A small bare scrap of cytoplasm without a nucleus, its purple granules gathered in the middle."""
    at, radius = _placed(rng, 9, 17, wobble=3.0)
    outline = shapes.ellipse(at, radius, radius * rng.uniform(0.7, 1.0))
    body = shapes.cover(outline, 3)
    core = shapes.cover(outline + np.float32(0.3 * radius), 0.6 * radius)
    granules = shapes.grains(rng, rng.uniform(2.4, 3.4), rng.uniform(0.9, 1.5), rng.uniform(0.6, 1.0))
    hyalomere = Layer(body * rng.uniform(0.5, 1.0), _shade(rng, GREY_BLUE))
    layers = [hyalomere, Layer(core * rng.uniform(0.2, 0.9), GRANULOMERE), Layer(0.75 * core * granules, AZURE)]
    return Cell(radius, body, layers)


DRAW: dict[str, Callable[[np.random.Generator], Cell]] = {
    draw.__name__: draw for draw in (basophil, eosinophil, erythroblast, ig, lymphocyte, monocyte, neutrophil, platelet)
}


def _placed(rng: np.random.Generator, smallest: float, largest: float, wobble: float) -> tuple[Plane, float]:
    """A plane near the middle of the image, and a radius for what stands there."""
    x, y = rng.normal(0, 2.2, 2)
    return shapes.plane(rng, x, y, wobble), rng.uniform(smallest, largest)


def _warped(rng: np.random.Generator, at: Plane, wobble: float) -> Plane:
    size = np.float32(wobble)
    return Plane(at.x + size * shapes.noise(rng, 20), at.y + size * shapes.noise(rng, 20))


def _lobes(
    rng: np.random.Generator, at: Plane, count: int, lobe: float, ring: float, thread: float, arc: float = 1.3 * math.pi
) -> Field:
    """A nucleus of `count` lobes of radius `lobe` along `arc` of a ring, each tied to the next by a thread."""
    turns = (np.arange(count) - (count - 1) / 2) * arc / (count - 1 if count > 2 else 1.4) + rng.normal(0, 0.12, count)
    rings = ring * rng.uniform(0.85, 1.15, count)
    centres = [(r * math.cos(turn) - ring / 4, r * math.sin(turn)) for r, turn in zip(rings, turns, strict=True)]
    outline = _lobe(rng, at, lobe, centres[0])
    for start, end in itertools.pairwise(centres):
        outline = shapes.union(outline, shapes.bridge(at, start, end, thread), 3)
        outline = shapes.union(outline, _lobe(rng, at, lobe, end), 3)
    return outline


def _lobe(rng: np.random.Generator, at: Plane, radius: float, centre: tuple[float, float]) -> Field:
    a, b = radius * rng.uniform(0.85, 1.2, 2)
    return shapes.ellipse(at, a, b, *centre)


def _chromatin(rng: np.random.Generator, cover: Field, stain: Stain, contrast: float) -> Layer:
    """A nucleus with the light specks and clumps of its chromatin, which thin the stain by up to `contrast`."""
    specks: Field = shapes.noise(rng, rng.uniform(2.2, 3.5)) + np.float32(0.5) * shapes.noise(rng, 7)
    return Layer(cover * (1 - np.float32(contrast) * np.clip(np.float32(0.4) + specks, 0, 1)), stain)


def _shade(rng: np.random.Generator, stain: Stain) -> Stain:
    red, green, blue = np.clip(np.asarray(stain) + rng.normal(0, 0.035) + rng.normal(0, 0.02, 3), 0.05, 0.97)
    return red, green, blue


def _between(rng: np.random.Generator, one: Stain, other: Stain, most: float = 1.0) -> Stain:
    """`one` mixed with up to `most` of `other`."""
    share = rng.uniform(0, most)
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
    return red, green, blue
