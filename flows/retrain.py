"""The flow `retrain`: from what landed to a champion, in one run that may be killed anywhere and begun again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows import notify
from flows.pipeline import AS_THEY_ARE, SIDE_BY_SIDE
from flows.retraining import approval as approvals
from flows.retraining import retrain_steps as steps
from flows.server import form
from operations.git import repository
from operations.history import provenance
from operations.process import groups, lock
from operations.retraining import queue, takeover
from operations.settings.settings_form import Settings

Deliveries = list[form.Delivery]
Approval = Literal["none", "person"]
Hours = Annotated[float, Field(ge=0.01, le=168)]
NOTHING: list[str] = []


# Prints are logged, for whoever waits for a place or the project's lock is told so by a print.
@flow(name="retrain", task_runner=SIDE_BY_SIDE, persist_result=False, log_prints=True, on_failure=[notify.failed])
def retrain(
    deliveries: Deliveries = NOTHING,
    approval: Approval = "none",
    approval_hours: Hours = 24.0,
    review_branch: bool = False,
    force: bool = False,
    settings: Settings = AS_THEY_ARE,
) -> State:
    """Add what has landed; if the cleaned dataset changed, train, evaluate, and promote the model if the gate allows.

    Args:
        deliveries: The deliveries that triggered this run; all listed deliveries are used, whether named here or not.
        approval: Whether a person must approve the promotion, on this run's page.
        approval_hours: Hours to wait for approval; without it the model is not promoted.
        review_branch: Also push the commits to origin as a branch retrain/DATE.
        force: Train and compare even if the dataset has not changed since the last training.
        settings: Settings for this run, which then trains and evaluates in a git worktree. If the model is promoted
            they are committed to params.yaml; otherwise an experiment keeps them, and the workspace is left alone.

    A delivery is put on hold if the champion contradicts its labels far more often than those of its own test rows:
    before training, or after the gate refused a model trained on it.

    Ends with a `Retraining`, as Completed; named Held where a delivery went on hold, else Unchanged where there was
    nothing to train on, Collapsed where another run waits that does the same. Raises ValueError before any work where
    git cannot commit and for settings that a retraining cannot have, and OSError at the very end where all is done
    but could not be pushed: the next run pushes.
    """
    root = Path.cwd()
    repository.check(root)
    _check(root, settings)
    with provenance.recording(root, "retrain") as record, ExitStack() as question, ExitStack() as hold:
        case = steps.begun(root, record, deliveries, settings)
        ahead = hold.enter_context(queue.turn(root, case.name, alone=bool(settings.values())))
        if ahead:
            return steps.left_to(case, ahead, deliveries)
        hold.enter_context(writing(root))
        steps.curated(case)
        steps.audited(case)
        reason = steps.nothing_to_do(case, force)
        if reason:
            return steps.unchanged(case, reason, review_branch)
        with steps.placed(case):
            steps.trained(case)
            steps.judged(case)
            while steps.spoilt(case):
                steps.judged(case)
        steps.committed(case)
        if steps.waits_for_a_person(case, approval):
            question.enter_context(approvals.asking(root, case.model, case.name))
            hold.close()
            steps.asked(case, approval_hours)
            hold.enter_context(writing(root))
        steps.promoted_or_kept(case)
        return steps.concluded(case, review_branch)


def _check(root: Path, settings: Settings) -> None:
    """Refuse at once, before it waits for its turn, what the run would be refused for then."""
    if not (root / takeover.JOURNAL).exists():
        takeover.check(root, settings.values())


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """The project's lock; where the block is left by an error, its stages have ended."""
    with lock.held(root, "retrain"), groups.ending_together():
        yield
