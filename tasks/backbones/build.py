"""Builds a backbone by its name in the table, and lets its last blocks learn."""

from pathlib import Path
from typing import Any

import keras
from keras import layers

from tasks import lite0
from tasks.backbones import custom_cnn, files, scaling, table

SMALLEST = 32
"""Pixels of an image's side; below it the last maps of most networks would be empty."""

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)
"""A dense layer of a backbone is a 1 x 1 convolution (ConvNeXt)."""
NORMALIZATIONS = (layers.BatchNormalization, layers.Normalization)
"""What keeps statistics of images that it saw, other than layer norm."""


LEARNING = ("conv", "all", "scratch")
"""What of a block may learn."""


def build(name: str, image_size: int, weights: str, pretrained: Path) -> keras.Model:
    """The network without its top, flat, its input scaling inside.

    Takes images (n, image_size, image_size, 3), uint8 or float32, RGB, 0 to 255; gives float32 features (n, d), with
    mixed precision too. `weights` is one of

    - "imagenet": the published file, looked for in the folder `pretrained` under the name that keras.applications give
      it, then in Keras' cache, then downloaded;
    - "none": random initial values;
    - the path of a file with weights of this network (see `files.load`): one that `save_weights` of a network built
      here wrote, or the published file under whatever name.

    Raises ValueError for a backbone that is not in the table, a smaller image than 32 pixels, "imagenet" where there
    are no such weights, and a file of another network; FileNotFoundError for an absent file.
    """
    row = table.row(name)
    if image_size < SMALLEST:
        raise ValueError(f"image_size must be at least {SMALLEST} for {name}, got {image_size}")
    if weights == "imagenet" and not row.published:
        raise ValueError(f"there are no ImageNet weights of {name}: weights must be none or a path, got 'imagenet'")
    network = _network(name, image_size)
    if weights == "imagenet":
        _load_published(network, row, pretrained)
    elif weights != "none":
        _load(network, Path(weights))
    return network


def unfreeze(backbone: keras.Model, name: str, blocks: int, layers: str) -> list[str]:
    """Let the last `blocks` blocks learn, and nothing else of the backbone; gives the names of the layers that do.

    Of these blocks, `layers` "conv" takes the convolutions, "all" whatever has weights, layer norm included. Batch
    norm stays frozen with either, which in Keras means that it also keeps its statistics: on small batches of a new
    domain they would drift, and that is what breaks first under a shift of the data. "scratch" takes batch norm too,
    for a network that starts from random values and has no statistics to keep. Raises ValueError for a number
    of blocks that the backbone does not have, and for other `layers`.
    """
    number = len(table.blocks(name))
    if not 0 <= blocks <= number:
        raise ValueError(f"blocks must be 0 to {number}, the blocks of {name}, got {blocks}")
    if layers not in LEARNING:
        raise ValueError(f"layers must be {', '.join(LEARNING[:-1])} or {LEARNING[-1]}, got {layers!r}")
    backbone.trainable = True  # a model that is frozen as a whole has nothing that learns, whatever its layers say
    for layer in backbone.layers:
        block = table.block_of(name, layer.name)
        layer.trainable = block is not None and block >= number - blocks and _may_learn(layer, layers)
    return [layer.name for layer in backbone.layers if layer.trainable and layer.weights]


def _may_learn(layer: keras.Layer, layers: str) -> bool:
    if layers == "conv":
        return isinstance(layer, CONVOLUTIONS)
    return layers == "scratch" or not isinstance(layer, NORMALIZATIONS)


def _network(name: str, image_size: int) -> keras.Model:
    inputs = layers.Input((image_size, image_size, 3), name="pixels")
    if name == "custom_cnn":
        outputs = custom_cnn.build(inputs)
    elif name == "efficientnet_lite0":
        lite = lite0.build(image_size)
        inputs, outputs = lite.input, lite.output
    else:
        outputs = _application(table.row(name), inputs)
    # Features in 16 bits, as mixed precision has them, lose what the head and its cache would keep.
    outputs = layers.Activation("linear", dtype="float32", name="pooled")(outputs)
    return keras.Model(inputs, outputs, name=name)


def _application(row: table.Backbone, inputs: keras.KerasTensor) -> keras.KerasTensor:
    scaled = scaling.SCALINGS[row.scaling](inputs)
    network = getattr(keras.applications, row.builder)(
        weights=None, include_top=False, pooling="avg", input_tensor=scaled, input_shape=inputs.shape[1:]
    )
    if any(isinstance(layer, keras.Sequential) for layer in network.layers):
        network = keras.models.clone_model(network, inputs, clone_function=_copy, call_function=_call_flat)
    return network.output


def _copy(layer: keras.Layer) -> keras.Layer:
    return layer if isinstance(layer, keras.Sequential) else layer.__class__.from_config(layer.get_config())


def _call_flat(layer: keras.Layer, x: Any, *rest: Any, **named: Any) -> Any:
    """Call `layer`, of a nested network (ConvNeXt's stem and downsampling) its layers one by one."""
    if not isinstance(layer, keras.Sequential):
        return layer(x, *rest, **named)
    for inner in layer.layers:
        x = _copy(inner)(x)
    return x


def _load_published(network: keras.Model, row: table.Backbone, pretrained: Path) -> None:
    file = pretrained / row.published
    if file.is_file():
        return _load(network, file)
    missing = f"no ImageNet weights of {network.name}: put the file {row.published} into the folder {pretrained}"
    if not row.builder:
        raise FileNotFoundError(missing)
    try:
        published = getattr(keras.applications, row.builder)(
            weights="imagenet", include_top=False, pooling="avg", input_shape=network.input_shape[1:]
        )
    except Exception as error:  # Keras raises a bare Exception where it cannot download
        raise FileNotFoundError(f"{missing} (it is not in Keras' cache, and the download failed)") from error
    network.set_weights(published.get_weights())
    scaling.idle(network)


def _load(network: keras.Model, file: Path) -> None:
    files.load(network, file)
    try:
        scaling.idle(network)
    except ValueError as error:
        raise ValueError(f"{file} does not hold the weights of {network.name}: {error}") from error
