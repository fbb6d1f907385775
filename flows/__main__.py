"""Every verb that a user has: `python -m flows --help`.

What a verb needs is imported when it runs, so that the help comes at once. Errors become one line here, and nowhere
else.
"""

import logging
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from flows.stages import Target

INTERRUPTED, UNREADABLE = 130, 3
Form = Literal["npz", "folders", "tfrecord"]
Network = Literal["keras", "onnx", "savedmodel", "submission"]
Verdict = Literal["keep", "drop"]
Engine = Literal["batched", "keras_cv"]
Views = Literal["1", "4", "8"]


class Verbs(TyperGroup):
    """Turns errors into a line on standard error and exit code 1, and Ctrl-C into exit code 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except _expected() as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Verbs, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback()
def project() -> None:
    """From deliveries of labelled blood cell pictures to a classifier that may be trusted."""
    if not Path("dvc.yaml").is_file():
        raise FileNotFoundError(f"no dvc.yaml in {Path.cwd()}: run this in the project's folder")


@app.command()
def deliver(
    path: Annotated[Path, typer.Argument(help="class folders, a zip or tar of them, or an npz")],
    name: Annotated[str | None, typer.Option(help="name of the delivery; by default that of the path")] = None,
) -> None:
    """Take a delivery of pictures in, complete or not at all."""
    from flows.deliver import deliver

    typer.echo(deliver(Path.cwd(), path, name))


@app.command()
def withdraw(name: Annotated[str, typer.Argument(help="name of a listed delivery")]) -> None:
    """Take a delivery out again."""
    from flows.deliver import withdraw

    typer.echo(withdraw(Path.cwd(), name))


@app.command()
def pipeline(
    target: Annotated[Target, typer.Option(help="the last stage that is wanted")] = "card",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="write a setting into params.yaml first; may be repeated"),
    ] = None,
) -> None:
    """Bring the stages up to date, as a Prefect flow."""
    from flows import settings_form

    made = _run("pipeline", settings=settings_form.parse(settings or []), target=target)
    counts = Counter(str(each.outcome) for each in made)
    typer.echo(f"{len(made)} stages: {', '.join(f'{number} {outcome}' for outcome, number in counts.items())}")


@app.command()
def predict(
    path: Annotated[Path, typer.Argument(metavar="INPUT", help="a picture, a folder, a zip or tar, or an npz")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="a CSV; by default standard output")] = None,
    model: Annotated[
        Path | None, typer.Option(help="a model's folder; by default data/champion, without one data/model")
    ] = None,
    views: Annotated[Views, typer.Option(help="orientations that each picture is judged in")] = "1",
) -> None:
    """Judge pictures, a row of a CSV for each.

    A row has the class, left empty where the model abstains, its best guess, a probability of each class, and why it
    abstained. Exit code: 0 where every file was read, 3 where rows say that some could not be, 1 where nothing was
    judged.
    """
    from flows.predict import predict

    done = predict(Path.cwd(), path, out, model, int(views))
    typer.echo(done.sentence, err=out is None)
    if done.unreadable:
        raise typer.Exit(UNREADABLE)


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="a stage of studies/dvc.yaml: ladder, backbones, ...")],
    cells: Annotated[
        list[str] | None, typer.Option("--cell", metavar="NAME", help="this cell alone; may be repeated")
    ] = None,
) -> None:
    """Train the cells of a study, and compare them in a table."""
    from flows.cells import check

    check(Path.cwd(), name, cells or [])  # before Prefect's server starts
    _run("study", name=name, cells=cells or [])


@app.command()
def preview(
    out: Annotated[Path, typer.Option(help="the picture to write")] = Path("preview.png"),
    engine: Annotated[Engine, typer.Option(help="which augments")] = "batched",
    number: Annotated[int, typer.Option(help="of pictures", min=1)] = 8,
    seed: Annotated[int, typer.Option(help="of the draws", min=0)] = 0,
) -> None:
    """Draw training pictures as augmentation changes them."""
    from flows.preview import preview

    typer.echo(preview(Path.cwd(), out, engine, number, seed))


@app.command()
def review(
    about: Annotated[str, typer.Argument(help="an id, at least 8 digits of one, or DELIVERY/SOURCE")],
    verdict: Annotated[Verdict, typer.Argument(help="what is to become of the picture")],
    why: Annotated[str, typer.Option(help="the reason, for whoever comes next")],
    who: Annotated[str | None, typer.Option(help="who says so; by default git's user.name, or the login")] = None,
) -> None:
    """Keep or drop a picture, whatever the rules say."""
    from flows.review import review

    typer.echo(review(Path.cwd(), about, verdict, why, who))


@app.command()
def watch() -> None:
    """Take in what lies complete in data/incoming.

    The pipeline runs then, if anything came.
    """
    taken = _run("watch")
    typer.echo(f"taken in: {', '.join(taken) or 'nothing'}")


export = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write what was made for other tools.")
app.add_typer(export, name="export")


@export.command()
def clean(
    out: Annotated[Path, typer.Argument(help="a path at which nothing stands yet")],
    form: Annotated[Form, typer.Option("--format", help="one archive, a folder per class, or TensorFlow's records")],
) -> None:
    """Write the cleaned dataset, its kept pictures with their classes and splits."""
    from tasks.export.clean import export
    from tasks.params import Classes, load

    number = export(Path("data/clean"), Path("data/ingested"), out, form, load(Classes).names)
    typer.echo(f"{number} pictures -> {out}")


@export.command("model")
def export_model(
    out: Annotated[Path, typer.Argument(help="a path at which nothing stands yet, with the format's ending")],
    form: Annotated[
        Network, typer.Option("--format", help="a .keras file, an .onnx file, a folder, or a .zip as the contest took")
    ],
    folder: Annotated[Path, typer.Option("--model", metavar="DIR", help="the model's folder")] = Path("data/model"),
) -> None:
    """Write the network, whose probabilities are not calibrated, with what is known of it."""
    from tasks.export.model import export

    export(folder, out, form)
    typer.echo(f"{folder} -> {out}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="the loopback, and nothing else")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port of Prefect's UI and API", min=1, max=65535)] = 4200,
) -> None:
    """Run a Prefect server with the deployments, until Ctrl-C."""
    from flows.serve import serve

    serve(Path.cwd(), host, port)


def _run(name: str, /, **parameters: Any) -> Any:
    """What the flow `flows.NAME:NAME` returns. Prefect's server starts while the flow is being imported."""
    from flows import server

    own = server.provide(Path.cwd())
    flow = getattr(import_module(f"flows.{name}"), name)
    _leave_out_traces()
    if own:
        own.await_healthy()
    state = flow(**parameters, return_state=True)
    if own:
        own.settle(str(state.state_details.flow_run_id))
    return state.result()


def _leave_out_traces() -> None:
    """Keep Prefect from logging the stack of an error that a message is enough for."""

    def brief(record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], _expected()):
            record.exc_info = None
        return True

    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(brief)


def _expected() -> tuple[type[Exception], ...]:
    """Errors that a message is enough for. Their modules are loaded where they can have been raised."""
    runner = sys.modules.get("flows.runner")
    return (ValueError, OSError, *([runner.StageFailedError] if runner else []))


if __name__ == "__main__":
    app()
