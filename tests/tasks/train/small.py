"""A training of seconds, for tests in this process and, as a script, for those that kill it or want other devices.

    python small.py STATE '{"devices": 2, "finetune_epochs": 3}'

prints the figures of each epoch, and last a line of JSON: losses by phase, and a hash of the weights.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from tasks import (
    command,  # noqa: F401  (as a stage does: it says how an interrupt ends)
    hardware,
    params,
)
from tasks.splits import Part
from tasks.train import training
from tasks.train.settings import Train

ROOT = Path(__file__).parents[3]
NAMES = ["red", "green", "blue"]
CHANGES = {
    "backbone": "custom_cnn", "weights": "none", "frozen_epochs": 2, "finetune_epochs": 2, "batch": 16,
    "finetune_blocks": 2, "dense": [16], "monitor": "val_loss", "frozen_learning_rate": 0.003, "learning_rate": 0.0003,
}  # fmt: skip
LITE0 = {"backbone": "efficientnet_lite0", "weights": "imagenet"}


class Memory:
    """Images in memory, taken as those of a delivery are."""

    def __init__(self, images: np.ndarray):
        self.images, self.dtype, self.shape = images, images.dtype, images.shape[1:]

    def take(self, places: np.ndarray) -> np.ndarray:
        return self.images[places[:, 1]]


def settings(**changes) -> Train:
    """Those of params.yaml, made small, and changed; with the recipe that is traced the fastest unless one is named."""
    values = {**params.load(Train, ROOT / "params.yaml").model_dump(), **CHANGES}
    augment = {**values["augment"], "recipe": "base", **changes.pop("augment", {})}
    return Train.model_validate({**values, **changes, "augment": augment})


def data(number: int = 96, side: int = 32) -> tuple[Memory, Part, Part]:
    """Noise in three colours, in turn; three quarters to train on."""
    rng, labels = np.random.default_rng(0), np.arange(number) % 3
    images = rng.normal(60 + 80 * np.eye(3)[labels][:, None, None], 40, (number, side, side, 3))
    whole = Part(np.stack([labels * 0, np.arange(number)], axis=1), labels, [f"{k:064x}" for k in range(number)])
    cut = np.split(np.arange(number), [number * 3 // 4])
    return Memory(images.clip(0, 255).astype(np.uint8)), whole.at(cut[0]), whole.at(cut[1])


def train(state: Path, machine: hardware.Hardware | None = None, number: int = 96, **changes) -> training.Trained:
    arrays, learn, val = data(number)
    machine = machine or hardware.find()
    return training.train(settings(**changes), arrays, learn, val, NAMES, ROOT / "data/pretrained", state, machine)


def digest(trained: training.Trained) -> str:
    """A hash over the bytes of all weights."""
    return hashlib.sha256(b"".join(weight.tobytes() for weight in trained.network.get_weights())).hexdigest()


def losses(trained: training.Trained) -> dict[str, list[float]]:
    return {name: [logs["loss"] for logs in progress.logs] for name, progress in trained.phases.items()}


if __name__ == "__main__":
    given = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    (cpu,) = tf.config.list_physical_devices("CPU")
    devices = given.pop("devices", 1)
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration() for _ in range(devices)])
    done = train(Path(sys.argv[1]), **given)
    print(json.dumps({"losses": losses(done), "weights": digest(done), "devices": len(hardware.find().devices)}))
