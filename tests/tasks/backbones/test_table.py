import subprocess
import sys

import pytest

from tasks.backbones import table

BLOCKS = {
    "custom_cnn": 5,
    "efficientnet_lite0": 7,
    "efficientnet_b0": 7,
    "efficientnet_b1": 7,
    "efficientnet_b2": 7,
    "efficientnet_b3": 7,
    "efficientnetv2_b0": 6,
    "efficientnetv2_b1": 6,
    "efficientnetv2_b2": 6,
    "efficientnetv2_b3": 6,
    "efficientnetv2_s": 6,
    "convnext_tiny": 4,
    "convnext_small": 4,
    "densenet121": 4,
    "vgg16": 5,
    "resnet50": 4,
    "mobilenetv3_small": 5,
    "mobilenetv3_large": 6,
}


def test_the_table_has_these_backbones_and_blocks() -> None:
    assert {name: len(table.blocks(name)) for name in table.NAMES} == BLOCKS


def test_blocks_are_named_from_the_input_to_the_features() -> None:
    assert table.blocks("efficientnet_b2") == ["block1", "block2", "block3", "block4", "block5", "block6", "block7"]
    assert table.blocks("resnet50") == ["conv2", "conv3", "conv4", "conv5"]
    assert table.blocks("convnext_tiny") == ["stage1", "stage2", "stage3", "stage4"]


@pytest.mark.parametrize("function", [table.blocks, table.row])
def test_an_unknown_name_is_refused_with_the_known_ones(function) -> None:
    with pytest.raises(ValueError, match=r"backbone must be one of custom_cnn, .*vgg16.*, got 'vgg19'"):
        function("vgg19")


@pytest.mark.parametrize(
    ("name", "layer", "block"),
    [
        ("efficientnet_lite0", "stem_conv", 0),
        ("efficientnet_lite0", "block0_bn1", 0),
        ("efficientnet_lite0", "block1_expand_conv", 1),
        ("efficientnet_lite0", "block10_project_conv", 4),
        ("efficientnet_lite0", "block11_project_conv", 5),
        ("efficientnet_lite0", "block15_expand_conv", 6),
        ("efficientnet_lite0", "top_conv", 6),
        ("efficientnet_lite0", "scale", None),
        ("efficientnet_b0", "block6d_se_reduce", 5),
        ("efficientnet_b0", "normalization_3", None),
        ("efficientnetv2_s", "block6o_project_bn", 5),
        ("convnext_small", "convnext_small_stem_layernorm", 0),
        ("convnext_small", "convnext_small_downsampling_conv_0", 1),
        ("convnext_small", "convnext_small_stage_2_block_26_layer_scale", 2),
        ("convnext_small", "convnext_small_downsampling_layernorm_2", 3),
        ("convnext_small", "layer_normalization_1", 3),
        ("convnext_small", "convnext_small_prestem_normalization", None),
        ("densenet121", "conv1_conv", 0),
        ("densenet121", "pool2_conv", 1),
        ("densenet121", "conv4_block24_2_conv", 2),
        ("densenet121", "pool4_bn", 3),
        ("densenet121", "bn", 3),
        ("densenet121", "scale", None),
        ("vgg16", "block5_conv1", 4),
        ("resnet50", "conv1_bn", 0),
        ("resnet50", "conv5_block3_3_conv", 3),
        ("mobilenetv3_large", "conv_bn", 0),
        ("mobilenetv3_large", "expanded_conv_project", 0),
        ("mobilenetv3_large", "expanded_conv_1_expand", 1),
        ("mobilenetv3_large", "expanded_conv_10_expand", 4),
        ("mobilenetv3_large", "conv_1", 5),
        ("mobilenetv3_small", "expanded_conv_squeeze_excite_conv", 0),
        ("mobilenetv3_small", "expanded_conv_10_project_bn", 4),
    ],
)
def test_layers_belong_to_the_blocks_of_the_papers(name: str, layer: str, block: int | None) -> None:
    assert table.block_of(name, layer) == block


def test_reading_the_table_loads_no_tensorflow() -> None:
    code = "import sys; from tasks.backbones import table; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
