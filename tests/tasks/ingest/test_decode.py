import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.ingest.decode import UnreadableError, content_id, decode, fit


def encoded(image: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def turned() -> bytes:
    image = Image.fromarray(np.array([[[255, 0, 0]], [[0, 0, 255]]], np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn by 90 degrees clockwise to see it upright
    return encoded(image, exif=exif)  # a PNG: Pillow turns TIFF by itself


def transparent() -> bytes:
    return encoded(Image.fromarray(np.array([[[9, 8, 7, 0], [9, 8, 7, 255]]], np.uint8)))


def palette() -> bytes:
    image = Image.new("P", (1, 1), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    return encoded(image)


def frames() -> bytes:
    first, second = Image.new("RGB", (1, 1), (1, 2, 3)), Image.new("RGB", (1, 1), (4, 5, 6))
    return encoded(first, "TIFF", save_all=True, append_images=[second])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(Image.new("RGB", (1, 1), (1, 2, 3))), [[[1, 2, 3]]]),
        (encoded(Image.new("RGB", (1, 1), (1, 2, 3)), "BMP"), [[[1, 2, 3]]]),
        (encoded(Image.new("L", (1, 1), 7)), [[[7, 7, 7]]]),
        (encoded(Image.new("1", (1, 1), 1)), [[[255, 255, 255]]]),
        (encoded(Image.fromarray(np.array([[0, 32768, 65535]], np.uint16))), [[[0] * 3, [128] * 3, [255] * 3]]),
        (transparent(), [[[255, 255, 255], [9, 8, 7]]]),
        (palette(), [[[10, 20, 30]]]),
        (turned(), [[[0, 0, 255], [255, 0, 0]]]),
        (frames(), [[[1, 2, 3]]]),
    ],
    ids=["rgb", "bmp", "grey", "one-bit", "16-bit", "transparent-on-white", "palette", "exif-turn", "first-frame"],
)
def test_each_rule(data: bytes, expected: list) -> None:
    pixels = decode(data)
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == expected


@pytest.mark.parametrize(
    "data",
    [b"", b"not an image", encoded(Image.effect_noise((64, 64), 50))[:800], encoded(Image.new("F", (1, 1)), "TIFF")],
    ids=["empty", "text", "truncated", "floating-point"],
)
def test_what_cannot_be_decoded_says_why_and_the_same_each_time(data: bytes) -> None:
    messages = []
    for _ in range(2):
        with pytest.raises(UnreadableError) as caught:
            decode(data)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] != ""


def test_a_decompression_bomb_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    with pytest.raises(UnreadableError, match="Decompression"):
        decode(encoded(Image.new("L", (2, 2))))


def test_an_image_of_the_set_s_size_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert fit(pixels, 200, 96) is pixels


def test_a_larger_one_is_cropped_at_its_centre_and_resized_bicubically() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (248, 250, 3), np.uint8)
    expected = Image.fromarray(pixels).crop((25, 24, 225, 224)).resize((96, 96), Image.Resampling.BICUBIC)
    assert (fit(pixels, 200, 96) == np.asarray(expected)).all()


@pytest.mark.parametrize("crop", [200, 0], ids=["smaller-than-the-crop", "no-crop"])
def test_the_largest_centre_square_is_taken(crop: int) -> None:
    pixels = np.zeros((96, 120, 3), np.uint8)
    pixels[:, 12:108] = 200  # the centre square, without its frame
    assert (fit(pixels, crop, 48) == 200).all()


def test_the_id_is_that_of_the_pixels_and_their_shape() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert content_id(image) == content_id(image.copy())
    assert content_id(image) != content_id(image.reshape(1, 4, 3))
    assert content_id(image) != content_id(image[::-1])
    assert len(content_id(b"broken")) == 32


@pytest.mark.cells
def test_real_cells_come_out_as_the_published_recipe_makes_them(cells: Path) -> None:
    for file in sorted(cells.glob("*/*0.jpg"))[:20]:
        image = Image.open(file).convert("RGB")
        left, top = (image.width - 200) // 2, (image.height - 200) // 2
        expected = image.crop((left, top, left + 200, top + 200)).resize((96, 96), Image.Resampling.BICUBIC)
        assert (fit(decode(file.read_bytes()), 200, 96) == np.asarray(expected)).all()
