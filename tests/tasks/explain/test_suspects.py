import numpy as np

from tasks.explain import suspects
from tasks.selective.calibration import SelectivePrediction


def test_suspects_are_the_refused_that_no_person_kept_the_farthest_first(table) -> None:
    rows = table(list("vwxyz"), split="train", review_decision=["", "keep", "", "", ""])
    why = np.array(["ood", "ood", "ood", "", "unsure"])
    said = SelectivePrediction(np.zeros((5, 2)), np.array([1.0, 9.0, 3.0, 0.5, 4.0]), why)
    found = suspects.find(rows, said)
    assert list(found.columns) == suspects.COLUMNS
    assert found[["rank", "id", "ood_score"]].values.tolist() == [[1, "x", 3.0], [2, "v", 1.0]]
    assert found.index.tolist() == [2, 0], "their places in the table, where the images lie"
