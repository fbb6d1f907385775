"""Verbs about runs: starting them, serving them, what happened in them, and where their data are kept."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option, echo

from hemaflow import running
from operations.project.stages import Target

Approval = Literal["none", "person"]


def pipeline(
    target: Annotated[Target, Option(help="the last stage that is wanted")] = "model_report",
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="a setting for this run alone, an experiment; may be repeated"),
    ] = None,
    keep: Annotated[bool, Option("--keep", help="write the settings into params.yaml, run in the workspace")] = False,
) -> None:
    """Bring the stages up to date, as a Prefect flow."""
    from operations.settings import settings_form

    made = running.run("pipeline", settings=settings_form.parse(settings or []), target=target, keep=keep)
    counts = Counter(str(each.outcome) for each in made)
    echo(f"{len(made)} stages: {', '.join(f'{number} {outcome}' for outcome, number in counts.items())}")


def experiments() -> None:
    """List the experiments, with settings and metrics."""
    from operations.experiments import saved

    echo(saved.table(Path.cwd()))


def apply(name: Annotated[str, Argument(metavar="NAME", help="of an experiment")]) -> None:
    """Take over the settings and outputs of an experiment."""
    from operations.experiments import saved

    echo(saved.apply(Path.cwd(), name))


def retrain(
    approval: Annotated[Approval, Option(help="whether a person has to confirm a promotion, in Prefect's UI")] = "none",
    approval_hours: Annotated[float, Option(help="until it counts as not confirmed", min=0.01, max=168)] = 24,
    review_branch: Annotated[
        bool, Option("--review-branch", help="push the commit as branch retrain/DATE too")
    ] = False,
    force: Annotated[bool, Option("--force", help="train although the cleaned dataset did not change")] = False,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="a setting to try, kept if the model is promoted; may be repeated"),
    ] = None,
) -> None:
    """Take in what landed, train on it, and promote if better."""
    from operations.settings import settings_form

    result = running.run(
        "retrain",
        approval=approval,
        approval_hours=approval_hours,
        review_branch=review_branch,
        force=force,
        settings=settings_form.parse(settings or []),
    )
    echo(str(result))


def explain(
    run: Annotated[
        str | None,
        Argument(metavar="RUN", help="an id or its beginning, or the id or name of a Prefect run; by default the last"),
    ] = None,
) -> None:
    """What a run did, and why."""
    from operations.history.explain import explain

    echo(explain(Path.cwd(), run))


def migrate() -> None:
    """Give the settings of an older project their present names."""
    from operations.settings.migrate import migrate

    echo(migrate(Path.cwd()))


def clean_up(
    dry: Annotated[bool, Option("--dry-run", help="say what would go, and leave it")] = False,
    cloud: Annotated[bool, Option("--cloud", help="from the remote too what no branch and no tag names")] = False,
) -> None:
    """Free the disk of what nothing names any more."""
    from operations.clean_up import clean_up

    echo(clean_up(Path.cwd(), dry, cloud))


def remote_add(
    url: Annotated[str, Argument(metavar="PATH|URL", help="a folder outside the project, or s3://BUCKET/PREFIX")],
    endpoint_url: Annotated[str | None, Option(help="of an S3 server that is not Amazon's")] = None,
    region: Annotated[str | None, Option(help="of the bucket")] = None,
    profile: Annotated[str | None, Option(help="section of the AWS credentials file")] = None,
) -> None:
    """Say where data and models are kept besides here. Credentials stay in the environment, never in the project."""
    from operations.storage import remote

    echo(remote.add(Path.cwd(), url, endpoint_url, region, profile))


def remote_push(
    whole: Annotated[bool, Option("--whole", help="look at every object, and mend a remote that lost some")] = False,
    champions: Annotated[bool, Option("--champions", help="the champions of all tags too")] = False,
) -> None:
    """Copy to the remote what it lacks."""
    from operations.storage import remote

    echo(remote.push(Path.cwd(), whole=whole, champions=champions, log=running.printing()))


def remote_pull() -> None:
    """Fetch from the remote what the checkout names and lacks."""
    from operations.storage import remote

    echo(remote.pull(Path.cwd(), log=running.printing()))


def remote_status() -> None:
    """Say what of the project's data is here alone."""
    from operations.deliveries import waiting
    from operations.storage import remote

    lines = remote.not_backed_up(Path.cwd())
    if names := waiting.names(Path.cwd()):
        lines.append(f"accepted deliveries, here alone until a run lists them: {', '.join(names)}")
    echo("\n".join(lines) or "everything is on the remote")
