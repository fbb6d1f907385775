import io

import numpy as np
import pytest
from PIL import Image

from tasks import store
from tasks.data_report.thumbnails import Thumbnails, encoded


@pytest.mark.parametrize(("side", "expected"), [(8, 8), (16, 16), (96, 16)], ids=["smaller", "same", "not-enlarged"])
def test_the_side_of_a_thumbnail(image, side, expected) -> None:
    assert Image.open(io.BytesIO(encoded(image(1)[0], side))).size == (expected, expected)


def test_colours_stay_in_their_order() -> None:
    red = np.full((16, 16, 3), (200, 30, 30), np.uint8)
    seen = np.asarray(Image.open(io.BytesIO(encoded(red, 16))))[8, 8].astype(int)
    assert np.abs(seen - (200, 30, 30)).max() < 8


def test_each_row_has_the_image_of_its_own_delivery(tmp_path, full, image) -> None:
    pixels = image(2)
    for name, one in zip(("d", "e"), pixels, strict=True):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / store.PIXELS, one[None])
    rows = full("ab").assign(delivery=["d", "e"], row=0)
    thumbnails = Thumbnails(store.pixels(tmp_path, rows), rows, 16)
    assert thumbnails.uri(0) != thumbnails.uri(1)
    assert thumbnails.uri(1).startswith("data:image/webp;base64,")
