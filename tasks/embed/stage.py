"""embed: features of every picture of a delivery, in the order of its rows."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tasks import command, lite0, store
from tasks.embed.settings import Embed


def main(embed: Embed, ingested: Path, pretrained: Path, out: Path) -> None:
    """Write features.npy, float32 (rows, 1280): ImageNet features after global average pooling."""
    pixels = np.load(ingested / store.PIXELS, mmap_mode="r")
    network = lite0.build(pixels.shape[1], pretrained / lite0.WEIGHTS)
    forward = tf.function(lambda batch: network(tf.cast(batch, tf.float32), training=False), reduce_retracing=True)
    out.mkdir(parents=True)
    features = np.lib.format.open_memmap(
        out / store.FEATURES, mode="w+", dtype=np.float32, shape=(len(pixels), lite0.FEATURES)
    )
    for start in tqdm(range(0, len(pixels), embed.batch), desc="embed", unit="batch", disable=None):
        features[start : start + embed.batch] = forward(pixels[start : start + embed.batch]).numpy()
    features.flush()


if __name__ == "__main__":
    command.run(main, Embed)
