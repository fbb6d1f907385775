"""A model on disk: what it is as JSON, its weights as `.weights.h5`, nothing pickled.

Both files have the same bytes for the same model, which a `.keras` archive, with its clock inside, has not.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras

DESCRIPTION = "model.json"
WEIGHTS = "model.weights.h5"
FORMAT = "hemaflow-model/1"


class Classifier(NamedTuple):
    """A network from pictures, float32 (n, image_size, image_size, 3), 0 to 255, to probabilities of `classes`."""

    network: keras.Model
    classes: list[str]
    image_size: int


def save(folder: Path, network: keras.Model, classes: Sequence[str]) -> None:
    """Write the model into `folder`, the description last: where it stands, the model is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    network.save_weights(folder / WEIGHTS)
    description = {
        "format": FORMAT,
        "classes": list(classes),
        "image_size": network.input_shape[1],
        "network": network.get_config(),
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def load(folder: Path) -> Classifier:
    """Read a model. Raises FileNotFoundError without one, ValueError where the folder holds something else."""
    file = folder / DESCRIPTION
    if not file.is_file():
        raise FileNotFoundError(f"no model in {folder}: {DESCRIPTION} is missing")
    description = json.loads(file.read_text())
    if description.get("format") != FORMAT:
        raise ValueError(f"{file}: expected format {FORMAT}, got {description.get('format')!r}")
    network = keras.Model.from_config(description["network"])
    network.load_weights(folder / WEIGHTS)
    return Classifier(network, description["classes"], description["image_size"])
