from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from tasks.corruptions import benchmark
from tasks.corruptions.benchmark import KINDS, OPPOSITES, SEVERITIES, chains, corrupt, mixed

IDS = ["00", "3f2a9c41", "ff" * 16, "7"]
DRAWN = ["stain_deposit", "bubble", "motion_blur"]
"""Kinds in which something is drawn."""


@pytest.fixture(scope="module")
def smear(smear: np.ndarray) -> np.ndarray:
    """Twice as large, as lengths are shares of the side, and severity 1 is less than a pixel of a small image."""
    return ndimage.zoom(smear, (1, 2, 2, 1), order=1)


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Root mean square, a figure an image."""
    return np.sqrt(np.square(one.astype(float) - other).mean(axis=(1, 2, 3)))


def test_it_has_the_eleven_kinds_of_medmnist_c_for_blood_cells() -> None:
    assert set(KINDS) == {
        "pixelate", "jpeg", "defocus_blur", "motion_blur", "brightness_up", "brightness_down", "contrast_up",
        "contrast_down", "saturation", "stain_deposit", "bubble",
    }  # fmt: skip
    assert len(KINDS) == 11
    assert SEVERITIES == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_greater_severity_is_further_away(smear: np.ndarray, kind: str) -> None:
    images, ids = np.tile(smear, (4, 1, 1, 1)), [f"{k:x}" for k in range(16)]
    by_severity = [corrupt(images, kind, severity, ids, 0) for severity in range(1, SEVERITIES + 1)]
    far = [distance(images, corrupted) for corrupted in by_severity]
    assert by_severity[0].dtype == np.uint8
    assert by_severity[0].shape == images.shape
    assert far[0].mean() > 0.8  # grey levels
    assert all(less.mean() < more.mean() for less, more in pairwise(far))
    assert all((less <= more + 0.2).all() for less, more in pairwise(far))


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_follows_from_the_seed_the_image_and_its_id_alone(smear: np.ndarray, kind: str) -> None:
    before = smear.copy()
    together = corrupt(smear, kind, 3, IDS, 7)
    assert (smear == before).all()
    assert (corrupt(smear[::-1], kind, 3, IDS[::-1], 7)[::-1] == together).all()
    for k, name in enumerate(IDS):
        assert (corrupt(smear[k : k + 1], kind, 3, [name], 7)[0] == together[k]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_differs_by_id_and_by_seed(smear: np.ndarray, kind: str) -> None:
    images = np.repeat(smear[:1], 2, axis=0)
    one, other = corrupt(images, kind, 4, ["0a", "0b"], 0)
    [again] = corrupt(images[:1], kind, 4, ["0a"], 1)
    assert (one != other).any() == (one != again).any() == (kind in DRAWN)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_image_is_no_trouble(kind: str, level: int) -> None:
    even = np.full((1, 24, 24, 3), level, np.uint8)
    corrupted = corrupt(even, kind, 5, ["a"], 0)
    assert corrupted.shape == even.shape
    if kind in ("defocus_blur", "motion_blur", "contrast_up", "contrast_down", "pixelate"):
        assert (corrupted == even).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_image_at_all_is_no_trouble(kind: str) -> None:
    assert corrupt(np.zeros((0, 24, 24, 3), np.uint8), kind, 1, [], 0).shape == (0, 24, 24, 3)
    assert mixed(np.zeros((0, 24, 24, 3), np.uint8), [], 0).shape == (0, 24, 24, 3)


def test_the_mix_is_the_same_whatever_else_is_in_the_set(smear: np.ndarray) -> None:
    images, ids = np.tile(smear, (6, 1, 1, 1)), [f"{k:x}" for k in range(24)]
    before, together = images.copy(), mixed(images, ids, 5)
    assert (images == before).all()
    assert (mixed(images, ids, 5) == together).all()
    assert (mixed(images[::-3], ids[::-3], 5) == together[::-3]).all()
    assert (mixed(images[4:5], ids[4:5], 5)[0] == together[4]).all()
    assert (mixed(images, ids, 6) != together).any(axis=(1, 2, 3)).sum() > 18
    assert (distance(images, together) > 0.5).all()


def test_a_chain_is_its_kinds_in_the_order_of_light(smear: np.ndarray) -> None:
    images, ids = np.tile(smear, (6, 1, 1, 1)), [f"{k:x}" for k in range(24)]
    for image, name, severities, found in zip(images, ids, chains(ids, 3), mixed(images, ids, 3), strict=True):
        for kind, severity in zip(KINDS, severities, strict=True):
            if severity:
                [image] = corrupt(image[None], kind, int(severity), [name], 3)
        assert (found == image).all()
    assert KINDS[0] == "stain_deposit"
    assert KINDS[-1] == "jpeg"


def test_chains_have_one_to_three_kinds_at_any_severity_and_no_opposites() -> None:
    severities = chains([f"{k:032x}" for k in range(3000)], 0)
    lengths = (severities > 0).sum(axis=1)
    assert np.bincount(lengths, minlength=4)[1:] / 1000 == pytest.approx(np.ones(3), abs=0.1)
    assert np.bincount(severities[severities > 0])[1:] / (severities > 0).sum() == pytest.approx(
        np.full(5, 0.2), abs=0.02
    )
    assert (severities > 0).mean(axis=0) * len(KINDS) / 2 == pytest.approx(np.ones(len(KINDS)), abs=0.15)
    for pair in OPPOSITES:
        assert not (severities[:, [KINDS.index(kind) for kind in pair]] > 0).all(axis=1).any()


def test_the_mix_is_the_same_in_every_version() -> None:
    # Evaluations compare as long as this holds; where numpy's draws change, it must be said in the changelog.
    found = [{KINDS[column]: int(row[column]) for column in np.flatnonzero(row)} for row in chains(IDS[:3], 0)]
    assert found == [
        {"bubble": 5, "contrast_down": 5, "pixelate": 3},
        {"defocus_blur": 1},
        {"motion_blur": 3, "brightness_up": 2, "jpeg": 2},
    ]


IMAGES = np.zeros((2, 8, 8, 3), np.uint8)
TWO = ["0a", "0b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, "fog", 1, TWO, 0), r"kind must be one of stain_deposit, .*jpeg, got 'fog'"),
        ((IMAGES, "mixed", 1, TWO, 0), r"kind must be one of .*, got 'mixed'"),
        ((IMAGES, "jpeg", 0, TWO, 0), r"severity must be 1 to 5, got 0"),
        ((IMAGES, "jpeg", 6, TWO, 0), r"severity must be 1 to 5, got 6"),
        ((IMAGES, "jpeg", 2.5, TWO, 0), r"severity must be 1 to 5, got 2.5"),
        ((IMAGES, "jpeg", 1, TWO[:1], 0), r"ids must be one an image, 2, got 1"),
        ((IMAGES, "jpeg", 1, TWO, -1), r"seed must be at least 0, got -1"),
        ((IMAGES.astype(float), "jpeg", 1, TWO, 0), r"images must be uint8 of .*, got float64 of shape"),
        ((IMAGES[0], "jpeg", 1, TWO, 0), r"\(n, side, side, 3\), got uint8 of shape \(8, 8, 3\)"),
        ((IMAGES[..., :1], "jpeg", 1, TWO, 0), r"got uint8 of shape \(2, 8, 8, 1\)"),
        ((IMAGES[:, :4], "jpeg", 1, TWO, 0), r"got uint8 of shape \(2, 4, 8, 3\)"),
    ],
    ids=["kind", "mixed", "severity-0", "-6", "-2.5", "few-ids", "negative-seed", "float", "one", "grey", "oblong"],
)  # fmt: skip
def test_what_cannot_be_corrupted_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        corrupt(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, TWO[:1], 0), r"ids must be one an image, 2, got 1"),
        ((IMAGES, TWO, -1), r"seed must be at least 0, got -1"),
        ((IMAGES.astype(np.float32), TWO, 0), r"images must be uint8 of .*, got float32"),
    ],
    ids=["few-ids", "negative-seed", "float"],
)
def test_what_cannot_be_mixed_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mixed(*arguments)


def test_every_kind_of_a_table_has_a_strength_for_each_severity() -> None:
    assert all(len(kind.strengths) == SEVERITIES for kind in benchmark.TABLE.values())
