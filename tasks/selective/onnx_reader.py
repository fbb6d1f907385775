"""Reads images with ONNX Runtime, which starts in a fraction of a second, where TensorFlow takes many."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tasks.onnx_network import network, stored
from tasks.onnx_network.network import FEATURES, IMAGES, PROBABILITIES, Config


class OnnxReader:
    """A network that gives its probabilities and, of some layers, the features pooled over the image, at once.

    Its graph is made of the network's config and weights file whenever it is wanted, so that no second form of them is
    stored. Raises ValueError, which names it, for a layer that ONNX has not.
    """

    def __init__(self, config: Config, weights: Path, layers: Sequence[str]):
        made = network.write(config, stored.weights(weights), layers, check=False)
        self._session = _session(made.SerializeToString())

    def read(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Of uint8 (n, side, side, 3): probabilities (n, classes) and features (n, d) of all layers, both float32."""
        probabilities, features = self._session.run([PROBABILITIES, FEATURES], {IMAGES: images})
        return probabilities, features


def _session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))  # by default those that this process may not use too
    # Its threads would wait in a loop that takes the cores from those that decode the next images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no other base
        raise ValueError(f"ONNX Runtime does not take the network: {error}") from error
