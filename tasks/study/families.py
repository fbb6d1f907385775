"""How a trained network does on each family of corruptions, above all on those that its training left out."""

from collections.abc import Sequence

import keras
import numpy as np

from tasks.corruptions import validation
from tasks.corruptions.kind import FAMILIES
from tasks.loader import Source
from tasks.splits import Part

SEED = 0
"""All trials are judged on the same images."""


def accuracies(network: keras.Model, arrays: Source, part: Part, batch: int) -> dict[str, float]:
    """Accuracy, 0 to 1, on the images of `part`, each under one corruption of validation of that family, by family."""
    images = arrays.take(part.places)
    found: dict[str, float] = {}
    for family in FAMILIES:
        corrupted = validation.of_family(images, family, part.ids, SEED)
        answers = network.predict(corrupted, batch_size=batch, verbose=0).argmax(axis=1)
        found[family] = float(np.mean(answers == part.labels))
    return found


def left_out(found: dict[str, float], without: Sequence[str]) -> dict[str, float]:
    """The mean accuracy on families that the training left out, as `left_out`; nothing where it left out none."""
    return {"left_out": float(np.mean([found[family] for family in without]))} if without else {}
