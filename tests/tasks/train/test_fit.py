from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.train import fit
from tasks.train.settings import Augment, Train

SETTINGS = Train(
    seed=0, batch=8, dense=[8], feature_dropout=0.0, dense_dropout=0.0, class_weights="balanced", frozen_epochs=40,
    frozen_learning_rate=0.01, finetune_epochs=3, finetune_blocks=1, learning_rate=0.01, decay=0.9, weight_decay=0.0,
    patience=15, monitor="val_accuracy", augment=Augment(operations=0, magnitude=0.0, cutout=0.0),
)  # fmt: skip


def changed(**values) -> Train:
    return SETTINGS.model_copy(update=values)


def head() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.layers.Input((4,))
    x = keras.layers.Dense(8, activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def blobs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(n) % 2
    noise = np.random.default_rng(seed).normal(size=(n, 4))
    return (noise + 3 * labels[:, None]).astype(np.float32), labels.astype(np.int64)


def test_balanced_weights_make_classes_count_the_same() -> None:
    weights = fit.class_weights(np.array([0, 0, 0, 1]), ["a", "b"], "balanced")
    assert weights == pytest.approx({0: 4 / 6, 1: 2.0})
    assert fit.class_weights(np.array([0, 1]), ["a", "b"], "none") is None


def test_a_class_without_pictures_is_named() -> None:
    with pytest.raises(ValueError, match="class b: no picture of it in train"):
        fit.class_weights(np.array([0, 0, 2]), ["a", "b", "c"], "none")


def test_the_head_learns_and_gives_its_best_score() -> None:
    top, val = head(), blobs(40, 1)
    score = fit.frozen(top, blobs(80, 0), val, SETTINGS, None, [])
    assert score > 0.95
    assert (top.predict(val[0], verbose=0).argmax(1) == val[1]).mean() == pytest.approx(score)


def finetune(network: keras.Model, checkpoint: Path, best_so_far: float, **values) -> None:
    data = tf.data.Dataset.from_tensor_slices(blobs(80, 0)).batch(8)
    val = tf.data.Dataset.from_tensor_slices(blobs(40, 1)).batch(8)
    fit.finetuned(network, data, val, changed(**values), None, [], checkpoint, best_so_far)


def test_fine_tuning_ends_at_its_best_epoch_and_leaves_no_checkpoint(tmp_path: Path) -> None:
    network = head()
    finetune(network, tmp_path / "best.weights.h5", 0.0)
    features, labels = blobs(40, 1)
    assert (network.predict(features, verbose=0).argmax(1) == labels).mean() > 0.8
    assert list(tmp_path.iterdir()) == []


def test_where_no_epoch_is_better_the_weights_of_the_start_stay(tmp_path: Path) -> None:
    network = head()
    before = network.get_weights()
    finetune(network, tmp_path / "best.weights.h5", 2.0)
    assert all((old == new).all() for old, new in zip(before, network.get_weights(), strict=True))


def test_saved_weights_hold_no_optimizer(tmp_path: Path) -> None:
    network = head()
    network.save_weights(tmp_path / "before.weights.h5")
    finetune(network, tmp_path / "best.weights.h5", 0.0)
    network.save_weights(tmp_path / "after.weights.h5")
    assert (tmp_path / "after.weights.h5").stat().st_size == (tmp_path / "before.weights.h5").stat().st_size
