"""The recipe `broad`: a step for each family of corruptions, each of its changes to a share of the images.

The winner of the contest trained with fifteen such operations online, MedMNIST-C's authors with their
own corruptions (arXiv:2406.17536): what carries over to distortions that a training never met is their variety. The
forms are other ones than those of `tasks.corruptions`, on which models are judged: a mixture of Gaussians, no disc and
no ring; waves for the light, no bowl and no fractal cloud; a transform of blocks of 12, no JPEG; and so on.

Every strength stands here at magnitude 1, where it is drawn from 0 on, so that most images get less. Set by eye on real
cells (`hemaflow preview`): at magnitude 0.5 a person tells nearly all of them.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tasks.augment import blur, colour, geometry, masks, randaugment
from tasks.augment.draws import Draws
from tasks.augment.table import Recipe, Step

ZOOM, SHEAR, TRANSLATION = 1.0, 0.3, 0.2
STAIN = 0.6
"""Share by which the amount of each dye grows or shrinks (HED jitter, arXiv:1902.06543); with OFFSET, its density."""
OFFSET = 0.12
HUE, SATURATION, CHANNEL, GREY = 0.15, 1.2, 0.15, 0.2
GRID = 0.6
GAIN, VEIL = 1.2, 1.0
"""Of the lamp's light from the darkest to the brightest place, as a logarithm; share of light that is stray."""
WAVES = (0.2, 1.2)
"""Periods along a side."""
BLUR = 0.05
"""Standard deviation, as a share of the side."""
STRETCH, HALO = 1.0, 1.2
"""Doublings by which a blur is longer than wide; the band between two blurs that is added or taken away."""
NOISE = 0.25
"""Standard deviation, as a share of the range."""
GAMMA, CHANNEL_GAMMA, CONTRAST, BRIGHTNESS = 1.2, 0.4, 0.9, 0.35
SHRUNK = 8.0
"""Times as many pixels along a side as a low resolution leaves, less one."""
BLOCK, COARSE = 12, 160.0
"""Side of the blocks that compression transforms; largest step of their finest waves, in grey levels."""

TONES = {
    "identity": randaugment.OTHERS["identity"],
    **{name: randaugment.OTHERS[name] for name in ("autocontrast", "equalize", "solarize", "posterize", "sharpness")},
}
HED = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
"""Optical density of haematoxylin, eosin and DAB, red, green and blue (Ruifrok and Johnston 2001), a dye a row."""
YCC = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])
"""From RGB to light and two differences of colour (ITU-R BT.601)."""

Change = Callable[[tf.Tensor, Recipe, Draws], tf.Tensor]


def _geometry(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Mirrored and turned by any angle; in other scales and places."""
    n, m = [tf.shape(images)[0]], recipe.magnitude
    matrices = geometry.scaling(numbers.sign(n), numbers.sign(n)) @ geometry.rotation(numbers.either(n, 0.5))
    matrices @= geometry.shear(numbers.either(n, SHEAR * m), numbers.either(n, SHEAR * m))
    factor, reach = (1 + ZOOM * m) ** numbers.either(n, 1), TRANSLATION * m * images.shape[1]
    moved = geometry.translation(numbers.either(n, reach), numbers.either(n, reach))
    return geometry.warp(images, matrices @ geometry.scaling(factor, factor) @ moved)


def _stain(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """More or less of each dye, in optical density."""
    n, m = tf.shape(images)[0], recipe.magnitude
    return stained(images, 1 + numbers.either([n, 3], STAIN * m), numbers.either([n, 3], OFFSET * m))


def _colour(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Hue, saturation and channels, now and then grey."""
    n, m = [tf.shape(images)[0]], recipe.magnitude
    coloured = tf.cast(~numbers.happens(n, GREY * m), tf.float32)
    saturation = coloured * tf.maximum(1 + numbers.either(n, SATURATION * m), 0)
    matrices = colour.saturating(saturation) @ colour.hue(numbers.either(n, HUE * m))
    return colour.linear(images, matrices, 255 * coloured[:, None] * numbers.either([*n, 3], CHANNEL * m))


def _grid(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """GridMask (arXiv:2001.04086), in a colour of its own."""
    n = [tf.shape(images)[0]]
    share, fill = numbers.uniform(n, 0, GRID * recipe.magnitude), _fill(images, numbers)
    return masks.grid(images, numbers.uniform(n, 3.0, 6.0), share, numbers.uniform(n), numbers.uniform([*n, 2]), fill)


def _square(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Cutout (arXiv:1708.04552), in a colour of its own."""
    n = [tf.shape(images)[0]]
    size, centres = numbers.uniform(n, 0, recipe.cutout), numbers.uniform([*n, 2])
    return masks.square(images, size, centres, _fill(images, numbers))


def _uneven(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """A lamp brighter here than there."""
    depth = numbers.uniform([tf.shape(images)[0], 1, 1, 1], 0, GAIN / 2 * recipe.magnitude)
    return images * tf.exp(depth * _waves(images, numbers))


def _veil(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Stray light of any brightness, as thick as a wave is high."""
    each = [tf.shape(images)[0], 1, 1, 1]
    thick = numbers.uniform(each, 0, VEIL * recipe.magnitude) * (0.5 + 0.5 * _waves(images, numbers))
    return images + thick * (numbers.uniform(each, 150.0, 255.0) - images)


def _blur(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """A Gaussian, longer one way; and a band of frequencies more or less, as a lens out of focus has it."""
    n, m = [tf.shape(images)[0]], recipe.magnitude
    deviation, stretch = numbers.uniform(n) ** 1.5 * BLUR * m * images.shape[1], 2 ** numbers.either(n, STRETCH)
    blurred = blur.gaussian(images, deviation * stretch, deviation / stretch)
    wider = blur.gaussian(blurred, numbers.uniform(n, 0.5, 2.0))
    return blurred + numbers.either([*n, 1, 1, 1], HALO * m) * (blurred - wider)


def _noise(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Gaussian, of each colour by itself and of the light, in any ratio."""
    n = tf.shape(images)[0]
    deviation = 255 * NOISE * recipe.magnitude * numbers.uniform([n, 1, 1, 1]) ** 1.5
    of_light, grey = numbers.uniform([n, 1, 1, 1]), numbers.noise([n, *images.shape[1:3], 1])
    return images + deviation * (of_light * grey + (1 - of_light) * numbers.noise(tf.shape(images)))


def _curve(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """To a power, a little another one for each channel."""
    n, m = tf.shape(images)[0], recipe.magnitude
    power = tf.exp(numbers.either([n, 1], GAMMA * m) + numbers.either([n, 3], CHANNEL_GAMMA * m))
    return 255 * _light(images) ** power[:, None, None, :]


def _straight(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Contrast about the mean, and brightness."""
    each, m = [tf.shape(images)[0], 1, 1, 1], recipe.magnitude
    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    contrast, brightness = 1 + numbers.either(each, CONTRAST * m), 255 * numbers.either(each, BRIGHTNESS * m)
    return mean + contrast * (images - mean) + brightness


def _tone(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """RandAugment's tone operations (arXiv:1909.13719)."""
    return randaugment.one_of(images, recipe.magnitude, numbers, TONES)


def _fewer(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Few pixels, and interpolation between them."""
    n = [tf.shape(images)[0]]
    factor = 1 + SHRUNK * recipe.magnitude * numbers.uniform(n) ** 2
    weights = shrunk(factor, numbers.uniform(n), images.shape[1])
    return blur.separable(images, weights, weights)


def _compressed(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Each block's cosine transform rounded, the finer a wave the coarser; colours twice as coarsely as the light."""
    return coarse(images, COARSE * recipe.magnitude * numbers.uniform([tf.shape(images)[0]]) ** 1.5)


def stained(images: tf.Tensor, amounts: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    """Each dye's amount times that, and more of it by that, both float32 (n, 3), in optical density."""
    dyes, to_dyes = (tf.constant(matrix, tf.float32) for matrix in (_unit(HED), np.linalg.inv(_unit(HED))))
    density = -tf.math.log(_light(images))
    density = colour.linear(density, to_dyes @ (amounts[:, :, None] * dyes), offsets @ dyes)
    return 255 * tf.exp(-tf.maximum(density, 0.0))


def coarse(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """The cosine transform of each block rounded to multiples of `step`, float32 (n,), of the finest wave."""
    to_ycc, transform = tf.constant(YCC, tf.float32), tf.constant(_cosines(images.shape[1]), tf.float32)
    waves = blur.separable(tf.linalg.matvec(to_ycc, images), transform, transform)
    place = tf.range(images.shape[1], dtype=tf.float32) % BLOCK / BLOCK
    fine = 0.1 + 0.9 * (place[:, None] + place[None, :]) / 2
    steps = 1 + step[:, None, None, None] * fine[None, :, :, None] * tf.constant([1.0, 2.0, 2.0])
    back = blur.separable(tf.round(waves / steps) * steps, tf.transpose(transform), tf.transpose(transform))
    return tf.linalg.matvec(tf.constant(np.linalg.inv(YCC), tf.float32), back)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _light(images: tf.Tensor) -> tf.Tensor:
    """1 / 255 to 1: of a black pixel no logarithm is known."""
    return tf.clip_by_value(images, 1.0, 255.0) / 255


def _fill(images: tf.Tensor, numbers: Draws) -> tf.Tensor:
    return 255 * numbers.uniform([tf.shape(images)[0], 3])[:, None, None, :]


def _waves(images: tf.Tensor, numbers: Draws) -> tf.Tensor:
    """The mean of three plane waves of long periods, -1 to 1, (n, side, side, 1)."""
    shape, side = [tf.shape(images)[0], 3], images.shape[1]
    here = 2 * np.pi * ((tf.range(side, dtype=tf.float32) + 0.5) / side - 0.5)
    many, angle = numbers.uniform(shape, *WAVES), numbers.uniform(shape, 0, 2 * np.pi)
    down, across = (turn[:, :, None] * here for turn in (many * tf.sin(angle), many * tf.cos(angle)))
    phase = numbers.uniform(shape, 0, 2 * np.pi)[:, :, None, None]
    return tf.reduce_mean(tf.cos(down[:, :, :, None] + across[:, :, None, :] + phase), axis=1)[..., None]


def shrunk(factor: tf.Tensor, phase: tf.Tensor, side: int) -> tf.Tensor:
    """Matrices (n, side, side): means over `factor` pixels, then linear interpolation between these."""
    here, factor = tf.range(side, dtype=tf.float32), factor[:, None, None]
    # At a factor of 1 there is nothing between pixels, so no phase. Of as many as may be needed, most lie outside.
    middles = (here[None, :, None] - phase[:, None, None] * tf.minimum(factor - 1, 1.0)) * factor
    far = tf.abs(here[None, None, :] - middles)
    mean = tf.clip_by_value(factor / 2 + 0.5 - far, 0.0, 1.0)
    between = tf.linalg.matrix_transpose(tf.maximum(1 - far / factor, 0.0))
    weights = between @ (mean / tf.maximum(tf.reduce_sum(mean, axis=2, keepdims=True), 1e-3))
    return weights / tf.reduce_sum(weights, axis=2, keepdims=True)


def _cosines(side: int) -> np.ndarray:
    """The orthonormal cosine transform of blocks of BLOCK pixels, the last one smaller, (side, side)."""
    found = np.zeros((side, side))
    for start in range(0, side, BLOCK):
        width = min(BLOCK, side - start)
        wave, place = np.arange(width)[:, None], np.arange(width) + 0.5
        block = np.cos(np.pi / width * wave * place) * np.sqrt((1 + (wave > 0)) / width)
        found[start : start + width, start : start + width] = block
    return found


def _each(*changes: tuple[Change, float]) -> Change:
    """One change after the other, each to its share of the images, drawn anew."""

    def step(images: tf.Tensor, recipe: Recipe, numbers: Draws) -> tf.Tensor:
        for change, share in changes:
            images = _some(images, change, share, recipe, numbers)
        return images

    return step


def _some(images: tf.Tensor, change: Change, share: float, recipe: Recipe, numbers: Draws) -> tf.Tensor:
    """Computed for those images alone, as many as the share comes to, rounded up; of these, chance decides the rest."""
    if share == 1:
        return tf.clip_by_value(change(images, recipe, numbers), 0.0, 255.0)
    n = tf.shape(images)[0]
    order, many = numbers.permutation(n), (n * round(100 * share) + 99) // 100
    picked = tf.gather(images, order[:many])
    happens = numbers.happens([many, 1, 1, 1], share * tf.cast(n, tf.float32) / tf.cast(many, tf.float32))
    changed = tf.where(happens, tf.clip_by_value(change(picked, recipe, numbers), 0.0, 255.0), picked)
    return tf.gather(tf.concat([changed, tf.gather(images, order[many:])], axis=0), tf.argsort(order))


STEPS: dict[Step, Change] = {
    "broad_geometry": _each((_geometry, 1.0)),
    "broad_colour": _each((_stain, 0.35), (_colour, 0.35)),
    "broad_occlusion": _each((_grid, 0.15), (_square, 0.35)),
    "broad_light": _each((_uneven, 0.25), (_veil, 0.2)),
    "broad_blur": _each((_blur, 0.4)),
    "broad_noise": _each((_noise, 0.35)),
    "broad_tone": _each((_curve, 0.35), (_straight, 0.35), (_tone, 0.4)),
    "broad_digital": _each((_fewer, 0.25), (_compressed, 0.25)),
}
"""Shares: of ten images, two stay as they are but for the geometry, and most have two to six changes."""
