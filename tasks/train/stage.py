"""train: a head on features of the frozen backbone, then fine-tuning of the last blocks on augmented images."""

import json
from pathlib import Path

from tasks import command, hardware, model, model_folder, scarce, splits
from tasks.params import Classes
from tasks.train import progress, provenance, training
from tasks.train.provenance import Ingest
from tasks.train.settings import Train


def main(
    classes: Classes,
    train: Train,
    ingest: Ingest,
    clean: Path,
    ingested: Path,
    pretrained: Path,
    out: Path,
    state: Path,
    record: Path,
) -> None:
    """Write the network, its validation figures, and the curves of both phases below `curves`.

    The network knows the classes that train has an image of.

    An interrupted run goes on from `state`. What it ran on and how long it took goes to `record`.
    """
    machine = hardware.find(train.precision)
    print(f"train: on {machine.sentence()}", flush=True)
    names = splits.learnable(clean, classes.names)
    if unlearnt := [name for name in classes.names if name not in names]:
        print(f"train: {scarce.without(unlearnt)}", flush=True)
    facts = provenance.facts(train, clean, pretrained)
    arrays, (learn, val) = splits.read(clean, ingested, names, ["train", "val"])
    trained = training.train(train, arrays, learn, val, names, pretrained, state, machine)
    progress.draw(out / "curves", trained.phases)
    before = model_folder.training_ids(train.start) if train.start else ()  # what the model before it has seen
    training_ids = {*learn.ids, *val.ids, *before}  # all of them, whichever an epoch of under-sampled rows took
    model.save(out, trained.network, names, ingest.crop, facts, training_ids)
    (out / "validation.json").write_text(json.dumps(trained.figures, indent=1) + "\n")
    progress.write_record(record, {"hardware": machine.record(), **trained.took()})


if __name__ == "__main__":
    command.run(main, Classes, Train, Ingest)
