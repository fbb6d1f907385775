"""What a small set is compared with: a reference of stained cells and of images of anything else.

A set of a hundred images says too little of what cells look like, and a few that are no cells widen what it says. The
reference is the log ratio of two densities, that of the features of real cells (PBC, Acevedo et al. 2020) over that of
patches of photographs, drawings and scans, estimated by logistic regression (Bickel, Brückner and Scheffer 2007,
"Discriminative Learning for Differing Training and Test Distributions"). `benchmarks/reference.py` makes it; it has
1,280 weights and no image.

It knows one laboratory. So it never decides alone: what counts is how far an image lies from the median of its own
delivery, in robust standard deviations of that, and a delivery of another stain moves as a whole.
"""

from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tasks.features import hellinger
from tasks.outliers.detector import MAD_TO_SIGMA

FILE = Path(__file__).with_name("reference.npz")
FEWEST = 20
"""Images of a delivery whose median says anything."""


class Reference(NamedTuple):
    """`weights`, float32 (d,), and `intercept` of the log ratio, foreign over cell; `spread` of that among cells."""

    weights: NDArray[np.float32]
    intercept: float
    spread: float

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """That of the project."""
        with np.load(file) as stored:
            return cls(stored["weights"], float(stored["intercept"]), float(stored["spread"]))

    def ratio(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The log ratio of features >= 0, (n, d): above 0 an image looks foreign, below it looks like a cell."""
        return (hellinger(features) @ self.weights).astype(np.float64) + self.intercept

    def strangeness(
        self, ratio: NDArray[np.float64], deliveries: NDArray[np.str_], bulk: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """How far each image lies from its delivery's median towards the foreign, in standard deviations, (n,).

        0 for what looks like a cell, and in deliveries with fewer than FEWEST images of the `bulk`. The deviation is
        the delivery's, but no less than that of the reference: half of few cells may be alike.
        """
        found = np.zeros(len(ratio))
        for delivery in np.unique(deliveries):
            own = deliveries == delivery
            among = ratio[own & bulk]
            if len(among) >= FEWEST:
                centre = np.median(among)
                spread = max(MAD_TO_SIGMA * float(np.median(np.abs(among - centre))), self.spread)
                found[own] = (ratio[own] - centre) / spread
        return np.where(ratio > 0, found, 0.0)
