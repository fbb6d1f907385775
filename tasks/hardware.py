"""What a training runs on: found once, said in the log, and recorded beside the result, never in it."""

import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import keras
import tensorflow as tf

BFLOAT16_SINCE = 8
"""Compute capability (Ampere) from which a GPU has bfloat16, which needs no scaled loss as float16 does."""

PRECISIONS = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Hardware:
    """Devices that share each batch (several: MirroredStrategy), Keras' dtype policy, and whether XLA compiles."""

    devices: tuple[str, ...]
    names: tuple[str, ...]
    policy: str
    xla: bool
    cores: int

    @property
    def on_gpu(self) -> bool:
        """Whether the network runs on GPUs."""
        return self.xla

    def sentence(self) -> str:
        """For the log: `2 x NVIDIA A100, mixed_bfloat16, XLA`."""
        what = f"{len(self.devices)} x {self.names[0]}" if self.on_gpu else f"CPU, {self.cores} cores"
        many = f", {len(self.devices)} devices" if not self.on_gpu and len(self.devices) > 1 else ""
        return f"{what}{many}, {self.policy}, {'XLA' if self.xla else 'no XLA'}"

    def record(self) -> dict[str, Any]:
        """The same for a machine to read, with the versions of the libraries that compute."""
        return {**asdict(self), "tensorflow": tf.__version__, "keras": keras.__version__}


def find(precision: str = "auto") -> Hardware:
    """The GPUs of this machine if it has any, its CPU devices otherwise.

    Memory of GPUs is taken as it is needed. Mixed precision and XLA are for GPUs alone: on a CPU float32 without XLA
    is the fastest, and the one that repeats to the bit. Raises ValueError for an unknown `precision`.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"train.precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        _grow(gpu)
    kind = "GPU" if gpus else "CPU"
    devices = tuple(f"{kind}:{k}" for k, _ in enumerate(tf.config.list_logical_devices(kind)))
    facts = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    names = tuple(str(fact.get("device_name", "GPU")) for fact in facts) or ("CPU",)
    return Hardware(devices, names, _policy(precision, facts), bool(gpus), os.cpu_count() or 1)


def strategy(hardware: Hardware) -> tf.distribute.Strategy:
    """How the devices share the work: MirroredStrategy (each takes a part of every batch) where there are several."""
    if len(hardware.devices) > 1:
        return tf.distribute.MirroredStrategy(list(hardware.devices))
    return tf.distribute.get_strategy()


def _grow(gpu: Any) -> None:
    with suppress(RuntimeError):  # TensorFlow has started on it already, in a notebook say: it keeps what it took
        tf.config.experimental.set_memory_growth(gpu, True)


def _policy(precision: str, gpus: list[dict[str, Any]]) -> str:
    if not gpus or precision == "float32":
        return "float32"
    if precision != "auto":
        return f"mixed_{precision}"
    capabilities = [fact.get("compute_capability", (0, 0))[0] for fact in gpus]
    return "mixed_bfloat16" if min(capabilities) >= BFLOAT16_SINCE else "mixed_float16"
