"""A network as a file of ONNX, compared with Keras before it is given away.

Keras' own exporter wants tf2onnx, a package that this project does without: its networks have some twenty kinds of
layers, and the graph that `tasks.onnx_network` writes has a node or two for each.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from tasks.model_folder import WEIGHTS
from tasks.onnx_network import network as onnx_network
from tasks.onnx_network import stored
from tasks.onnx_network.network import IMAGES

TOLERANCE = 1e-4
"""Of a probability."""
PROBES = 16
"""Images that the two are compared on."""


def convert(network: keras.Model, facts: Mapping[str, str]) -> onnx.ModelProto:
    """From `images`, uint8 (n, side, side, 3), RGB, to `probabilities`, float32 (n, classes), of any n.

    `facts` become the file's metadata. Raises ValueError that names it for a layer that cannot be written, and where
    ONNX Runtime's probabilities differ from Keras' by more than `TOLERANCE`.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / WEIGHTS
        network.save_weights(file)
        made = onnx_network.write(network.get_config(), stored.weights(file), facts=facts)
    _compare(made, network, network.input_shape[1])
    return made


def run(made: onnx.ModelProto, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What ONNX Runtime says of images, uint8 (n, side, side, 3): float32 (n, classes)."""
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {IMAGES: images})[0]


def _compare(made: onnx.ModelProto, network: keras.Model, side: int) -> None:
    """On blotches of colour: in pure noise a network sees no difference from image to image."""
    random = np.random.default_rng(0)
    patches = random.integers(0, 256, (PROBES, -(-side // 8), -(-side // 8), 3), np.uint8)
    images = patches.repeat(8, axis=1).repeat(8, axis=2)[:, :side, :side]
    expected = network(images.astype(np.float32), training=False).numpy()
    difference = float(np.abs(run(made, images) - expected).max())
    if not difference <= TOLERANCE:  # no number either
        raise ValueError(f"the ONNX file's probabilities differ from Keras' by {difference:.2g}, expected {TOLERANCE}")
