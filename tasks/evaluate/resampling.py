"""Intervals of figures by the bootstrap, in blocks of draws, so that memory does not grow with the test rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate import weighted
from tasks.gate import bootstrap

Figures = dict[str, Any]
Compute = Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.float64]]]
"""From the weights of rows, float32 (draws, n), to figures, each (draws,) or (draws, k)."""


class Resampling:
    """The draws of one evaluation: split groups within their class, the same draws for every figure."""

    def __init__(self, groups: NDArray[np.str_], truth: NDArray[np.int64], resamples: int, level: float, seed: int):
        self._groups = bootstrap.group(groups, truth)
        self.resamples, self.level, self.seed = resamples, level, seed

    @property
    def number(self) -> int:
        """Of split groups."""
        return len(self._groups.stratum)

    def draws(self, compute: Compute) -> dict[str, NDArray[np.float64]]:
        """The figures that `compute` gives, of all draws."""
        blocks = bootstrap.draws(self._groups.stratum, self.resamples, self.seed)
        found = [compute(block[:, self._groups.of_row]) for block in blocks]
        return {name: np.concatenate([block[name] for block in found]) for name in found[0]}

    def share(self, true: NDArray[np.bool_], of: NDArray[np.bool_] | None = None) -> Figures:
        """The share of true rows, with its interval; among the rows `of` alone where these are given."""
        here = np.ones(len(true), bool) if of is None else of
        inside = true[here]
        draws = self.draws(lambda weights: {"": weighted.mean(weights[:, here], inside.astype(np.float32))})[""]
        low, high = bootstrap.interval(draws, float(inside.mean()), self.level)
        return {"value": float(inside.mean()), "low": low, "high": high}

    def figure(self, value: float | None, draws: NDArray[np.float64]) -> Figures | None:
        """The value with its interval; None where there is none."""
        if value is None or np.isnan(draws).all():
            return None
        low, high = bootstrap.interval(draws, value, self.level)
        return {"value": value, "low": low, "high": high}
