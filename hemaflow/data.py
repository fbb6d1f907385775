"""Verbs about deliveries and what becomes of their images."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option, echo

from hemaflow import running

Decision = Literal["keep", "drop", "label"]
Engine = Literal["batched", "keras_cv"]
Form = Literal["npz", "folders", "tfrecord"]


def add(
    path: Annotated[Path, Argument(help="images in class folders or with a table, a zip or tar of them, or an npz")],
    name: Annotated[str | None, Option(help="name of the delivery; default: from the path")] = None,
    classes: Annotated[
        str | None, Option(metavar="A,B,...", help="class names in the order of an npz's label numbers")
    ] = None,
    depth: Annotated[
        str | None, Option(help="bits that values of more than 8 make use of, 8 to 32, or 0..1; default: found")
    ] = None,
    crop: Annotated[int | None, Option(help="centre crop in the delivery's own pixels; default: ingest.crop")] = None,
    scale: Annotated[float | None, Option(help="pixels per micrometre, instead of a crop")] = None,
    external: Annotated[
        bool, Option("--external", help="another laboratory's images: models are judged on them, none learns from them")
    ] = False,
) -> None:
    """Add a delivery of images, all of it or nothing."""
    from operations.deliveries import asked, shortage
    from operations.deliveries.add_remove import add
    from tasks.delivery.record import stated

    told = asked.Asked(asked.names(classes), stated(depth, crop, scale), external)
    added = add(Path.cwd(), path, name, asked=told)
    # At once: a reader that has seen enough closes the pipe, and the next line would fail.
    echo("\n".join(filter(None, [str(added), shortage.told(Path.cwd())])))


def remove(name: Annotated[str, Argument(help="name of a delivery, listed or waiting")]) -> None:
    """Remove a delivery."""
    from operations.deliveries.add_remove import remove

    echo(remove(Path.cwd(), name))


def hold(
    name: Annotated[str, Argument(help="name of a listed delivery")],
    why: Annotated[str, Option(help="the reason, for the record")],
) -> None:
    """Keep a delivery listed but out of the dataset."""
    from operations.deliveries.hold import hold

    echo(hold(Path.cwd(), name, why))


def release(
    name: Annotated[str, Argument(help="name of a delivery on hold")],
    why: Annotated[str, Option(help="the reason, for the record")],
) -> None:
    """Release a delivery from hold; the audit trusts it from then on."""
    from operations.deliveries.hold import release

    echo(release(Path.cwd(), name, why))


def review(
    about: Annotated[str, Argument(help="an id, at least 8 digits of one, or DELIVERY/SOURCE")],
    decision: Annotated[Decision, Argument(help="the decision")],
    why: Annotated[str, Option(help="the reason, for the record")],
    label: Annotated[
        str | None, Option("--as", metavar="CLASS", help="with `label`: the class of an image that came without one")
    ] = None,
) -> None:
    """Keep or drop an image, whatever the rules say, or label one that came without a class."""
    from operations.deliveries.review import review

    running.bring("clean")
    echo(review(Path.cwd(), about, decision, why, label=label))


def watch(
    set_up: Annotated[
        bool, Option("--set-up", help="create and mark the folders in params.yaml (landing.folders), then exit")
    ] = False,
) -> None:
    """Add complete deliveries from the landing folders.

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
    out: Annotated[Path, Option(help="the PNG to write")] = Path("preview.png"),
    engine: Annotated[Engine, Option(help="augmentation engine")] = "batched",
    number: Annotated[int, Option(help="number of images", min=1)] = 8,
    seed: Annotated[int, Option(help="random seed", min=0)] = 0,
) -> None:
    """Show training images as augmentation changes them."""
    from operations.deliveries.preview import preview

    running.bring("clean", "ingested")
    echo(preview(Path.cwd(), out, engine, number, seed))


def export_clean(
    out: Annotated[Path, Argument(help="a path that does not exist yet")],
    form: Annotated[Form, Option("--format", help="one archive, a folder per class, or TensorFlow's records")],
) -> None:
    """Write the clean dataset: kept images with class and split."""
    from tasks.export.clean import export
    from tasks.params import Classes, load

    running.bring("clean", "ingested")
    number = export(Path("data/clean"), Path("data/ingested"), out, form, load(Classes).names)
    echo(f"{number} images -> {out}")
