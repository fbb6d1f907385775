"""What a model was made from: facts of content alone, no clock, no versions, no hardware."""

import hashlib
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from pydantic import ConfigDict

from tasks import model_folder, splits, store
from tasks.backbones import table
from tasks.params import Section
from tasks.train.settings import Train

COLUMNS = ["delivery", "id", "label", "split", "kept"]


class Ingest(Section):
    """How the images were cut out: a model has to know, for those that it will be shown are cut the same way.

    A view of the section that is ingest's; what else stands there, ingest checks.
    """

    section: ClassVar[str] = "ingest"
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    crop: int


def facts(train: Train, clean: Path, pretrained: Path) -> dict[str, Any]:
    """Settings of the training; deliveries and numbers of the rows in train and val; digests.

    `dataset` is the digest of the cleaned set; `weights` is the sha256 of the
    file that the backbone's weights came from, or of the weights of the model that the training started from; "" where
    that was random, or Keras' own cache.
    """
    rows = pd.read_parquet(clean / store.TABLE, columns=COLUMNS)
    learnt = splits.kept(rows, *splits.LEARNT)
    return {
        "train": train.model_dump(mode="json"),
        "deliveries": learnt["delivery"].unique().tolist(),
        "rows": {split: int((learnt["split"] == split).sum()) for split in splits.LEARNT},
        "dataset": splits.digest(rows),
        "weights": _weights(train, pretrained),
    }


def _weights(train: Train, pretrained: Path) -> str:
    published = pretrained / table.row(train.backbone).published
    given = train.start / model_folder.WEIGHTS if train.start else Path(train.weights)
    file = {"none": None, "imagenet": published}.get(train.weights, given)
    if file is None or not file.is_file():
        return ""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
