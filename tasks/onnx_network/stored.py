"""The layers of a network as Keras stores them: their config as JSON, their weights in an h5 file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

Weights = Mapping[tuple[str, ...], list[NDArray[np.float32]]]
"""By a layer's name, behind those of the networks that it is nested in."""


class Layer(NamedTuple):
    """What a layer is, as `get_config` of its network has it, and its weights in the order of Keras."""

    name: str
    kind: str
    config: Mapping[str, Any]
    weights: list[NDArray[np.float32]]


def weights(file: Path) -> Weights:
    """Those of all layers in a file of `save_weights`. Raises ValueError for another file."""
    try:
        with h5py.File(file) as stored:
            return dict(_below(stored, ()))
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"{file}: expected weights as Keras saves them: {error}") from error


def _below(group: h5py.Group, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[NDArray[np.float32]]]]:
    for entry in group["layers"].values() if "layers" in group else ():
        stored = entry["vars"]
        if len(stored) or "layers" in entry:  # to open the rest takes a tenth of a second
            path = (*names, str(stored.attrs["name"]))
            yield path, [stored[name][()] for name in sorted(stored, key=int)]
            yield from _below(entry, path)
