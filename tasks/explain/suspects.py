"""A second look at what curation kept: images that the trained model refuses as out-of-distribution.

Curation compares images with each other, by features that no label touched; the model's detector compares them with
the spaces that cells fill in its own middle blocks (`tasks.selective.detector`). It refuses a few cells too, as many as
`calibrate.ood_false_positive_rate` says, so a suspect is shown to a person and nothing is dropped.
"""

import numpy as np
import pandas as pd

from tasks.selective.calibration import OOD, SelectivePrediction

COLUMNS = ["rank", "id", "delivery", "source", "split", "label", "ood_score"]


def find(rows: pd.DataFrame, said: SelectivePrediction) -> pd.DataFrame:
    """The refused rows, COLUMNS, the highest score first, with their own index; those that a person kept are settled.

    `rows` has the columns of a clean table, `said` what the model says of each, in that order.
    """
    refused = rows.assign(ood_score=said.score)[said.why == OOD]
    open_ = refused[refused["review_decision"] != "keep"].sort_values(["ood_score", "id"], ascending=[False, True])
    return open_.assign(rank=np.arange(1, len(open_) + 1))[COLUMNS]
