import numpy as np
import pytest

from tasks.demo import outliers


@pytest.mark.parametrize("draw", [outliers.landscape, outliers.page])
def test_draws_an_image_that_follows_the_generator(draw):
    one, same, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.shape, one.dtype) == ((96, 96, 3), np.uint8)
    assert (one == same).all()
    assert (one != other).any()
    assert one.std() > 40
