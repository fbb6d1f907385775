import numpy as np
import pytest
from scipy import ndimage

from tasks.demo import cells, shapes

DRAWS = 16


def drawn(kind: str) -> list[cells.Cell]:
    return [cells.DRAW[kind](np.random.default_rng([5, index])) for index in range(DRAWS)]


def nucleus(cell: cells.Cell) -> np.ndarray:
    """Where the cell lets less than half of the green light through, which nuclei and basophils' granules swallow."""
    through = np.ones((shapes.SIDE, shapes.SIDE), np.float32)
    for layer in cell.layers:
        through = through * (1 - layer.density * np.float32(1 - layer.stain[1]))
    return through < 0.4


@pytest.mark.parametrize("kind", cells.DRAW)
def test_layers_are_densities_on_the_whole_image(kind):
    for cell in drawn(kind):
        assert cell.body.shape == (shapes.SIDE, shapes.SIDE)
        assert 0 < cell.body.max() <= 1
        for layer in cell.layers:
            assert (layer.density.shape, layer.density.dtype) == (cell.body.shape, np.float32)
            assert 0 <= layer.density.min() <= layer.density.max() <= 1.3
            assert all(0 < channel < 1 for channel in layer.stain)


@pytest.mark.parametrize("kind", cells.DRAW)
def test_no_two_draws_are_alike(kind):
    bodies = np.stack([cell.body for cell in drawn(kind)])
    apart = np.abs(bodies[:, None] - bodies[None]).sum((2, 3))
    assert apart[~np.eye(DRAWS, dtype=bool)].min() > 20


@pytest.mark.parametrize(
    ("kind", "area", "nuclear"),
    [
        pytest.param("basophil", (1500, 4000), (0.6, 0.9), id="basophil: dark all over"),
        pytest.param("eosinophil", (2200, 3800), (0.3, 0.45), id="eosinophil: two lobes"),
        pytest.param("erythroblast", (500, 1700), (0.4, 0.6), id="erythroblast: small, most of it nucleus"),
        pytest.param("ig", (2200, 4800), (0.3, 0.55), id="ig: large nucleus in a large cell"),
        pytest.param("lymphocyte", (900, 2400), (0.6, 0.85), id="lymphocyte: a thin rim"),
        pytest.param("monocyte", (2800, 5200), (0.35, 0.6), id="monocyte: the largest"),
        pytest.param("neutrophil", (2200, 3800), (0.22, 0.4), id="neutrophil: slender lobes"),
        pytest.param("platelet", (150, 700), (0.0, 0.3), id="platelet: the smallest"),
    ],
)
def test_size_and_share_of_the_nucleus(kind, area, nuclear):
    sizes = [cell.body.sum() for cell in drawn(kind)]
    shares = [(nucleus(cell) & (cell.body > 0.5)).sum() / size for cell, size in zip(drawn(kind), sizes, strict=True)]
    assert area[0] < np.mean(sizes) < area[1]
    assert nuclear[0] <= np.mean(shares) <= nuclear[1]


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_lobes_are_apart_but_for_their_threads(count):
    rng = np.random.default_rng(count)
    outline = cells._lobes(rng, shapes.plane(rng, 0, 0), count, lobe=6, ring=20, thread=2)
    assert ndimage.label(outline < -3)[1] == count  # no thread is as thick
    assert ndimage.label(outline < 0)[1] == 1
