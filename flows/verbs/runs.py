"""Verbs about runs: starting them, serving them, what happened in them, and where their data are kept."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option, echo

from flows.stages import Target
from flows.verbs import running

Approval = Literal["none", "person"]


def pipeline(
    target: Annotated[Target, Option(help="the last stage that is wanted")] = "card",
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="write a setting into params.yaml first; may be repeated"),
    ] = None,
) -> None:
    """Bring the stages up to date, as a Prefect flow."""
    from flows import settings_form

    made = running.run("pipeline", settings=settings_form.parse(settings or []), target=target)
    counts = Counter(str(each.outcome) for each in made)
    echo(f"{len(made)} stages: {', '.join(f'{number} {outcome}' for outcome, number in counts.items())}")


def retrain(
    approval: Annotated[Approval, Option(help="whether a person has to confirm a promotion, in Prefect's UI")] = "none",
    approval_hours: Annotated[float, Option(help="until it counts as not confirmed", min=0.01, max=168)] = 24,
    review_branch: Annotated[
        bool, Option("--review-branch", help="push the commit as branch retrain/DATE too")
    ] = False,
    force: Annotated[bool, Option("--force", help="train although the cleaned dataset did not change")] = False,
) -> None:
    """Take in what has landed, curate, train, judge, and promote the model if it is better than the champion."""
    from flows import retrain

    result = running.run(
        "retrain", approval=approval, approval_hours=approval_hours, review_branch=review_branch, force=force
    )
    echo(retrain.sentence(result))


def explain(
    run: Annotated[str | None, Argument(metavar="RUN", help="an id, or its beginning; by default the last run")] = None,
) -> None:
    """What a run did, and why."""
    from flows.explain import explain

    echo(explain(Path.cwd(), run))


def serve(
    host: Annotated[str, Option(help="beyond the loopback only with a password in HEMAFLOW_AUTH")] = "127.0.0.1",
    port: Annotated[int, Option(help="port of Prefect's UI and API", min=1, max=65535)] = 4200,
    database: Annotated[
        str | None, Option(metavar="URL", help="postgresql+asyncpg://...; by default SQLite below data/.state")
    ] = None,
) -> None:
    """Run a Prefect server with the deployments, until Ctrl-C."""
    from flows.serve import serve

    serve(Path.cwd(), host, port, database)


def clean_up(
    dry: Annotated[bool, Option("--dry-run", help="say what would go, and leave it")] = False,
) -> None:
    """Free the disk of what neither the workspace nor any champion needs."""
    from flows.clean_up import clean_up

    echo(clean_up(Path.cwd(), dry))


def remote_add(
    url: Annotated[str, Argument(metavar="PATH|URL", help="a folder outside the project, or s3://BUCKET/PREFIX")],
    endpoint_url: Annotated[str | None, Option(help="of an S3 server that is not Amazon's")] = None,
    region: Annotated[str | None, Option(help="of the bucket")] = None,
    profile: Annotated[str | None, Option(help="section of the AWS credentials file")] = None,
) -> None:
    """Say where data and models are kept besides here. Credentials stay in the environment, never in the project."""
    from flows import remote

    echo(remote.add(Path.cwd(), url, endpoint_url=endpoint_url, region=region, profile=profile))


def push() -> None:
    """Copy to the remote what it lacks."""
    from flows import remote

    echo(remote.push(Path.cwd()))


def pull() -> None:
    """Fetch from the remote what the checkout names and lacks."""
    from flows import remote

    echo(remote.pull(Path.cwd()))
