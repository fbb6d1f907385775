"""Verbs about deliveries and what becomes of their pictures."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option, echo

from hemaflow import running

Decision = Literal["keep", "drop"]
Engine = Literal["batched", "keras_cv"]
Form = Literal["npz", "folders", "tfrecord"]


def add(
    path: Annotated[Path, Argument(help="class folders, a zip or tar of them, or an npz")],
    name: Annotated[str | None, Option(help="name of the delivery; by default that of the path")] = None,
) -> None:
    """Take a delivery of pictures in, complete or not at all."""
    from operations.deliveries.add_remove import add

    echo(add(Path.cwd(), path, name))


def remove(name: Annotated[str, Argument(help="name of a delivery, one that waits for the next run too")]) -> None:
    """Take a delivery out again."""
    from operations.deliveries.add_remove import remove

    echo(remove(Path.cwd(), name))


def hold(
    name: Annotated[str, Argument(help="name of a listed delivery")],
    why: Annotated[str, Option(help="the reason, for whoever comes next")],
) -> None:
    """Keep a delivery's pictures out of the dataset, still listed."""
    from operations.deliveries.hold import hold

    echo(hold(Path.cwd(), name, why))


def release(
    name: Annotated[str, Argument(help="name of a delivery on hold")],
    why: Annotated[str, Option(help="the reason, for whoever comes next")],
) -> None:
    """Take a delivery off hold; from then on it is trusted."""
    from operations.deliveries.hold import release

    echo(release(Path.cwd(), name, why))


def review(
    about: Annotated[str, Argument(help="an id, at least 8 digits of one, or DELIVERY/SOURCE")],
    decision: Annotated[Decision, Argument(help="what is to become of the picture")],
    why: Annotated[str, Option(help="the reason, for whoever comes next")],
) -> None:
    """Keep or drop a picture, whatever the rules say."""
    from operations.deliveries.review import review

    running.bring("clean")
    echo(review(Path.cwd(), about, decision, why))


def watch(
    set_up: Annotated[
        bool, Option("--set-up", help="make and mark the folders that params.yaml names (landing.folders), and end")
    ] = False,
) -> None:
    """Take in what lies complete in the landing folders.

    Each new delivery emits an event, by which a server with the deployments (`serve`) starts a retraining.
    """
    from operations.landing import folders

    if set_up:
        echo("\n".join(folders.set_up(Path.cwd())))
        return
    taken = running.run("watch")
    _, problems = folders.usable(Path.cwd())
    if problems:
        raise ValueError("; ".join(problems))
    echo(f"taken in: {', '.join(taken) or 'nothing'}")
    if taken:
        echo("next: hemaflow retrain, which `make serve` starts by itself")


def preview(
    out: Annotated[Path, Option(help="the picture to write")] = Path("preview.png"),
    engine: Annotated[Engine, Option(help="which augments")] = "batched",
    number: Annotated[int, Option(help="of pictures", min=1)] = 8,
    seed: Annotated[int, Option(help="of the draws", min=0)] = 0,
) -> None:
    """Draw training pictures as augmentation changes them."""
    from operations.deliveries.preview import preview

    running.bring("clean", "ingested")
    echo(preview(Path.cwd(), out, engine, number, seed))


def export_clean(
    out: Annotated[Path, Argument(help="a path at which nothing stands yet")],
    form: Annotated[Form, Option("--format", help="one archive, a folder per class, or TensorFlow's records")],
) -> None:
    """Write the cleaned dataset, its kept pictures with their classes and splits."""
    from tasks.export.clean import export
    from tasks.params import Classes, load

    running.bring("clean", "ingested")
    number = export(Path("data/clean"), Path("data/ingested"), out, form, load(Classes).names)
    echo(f"{number} pictures -> {out}")
