"""A second look at what curation kept: images that are out of distribution for the trained model.

Curation compares images with each other, by features that no label touched; the model's detector compares them with
the spaces that cells fill in its own middle blocks (`tasks.selective.detector`). Suspects are shown to a person, and
nothing is dropped: a few cells are among them.

The model refuses what scores higher than `calibrate.ood_false_positive_rate` of the validation images. Where some of
these are no cells, that limit rises above them. So a robust limit counts too, the lower of the two: the modified
z-score of Iglewicz and Hoaglin (1993, "How to detect and handle outliers"), which ignores up to half of the images.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ["rank", "id", "delivery", "source", "split", "label", "ood_score"]
FARTHEST = 3.5
"""Modified z-score above which the paper labels an outlier."""
CONSISTENT = 1.4826
"""The median absolute deviation times this estimates a normal distribution's standard deviation."""


def limit(scores: NDArray[np.float32], largest: float) -> float:
    """The score above which an image is a suspect, at most `largest`, above which the model refuses."""
    median = float(np.median(scores))
    spread = CONSISTENT * float(np.median(np.abs(scores - median)))
    return min(largest, median + FARTHEST * spread) if spread else largest


def find(rows: pd.DataFrame, scores: NDArray[np.float32], above: float) -> pd.DataFrame:
    """The rows with a score `above` that, COLUMNS, the highest first, with their own index; without what a person kept.

    `rows` has the columns of a clean table, `scores` are the model's out-of-distribution scores in that order.
    """
    found = rows.assign(ood_score=scores)[scores > above]
    open_ = found[found["review_decision"] != "keep"].sort_values(["ood_score", "id"], ascending=[False, True])
    return open_.assign(rank=np.arange(1, len(open_) + 1))[COLUMNS]
