"""How many of the labels that were changed on purpose are on explain's list, and how much else is.

    python -m benchmarks.labels embedded                      # features of the ImageNet network: no label touched them
    python -m benchmarks.labels model                         # those of data/model, which learned the right labels
    python -m benchmarks.labels trained --share 0.25 --epochs 4    # of a network that learned the changed labels

Run in a project that is up to date to `split`, for `model` to `explain`. Of the kept rows 2 % get another class, each
of the others as often. Only `trained` is the whole truth: its network has seen the wrong labels of the train rows, as
that of the stage has. Targets, for the rule of params.yaml: of those changed, 0.85 on the list; of as many rows at its
head as were changed, 0.85 changed. What the set itself has of wrong labels counts as a false label issue.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.targets import Claim, table
from tasks import params, splits, store
from tasks.explain.label_issues import RULES, find_label_issues
from tasks.explain.settings import Explain
from tasks.params import Classes

CLEAN, INGESTED, EMBEDDED, MODEL = map(Path, ("data/clean", "data/ingested", "data/embedded", "data/model"))
PRETRAINED = Path("data/pretrained")
TARGET = 0.85


def drawn(rows: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """That share of the rows of each class and split, in their order."""
    if share == 1:
        return rows
    return rows.groupby(["label", "split"]).sample(frac=share, random_state=seed).sort_index()


def changed(rows: pd.DataFrame, names: list[str], share: float, seed: int) -> pd.DataFrame:
    """The rows with that share of their labels changed, and what they were in the column `truth`."""
    rng = np.random.default_rng(seed)
    which = rng.choice(len(rows), round(share * len(rows)), replace=False)
    labels = splits.indices(rows["label"], names)
    labels[which] = (labels[which] + rng.integers(1, len(names), len(which))) % len(names)
    return rows.assign(truth=rows["label"], label=np.array(names)[labels])


def from_network(network, rows: pd.DataFrame, batch: int) -> NDArray[np.float32]:
    """What the network's head reads of the rows."""
    from tasks import loader
    from tasks.explain import cuts

    arrays = store.pixels(INGESTED, rows)
    return cuts.features(network).predict(loader.batches(arrays, arrays.places(rows), batch), verbose=0)


def trained(rows: pd.DataFrame, names: list[str], epochs: int):
    """A network that learned the labels of the train rows, chosen by those of the val rows, all as they stand."""
    from tasks import hardware
    from tasks.train import training
    from tasks.train.settings import Train

    settings = params.load(Train).model_copy(update={"finetune_epochs": epochs})
    arrays, parts = store.pixels(INGESTED, rows), []
    for name in ("train", "val"):
        part = rows[rows["split"] == name]
        labels = splits.indices(part["label"], names)
        parts.append(splits.Part(arrays.places(part), labels, part["id"].tolist()))
    with tempfile.TemporaryDirectory() as state:
        machine = hardware.find(settings.precision)
        return training.train(settings, arrays, *parts, names, PRETRAINED, Path(state), machine).network


def features(what: str, rows: pd.DataFrame, names: list[str], epochs: int, explain: Explain) -> NDArray[np.float32]:
    if what == "embedded":
        arrays = store.features(EMBEDDED, rows)
        return arrays.take(arrays.places(rows))
    if what == "trained":
        return from_network(trained(rows, names, epochs), rows, explain.batch)
    from tasks import model

    return from_network(model.load(MODEL).network, rows, explain.batch)


def scored(rows: pd.DataFrame, issues: pd.DataFrame) -> dict[str, float]:
    """The list beside the truth: its length, precision, recall, that of train rows, and precision at its head."""
    wrong = rows["label"] != rows["truth"]
    hit = wrong[issues.index]
    learned = wrong & (rows["split"] == "train")
    return {
        "listed": len(issues),
        "precision": hit.mean(),
        "recall": hit.sum() / wrong.sum(),
        "recall of train": (hit & learned[issues.index]).sum() / learned.sum(),
        "at the head": hit.head(wrong.sum()).sum() / wrong.sum(),
        "named rightly": (issues["suggested"] == rows.loc[issues.index, "truth"])[hit].mean(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=["embedded", "model", "trained"])
    parser.add_argument("--flipped", type=float, default=0.02, help="share of the labels that are changed")
    parser.add_argument("--share", type=float, default=1.0, help="of the rows that are looked at, by class and split")
    parser.add_argument("--epochs", type=int, default=4, help="of the fine-tuning of `trained`")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    names, explain = params.load(Classes).names, params.load(Explain)
    rows = drawn(store.read_rows(CLEAN).query("kept"), given.share, given.seed)
    rows = changed(rows, names, given.flipped, given.seed).reset_index(drop=True)
    seen = features(given.what, rows, names, given.epochs, explain)
    found = {}
    for rule in RULES:
        issues, figures = find_label_issues(explain.model_copy(update={"prune": rule}), rows, names, seen.__getitem__)
        found[rule] = {**scored(rows, issues), "estimated share": figures["estimated_share"]}
    print(f"{len(rows):,} rows, {(rows['label'] != rows['truth']).sum()} labels changed; {given.what}\n")
    print(pd.DataFrame(found).T.round(3).to_string(), end="\n\n")
    own, target = found[explain.prune], None if given.what == "embedded" else TARGET
    print(
        table(
            [
                Claim("changed labels listed", own["recall"], target),
                Claim("changed at the head", own["at the head"], target),
            ]
        )
    )


if __name__ == "__main__":
    main()
