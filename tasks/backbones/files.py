"""Weights of a backbone from a file, all of them or none."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import h5py
import keras

SHOWN = 4
"""Differences that an error lists."""


class Pair(NamedTuple):
    """A weight of the network and what the file has in its place; None on the side that has nothing."""

    name: str
    weight: keras.Variable | None
    stored: h5py.Dataset | None

    @property
    def fits(self) -> bool:
        """Whether the file has an array of that shape."""
        return self.weight is not None and self.stored is not None and self.weight.shape == self.stored.shape

    def difference(self) -> str:
        """For an error: `stem_conv: expected (3, 3, 3, 32), found (7, 7, 3, 64)`."""
        sides = (side.shape if side is not None else "nothing" for side in (self.weight, self.stored))
        return "{}: expected {}, found {}".format(self.name, *sides)


def load(network: keras.Model, file: Path) -> None:
    """Set the weights of `network` to those of `file`.

    The file is Keras' `.weights.h5` of that network, or HDF5 as Keras 2 wrote it, which is what keras.applications
    publish. Raises FileNotFoundError where it is absent, ValueError where it holds another network; the network is
    unchanged then.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no weights at {file}")
    try:
        stored = h5py.File(file)
    except OSError as error:
        raise ValueError(f"{file} is no HDF5 file of weights: {error}") from error
    with stored:
        pairs = list(_keras3(network, stored) if "layers" in stored else _keras2(network, stored))
        _check(network.name, file, pairs)
        for pair in pairs:
            assert pair.weight is not None
            assert pair.stored is not None
            pair.weight.assign(pair.stored[()])


def _check(name: str, file: Path, pairs: list[Pair]) -> None:
    wrong = [pair.difference() for pair in pairs if not pair.fits]
    if wrong:
        more = f"; {len(wrong) - SHOWN} more differ" if len(wrong) > SHOWN else ""
        raise ValueError(f"{file} does not hold the weights of {name}: {'; '.join(wrong[:SHOWN])}{more}")


def _weights(network: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    for layer in network.layers:
        for weight in layer.weights:
            yield layer.name, weight


def _keras3(network: keras.Model, file: h5py.File) -> Iterator[Pair]:
    """By path: Keras counts the layers of each class, `layers/conv2d_3/vars/0`."""
    stored = _datasets(file)
    seen: Counter[str] = Counter()
    for layer in network.layers:
        kind = _snake_case(type(layer).__name__)
        folder = f"layers/{kind}_{seen[kind]}" if seen[kind] else f"layers/{kind}"
        seen[kind] += 1
        for number, weight in enumerate(layer.weights):
            yield Pair(layer.name, weight, stored.pop(f"{folder}/vars/{number}", None))
    for path, dataset in stored.items():
        yield Pair(path, None, dataset)


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """All arrays by their path, but for the states of random draws, as dropout has them, which are no weights."""
    found: dict[str, h5py.Dataset] = {}

    def visit(path: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and "seed_generator" not in path:
            found[path] = item

    file.visititems(visit)
    return found


def _snake_case(name: str) -> str:
    """As Keras names the groups of its files: BatchNormalization becomes batch_normalization, Conv2D conv2d."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _keras2(network: keras.Model, file: h5py.File) -> Iterator[Pair]:
    """By order: names of layers differ from version to version, and a nested network is one group of arrays."""
    group = file.get("model_weights", file)
    stored = [
        (layer, group[layer][weight])
        for layer in _strings(group, "layer_names")
        for weight in _strings(group[layer], "weight_names")
    ]
    for expected, found in zip_longest(_weights(network), stored):
        name = expected[0] if expected else found[0]
        yield Pair(name, expected[1] if expected else None, found[1] if found else None)


def _strings(group: h5py.Group, name: str) -> list[str]:
    """A list among the attributes; a long one is in pieces, `layer_names0`, `layer_names1`, ..."""
    pieces = [name, *(f"{name}{k}" for k in range(len(group.attrs)))]
    texts = [text for piece in pieces if piece in group.attrs for text in group.attrs[piece]]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in texts]
