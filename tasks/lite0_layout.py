"""The table of EfficientNet-Lite0, from which its Keras and its ONNX form are built."""

from typing import NamedTuple


class Block(NamedTuple):
    """One row of the network's table: `repeats` inverted residuals, the first with `stride`, the others with 1."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


BLOCKS = (
    Block(1, 3, 1, 1, 16),
    Block(2, 3, 2, 6, 24),
    Block(2, 5, 2, 6, 40),
    Block(3, 3, 2, 6, 80),
    Block(3, 5, 1, 6, 112),
    Block(4, 5, 2, 6, 192),
    Block(1, 3, 1, 6, 320),
)
FEATURES = 1280
WEIGHTS = "efficientnet_lite0_imagenet_notop.weights.h5"
STEM = 32
"""Filters of the first convolution."""
EPSILON = 1e-3
"""Of batch normalisation."""


def unrolled() -> list[tuple[Block, int]]:
    """The 16 inverted residuals in their order, each with its stride."""
    return [(block, block.stride if k == 0 else 1) for block in BLOCKS for k in range(block.repeats)]
