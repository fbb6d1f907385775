import numpy as np
import pytest
import tensorflow as tf

from tasks.augment.mixing import mixer

N, SIDE = 16, 12
IMAGES = np.broadcast_to(np.arange(N, dtype=np.float32)[:, None, None, None], (N, SIDE, SIDE, 3))
LABELS = np.eye(N, dtype=np.float32)
WEIGHTS = np.arange(N, dtype=np.float32)


def mixed(cutmix: float, mixup: float, seed: int = 0, step: int = 0) -> list[np.ndarray]:
    mix = mixer(cutmix, mixup, seed)
    assert mix is not None
    step = tf.constant(step, tf.int64)
    return [np.asarray(part) for part in mix(tf.constant(IMAGES), tf.constant(LABELS), tf.constant(WEIGHTS), step)]


def test_switched_off_there_is_nothing_to_do() -> None:
    assert mixer(0, 0, 1) is None


@pytest.mark.parametrize("alphas", [(1.0, 0.0), (0.0, 1.0), (0.4, 0.2)], ids=["cutmix", "mixup", "both"])
def test_labels_and_weights_are_mixed_as_the_pixels_are(alphas: tuple[float, float]) -> None:
    images, labels, weights = mixed(*alphas)
    assert labels.sum(axis=1) == pytest.approx(1)
    # Image k is k all over, so its mean is the mean of the two numbers in the labels' shares.
    assert images.mean(axis=(1, 2, 3)) == pytest.approx(labels @ np.arange(N), abs=1e-4)
    assert weights == pytest.approx(labels @ WEIGHTS, abs=1e-4)
    assert (np.count_nonzero(labels > 1e-6, axis=1) <= 2).all()
    assert (labels.max(axis=1) < 0.999).any()


def test_cutmix_pastes_one_square_and_blends_nothing() -> None:
    images, labels, _ = mixed(1.0, 0.0)
    for image, label in zip(images[..., 0], labels, strict=True):
        assert set(np.unique(image)) <= set(np.flatnonzero(label).astype(np.float32))
        other = image != image[0, 0]
        rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
        for places in (rows, columns):
            assert len(places) == 0 or len(places) == places[-1] - places[0] + 1 or image[0, 0] != image[-1, -1]


def test_mixup_blends_whole_images() -> None:
    images, *_ = mixed(0.0, 1.0)
    assert (images == images[:, :1, :1, :1]).all()


def test_both_give_each_image_one_of_the_two() -> None:
    images, *_ = mixed(1.0, 1.0)
    flat = (images == images[:, :1, :1, :1]).all(axis=(1, 2, 3))
    assert 0 < flat.sum() < N


def test_the_draws_follow_from_seed_and_step() -> None:
    first, same, later, other = mixed(1, 0.5), mixed(1, 0.5), mixed(1, 0.5, step=1), mixed(1, 0.5, seed=1)
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    assert (first[0] != later[0]).any()
    assert (first[0] != other[0]).any()


def test_shares_are_drawn_from_the_beta_distribution() -> None:
    shares = np.concatenate([mixed(0.0, 8.0, step=step)[1].max(axis=1) for step in range(40)])
    drawn = np.random.default_rng(0).beta(8, 8, 100_000)
    assert shares.mean() == pytest.approx(np.maximum(drawn, 1 - drawn).mean(), abs=0.02)


def test_compiled_with_xla_it_mixes_the_same() -> None:
    mix = mixer(1.0, 1.0, 0)
    assert mix is not None
    compiled = tf.function(mix, jit_compile=True)
    given = [tf.constant(part) for part in (IMAGES, LABELS, WEIGHTS)]
    for own, theirs in zip(mixed(1.0, 1.0), compiled(*given, tf.constant(0, tf.int64)), strict=True):
        assert own == pytest.approx(theirs.numpy(), abs=1e-3)
