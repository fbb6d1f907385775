"""train: a head on frozen features of the clean pictures, then fine-tuning of the last blocks on augmented ones."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from dvclive.live import Live
from numpy.typing import NDArray

from tasks import command, feed, lite0, lite0_layout, model, store
from tasks.params import Classes
from tasks.train import fit, network
from tasks.train.augment import augmenter
from tasks.train.progress import Curves, Progress
from tasks.train.settings import Train


class Part:
    """The pictures of one split: where they lie, and their classes as indices."""

    def __init__(self, clean: pd.DataFrame, split: str, arrays: store.Arrays, names: list[str]):
        rows = clean[clean["kept"] & (clean["split"] == split)]
        if rows.empty:
            raise ValueError(f"no picture is left in {split}, expected at least one of each class")
        self.arrays, self.places = arrays, arrays.places(rows)
        self.labels: NDArray[np.int64] = (
            rows["label"].map({name: k for k, name in enumerate(names)}).to_numpy().astype(np.int64)
        )

    def features(self, backbone: keras.Model, batch: int) -> fit.Features:
        """Features and labels, in the order of the rows."""
        return backbone.predict(feed.pictures(self.arrays, self.places, batch), verbose=0), self.labels


Parts = dict[str, Part]
Weights = dict[int, float] | None


def main(classes: Classes, train: Train, clean: Path, ingested: Path, pretrained: Path, out: Path) -> None:
    """Write the model, and the curves of both phases below `curves`."""
    keras.utils.set_random_seed(train.seed)
    rows = store.read_rows(clean)
    arrays = store.pixels(ingested, rows)
    parts = {split: Part(rows, split, arrays, classes.names) for split in ("train", "val")}
    weights = fit.class_weights(parts["train"].labels, classes.names, train.class_weights)
    backbone = lite0.build(arrays.shape[0], pretrained / lite0_layout.WEIGHTS)
    top = network.head(train.dense, train.feature_dropout, train.dense_dropout, len(classes.names))
    whole = network.classifier(backbone, top)
    with Live(str(out / "curves"), save_dvc_exp=False, dvcyaml=None, report=None, resume=True) as live:
        score = _frozen(train, backbone, top, parts, weights, live)
        _finetune(train, backbone, whole, parts, weights, live, out, score)
    model.save(out, whole, classes.names)


def _frozen(train: Train, backbone: keras.Model, top: keras.Model, parts: Parts, weights: Weights, live: Live) -> float:
    backbone.trainable = False
    features = {split: part.features(backbone, train.batch) for split, part in parts.items()}
    callbacks = [Curves(live, "frozen"), Progress("frozen", every=10)]
    return fit.frozen(top, features["train"], features["val"], train, weights, callbacks)


def _finetune(
    train: Train,
    backbone: keras.Model,
    whole: keras.Model,
    parts: Parts,
    weights: Weights,
    live: Live,
    out: Path,
    score: float,
) -> None:
    if not train.finetune_epochs:
        return
    backbone.trainable = True
    network.unfreeze(backbone, train.finetune_blocks)
    data = parts["train"]
    shuffled = feed.shuffled(data.arrays, data.places, data.labels, train.batch, train.seed, augmenter(train.augment))
    val = feed.labelled(parts["val"].arrays, parts["val"].places, parts["val"].labels, train.batch)
    callbacks = [Curves(live, "finetune"), Progress("finetune")]
    fit.finetuned(whole, shuffled, val, train, weights, callbacks, out / "best.weights.h5", score)


if __name__ == "__main__":
    command.run(main, Classes, Train)
