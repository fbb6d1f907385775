"""Verbs about runs: starting them, serving them, what happened in them, and where their data are kept."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option, echo

from hemaflow import running
from operations.project.stages import LAST, Target

Approval = Literal["none", "person"]


def pipeline(
    target: Annotated[Target, Option(help="last stage to run")] = LAST,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="a setting for this run only (an experiment); repeatable"),
    ] = None,
    keep: Annotated[bool, Option("--keep", help="write the settings into params.yaml, run in the workspace")] = False,
) -> None:
    """Bring the stages up to date as a Prefect flow."""
    from operations.settings import settings_form

    made = running.run("pipeline", settings=settings_form.parse(settings or []), target=target, keep=keep)
    counts = Counter(str(each.outcome) for each in made)
    echo(f"{len(made)} stages: {', '.join(f'{number} {outcome}' for outcome, number in counts.items())}")


def experiments() -> None:
    """List experiments with their settings and metrics."""
    from operations.experiments import saved

    echo(saved.table(Path.cwd()))


def apply(name: Annotated[str, Argument(metavar="NAME", help="name of an experiment")]) -> None:
    """Take over an experiment's settings and outputs."""
    from operations.experiments import saved

    echo(saved.apply(Path.cwd(), name))


def retrain(
    approval: Annotated[Approval, Option(help="whether a person must approve a promotion in Prefect's UI")] = "none",
    approval_hours: Annotated[float, Option(help="hours after which no answer counts as no", min=0.01, max=168)] = 24,
    review_branch: Annotated[
        bool, Option("--review-branch", help="also push the commit as branch retrain/DATE")
    ] = False,
    force: Annotated[bool, Option("--force", help="train even if the clean dataset is unchanged")] = False,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="NAME=VALUE", help="a setting to try, kept if the model is promoted; may be repeated"),
    ] = None,
) -> None:
    """Add what landed, train on it, promote if better."""
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
        Argument(metavar="RUN", help="run id or its beginning, or a Prefect run's id or name; default: the last"),
    ] = None,
) -> None:
    """Explain what a run did and why."""
    from operations.history.explain import explain

    echo(explain(Path.cwd(), run))


def migrate() -> None:
    """Bring an older project to the present names and layout."""
    from operations.settings.migrate import migrate

    echo(migrate(Path.cwd()))


def clean_up(
    dry: Annotated[bool, Option("--dry-run", help="only say what would be deleted")] = False,
    cloud: Annotated[bool, Option("--cloud", help="also delete from the remote")] = False,
) -> None:
    """Free disk space: delete what nothing refers to."""
    from operations.clean_up import clean_up

    echo(clean_up(Path.cwd(), dry, cloud))


def remote_add(
    url: Annotated[str, Argument(metavar="PATH|URL", help="a folder outside the project, or s3://BUCKET/PREFIX")],
    endpoint_url: Annotated[str | None, Option(help="URL of an S3 server other than Amazon's")] = None,
    region: Annotated[str | None, Option(help="region of the bucket")] = None,
    profile: Annotated[str | None, Option(help="profile in the AWS credentials file")] = None,
) -> None:
    """Set where data and models are backed up. Credentials stay in the environment, never in the project."""
    from operations.storage import remote

    echo(remote.add(Path.cwd(), url, endpoint_url, region, profile))


def remote_push(
    whole: Annotated[bool, Option("--whole", help="check every object and repair a damaged remote")] = False,
    champions: Annotated[bool, Option("--champions", help="also the champions of all tags")] = False,
) -> None:
    """Copy to the remote what it lacks."""
    from operations.storage import remote

    echo(remote.push(Path.cwd(), whole=whole, champions=champions, log=running.printing()))


def remote_pull() -> None:
    """Fetch from the remote what the checkout refers to and lacks."""
    from operations.storage import remote

    echo(remote.pull(Path.cwd(), log=running.printing()))


def remote_status() -> None:
    """List data that exists only here."""
    from operations.deliveries import waiting
    from operations.storage import remote

    lines = remote.not_backed_up(Path.cwd())
    if names := waiting.names(Path.cwd()):
        lines.append(f"accepted deliveries, here alone until a run lists them: {', '.join(names)}")
    echo("\n".join(lines) or "everything is on the remote")
