"""Label arrays: numbers, one-hot rows or names, made the delivery's own class name of each row. Pure functions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXPECTED = "integers (N or N x 1), one-hot rows (N x classes) or class names (N or N x 1)"
NAMELESS = (
    "its labels are numbers, and nothing says which classes they stand for: give the names in the order of the numbers "
    "with --classes a,b,c, or in params.yaml as landing.class_order"
)


LONGEST, MOST = 1024, 10_000
"""Characters of a name, and classes; more than that is no list of classes, and would fill the memory."""


def are_names(dtype: np.dtype[Any]) -> bool:
    """Whether an array of this type holds names."""
    return dtype.kind in "US"


def check(key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise ValueError for an array that cannot be labels, by its header."""
    if are_names(dtype) and dtype.itemsize > 4 * LONGEST:
        raise ValueError(f"{key} must be names of at most {LONGEST} characters, got {dtype}")
    column = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    one_hot = len(shape) == 2 and 1 < shape[1] <= MOST and dtype.kind in "biuf"
    if not (one_hot or (column and (dtype.kind in "iu" or are_names(dtype)))):
        found = " x ".join(map(str, shape)) or "a single value"
        raise ValueError(f"{key} must be {EXPECTED}, got {found} of {dtype}")


def spelled(key: str, values: NDArray[Any]) -> list[str]:
    """Class names of an array of them, bytes as UTF-8. Raises ValueError for an empty one and for other encodings."""
    flat = values.reshape(-1).tolist()
    try:
        found = [each.decode() if isinstance(each, bytes) else each for each in flat]
    except UnicodeDecodeError as error:
        raise ValueError(f"{key} holds names that are not UTF-8: {error}") from error
    if "" in found:
        raise ValueError(f"{key} row {found.index('')} is empty, expected a class name")
    return found


def named(key: str, values: NDArray[Any], names: Sequence[str] | None) -> list[str]:
    """The class of each row; numbers, and the columns of one-hot rows, are positions in `names`.

    Raises ValueError for numbers without names, a position that has none, a row that is not one-hot, and names that are
    not among `names` where these are given.
    """
    if are_names(values.dtype):
        return _known(key, spelled(key, values), names)
    if names is None:
        raise ValueError(NAMELESS)
    numbers = _one_hot(key, values, names) if values.ndim == 2 and values.shape[1] > 1 else values.reshape(-1)
    for row in np.flatnonzero((numbers < 0) | (numbers >= len(names)))[:1]:
        raise ValueError(f"{key} row {row} is {numbers[row]}, expected 0 to {len(names) - 1} ({', '.join(names)})")
    return [names[number] for number in numbers]


def _known(key: str, found: list[str], names: Sequence[str] | None) -> list[str]:
    for row, each in enumerate(found):
        if names is not None and each not in names:
            raise ValueError(f"{key} row {row} is {each!r}, expected one of {', '.join(names)}")
    return found


def _one_hot(key: str, values: NDArray[Any], names: Sequence[str]) -> NDArray[np.int64]:
    if values.shape[1] != len(names):
        raise ValueError(f"{key} has {values.shape[1]} columns, expected one for each of {', '.join(names)}")
    wrong = ~((values == 0) | (values == 1)).all(axis=1) | ((values == 1).sum(axis=1) != 1)
    for row in np.flatnonzero(wrong)[:1]:
        raise ValueError(f"{key} row {row} is {values[row].tolist()}, expected a single 1 among zeros")
    return np.argmax(values, axis=1)
