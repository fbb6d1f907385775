from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tasks.corruptions import validation
from tasks.corruptions.kind import FAMILIES
from tasks.corruptions.validation import KINDS, SEVERITIES, chain, corrupt

IDS = ["0a", "ff01", "3c5e", "77"]


def seeds(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


FOUR = seeds(3, 2**64 - 1, 0, 12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("severity", [1, SEVERITIES])
def test_a_corruption_keeps_dtype_and_shape_and_changes_every_image(
    kind: str, severity: int, smear: np.ndarray
) -> None:
    before = smear.copy()
    corrupted = corrupt(smear, kind, severity, FOUR)
    assert (corrupted.dtype, corrupted.shape) == (np.uint8, smear.shape)
    assert (corrupted != smear).any(axis=(1, 2, 3)).all()
    assert (smear == before).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_depends_on_the_image_and_its_seed_alone(kind: str, smear: np.ndarray) -> None:
    together = corrupt(smear, kind, 3, FOUR)
    order = [2, 0, 0, 3]
    assert (corrupt(smear[order], kind, 3, FOUR[order]) == together[order]).all()
    for k in range(4):
        assert (corrupt(smear[k : k + 1], kind, 3, FOUR[k : k + 1])[0] == together[k]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_nothing(kind: str, smear: np.ndarray) -> None:
    def one(k: int) -> np.ndarray:
        return corrupt(smear[k % 4 : k % 4 + 1], kind, 4, FOUR[k % 4 : k % 4 + 1])[0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(16)))
    assert (np.stack(found) == np.tile(corrupt(smear, kind, 4, FOUR), (4, 1, 1, 1))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_corrupts_in_another_way(kind: str, smear: np.ndarray) -> None:
    same = np.repeat(smear[:1], 4, axis=0)
    assert len(np.unique(corrupt(same, kind, 3, FOUR), axis=0)) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_each_severity_takes_every_image_further_away(kind: str, smear: np.ndarray) -> None:
    images, numbers = np.tile(smear, (5, 1, 1, 1)), np.arange(20, dtype=np.uint64)
    levels = [corrupt(images, kind, severity, numbers) for severity in range(1, SEVERITIES + 1)]
    away = np.square(np.stack(levels).astype(float) - images).mean(axis=(2, 3, 4))
    assert (np.diff(away, axis=0) > 0).all()
    assert (away[0] > 5).all()  # above what rounding does, 1/12


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "impulse_noise"])
def test_darkness_stays_dark(kind: str) -> None:
    assert not corrupt(np.zeros((1, 16, 16, 3), np.uint8), kind, 5, seeds(1)).any()


@pytest.mark.parametrize("kind", ["illumination", "haze"])
def test_what_is_too_bright_is_white_and_does_not_wrap_around(kind: str) -> None:
    light = corrupt(np.full((1, 48, 48, 3), 250, np.uint8), kind, 5, seeds(1))[0].astype(int)
    assert light.max() == 255
    assert abs(np.diff(light, axis=0)).max() < 50


@pytest.mark.parametrize("side", [8, 33])
def test_any_side_will_do(side: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    for kind in KINDS:
        assert corrupt(image, kind, 5, seeds(1)).shape == image.shape


def test_no_image_is_no_error(smear: np.ndarray) -> None:
    assert corrupt(smear[:0], "haze", 1, seeds()).shape == (0, 48, 48, 3)
    assert chain(smear[:0], [], 0).shape == (0, 48, 48, 3)


def test_a_chain_depends_on_the_image_its_id_and_the_seed_alone(smear: np.ndarray) -> None:
    together = chain(smear, IDS, 7)
    backwards = chain(smear[::-1], IDS[::-1], 7)[::-1]
    assert (backwards == together).all()
    for k, name in enumerate(IDS):
        assert (chain(smear[k : k + 1], [name], 7)[0] == together[k]).all()
    assert (chain(smear, IDS, 8) != together).any(axis=(1, 2, 3)).all()
    assert (chain(smear, ["1", "2", "3", "4"], 7) != together).any(axis=(1, 2, 3)).all()


def test_a_chain_leaves_what_it_was_given(smear: np.ndarray) -> None:
    before = smear.copy()
    chain(smear, IDS, 0)
    assert (smear == before).all()


def test_an_image_of_a_family_depends_on_itself_its_id_and_the_seed_alone(smear: np.ndarray) -> None:
    for family in FAMILIES:
        together = validation.of_family(smear, family, IDS, 7)
        assert (together.dtype, together.shape) == (np.uint8, smear.shape)
        assert (together != smear).any(axis=(1, 2, 3)).all()
        for k, name in enumerate(IDS):
            assert (validation.of_family(smear[k : k + 1], family, [name], 7)[0] == together[k]).all()
        assert (validation.of_family(smear, family, IDS, 8) != together).any()


def test_an_unknown_family_names_those_there_are(smear: np.ndarray) -> None:
    with pytest.raises(ValueError, match="family must be one of geometry, .*, got 'weather'"):
        validation.of_family(smear, "weather", IDS, 0)


def test_one_or_two_different_kinds_at_any_severity() -> None:
    kinds, severities, numbers = validation.links([f"{k:032x}" for k in range(4000)], 0)
    links = (severities > 0).sum(axis=1)
    assert set(links) == {1, 2}
    assert (severities[:, 0] > 0).all()
    assert (kinds[:, 0] != kinds[:, 1]).all()
    drawn = severities > 0
    for share in (
        np.bincount(links - 1) / 4000 * 2,
        np.bincount(kinds[drawn]) / drawn.sum() * len(validation.CHAINED),
        np.bincount(severities[drawn] - 1) / drawn.sum() * SEVERITIES,
    ):
        assert share == pytest.approx(np.ones(len(share)), abs=0.12)
    assert len(np.unique(numbers)) == numbers.size


def test_a_chain_is_its_corruptions_in_the_order_of_light(smear: np.ndarray) -> None:
    images, ids = np.tile(smear, (8, 1, 1, 1)), [f"{k:x}" for k in range(32)]
    due = zip(*validation.links(ids, 3), strict=True)
    both = 0
    for image, links, found in zip(images, due, chain(images, ids, 3), strict=True):
        steps = sorted(step for step in zip(*links, strict=True) if step[1])
        both += len(steps) == 2
        for kind, severity, seed in steps:
            image = corrupt(image[None], validation.CHAINED[kind], severity, seed[None])[0]
        assert (found == image).all()
    assert both > 5


def test_the_set_is_the_same_in_every_version() -> None:
    # Scores of trainings compare as long as this holds; where numpy's draws change, it must be said in the changelog.
    kinds, severities, numbers = validation.links(["00", "3f2a9c41", "ff" * 16], 0)
    assert kinds.tolist() == [[7, 6], [4, 5], [4, 6]]
    assert severities.tolist() == [[5, 0], [3, 4], [3, 4]]
    assert numbers[:, 0].tolist() == [2254578976420256810, 11183968126949104910, 14186188517583458528]


IMAGES = np.zeros((2, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, "fog", 1, seeds(1, 2)), r"kind must be one of elastic, .*wavelet, got 'fog'"),
        ((IMAGES, "haze", 0, seeds(1, 2)), r"severity must be 1 to 5, got 0"),
        ((IMAGES, "haze", 6, seeds(1, 2)), r"severity must be 1 to 5, got 6"),
        ((IMAGES, "haze", 1.5, seeds(1, 2)), r"severity must be 1 to 5, got 1.5"),
        ((IMAGES, "haze", 1, seeds(1)), r"seeds must be uint64 of shape \(2,\), got uint64 of shape \(1,\)"),
        ((IMAGES, "haze", 1, np.array([1, 2])), r"seeds must be uint64 of shape \(2,\), got int64"),
        ((IMAGES.astype(float), "haze", 1, seeds(1, 2)), r"images must be uint8 of .*, got float64 of shape"),
        ((IMAGES[0], "haze", 1, seeds(1, 2)), r"\(n, side, side, 3\), got uint8 of shape \(8, 8, 3\)"),
        ((IMAGES[..., :1], "haze", 1, seeds(1, 2)), r"got uint8 of shape \(2, 8, 8, 1\)"),
        ((IMAGES[:, :4], "haze", 1, seeds(1, 2)), r"got uint8 of shape \(2, 4, 8, 3\)"),
    ],
    ids=["kind", "severity-0", "-6", "-1.5", "few-seeds", "int64-seeds", "float", "one", "grey", "oblong"],
)  # fmt: skip
def test_what_cannot_be_corrupted_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        corrupt(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, ["0a"], 0), r"ids must be one an image, 2, got 1"),
        ((IMAGES, ["0a", "0b"], -1), r"seed must be at least 0, got -1"),
        ((IMAGES.astype(np.float32), ["0a", "0b"], 0), r"images must be uint8 of .*, got float32"),
    ],
    ids=["few-ids", "negative-seed", "float"],
)
def test_what_cannot_be_chained_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chain(*arguments)
