"""The errors that are compared, as functions of how often each split group counts."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.gate.bootstrap import Groups
from tasks.predictions import MIXED, SLICES, Predictions

CLEAN, CORRUPTED, WORST, RECALL = "clean", "corrupted", "worst", "recall"
OVERALL = (CLEAN, CORRUPTED, WORST, MIXED)


class Measure(NamedTuple):
    """An error, 0 to 1: `name` says of what kind, `slice` over which rows, "" for all of them."""

    name: str
    slice: str
    rows: int
    groups: int


class Part(NamedTuple):
    """A set of rows, summed over their split groups."""

    groups: NDArray[np.int64]
    """(g,), those that have rows in it"""
    rows: NDArray[np.float32]
    """(g,), how many"""
    wrong: NDArray[np.float32]
    """(g, columns), how many of them are answered wrongly in each column"""

    def errors(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shares of wrong answers, (draws, columns), from (draws, all groups); NaN in draws that hold none of it."""
        drawn = weights[:, self.groups]
        wrong, rows = (drawn @ self.wrong).astype(np.float64), (drawn @ self.rows).astype(np.float64)
        with np.errstate(invalid="ignore"):  # 0 / 0
            return wrong / rows[:, None]


class Errors:
    """All errors of a model's predictions; `names` are the classes that count, each known to the model.

    Clean, mixed and each kind and severity of the benchmark: balanced error, the mean over the classes of the share of
    wrong answers. `corrupted` is its mean over kinds of corruption, each the mean over its severities; `worst` is the
    greatest of these kinds, whichever it is in a draw. `recall` of a class is 1 - recall on clean images; the rest is
    the share of wrong answers on clean images. A class without rows is NaN, and left out of means over classes.
    """

    def __init__(self, predictions: Predictions, groups: Groups, names: Sequence[str]):
        columns = (CLEAN, MIXED, *sorted(predictions.corruption_names))  # one order for both models: sums round alike
        wrong = np.stack([_predicted(predictions, name) != predictions.truth for name in columns], axis=1)
        self.kinds = sorted(predictions.kinds)
        self._columns_of_kind = [
            [k for k, cell in enumerate(columns) if k > 1 and cell.partition("/")[0] == kind] for kind in self.kinds
        ]
        of_class = [(name, predictions.truth == predictions.classes.index(name)) for name in names]
        slices = list(_slices(predictions))
        self._classes = [part(groups.of_row[mask], wrong[mask]) for _, mask in of_class]
        self._slices = [part(groups.of_row[mask], wrong[mask][:, :1]) for _, _, mask in slices]
        everything = (len(predictions.rows), len(groups.stratum))
        self.measures = (
            *(Measure(name, "", *everything) for name in OVERALL),
            *(_measure(RECALL, name, each) for (name, _), each in zip(of_class, self._classes, strict=True)),
            *(_measure(name, value, each) for (name, value, _), each in zip(slices, self._slices, strict=True)),
        )

    def under(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """The errors in the order of `measures`, (draws, measures), from how often each group counts."""
        by_class, balanced, kinds = self._corruptions(weights)
        overall = [balanced[:, 0], kinds.mean(axis=1), kinds.max(axis=1), balanced[:, 1]]
        slices = [each.errors(weights)[:, 0] for each in self._slices]
        return np.stack([*overall, *by_class[:, :, 0], *slices], axis=1)

    def estimates(self) -> NDArray[np.float64]:
        """The errors themselves, (measures,): each group counts once."""
        return self.under(self._once())[0]

    def worst_kind(self) -> str:
        """The kind of corruption under which the balanced error is greatest."""
        return self.kinds[int(self._corruptions(self._once())[2][0].argmax())]

    def _corruptions(self, weights: NDArray[np.float32]) -> tuple[NDArray[np.float64], ...]:
        """By class (classes, draws, columns), balanced (draws, columns), by kind (draws, kinds)."""
        by_class = np.stack([each.errors(weights) for each in self._classes])
        balanced = np.nanmean(by_class, axis=0)
        kinds = np.stack([balanced[:, columns].mean(axis=1) for columns in self._columns_of_kind], axis=1)
        return by_class, balanced, kinds

    def _once(self) -> NDArray[np.float32]:
        return np.ones((1, self.measures[0].groups), np.float32)


def _predicted(predictions: Predictions, column: str) -> NDArray[np.int64]:
    return predictions.predicted if column == CLEAN else predictions.under(column)


def _slices(predictions: Predictions) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for name in SLICES:
        values = predictions.rows[name].to_numpy(str)
        yield from ((name, str(value), values == value) for value in np.unique(values))


def part(groups: NDArray[np.int64], wrong: NDArray[np.bool_]) -> Part:
    """From the group of each row, (n,), and whether it is answered wrongly in each column, (n, columns)."""
    unique, place, rows = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(unique), wrong.shape[1]), np.float32)
    np.add.at(sums, place, wrong.astype(np.float32))
    return Part(unique, rows.astype(np.float32), sums)


def _measure(name: str, value: str, rows: Part) -> Measure:
    return Measure(name, value, int(rows.rows.sum()), len(rows.groups))
