"""Whether ONNX Runtime, which answers with the model from then on, says what Keras said when it was calibrated."""

import numpy as np
from numpy.typing import NDArray

from tasks.selective.selective_classifier import SelectiveClassifier

PROBES = 32
"""Images to compare on."""
TOLERANCE = 0.01
"""Of a probability and of a score. On a CPU they differ by 1e-6; a GPU rounds to 10 bits what it multiplies."""


def largest_difference(one: SelectiveClassifier, other: SelectiveClassifier, images: NDArray[np.uint8]) -> float:
    """The largest difference of their probabilities and scores of `images`, as `predict` takes them.

    Raises ValueError where it is above `TOLERANCE`, or no number.
    """
    first, second = one.predict(images), other.predict(images)
    pairs = (first.probabilities, second.probabilities), (first.score, second.score)
    found = max(float(np.abs(here - there).max()) for here, there in pairs)
    if not found <= TOLERANCE:  # no number either
        raise ValueError(
            f"ONNX Runtime's answers differ from Keras' by {found:.2g}, expected at most {TOLERANCE}: "
            "a layer of this network is written wrongly in tasks/onnx_network/layers.py"
        )
    return found
