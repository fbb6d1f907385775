"""The table of backbones: a row for each, with its blocks; no network is built and no TensorFlow is loaded here.

A block is a stage of the network's own paper, so that "the last k blocks" means the same thing for each network: the
parts of one width (and of one stride, but for those that only follow on), the stem with the first of them, and what
stands behind the last of them with the last.
"""

import re
from itertools import accumulate
from typing import Literal, NamedTuple

from tasks import lite0_layout


class Backbone(NamedTuple):
    """A row. `blocks` maps each block, from the input to the features, to a pattern of its layers' names.

    `builder` is the function of keras.applications, "" for the project's own networks; `published` the name of the
    file with the ImageNet weights, "" where there are none. `scaling` is what goes before a network of
    keras.applications: nothing where the network scales its input itself, or one of those in scaling.py.
    """

    blocks: dict[str, str]
    builder: str = ""
    published: str = ""
    scaling: Literal["inside", "standard", "torch", "caffe"] = "inside"


def blocks(name: str) -> list[str]:
    """Names of the parts of the backbone that can be unfrozen, from the input to the features.

    Raises ValueError for a backbone that is not in the table.
    """
    return list(row(name).blocks)


def row(name: str) -> Backbone:
    """The row of the table. Raises ValueError for a backbone that is not in it."""
    if name not in _TABLE:
        raise ValueError(f"backbone must be one of {', '.join(NAMES)}, got {name!r}")
    return _TABLE[name]


def block_of(name: str, layer: str) -> int | None:
    """Position of the block to which a layer of that name belongs; None for the scaling of the input."""
    found = [place for place, pattern in enumerate(row(name).blocks.values()) if re.match(pattern, layer)]
    return found[0] if found else None


def _numbered(count: int, pattern: str, first: str = "", last: str = "") -> dict[str, str]:
    """`count` blocks, named and matched by number; `first` and `last` match what goes with the blocks at the ends."""
    parts = {f"block{k}": [pattern.format(k)] for k in range(1, count + 1)}
    parts["block1"] += [first] * bool(first)
    parts[f"block{count}"] += [last] * bool(last)
    return {block: "|".join(patterns) for block, patterns in parts.items()}


def _lite0() -> dict[str, str]:
    """Layers count the 16 inverted residuals one by one; the blocks are the rows of the network's table."""
    ends = list(accumulate(row.repeats for row in lite0_layout.BLOCKS))
    starts = [0, *ends[:-1]]
    patterns = ["|".join(f"block{k}_" for k in range(*ends)) for ends in zip(starts, ends, strict=True)]
    patterns[0], patterns[-1] = f"stem_|{patterns[0]}", f"{patterns[-1]}|top_"
    return {f"block{k}": pattern for k, pattern in enumerate(patterns, 1)}


def _convnext() -> dict[str, str]:
    """Each stage with the downsampling before it (arXiv:2201.03545, figure 4 and table 9)."""
    name = "convnext_[a-z]+_"
    stages = {f"stage{k + 1}": f"{name}stage_{k}_|{name}downsampling_[a-z]+_{k - 1}$" for k in range(4)}
    return stages | {"stage1": f"{name}stage_0_|{name}stem_", "stage4": f"{stages['stage4']}|layer_normalization"}


def _densenet() -> dict[str, str]:
    """Each dense block with the transition before it (arXiv:1608.06993, table 1), as with ConvNeXt."""
    return {f"block{k}": f"conv{k + 1}_|pool{k}_" for k in range(1, 5)} | {
        "block1": "conv1_|conv2_",
        "block4": "conv5_|pool4_|bn$",
    }


def _mobilenet(*repeats: int) -> dict[str, str]:
    """Stages of one width (arXiv:1905.02244, tables 1 and 2); Keras gives the first inverted residual no number."""
    ends = list(accumulate(repeats))
    patterns = [
        "|".join(f"expanded_conv_{k}_" for k in range(start, end))
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    patterns[0] = r"conv$|conv_bn$|expanded_conv_[a-z]"
    patterns[-1] += "|conv_1(_bn)?$"
    return {f"block{k}": pattern for k, pattern in enumerate(patterns, 1)}


def _efficientnet(variant: str) -> Backbone:
    """EfficientNet (arXiv:1905.11946, table 1): 7 blocks."""
    blocks = _numbered(7, "block{}[a-z]_", "stem_", "top_")
    return Backbone(blocks, f"EfficientNetB{variant}", f"efficientnetb{variant}_notop.h5", "standard")


def _efficientnetv2(variant: str) -> Backbone:
    """EfficientNetV2 (arXiv:2104.00298, table 4): 6 blocks."""
    blocks = _numbered(6, "block{}[a-z]_", "stem_", "top_")
    return Backbone(blocks, f"EfficientNetV2{variant.upper()}", f"efficientnetv2-{variant}_notop.h5")


_CAFFE = "weights_tf_dim_ordering_tf_kernels_notop.h5"
_MOBILE = "weights_mobilenet_v3_{}_224_1.0_float_no_top_v2.h5"
_RESNET = {"conv2": "conv1_|conv2_", "conv3": "conv3_", "conv4": "conv4_", "conv5": "conv5_"}

_TABLE = {
    "custom_cnn": Backbone(_numbered(5, "block{}_")),
    "efficientnet_lite0": Backbone(_lite0(), published=lite0_layout.WEIGHTS),
    "efficientnet_b0": _efficientnet("0"),
    "efficientnet_b1": _efficientnet("1"),
    "efficientnet_b2": _efficientnet("2"),
    "efficientnet_b3": _efficientnet("3"),
    "efficientnetv2_b0": _efficientnetv2("b0"),
    "efficientnetv2_b1": _efficientnetv2("b1"),
    "efficientnetv2_b2": _efficientnetv2("b2"),
    "efficientnetv2_b3": _efficientnetv2("b3"),
    "efficientnetv2_s": _efficientnetv2("s"),
    "convnext_tiny": Backbone(_convnext(), "ConvNeXtTiny", "convnext_tiny_notop.h5"),
    "convnext_small": Backbone(_convnext(), "ConvNeXtSmall", "convnext_small_notop.h5"),
    "densenet121": Backbone(_densenet(), "DenseNet121", "densenet121_imagenet_notop.weights.h5", "torch"),
    "vgg16": Backbone(_numbered(5, "block{}_conv"), "VGG16", f"vgg16_{_CAFFE}", "caffe"),
    "resnet50": Backbone(_RESNET, "ResNet50", f"resnet50_{_CAFFE}", "caffe"),
    "mobilenetv3_small": Backbone(_mobilenet(1, 2, 3, 2, 3), "MobileNetV3Small", _MOBILE.format("small")),
    "mobilenetv3_large": Backbone(_mobilenet(1, 2, 3, 4, 2, 3), "MobileNetV3Large", _MOBILE.format("large")),
}

NAMES: tuple[str, ...] = tuple(_TABLE)
"""What a setting may name."""
