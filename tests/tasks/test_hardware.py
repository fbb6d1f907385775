from unittest.mock import patch

import keras
import pytest
import tensorflow as tf

from tasks import hardware


def found(precision: str, *gpus: dict) -> hardware.Hardware:
    """What is found where TensorFlow tells of these GPUs."""
    devices = [f"gpu{k}" for k, _ in enumerate(gpus)]
    with (
        patch.object(tf.config, "list_physical_devices", lambda kind: devices),
        patch.object(tf.config, "list_logical_devices", lambda kind: devices),
        patch.object(tf.config.experimental, "set_memory_growth") as grow,
        patch.object(tf.config.experimental, "get_device_details", lambda gpu: gpus[devices.index(gpu)]),
    ):
        made = hardware.find(precision)
    assert [call.args for call in grow.call_args_list] == [(gpu, True) for gpu in devices]
    return made


def gpu(capability: int, name: str = "NVIDIA X") -> dict:
    return {"device_name": name, "compute_capability": (capability, 0)}


@pytest.mark.parametrize("precision", hardware.PRECISIONS)
def test_a_cpu_computes_in_float32_without_xla_whatever_is_wanted(precision: str) -> None:
    made = hardware.find(precision)
    assert (made.policy, made.xla, made.on_gpu, made.devices) == ("float32", False, False, ("CPU:0",))
    assert made.sentence().startswith("CPU, ")


@pytest.mark.parametrize(
    ("precision", "gpus", "policy"),
    [
        ("auto", [gpu(9)], "mixed_bfloat16"), ("auto", [gpu(7)], "mixed_float16"), ("float32", [gpu(9)], "float32"),
        ("auto", [gpu(8), gpu(7)], "mixed_float16"), ("float16", [gpu(9)], "mixed_float16"),
        ("auto", [{}], "mixed_float16"),
    ],
    ids=["ampere-or-later", "before", "float32", "the-oldest-counts", "as-told", "unknown"],
)  # fmt: skip
def test_the_precision_on_gpus(precision: str, gpus: list[dict], policy: str) -> None:
    made = found(precision, *gpus)
    assert made.policy == policy
    assert made.xla
    assert made.devices == tuple(f"GPU:{k}" for k, _ in enumerate(gpus))
    assert keras.dtype_policies.get(policy).name == policy


def test_it_says_what_it_found() -> None:
    assert found("auto", gpu(9), gpu(9)).sentence() == "2 x NVIDIA X, mixed_bfloat16, XLA"
    assert found("auto", gpu(9)).record()["names"] == ("NVIDIA X",)


def test_an_unknown_precision_is_named() -> None:
    with pytest.raises(ValueError, match=r"train.precision must be one of auto, .*, got 'int8'"):
        hardware.find("int8")


def test_one_device_needs_no_strategy() -> None:
    assert hardware.strategy(hardware.find()).num_replicas_in_sync == 1
