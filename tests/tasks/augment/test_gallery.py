import io

import numpy as np
import pytest
from PIL import Image

from tasks.augment import gallery as module
from tasks.augment.gallery import DRAWS, GAP, sheet
from tasks.augment.table import Recipe

SIDE = 16
IMAGES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
RECIPE = Recipe("batched", "none", 1, 0.3, 0.5)


def test_a_sheet_is_a_png_that_follows_from_its_seed() -> None:
    first, same, other = (sheet(IMAGES, ["ig", "platelet"], RECIPE, seed, (0.2, 1.0)) for seed in (0, 0, 1))
    assert first == same
    assert first != other
    image = Image.open(io.BytesIO(first))
    assert image.format == "PNG"
    assert "Software" not in image.info
    assert image.height > image.width / 2


def test_a_row_starts_with_the_image_and_shows_draws_at_each_magnitude() -> None:
    recipe = Recipe("batched", "base", 0, 0.0, 0.0)
    group = module._group(IMAGES, recipe, 0, (0.0, 0.5))
    assert group.shape == (2 * SIDE, SIDE + 2 * (GAP + DRAWS * SIDE), 3)
    assert (group[SIDE:, :SIDE] == IMAGES[1]).all()
    assert (group[:, SIDE : SIDE + GAP] == 255).all()
    for k in range(DRAWS):  # at magnitude 0 the image or its mirror image
        start = SIDE + GAP + k * SIDE
        shown = group[SIDE:, start : start + SIDE].astype(int)
        assert min(np.abs(shown - image).max() for image in (IMAGES[1], IMAGES[1][:, ::-1])) <= 1
    assert np.abs(group[SIDE:, -SIDE:].astype(int) - IMAGES[1]).max() > 10


@pytest.mark.parametrize(
    ("images", "names", "message"),
    [
        (IMAGES.astype(np.float32), ["a", "b"], "images must be uint8 .*, got float32"),
        (IMAGES[:0], [], r"k at least 1, got uint8 of shape \(0, 16, 16, 3\)"),
        (IMAGES[..., :1], ["a", "b"], r"got uint8 of shape \(2, 16, 16, 1\)"),
        (IMAGES, ["a"], "names must be one an image, 2, got 1"),
    ],
    ids=["float", "none", "grey", "names"],
)
def test_what_is_wrong_is_named(images: np.ndarray, names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sheet(images, names, RECIPE, 0)
