"""What of a retraining Prefect shows as a task of its own, beside the stages."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import notify
from flows.pipeline import stage
from flows.server import lease
from operations.deliveries import hold
from operations.history import provenance
from operations.registry import champion
from operations.registry.champion import Champion
from operations.retraining import audit as audits
from operations.retraining import data_commit, rescore, takeover
from operations.retraining import put_back as former
from operations.retraining.audit import Audited, When
from operations.retraining.rescore import Rescored
from operations.retraining.retraining import Retraining
from operations.storage import remote
from tasks.drift.bands import MARKED
from tasks.gate.decision import Decision

NAMES = {"ran": "Completed", "refused": "Refused"}
"""Of the states in which the champion's judgement ends, by what became of it; else Cached."""


def step(name: str) -> Callable[[Callable[..., Any]], Any]:
    """As `stage`, for what may return something else than a state."""
    return cast(Callable[[Callable[..., Any]], Any], stage(name))


@step("drift")
def drift(root: Path, fresh: Sequence[str]) -> str:
    """Compare new deliveries with the images that were trained on; Markdown. No reason to stop, whatever it finds."""
    from tasks.drift.markdown import markdown, sentence
    from tasks.drift.measure import measure

    try:
        found = measure(root / "data/clean", root / "data/ingested", root / "data/embedded", fresh)
        text, facts = markdown(found), {"sentence": sentence(found), **found.to_dict()}
    except (OSError, ValueError, KeyError) as error:
        text = f"Drift is not known: {error}"
        facts = {"sentence": text}
        get_run_logger().warning("%s", text)
    create_markdown_artifact(text, key="drift", description=f"New: {', '.join(fresh)}")
    if record := provenance.current():
        record.note(drift=facts)
    if any(isinstance(each, dict) and each.get("word") == MARKED for each in facts.values()):
        notify.tell("drift", f"{', '.join(fresh)}: {facts['sentence']}", get_run_logger())
    return text


@step("audit")
def audited(root: Path, when: When) -> Audited:
    """Have the champion look at the labels of what is new to it."""
    found = audits.audit(root, when, get_run_logger())
    for one in found.findings:
        get_run_logger().info("%s: %s", one.delivery, one)
    return found


@step("hold")
def held(root: Path, found: Audited, run: str) -> list[str]:
    """Put the deliveries on hold that the audit finds mislabelled; those that could be."""
    done = []
    for one in found.guilty:
        try:
            hold.hold(root, one.delivery, f"{found.champion}: {one}", f"the audit of run {run}")
            done.append(one.delivery)
        except ValueError as error:  # the last delivery that is not on hold
            get_run_logger().warning("%s is not held: %s", one.delivery, error)
    return done


@step("put-back")
def put_back(root: Path) -> list[str]:
    """Bring back the former model where training on what is left would give it again; the paths."""
    paths = former.put_back(root, get_run_logger())
    if paths:
        get_run_logger().info("no training: what is left was trained on before; put back %s", ", ".join(paths))
    return paths


@step("rescore")
def rescored(root: Path) -> State:
    """Judge the champion on today's test rows."""
    found = rescore.rescore(root, get_run_logger())
    if found is None:
        return Completed(name="Skipped", message="there is no champion yet", data=None)
    message = f"{found.champion}: {found.outcome}{f', {found.why}' if found.why else ''}"
    return Completed(name=NAMES.get(found.outcome, "Cached"), message=message, data=found)


@step("gate")
def gate(root: Path, champion: Rescored | None) -> Decision:
    """Compare the model with the champion."""
    decision = rescore.decide(root, champion)
    create_markdown_artifact(decision.markdown(), key="gate", description=decision.sentence())
    get_run_logger().info("%s", decision.sentence())
    return decision


@step("commit")
def commit(root: Path, deliveries: bytes, fresh: Sequence[str], held: Sequence[str], run: str) -> str:
    """Commit what the run took in and made."""
    lease.check(root)
    return data_commit.commit(root, deliveries, fresh, held, run)


@step("take over")
def taken_over(root: Path, name: str, base: takeover.Base, run: str) -> str:
    """Take the settings and outputs of the run's experiment over into the project; the commit."""
    lease.check(root)
    return takeover.take_over(root, name, base, run, get_run_logger())


@step("promote")
def promote(root: Path, candidate: Path, why: str, who: str, against: str | None) -> Champion:
    """Make the model the champion."""
    lease.check(root)
    made = champion.promote(root, candidate, why, who, against)
    get_run_logger().info("%s", made)
    return made


@step("push")
def push(root: Path, summary: Retraining, review_branch: bool) -> None:
    """Copy data and models to the remote, and the commits to git's origin if that is wanted. Raises OSError."""
    try:
        if remote.configured(root):
            summary.pushed.append(remote.push(root, champions=True, log=get_run_logger()))
        if review_branch:
            summary.pushed.append(data_commit.push_for_review(root, datetime.now(UTC).date()))
    finally:
        summary.not_backed_up += remote.not_backed_up(root)
