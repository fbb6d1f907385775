"""Verbs about models: what they answer, which of them is the champion, and where they come from."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Exit, Option, echo

from hemaflow import running

UNREADABLE = 3
Tta = Literal["1", "4", "8"]
Network = Literal["keras", "onnx", "savedmodel", "submission"]


def predict(
    path: Annotated[Path, Argument(metavar="INPUT", help="a picture, a folder, a zip or tar, or an npz")],
    out: Annotated[Path | None, Option("--out", "-o", help="a CSV; by default standard output")] = None,
    model: Annotated[
        Path | None, Option(help="a model's folder; by default data/champion, without one data/model")
    ] = None,
    tta: Annotated[Tta, Option(help="test-time augmentation: orientations that are averaged")] = "1",
) -> None:
    """Judge pictures, a row of a CSV for each.

    A row has the class, left empty where the model abstains, its best guess, a probability of each class, and why it
    abstained. Exit code: 0 where every file was read, 3 where rows say that some could not be, 1 where nothing was
    judged.
    """
    from operations.predict import predict

    if model is None:
        running.bring("champion" if Path("data/champion.dvc").exists() else "model")
    done = predict(Path.cwd(), path, out, model, int(tta))
    echo(done.sentence, err=out is None)
    if done.unreadable:
        raise Exit(UNREADABLE)


def study(
    name: Annotated[str, Argument(help="a stage of studies/dvc.yaml: ablation, backbones, ...")],
    trials: Annotated[
        list[str] | None, Option("--trial", metavar="NAME", help="this trial alone; may be repeated")
    ] = None,
) -> None:
    """Train the trials of a study, and compare them in a table."""
    from operations.pipeline.trials import known

    known(Path.cwd(), name, trials or [])  # before Prefect's server starts
    running.run("study", name=name, trials=trials or [])


def champion(
    history: Annotated[bool, Option("--history", help="all champions that there were")] = False,
) -> None:
    """Who is the champion, since when, and why."""
    from operations.registry import champion

    echo(champion.history(Path.cwd()) if history else champion.describe(Path.cwd()))


def promote(
    why: Annotated[str, Option(help="the reason, for whoever comes next")],
    although: Annotated[
        str | None, Option(metavar="REASON", help="promote a model that the gate refused, and why all the same")
    ] = None,
) -> None:
    """Make the last model the champion, if the gate lets it."""
    from operations.retraining.promotion import promote

    running.bring("model", "evaluation/scores", "clean", "ingested")
    echo(promote(Path.cwd(), why, although))


def rollback(
    why: Annotated[str, Option(help="the reason, for whoever comes next")],
    to: Annotated[str | None, Option(metavar="TAG", help="champion/N; by default the one before")] = None,
) -> None:
    """Put an earlier champion in its place again."""
    from operations.retraining.promotion import rollback

    echo(rollback(Path.cwd(), to, why))


def lineage(
    model: Annotated[Path, Argument(metavar="MODEL", help="a model's folder, or a champion's tag: champion/2")] = Path(
        "data/champion"
    ),
    rows: Annotated[
        Path | None, Option(metavar="CSV", help="a table to write: each picture that it was trained on or chosen by")
    ] = None,
) -> None:
    """From a model back to its run, its deliveries and its rows."""
    from operations.registry.lineage import lineage

    running.bring("champion", "clean")
    echo(lineage(Path.cwd(), model, rows))


def export_model(
    out: Annotated[Path, Argument(help="a path at which nothing stands yet, with the format's ending")],
    form: Annotated[
        Network, Option("--format", help="a .keras file, an .onnx file, a folder, or a .zip as the contest took")
    ],
    folder: Annotated[Path, Option("--model", metavar="DIR", help="the model's folder")] = Path("data/model"),
) -> None:
    """Write the network, whose probabilities are not calibrated, with what is known of it."""
    from tasks.export.model import export

    running.bring("model")
    export(folder, out, form)
    echo(f"{folder} -> {out}")
