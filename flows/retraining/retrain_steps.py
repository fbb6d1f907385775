"""The steps of a retraining, in their order. Each may be done again: the next run makes up for one that was killed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed

from flows import artifact, experiment, notify, watch
from flows import pipeline as stages
from flows.retraining import approval as approvals
from flows.retraining import retrain_tasks
from flows.retraining.case import Case
from operations.deliveries import holds
from operations.history.provenance import Recorder
from operations.project import graph, listing
from operations.project.stages import LAST
from operations.registry import candidate, champion
from operations.retraining import data_commit, decided, takeover
from operations.retraining.audit import Audited, When
from operations.retraining.retraining import listed
from operations.settings import params_file, settings_form
from operations.settings.settings_form import Settings
from tasks import model_folder
from tasks.gate.decision import Decision

GATE = "the gate"
"""Who promotes where no person is asked."""
CURATED = "data_report"
"""The last stage before the training."""


def begun(root: Path, record: Recorder, deliveries: Sequence[str], settings: Settings) -> Case:
    """Note who started the run, and for what."""
    run = _flow_run()
    by = "schedule" if run.auto_scheduled else "deployment" if run.deployment_id else "command line"
    record.note(triggered_by=f"{by}, for {', '.join(deliveries)}" if deliveries else by)
    return Case(root, record, run.name, settings)


def left_to(case: Case, ahead: str, deliveries: Sequence[str]) -> State:
    """End a run whose work another one does, which waits."""
    what = ", ".join(deliveries) or "all that is listed"
    case.summary.outcome, case.summary.why = "collapsed", f"{ahead} waits already, and takes {what}"
    case.record.note(left_to=ahead, sentence=str(case.summary))
    return _state(case)


def curated(case: Case) -> None:
    """Finish what a killed run began, take in what lies complete in the drop folder, and clean all that is listed."""
    log = get_run_logger()
    if taken := takeover.recover(case.root, log):
        log.warning("finished what had been interrupted: %s", taken)
    if finished := champion.recover(case.root):
        log.warning("finished the promotion of %s, which had been interrupted", finished)
    # Against params.yaml as it is now: an earlier run may have brought some of them into it.
    case.settings = settings_form.again(case.settings)
    case.summary.settings = dict(case.settings.values())
    takeover.check(case.root, case.summary.settings)
    _clear_candidates(case.root)
    watch.take_in_all(case.root)
    _clean(case)
    case.summary.fresh = decided.fresh(case.root)
    case.record.note(delivered=case.summary.fresh)
    if case.summary.fresh:
        case.summary.drift = retrain_tasks.drift(case.root, case.summary.fresh)


def audited(case: Case, when: When = "ahead") -> bool:
    """Have the champion audit the labels of what is new to it, hold what it contradicts, and clean the rest anew.

    Whether anything was held.
    """
    found: Audited = retrain_tasks.audited(case.root, when)
    case.summary.audit = found.markdown()
    held = retrain_tasks.held(case.root, found, case.record.id) if found.guilty else []
    case.summary.held |= {one.delivery: str(one) for one in found.guilty if one.delivery in held}
    case.record.note(audit=[{**one.to_dict(), "sentence": str(one)} for one in found.findings], held=case.summary.held)
    if held:
        text = "; ".join(f"held {name}: {case.summary.held[name]}" for name in held)
        notify.tell("held", f"{text}; `{holds.command('NAME')}` takes a delivery back", get_run_logger())
        _clean(case)
        late = [name for name in decided.fresh(case.root) if name not in case.summary.fresh]
        if late:  # they were accepted since, and are audited like the others
            case.summary.fresh += late
            case.record.note(delivered=case.summary.fresh)
            audited(case, when)
    return bool(held)


def spoilt(case: Case) -> bool:
    """Where the gate refused the model, hold what of its deliveries is to blame, and train on the rest.

    Whether that gave a model to judge: where the rest had been trained on before, that model is put back, and was
    decided upon. A model of other settings is refused for these, which says nothing of its deliveries.
    """
    assert case.decision is not None
    if case.decision.promote or case.summary.settings or not audited(case, "refused"):
        return False
    decided.note(case.root, case.model, case.summary.outcome)
    back: list[str] = retrain_tasks.put_back(case.root)
    case.record.note(put_back=back)
    if not back:
        trained(case)
    return not decided.is_decided(case.root)


def nothing_to_do(case: Case, force: bool) -> str | None:
    """Why there is nothing to train and nothing to decide; None where there is."""
    if force or case.summary.settings or not decided.is_of_these_rows(case.root):
        return None
    asker = approvals.asks(case.root, model_folder.digest(case.root / candidate.MODEL) or "none")
    if asker:
        return f"{asker} waits for a person's answer about the model of these images"
    if not decided.is_decided(case.root):
        return None
    new = [name for name in case.summary.fresh if name not in case.summary.held]
    fresh = f", to which {', '.join(new)} brought no image" if new else ""
    return f"the cleaned dataset is that of the last training{fresh}"


def unchanged(case: Case, reason: str, review_branch: bool) -> State:
    """End a run that has nothing to train; what it took in is committed all the same."""
    case.summary.outcome, case.summary.why = "unchanged", reason
    committed(case)
    return concluded(case, review_branch)


@contextmanager
def placed(case: Case) -> Iterator[None]:
    """For the block, the place where the model is made and judged: with settings of its own that is a worktree.

    What was made there is kept as an experiment at the end.
    """
    case.base = takeover.Base.of(case.root)
    with experiment.placed(case.root, case.settings, keep=False) as place:
        case.place = place.root
        yield
        case.shown = artifact.markdown(case.place, case.made, _record(case))
        place.save(LAST)
        case.summary.experiment = place.name


def trained(case: Case) -> None:
    """Bring the stages from train to model_report up to date; all of them where the run has settings of its own."""
    if case.summary.settings:
        case.made = stages.run_stages(case.place, case.settings, LAST)
        return
    todo = stages.begin(case.root, stages.AS_THEY_ARE, LAST)
    curated = {each.stage: each for each in case.made if graph.is_within(each.stage, CURATED)}
    case.made += [each.result() for each in stages.submitted(todo, curated)]


def judged(case: Case) -> None:
    """Ask the gate. What it lets through is put aside, where later runs and deliveries leave it as it is."""
    now = champion.current(case.root)
    case.against, case.model = now.tag if now else None, model_folder.digest(case.place / candidate.MODEL) or ""
    rescored: Any = retrain_tasks.rescored(case.place, return_state=True)
    decision: Decision = retrain_tasks.gate(case.place, rescored.result())
    case.decision = decision
    case.summary.gate = decision.markdown()
    case.record.note(rescored=rescored.message, decision=decision.to_dict())
    case.asker = approvals.asks(case.root, case.model)
    if decision.promote and not case.asker:
        # Below data/.state, which a worktree shares with the project.
        case.candidate = champion.assemble(case.place, decision.to_dict(), case.record.path).resolve()


def committed(case: Case) -> None:
    """Commit what the run took in and made; what a person has changed beside that is named."""
    case.summary.commit = retrain_tasks.commit(
        case.root, case.list, case.summary.fresh, list(case.summary.held), case.record.id
    )
    case.summary.left = data_commit.left(case.root)
    case.record.note(commit=case.summary.commit, left=case.summary.left)


def waits_for_a_person(case: Case, approval: str) -> bool:
    """Whether there is a promotion for a person to confirm."""
    return case.candidate is not None and approval == "person"


def asked(case: Case, hours: float) -> None:
    """Ask a person, with the gate's figures at hand."""
    assert case.decision is not None
    text = f"## May this model be the champion, in place of {case.against or 'none'}?\n\n{case.decision.question()}"
    if case.summary.settings:
        text += f"\nYes puts its settings into params.yaml and commits them: {listed(case.summary.settings)}\n"
    case.answer = approvals.ask(text, hours)
    case.record.note(approval=asdict(case.answer))


def promoted_or_kept(case: Case) -> None:
    """Promote the candidate, unless there is none, the champion changed meanwhile, or a person said no."""
    assert case.decision is not None
    reason, now = case.decision.sentence().partition(": ")[2], champion.current(case.root)
    moved, answer = (now.tag if now else None) != case.against, case.answer
    try:
        if case.asker:
            case.summary.why = f"{case.asker} waits for a person's answer about this model"
        elif case.candidate is None:
            case.summary.why = reason
        elif moved:
            case.summary.why = (
                f"the model was compared with {case.against or 'no champion'}; the next run judges it anew"
            )
        elif answer and answer.promote == "no":
            case.summary.why = f"not promoted: {answer.why} ({answer.who})"
        elif case.summary.experiment and takeover.is_outdated(case.root, case.base):
            case.summary.why = (
                f"{params_file.FILE} was changed since the run began, so its settings are not put into it"
            )
        else:
            _take_over(case)
            why, who = (f"{reason}; confirmed: {answer.why}", answer.who) if answer else (reason, GATE)
            now = retrain_tasks.promote(case.root, case.candidate, why, who, case.against)
            case.summary.outcome, case.summary.why = "promoted", reason
            case.record.note(promoted=now.tag)
    finally:
        if case.candidate:
            champion.discard(case.candidate)
    if not case.asker and not (case.candidate and moved):
        decided.note(case.root, case.model, case.summary.outcome)


def concluded(case: Case, review_branch: bool) -> State:
    """Push, and tell the run on a page. Raises OSError where pushing failed, when all else is done."""
    now = champion.current(case.root)
    case.summary.champion = now.tag if now else None
    if (
        not case.summary.experiment or case.summary.outcome == "promoted"
    ):  # else the project's model has not learnt them
        decided.note_deliveries(case.root, case.names)
    if case.decision and not case.decision.promote:
        notify.tell("refused", str(case.summary), get_run_logger())
    pushed: Any = retrain_tasks.push(case.root, case.summary, review_branch, return_state=True)
    case.record.note(pushed=case.summary.pushed, not_backed_up=case.summary.not_backed_up, sentence=str(case.summary))
    shown = case.shown or artifact.markdown(case.root, case.made, _record(case))
    create_markdown_artifact(case.summary.markdown(shown), key="retraining", description=str(case.summary))
    if pushed.is_failed():
        error = pushed.result(raise_on_failure=False)
        raise OSError(f"{case.summary}. All of that stands, and could not be pushed, which the next run does: {error}")
    return _state(case)


def _state(case: Case) -> State:
    return Completed(name=case.summary.state, message=str(case.summary), data=case.summary)


def _take_over(case: Case) -> None:
    """Put the settings of its own, if any, and what was made with them into the project."""
    if case.summary.experiment:
        case.summary.commit = retrain_tasks.taken_over(case.root, case.summary.experiment, case.base, case.record.id)
        case.summary.left = data_commit.left(case.root)
        case.record.note(commit=case.summary.commit, left=case.summary.left)


def _record(case: Case) -> Path:
    return case.record.path.relative_to(case.record.root)


def _clean(case: Case) -> None:
    """Bring the stages up to report up to date, and read the list of deliveries."""
    made: Any = stages.pipeline(target=CURATED)
    # Not before: the flow lists what was accepted since.
    case.list, case.names = (case.root / listing.FILE).read_bytes(), listing.names(case.root)
    case.made = made


def _clear_candidates(root: Path) -> None:
    """Remove what killed runs had put aside, but not what a person is being asked about."""
    for folder in (root / candidate.FOLDER).glob("[!.]*"):
        if not approvals.asks(root, candidate.about(folder)["model"]):
            candidate.discard(folder)


def _flow_run() -> FlowRun:
    context = FlowRunContext.get()
    assert context is not None  # these are steps of a flow
    assert context.flow_run is not None
    return context.flow_run
