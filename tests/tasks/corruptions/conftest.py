import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture(scope="session")
def smear() -> np.ndarray:
    """Four drawn cells with grain, uint8 (4, 48, 48, 3)."""
    rng, side = np.random.default_rng(0), 48
    y, x = np.mgrid[:side, :side] - side / 2
    inside = (y**2 + x**2 < (0.3 * side) ** 2)[None, ..., None]
    grain = ndimage.gaussian_filter(rng.normal(size=(4, side, side, 3)), (0, 1, 1, 0)) * 40
    return np.clip(np.where(inside, (100, 60, 140), (225, 205, 195)) + grain, 0, 255).astype(np.uint8)
