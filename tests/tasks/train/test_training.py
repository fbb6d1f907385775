from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks import hardware
from tasks.backbones import build
from tasks.train import augmenting, judge, training

RATES = {"optimizer": "adam", "schedule": "constant", "frozen_learning_rate": 0.01, "learning_rate": 0.0001}
WHOLE = {"finetune_blocks": 7, "finetune_layers": "all"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, small) -> training.Trained:
    """A pretrained backbone, all of which is fine-tuned."""
    folder = tmp_path_factory.mktemp("trained")
    return small.train(folder, frozen_epochs=20, **small.LITE0, **RATES, **WHOLE, augment={"recipe": "none"})


def test_it_learns(trained: training.Trained) -> None:
    losses = [logs["val_loss"] for logs in trained.phases["frozen"].logs]
    assert losses[-1] < 0.5 * losses[0]
    assert trained.figures["val_accuracy"] > 0.9


def test_the_weights_are_those_of_the_epoch_whose_figures_it_tells(trained: training.Trained, small) -> None:
    arrays, _, val = small.data()
    probabilities = trained.network.predict(arrays.take(val.places), verbose=0)
    assert (probabilities.argmax(axis=1) == val.labels).mean() == pytest.approx(trained.figures["val_accuracy"])
    assert -np.log(probabilities[np.arange(len(val)), val.labels]).mean() == pytest.approx(
        trained.figures["val_loss"], rel=1e-4
    )


def test_both_phases_tell_the_same_figures_of_the_same_weights(trained: training.Trained) -> None:
    """On features and on images, clean and corrupted: the end of one phase is the start of the other."""
    frozen, finetune = trained.phases["frozen"], trained.phases["finetune"]
    assert finetune.start == pytest.approx(
        {name: value for name, value in frozen.logs[frozen.best.epoch - 1].items() if name.startswith("val")}, rel=1e-4
    )
    assert finetune.start["val_loss"] != finetune.start["val_corruption_loss"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, small) -> None:
    one, same = (small.train(tmp_path / name, seed=3, frozen_epochs=1, finetune_epochs=1) for name in "ab")
    assert small.digest(one) == small.digest(same)
    other = small.train(tmp_path / "c", seed=4, frozen_epochs=1, finetune_epochs=0)
    assert small.losses(one)["frozen"] != small.losses(other)["frozen"]
    again = small.train(tmp_path / "a", seed=3, frozen_epochs=1, finetune_epochs=1)
    assert again.images == {"frozen": 0, "finetune": 0}, "what is finished is not trained again"
    assert small.digest(again) == small.digest(one)
    assert again.figures == one.figures


@pytest.mark.parametrize(
    "changes",
    [
        {"frozen_epochs": 0, "optimizer": "adamw", "schedule": "constant", "mixup": 0.2},
        {"finetune_epochs": 0, "label_smoothing": 0.1, "augment": {"recipe": "heavy"}, "frozen_augmentations": 1},
        {"finetune_blocks": 0, "optimizer": "adam", "schedule": "cosine", "augment": {"recipe": "none"}},
        {"ema": 0.5, "finetune_layers": "all", "imbalance": "under_sampling", "monitor": "val_corruption_accuracy"},
    ],
    ids=str,
)  # fmt: skip
def test_every_part_of_the_recipe_trains(tmp_path: Path, small, changes: dict) -> None:
    _check(small.train(tmp_path, **{"frozen_epochs": 1, "finetune_epochs": 1, **changes}), small)


def test_a_pretrained_backbone_trains(trained: training.Trained, small) -> None:
    _check(trained, small)


def _check(trained: training.Trained, small) -> None:
    assert all(np.isfinite(loss) for losses in small.losses(trained).values() for loss in losses)
    assert all(np.isfinite(weight).all() for weight in trained.network.get_weights())
    assert trained.figures.keys() == {
        f"val{kind}_{what}" for kind in ("", "_corruption") for what in ("accuracy", "loss")
    }


def test_batch_norm_of_a_pretrained_backbone_stays_as_it_came(trained: training.Trained, small) -> None:
    assert trained.phases["finetune"].best.epoch, "these are the weights from before it"
    settings = small.settings(**small.LITE0, **WHOLE)
    (backbone, *_) = training.networks(settings, 32, small.NAMES, small.ROOT / "data/pretrained")
    moved = {
        layer.name
        for layer in backbone.layers
        if layer.weights and (layer.get_weights()[0] != trained.network.get_layer(layer.name).get_weights()[0]).any()
    }
    assert "stem_conv" in moved
    assert not [name for name in moved if "bn" in name]


def test_batch_norm_of_a_network_from_scratch_learns(tmp_path: Path, small, monkeypatch) -> None:
    monkeypatch.setattr(judge, "better", lambda *_: True)
    trained = small.train(tmp_path, finetune_blocks=5, frozen_epochs=0, finetune_epochs=1)
    norms = [layer for layer in trained.network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms
    assert all((norm.get_weights()[2] != 0).any() for norm in norms)


def test_augmentation_is_in_training_batches_and_nowhere_else(tmp_path: Path, small) -> None:
    trained = small.train(tmp_path, finetune_epochs=1, augment={"magnitude": 1.0})
    images = small.data()[0].images[:4]
    assert (trained.network(images, training=True).numpy().shape) == (4, 3)
    one, two = (trained.network.predict(images, verbose=0) for _ in range(2))
    assert (one == two).all()


def test_augmentation_rises_over_a_share_of_all_steps_of_fine_tuning(tmp_path: Path, small, monkeypatch) -> None:
    seen = []
    real = augmenting.augmenter
    monkeypatch.setattr(augmenting, "augmenter", lambda *a, rising: seen.append(rising) or real(*a, rising=rising))
    small.train(tmp_path, frozen_epochs=0, finetune_epochs=3, augment={"rise": 0.5})
    assert seen == [6], "half of three epochs of 72 images in batches of 16"


def test_a_loss_that_is_no_number_ends_it_and_the_best_weights_stay(
    tmp_path: Path, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return images, labels, tf.where(step < 5, weights, np.nan)

    monkeypatch.setattr(augmenting, "change", lambda settings, steps: change)
    with pytest.raises(ValueError, match=r"finetune: the loss is nan in step 2 of epoch 2: lower the learn") as error:
        small.train(tmp_path, frozen_epochs=1)  # 72 images in batches of 16: 4 steps an epoch
    kept = Path(str(error.value).split(" are in ")[1])
    with np.load(kept) as archive:
        assert archive.files
        assert all(np.isfinite(archive[name]).all() for name in archive.files)


def test_a_batch_larger_than_the_set_is_all_of_it(tmp_path: Path, small, capsys) -> None:
    trained = small.train(tmp_path, frozen_epochs=1, finetune_epochs=0, batch=73)
    assert trained.images == {"frozen": 72}
    assert "a batch of all 72 images in train, not of 73 (train.batch)" in capsys.readouterr().out


def test_two_devices_give_the_loss_of_one(tmp_path: Path, small, start, finish) -> None:
    # Batch norm that learns would see half a batch on each device; that of a pretrained backbone does not learn.
    weights = tmp_path / "own.weights.h5"
    build.build("custom_cnn", 32, "none", tmp_path).save_weights(weights)
    still = {"weights": str(weights), "feature_dropout": 0.0, "dense_dropout": 0.0, "optimizer": "adam"}
    still |= {"frozen_epochs": 1, "finetune_epochs": 1}
    two = start(tmp_path / "2", devices=2, **still)
    one = small.losses(small.train(tmp_path / "1", **still))
    result = finish(two)[1]
    assert (len(hardware.find().devices), result["devices"]) == (1, 2)
    for phase in ("frozen", "finetune"):
        assert one[phase] == pytest.approx(result["losses"][phase], rel=1e-4)


@pytest.mark.parametrize(
    ("policy", "recipe"),
    # In 16 bits with a scaled loss, which is the most that a GPU asks for; the others are parts of it.
    [
        ("mixed_float16", "heavy"),
        *(pytest.param(policy, "heavy", marks=pytest.mark.long) for policy in ("float32", "mixed_bfloat16")),
    ],
)
def test_as_on_a_gpu_with_augmentation_in_the_compiled_step(tmp_path: Path, small, policy: str, recipe: str) -> None:
    """XLA and 16 bits work on a CPU too, only slower; what is saved computes in float32 all the same."""
    machine = replace(hardware.find(), xla=True, policy=policy)
    trained = small.train(tmp_path, machine, frozen_epochs=1, finetune_epochs=1, cutmix=1.0, augment={"recipe": recipe})
    assert {layer.dtype_policy.name for layer in trained.network.layers} == {"float32"}
    assert all(np.isfinite(loss) for losses in small.losses(trained).values() for loss in losses)


def test_figures_are_scikit_learn_s() -> None:
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Softmax()])
    logits, labels = np.log(np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]], np.float32)), np.array([0, 1])
    found = judge.figures(model, {"val": lambda: tf.data.Dataset.from_tensors(logits)}, labels)
    assert found == pytest.approx({"val_accuracy": 0.5, "val_loss": -(np.log(0.7) + np.log(0.25)) / 2}, rel=1e-5)


@pytest.mark.parametrize(
    ("monitor", "score", "than", "is_better"),
    [("val_accuracy", 0.9, 0.8, True), ("val_accuracy", 0.8, 0.8, False), ("val_loss", 0.1, 0.2, True),
     ("val_corruption_loss", 0.2, 0.1, False)],
)  # fmt: skip
def test_a_lesser_loss_and_a_greater_accuracy_are_better(
    monitor: str, score: float, than: float, is_better: bool
) -> None:
    assert judge.better(monitor, score, than) is is_better
