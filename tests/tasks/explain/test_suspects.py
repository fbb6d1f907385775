import numpy as np
import pytest

from tasks.explain import suspects


def test_suspects_are_those_above_the_limit_that_no_person_kept_the_farthest_first(table) -> None:
    rows = table(list("vwxyz"), split="train", review_decision=["", "keep", "", "", ""])
    found = suspects.find(rows, np.array([1.0, 9.0, 3.0, 0.5, 0.75], np.float32), 0.75)
    assert list(found.columns) == suspects.COLUMNS
    assert found[["rank", "id", "ood_score"]].values.tolist() == [[1, "x", 3.0], [2, "v", 1.0]]
    assert found.index.tolist() == [2, 0], "their places in the table, where the images lie"


def test_images_that_are_no_cells_do_not_raise_the_limit_above_themselves() -> None:
    scores = np.random.default_rng(0).normal(-2, 0.5, 1000).astype(np.float32)
    scores[:50] = 3  # in validation too, so that the model's own limit lies at theirs
    above = suspects.limit(scores, 3.0)
    assert -2 + 3 * 0.5 < above < -2 + 4.5 * 0.5
    assert 50 <= (scores > above).sum() <= 52


@pytest.mark.parametrize("scores", [[1.0, 1.0, 1.0, 8.0], [0.0, 10.0, 20.0, 30.0]], ids=["no spread", "a wide one"])
def test_the_limit_is_never_above_the_model_s(scores: list[float]) -> None:
    assert suspects.limit(np.array(scores, np.float32), 5.0) == 5.0
