import imagehash
import numpy as np
import pytest
from PIL import Image

from tasks import store
from tasks.ingest.phash import phash


def smooth(rng: np.random.Generator) -> np.ndarray:
    small = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
    return np.asarray(small.resize((96, 96), Image.Resampling.BICUBIC))


def grey(batch: np.ndarray) -> list[Image.Image]:
    return [Image.fromarray(image).convert("L") for image in batch]


def images() -> np.ndarray:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (96, 96, 3), np.uint8) for _ in range(4)]
    flat = [np.full((96, 96, 3), value, np.uint8) for value in (0, 37, 128, 255)]
    half = np.full((96, 96, 3), 90, np.uint8)
    half[48:] = 0
    return np.stack([*noise, *flat, half, *(smooth(rng) for _ in range(8))])


@pytest.mark.parametrize("hash_size", [8, 16])
def test_the_bits_are_those_of_imagehash(hash_size: int) -> None:
    batch = images()
    for image, bits in zip(batch, phash(grey(batch), hash_size)[:, 0], strict=True):
        assert (bits == imagehash.phash(Image.fromarray(image), hash_size).hash.ravel()).all()


@pytest.mark.parametrize("orientation", range(8))
def test_each_orientation_s_hash_is_that_of_the_turned_image(orientation: int) -> None:
    rng = np.random.default_rng(1)
    batch = np.stack([smooth(rng) for _ in range(20)])
    turned = phash(grey(np.ascontiguousarray(store.turned(batch, orientation))), 16)[:, 0]
    assert (phash(grey(batch), 16)[:, orientation] == turned).all()
    others = [code for code in range(8) if code != orientation]
    assert (phash(grey(batch), 16)[:, others] != turned[:, None]).sum(axis=2).min() > 40


def test_images_of_several_sizes_have_each_its_own_bits() -> None:
    """Four of one size are resized together, the rest one by one."""
    rng = np.random.default_rng(2)
    sizes = [(96, 96), (80, 120), (120, 80), (64, 64)]
    mixed = [Image.fromarray(smooth(rng)).convert("L").resize(sizes[place % 4]) for place in range(19)]
    hashes = phash(mixed, 16)
    for image, bits in zip(mixed, hashes, strict=True):
        assert (bits[0] == imagehash.phash(image, 16).hash.ravel()).all()
        assert (bits == phash([image], 16)[0]).all()


def test_nothing_has_no_hash() -> None:
    assert phash([], 16).shape == (0, 8, 256)
