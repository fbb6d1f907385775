"""Verbs about models: what they answer, which of them is the champion, and where they come from."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Exit, Option, echo

from hemaflow import running

UNREADABLE = 3
Tta = Literal["1", "4", "8"]
Network = Literal["keras", "onnx", "savedmodel", "submission"]


def predict(
    path: Annotated[Path, Argument(metavar="INPUT", help="an image, a folder, a zip or tar, or an npz")],
    out: Annotated[Path | None, Option("--out", "-o", help="CSV file; default: standard output")] = None,
    model: Annotated[
        Path | None, Option(help="model folder; default: the champion, else data/model, else models/pbc")
    ] = None,
    tta: Annotated[Tta, Option(help="test-time augmentation: orientations that are averaged")] = "1",
    depth: Annotated[
        str | None, Option(help="bits that values of more than 8 make use of, 8 to 32, or 0..1; default: found")
    ] = None,
    crop: Annotated[int | None, Option(help="centre crop in the images' own pixels; default: the model's")] = None,
) -> None:
    """Classify images; write one CSV row per file.

    A row has the class (empty if the model abstains), its best guess, a probability per class, and why it abstained.
    Exit code: 0 if every file was read, 3 if some could not be, 1 if nothing was classified.
    """
    from operations.predict import predict
    from tasks.delivery.record import stated
    from tasks.predict.view import View

    said = stated(depth, crop, None)
    if model is None:
        running.bring("champion" if Path("data/champion.dvc").exists() else "model")
    done = predict(Path.cwd(), path, out, model, int(tta), View(said.depth, said.crop))
    echo(done.sentence, err=out is None)
    if done.unreadable:
        raise Exit(UNREADABLE)


def study(
    name: Annotated[str, Argument(help="a stage of studies/dvc.yaml: ablation, backbones, ...")],
    trials: Annotated[list[str] | None, Option("--trial", metavar="NAME", help="only this trial; repeatable")] = None,
) -> None:
    """Train the trials of a study and compare them."""
    from operations.pipeline.trials import known

    known(Path.cwd(), name, trials or [])  # before Prefect's server starts
    running.run("study", name=name, trials=trials or [])


def champion(
    history: Annotated[bool, Option("--history", help="list all champions")] = False,
) -> None:
    """Show the champion: which model, since when, why."""
    from operations.registry import champion

    echo(champion.history(Path.cwd()) if history else champion.describe(Path.cwd()))


def promote(
    why: Annotated[str, Option(help="the reason, for the record")],
    although: Annotated[str | None, Option(metavar="REASON", help="overrule the gate, with the reason")] = None,
) -> None:
    """Promote the last model if the gate allows it."""
    from operations.retraining.promotion import promote

    running.bring("model", "evaluation/scores", "clean", "ingested")
    echo(promote(Path.cwd(), why, although))


def rollback(
    why: Annotated[str, Option(help="the reason, for the record")],
    to: Annotated[str | None, Option(metavar="TAG", help="champion/N; default: the previous one")] = None,
) -> None:
    """Restore an earlier champion."""
    from operations.retraining.promotion import rollback

    echo(rollback(Path.cwd(), to, why))


def lineage(
    model: Annotated[
        Path | None,
        Argument(metavar="MODEL", help="model folder or tag, as champion/2; default: the champion"),
    ] = None,
    rows: Annotated[
        Path | None, Option(metavar="CSV", help="CSV to write: each image that it was trained on or selected by")
    ] = None,
) -> None:
    """Trace a model to its run, deliveries and rows."""
    from operations.registry.lineage import lineage

    running.bring("champion", "clean")
    echo(lineage(Path.cwd(), model, rows))


def export_model(
    out: Annotated[Path, Argument(help="a new path with the format's extension")],
    form: Annotated[
        Network, Option("--format", help="a .keras file, an .onnx file, a folder, or a .zip as the contest took")
    ],
    folder: Annotated[Path, Option("--model", metavar="DIR", help="the model's folder")] = Path("data/model"),
) -> None:
    """Write the network, whose probabilities are not calibrated, with its metadata."""
    from tasks.export.model import export

    running.bring("model")
    export(folder, out, form)
    echo(f"{folder} -> {out}")
