"""study: train one trial of a study on a share of train, and write its figures on the whole of val.

python -m tasks.study.stage STUDY TRIAL ...
"""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tasks import command, hardware, splits
from tasks.params import Classes
from tasks.study import elsewhere, families, trial
from tasks.study.trial import Trial
from tasks.train import parts, progress, training
from tasks.train.settings import Train
from tasks.train.training import Trained

MB = 2**20
FLOAT_BYTES = 4


def main(
    classes: Classes,
    settings: Trial,
    clean: Path,
    ingested: Path,
    pretrained: Path,
    listing: Path,
    external: Path,
    out: Path,
    state: Path,
    record: Path,
) -> None:
    """Write the figures of the chosen epoch, the network's parameters, the epochs and the rows as JSON.

    Facts of content alone, the same bytes each time; the engine keras_cv does not repeat. The rows of test are not
    looked at; the external deliveries that `listing` names are judged beside the others. What it ran on, how long it
    took, and which result that was, goes to `record`.
    """
    machine = hardware.find(settings.train.precision)
    print(f"study: {settings.section} on {machine.sentence()}", flush=True)
    names = splits.learnable(clean, classes.names)
    arrays, (learn, val) = splits.read(clean, ingested, names, ["train", "val"])
    learn = parts.share(learn, settings.share, settings.train.seed)
    start = time.perf_counter()
    trained = training.train(settings.train, arrays, learn, val, names, pretrained, state, machine)
    seconds = time.perf_counter() - start
    found = families.accuracies(trained.network, arrays, val, settings.train.batch)
    scores = {**trained.figures, "families": found, **families.left_out(found, settings.train.augment.without)}
    seen = {*learn.ids, *val.ids}
    scores["external"] = elsewhere.balanced(trained.network, listing, external, names, seen, settings.train.batch)
    rows = {"train": len(_taken(learn, names, settings.train)), "val": len(val)}
    text = json.dumps({**scores, **_parameters(trained.network), **_epochs(trained), "rows": rows}, indent=1)
    out.write_text(text + "\n")
    facts = {"result": hashlib.md5(out.read_bytes()).hexdigest(), "seconds": round(seconds, 1), **trained.took()}
    progress.write_record(record, {"hardware": machine.record(), **facts})


def _taken(learn: splits.Part, names: Sequence[str], train: Train) -> splits.Part:
    """The rows that the training takes of those that it was given."""
    if train.imbalance == "under_sampling":
        return parts.under_sampled(learn, names, train.seed)
    return learn


def _parameters(network: keras.Model) -> dict[str, Any]:
    """Of the backbone without its top and of the whole; of both, the megabytes that these take as float32."""
    whole = network.count_params()
    backbone = whole - network.get_layer("head").count_params()
    size = {name: round(number * FLOAT_BYTES / MB, 2) for name, number in (("backbone", backbone), ("whole", whole))}
    return {"parameters": {"backbone": backbone, "whole": whole}, "mb": size}


def _epochs(trained: Trained) -> dict[str, Any]:
    """Per phase: the epochs that ran and the best of them, counted from 1; 0 where none beat the start."""
    phases = trained.phases.items()
    return {"phases": {name: {"epochs": p.epochs, "best": p.best.epoch if p.best else 0} for name, p in phases}}


def _words() -> tuple[str, str]:
    """STUDY and TRIAL, taken off the command line, so that paths are left as with any other stage."""
    if len(sys.argv) < 3:
        sys.exit(f"study: expected STUDY TRIAL and paths, got {' '.join(sys.argv[1:]) or 'nothing'}")
    return sys.argv.pop(1), sys.argv.pop(1)


if __name__ == "__main__":
    command.run(main, Classes, trial.kind(*_words()))
