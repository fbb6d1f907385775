import numpy as np
import pytest

from tasks import cell_size


def smear(side: int, diameter: int, colour: tuple[int, int, int] = (110, 60, 150)) -> np.ndarray:
    """A stained disk in the middle of a pale background, uint8 (side, side, 3)."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    image = np.full((side, side, 3), (240, 232, 228), np.uint8)
    image[np.hypot(rows, columns) <= diameter / 2] = colour
    return image


@pytest.mark.parametrize(("side", "diameter"), [(96, 40), (200, 120), (360, 90), (64, 50)])
def test_the_diameter_of_a_disk(side: int, diameter: int) -> None:
    assert cell_size.diameter(smear(side, diameter)) == pytest.approx(diameter / side, abs=0.02)


def test_the_region_at_the_centre_counts() -> None:
    image = smear(96, 20)
    image[:30, :96] = (110, 60, 150)
    assert cell_size.diameter(image) == pytest.approx(20 / 96, abs=0.02)


def test_without_a_cell_there_is_no_diameter() -> None:
    assert np.isnan(cell_size.diameter(np.full((96, 96, 3), 200, np.uint8)))


def test_a_sample_spreads_over_each_class() -> None:
    labels = ["a"] * 100 + [""] * 10 + ["b"] * 3
    found = cell_size.sample(labels)
    assert found[0] == 0
    assert found[23:] == [99, 110, 111, 112]
    assert len(found) == cell_size.SAMPLE + 3


def test_cells_are_compared_class_by_class() -> None:
    reference = {"large": 0.5, "small": 0.25}
    assert cell_size.ratio([("large", 100.0)] * 5, reference) == 200
    assert cell_size.ratio([("small", 50.0)] * 5 + [("other", 9.0)] * 9, reference) == 200
    assert np.isnan(cell_size.ratio([("large", 100.0)] * 4 + [("large", float("nan"))] * 9, reference))
    assert cell_size.medians([("a", 1.0), ("a", 3.0), ("a", float("nan")), ("b", 5.0)]) == {"a": 2.0, "b": 5.0}
