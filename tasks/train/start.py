"""A training that starts from a model of this project instead of a backbone's published weights."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from tasks import model
from tasks.model import Classifier

OUTPUT = "probabilities"
"""The head's last layer: an output for each class."""


def load(folder: Path, backbone: keras.Model, head: keras.Model, names: Sequence[str]) -> None:
    """Give `backbone` and `head` the weights of the model in `folder`; says what of the head came along.

    The dense layers come where they are as wide, and of the output the classes `names` that the model knows as well.
    What does not come keeps its values. Raises FileNotFoundError and ValueError as `model.load`, and ValueError for a
    model with another backbone; nothing is changed then.
    """
    found = model.load(folder)
    layers = {layer.name: layer for layer in found.network.layers}
    _check(folder, found, backbone, list(layers))
    for layer in backbone.layers:
        layer.set_weights(layers[layer.name].get_weights())
    print(f"train: starts from {folder}, its backbone and {_give(found, head, names)}", flush=True)


def _check(folder: Path, found: Classifier, backbone: keras.Model, layers: Sequence[str]) -> None:
    """The description names the backbone; a model of another make is told by its layers."""
    named = found.provenance.get("train", {}).get("backbone")
    wanted = [layer.name for layer in backbone.layers]
    if named != backbone.name or [name for name in layers if name in wanted] != wanted:
        raise ValueError(f"weights: {folder} holds {named or 'another network'}, expected {backbone.name}")


def _give(found: Classifier, head: keras.Model, names: Sequence[str]) -> str:
    """Weights for as much of the head as fits; what that was."""
    old = found.network.get_layer("head")
    hidden = [layer for layer in head.layers if layer.weights and layer.name != OUTPUT]
    if not _fits(old, hidden, head):
        return "none of the head, whose layers are of other widths"
    for layer in hidden:
        layer.set_weights(old.get_layer(layer.name).get_weights())
    known = [name for name in names if name in found.classes]
    values = zip(head.get_layer(OUTPUT).get_weights(), old.get_layer(OUTPUT).get_weights(), strict=True)
    taken = [_placed(mine, theirs, names, known, found.classes) for mine, theirs in values]
    head.get_layer(OUTPUT).set_weights(taken)
    return f"the head of {len(known)} of {len(names)} classes"


def _fits(old: keras.Model, hidden: Sequence[keras.Layer], head: keras.Model) -> bool:
    """Whether both heads are the same but for their classes."""
    same = [layer.name for layer in old.layers] == [layer.name for layer in head.layers]
    return same and all(
        [w.shape for w in layer.weights] == [w.shape for w in old.get_layer(layer.name).weights] for layer in hidden
    )


def _placed(
    mine: np.ndarray, theirs: np.ndarray, names: Sequence[str], known: Sequence[str], classes: Sequence[str]
) -> np.ndarray:
    """`mine` with the columns of the classes that both know out of `theirs`."""
    placed = mine.copy()
    placed[..., [names.index(name) for name in known]] = theirs[..., [classes.index(name) for name in known]]
    return placed
