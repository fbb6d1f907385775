"""Every verb that a user has: `hemaflow --help`.

What a verb needs is imported when it runs, so that the help comes at once. Errors become one line here, and nowhere
else.
"""

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from hemaflow import data, models, running, runs, serving

INTERRUPTED = 130
CODE = Path(__file__).parents[1]

GROUPS: dict[str, tuple[Any, ...]] = {
    "Data": (data.add, data.remove, data.hold, data.release, data.watch, data.review, data.preview),
    "Pipeline": (runs.pipeline, runs.experiments, runs.apply, runs.retrain, models.study, runs.explain),
    "Models": (models.predict, models.champion, models.promote, models.rollback, models.lineage),
    "Operations": (serving.serve, serving.deploy, serving.worker, runs.clean_up, runs.migrate),
}
"""The verbs, in the order in which the help lists them."""
WITHOUT_RECORDS = ("migrate", "remove")
"""Verbs that a project may use whose deliveries were added before there were records of them."""
SUBGROUPS = {"export": "Models", "remote": "Operations"}


class Verbs(TyperGroup):
    """Turns errors into a line on standard error and exit code 1, and Ctrl-C into exit code 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except running.expected() as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the verbs by what they are about."""
        about = {name: title for title, verbs in GROUPS.items() for name in map(_name, verbs)} | SUBGROUPS
        width = formatter.width - 6 - max(map(len, about))
        for title in GROUPS:
            names = [name for name in self.list_commands(ctx) if about[name] == title]
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(width)) for name in names])


def _name(verb: Any) -> str:
    return str(verb.__name__.replace("_", "-"))


app = typer.Typer(
    cls=Verbs, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback()
def project(ctx: typer.Context) -> None:
    """From deliveries of labelled blood cell images to a classifier you can trust."""
    if not Path("dvc.yaml").is_file():
        raise FileNotFoundError(f"no dvc.yaml in {Path.cwd()}: run this in the project's folder")
    _check_code(Path.cwd())
    if ctx.invoked_subcommand not in WITHOUT_RECORDS:
        from operations.project import records

        records.check(Path.cwd())


def _check_code(project: Path) -> None:
    """Raise ValueError where the project has code of its own and this command runs other code."""
    if (project / "hemaflow/__main__.py").is_file() and project.resolve() != CODE.resolve():
        raise ValueError(
            f"the project in {project} has code of its own, and this `hemaflow` runs that in {CODE}: "
            f"`make install` in {project} makes its own, .venv/bin/hemaflow"
        )


def _group(name: str, about: str, **verbs: Any) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=about)
    app.add_typer(group, name=name)
    for verb, function in verbs.items():
        group.command(verb)(function)


for verbs in GROUPS.values():
    for verb in verbs:
        app.command(_name(verb))(verb)
_group("export", "Export the dataset or the model for other tools.", clean=data.export_clean, model=models.export_model)
_group(
    "remote",
    "Back up data and models to a folder or S3.",
    add=runs.remote_add,
    push=runs.remote_push,
    pull=runs.remote_pull,
    status=runs.remote_status,
)

if __name__ == "__main__":
    app()
