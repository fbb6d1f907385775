import numpy as np
import pytest
from PIL import Image

from tasks import store
from tasks.ingest.views import CENTRE, clipped, thumbnail, views

SIDE = store.VIEW_SIDE


def image(width: int, height: int) -> np.ndarray:
    """Levels that rise to the right and, half as fast, downwards."""
    across, down = np.linspace(20, 120, width), np.linspace(0, 50, height)
    return np.repeat((across[None] + down[:, None])[..., None], 3, axis=2).astype(np.uint8)


def thumbnails(pixels: np.ndarray) -> np.ndarray:
    return np.stack([thumbnail(view, SIDE) for view in views(pixels, pixels[:50, :50])]).astype(int)


def test_there_is_a_view_for_each_name() -> None:
    assert len(views(image(80, 80), image(40, 40))) == len(store.VIEW_NAMES)


@pytest.mark.parametrize("size", [(96, 96), (248, 240), (640, 480), (1500, 1100)])
def test_whole_and_centre_do_not_depend_on_the_size(size: tuple[int, int]) -> None:
    given, expected = thumbnails(image(*size))[:2], thumbnails(image(400, 400))[:2]
    assert np.abs(given - expected).max() <= 2


def test_the_centre_is_the_middle_of_the_whole() -> None:
    whole, centre, _ = thumbnails(image(248, 248))
    assert np.ptp(centre) == pytest.approx(CENTRE * np.ptp(whole), abs=2)
    assert centre.mean() == pytest.approx(whole.mean(), abs=1)


def test_the_centre_does_not_show_the_outer_sixth() -> None:
    plain = image(200, 200)
    framed = plain.copy()
    framed[:33] = framed[-33:] = framed[:, :33] = framed[:, -33:] = 0
    assert np.abs(thumbnails(plain)[1] - thumbnails(framed)[1]).max() <= 2


def test_the_fitted_view_is_that_of_the_stored_image() -> None:
    pixels = image(200, 200)
    assert (thumbnails(pixels)[2] == thumbnail(Image.fromarray(pixels[:50, :50]).convert("L"), SIDE)).all()


def test_clipped_is_the_share_of_black_and_white() -> None:
    levels = np.array([[0, 4, 5, 100], [128, 250, 251, 255]], np.uint8)
    assert clipped(Image.fromarray(levels)) == 4 / 8
