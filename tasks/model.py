"""A model on disk and in memory: its folder (`tasks.model_folder`) with the network. Nothing is pickled.

The same model has the same bytes each time, which a `.keras` archive, with its clock inside, has not. No file of a
model can name code to run: a network is rebuilt from Keras' own layers, and from no others.
"""

import io
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from tasks import model_folder
from tasks.model_folder import ARRAYS, DESCRIPTION, FILES, FORMAT, TRAINING_IDS, WEIGHTS, Description

Array = NDArray[np.float32]
NOTHING: Mapping[str, Any] = MappingProxyType({})

LAYERS = {
    "keras": {"DTypePolicy"},
    "keras.initializers": {"GlorotUniform", "HeNormal", "Ones", "VarianceScaling", "Zeros"},
    "keras.layers": {
        "Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Dense",
        "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "InputLayer",
        "LayerNormalization", "LeakyReLU", "MaxPooling2D", "Multiply", "Normalization", "ReLU", "Rescaling", "Reshape",
        "Softmax", "ZeroPadding2D",
    },
    "keras.src.applications.convnext": {"LayerScale"},
    "keras.src.models.functional": {"Functional"},
    "keras.src.ops.numpy": {"Add", "Flip", "Multiply"},
    None: {"__keras_tensor__"},  # how a config names what flows between layers
}  # fmt: skip
"""All that a network may be made of, by module: what the backbones of this project hold, and plain layers like them.

None runs code of a config's choosing, as Lambda would, and no module outside Keras is ever imported for one.
"""


class Classifier(NamedTuple):
    """A model that was read."""

    network: keras.Model
    """from images, float32 (n, image_size, image_size, 3), RGB, 0 to 255, to probabilities, not calibrated"""
    classes: list[str]
    image_size: int
    crop: int
    """side of the centre crop in pixels before the resize, as `tasks.ingest.decode.fit` takes it"""
    provenance: dict[str, Any]
    """facts of content: settings of the training, deliveries, rows per split, digests"""
    training_ids: frozenset[str]
    """ids of the images that it was trained on and chosen by"""
    calibration: dict[str, Any]
    """{} for a network that was not calibrated yet"""
    arrays: dict[str, Array]
    """those of the calibration, {} without"""


def save(
    folder: Path,
    network: keras.Model,
    classes: Sequence[str],
    crop: int,
    provenance: Mapping[str, Any],
    training_ids: Collection[str],
    calibration: Mapping[str, Any] = NOTHING,
    arrays: Mapping[str, Array] = NOTHING,
) -> None:
    """Write the model into `folder`, the description last: where it stands, the model is whole.

    `provenance` and `calibration` are what JSON can hold. Raises ValueError for a layer that `load` would refuse,
    classes that are not those of the network's output, an array that is not float32, a number that JSON has not.
    """
    config = network.get_config()
    _check_layers(config)
    _check_parts(network, classes, arrays)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)
    network.save_weights(folder / WEIGHTS)
    (folder / TRAINING_IDS).write_text("".join(f"{one}\n" for one in sorted(set(training_ids))))
    _write_arrays(folder / ARRAYS, arrays)
    description = {
        "format": FORMAT,
        "classes": list(classes),
        "image_size": network.input_shape[1],
        "crop": crop,
        "provenance": dict(provenance),
        "calibration": dict(calibration),
        "files": {name: model_folder.stored(folder / name).model_dump() for name in FILES},
        "network": config,
    }
    description["digest"] = model_folder.taken(description)
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1, allow_nan=False) + "\n")


def load(folder: Path) -> Classifier:
    """Read a model.

    Raises FileNotFoundError without one. Raises ValueError, which names the file and what was expected of it, for a
    folder that is incomplete, damaged or edited, of another format, or whose network holds a layer not in `LAYERS`.
    """
    description = model_folder.load(folder)
    network = _rebuild(folder, description)
    return Classifier(
        network,
        description.classes,
        description.image_size,
        description.crop,
        description.provenance,
        model_folder.training_ids(folder),
        description.calibration,
        model_folder.arrays(folder),
    )


def _rebuild(folder: Path, description: Description) -> keras.Model:
    """The network with its weights."""
    file = folder / DESCRIPTION
    try:
        _check_layers(description.network)
        network = keras.Model.from_config(description.network)
        _check_parts(network, description.classes, {})
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RuntimeError) as error:
        raise ValueError(f"{file}: {_first_line(error)}") from error
    if network.input_shape[1] != description.image_size:
        raise ValueError(f"{file}: expected image_size {network.input_shape[1]}, got {description.image_size}")
    try:
        network.load_weights(folder / WEIGHTS)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{folder / WEIGHTS}: expected the weights of this network: {_first_line(error)}") from error
    return network


def _check_layers(config: Any) -> None:
    """Every class that a config names, at any depth, is in `LAYERS`; ValueError for the first that is not."""
    for part in _parts(config):
        module, name, registered = (part.get(key) for key in ("module", "class_name", "registered_name"))
        if name not in LAYERS.get(module, ()) or registered not in (None, name):
            shown = ".".join(str(word) for word in (module, registered or name) if word)
            raise ValueError(f"the network holds {shown}, expected layers of Keras that are on this project's list")


def _parts(config: Any) -> Iterator[dict[str, Any]]:
    """All that Keras would look up a class for."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from _parts(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _parts(value)


def _check_parts(network: keras.Model, classes: Sequence[str], arrays: Mapping[str, Array]) -> None:
    if network.output_shape[1:] != (len(classes),):
        raise ValueError(f"expected an output for each of {len(classes)} classes, got one of {network.output_shape}")
    for name, values in arrays.items():
        if values.dtype != np.float32:
            raise ValueError(f"array {name}: expected float32, got {values.dtype}")


def _write_arrays(file: Path, arrays: Mapping[str, Array]) -> None:
    """As np.savez does, but for the time of day that it puts beside each.

    Each is written at once: how zipfile marks a stream whose size it does not know yet differs between Python 3.11.2
    and 3.11.7, and with it the bytes.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(arrays[name], order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
