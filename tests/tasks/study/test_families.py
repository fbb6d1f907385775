from types import SimpleNamespace

import numpy as np
import pytest

from tasks.corruptions import validation
from tasks.corruptions.kind import FAMILIES
from tasks.splits import Part
from tasks.study import families

IMAGES = np.random.default_rng(0).integers(30, 220, (8, 12, 12, 3), np.uint8)


class Stub:
    """In place of a network: right where it is shown what one family makes of an image, and else wrong."""

    def __init__(self, family: str, part: Part):
        self.expected, self.labels = validation.of_family(IMAGES, family, part.ids, families.SEED), part.labels

    def predict(self, images: np.ndarray, **_: object) -> np.ndarray:
        right = (images == self.expected).all(axis=(1, 2, 3))
        return np.eye(2)[np.where(right, self.labels, 1 - self.labels)]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_judged_on_its_own_images_and_the_labels_of_their_rows(family: str) -> None:
    rows = np.arange(8)
    part = Part(rows, rows % 2, [f"{k}" for k in range(8)])
    found = families.accuracies(Stub(family, part), SimpleNamespace(take=lambda places: IMAGES[places]), part, 4)
    assert found == {name: float(name == family) for name in FAMILIES}


def test_what_was_left_out_is_the_mean_of_those_families_alone() -> None:
    found = {"blur": 0.5, "noise": 0.75, "tone": 1.0}
    assert families.left_out(found, ["blur", "noise"]) == {"left_out": 0.625}
    assert families.left_out(found, []) == {}
