"""The steps of a retraining, in their order. Each may be done again: the next run makes up for one that was killed."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed

from flows import artifact, holds, listing, notify, watch
from flows import pipeline as stages
from flows.artifact import Artifact
from flows.champions import candidate, champion
from flows.history.provenance import Recorder
from flows.retraining import approval as approvals
from flows.retraining import data_commit, decided, rescore, retrain_tasks
from flows.retraining.approval import Answered
from flows.retraining.audit import Audited, When
from flows.retraining.retraining import Retraining
from tasks.gate.decision import Decision

GATE = "the gate"
"""Who promotes where no person is asked."""


class Case:
    """A run and what it works on. No dataclass: Prefect would search its fields wherever it is handed on."""

    def __init__(self, root: Path, record: Recorder, name: str):
        self.root, self.record, self.name, self.told = root, record, name, Retraining(record.id)
        self.list = b""
        """data/deliveries.yaml as the run read it"""
        self.names: list[str] = []
        """the deliveries in it"""
        self.made: list[Artifact] = []
        self.decision: Decision | None = None
        self.model = ""
        """digest of the model that was judged"""
        self.against: str | None = None
        """tag of the champion that it was compared with"""
        self.candidate: Path | None = None
        """where it lies with all that belongs to it, if the gate lets it through"""
        self.answer: Answered | None = None
        """a person's"""


def begun(root: Path, record: Recorder, deliveries: Sequence[str]) -> Case:
    """Note who started the run, and for what."""
    run = _flow_run()
    by = "schedule" if run.auto_scheduled else "deployment" if run.deployment_id else "command line"
    record.note(triggered_by=f"{by}, for {', '.join(deliveries)}" if deliveries else by)
    return Case(root, record, run.name)


def left_to(case: Case, ahead: str, deliveries: Sequence[str]) -> State:
    """End a run whose work another one does, which waits."""
    what = ", ".join(deliveries) or "all that is listed"
    case.told.outcome, case.told.why = "collapsed", f"{ahead} waits already, and takes {what}"
    case.record.note(left_to=ahead, sentence=str(case.told))
    return _state(case)


def curated(case: Case) -> None:
    """Finish what a killed run began, take in what lies complete in the drop folder, and clean all that is listed."""
    finished = champion.recover(case.root)
    if finished:
        get_run_logger().warning("finished the promotion of %s, which had been interrupted", finished)
    _clear_candidates(case.root)
    watch.take_in_all(case.root)
    _clean(case)
    case.told.fresh = decided.fresh(case.root)
    case.record.note(delivered=case.told.fresh)
    if case.told.fresh:
        case.told.drift = retrain_tasks.drift(case.root, case.told.fresh)


def audited(case: Case, when: When = "ahead") -> bool:
    """Have the champion audit the labels of what is new to it, hold what it contradicts, and clean the rest anew.

    Whether anything was held.
    """
    found: Audited = retrain_tasks.audited(case.root, when)
    case.told.audit = found.markdown()
    held = retrain_tasks.held(case.root, found, case.record.id) if found.guilty else []
    case.told.held |= {one.delivery: str(one) for one in found.guilty if one.delivery in held}
    case.record.note(audit=[{**one.to_dict(), "sentence": str(one)} for one in found.findings], held=case.told.held)
    if held:
        said = "; ".join(f"held {name}: {case.told.held[name]}" for name in held)
        notify.tell("held", f"{said}; `{holds.command('NAME')}` takes a delivery back", get_run_logger())
        _clean(case)
        late = [name for name in decided.fresh(case.root) if name not in case.told.fresh]
        if late:  # they were accepted since, and are audited like the others
            case.told.fresh += late
            case.record.note(delivered=case.told.fresh)
            audited(case, when)
    return bool(held)


def spoilt(case: Case) -> bool:
    """Where the gate refused the model, hold what of its deliveries is to blame, and train on the rest.

    Whether that gave a model to judge: where the rest had been trained on before, that model is put back, and was
    decided upon.
    """
    assert case.decision is not None
    if case.decision.promote or not audited(case, "refused"):
        return False
    decided.note(case.root, case.model, case.told.outcome)
    back: list[str] = retrain_tasks.put_back(case.root)
    case.record.note(put_back=back)
    if not back:
        trained(case)
    return not decided.is_decided(case.root)


def nothing_to_do(case: Case) -> str | None:
    """Why there is nothing to train and nothing to decide; None where there is."""
    if not decided.is_of_these_rows(case.root):
        return None
    asker = approvals.asks(case.root, rescore.digest(case.root / candidate.MODEL) or "none")
    if asker:
        return f"{asker} waits for a person's answer about the model of these pictures"
    if not decided.is_decided(case.root):
        return None
    new = [name for name in case.told.fresh if name not in case.told.held]
    fresh = f", to which {', '.join(new)} brought no picture" if new else ""
    return f"the cleaned dataset is that of the last training{fresh}"


def unchanged(case: Case, reason: str, review_branch: bool) -> State:
    """End a run that has nothing to train; what it took in is committed all the same."""
    case.told.outcome, case.told.why = "unchanged", reason
    committed(case)
    return concluded(case, review_branch)


def trained(case: Case) -> None:
    """Bring the stages from train to card up to date."""
    todo = stages.begin(case.root, stages.AS_THEY_ARE, "card")
    by_stage = {each.stage: each for each in case.made}
    clean, ingested = by_stage["split"], [by_stage[f"ingest@{name}"] for name in case.names]
    network: Any = stages.train(todo, clean, ingested)
    model: Any = stages.calibrate(todo, clean, ingested, network)
    scores: Any = stages.evaluate(todo, clean, ingested, model)
    examples: Any = stages.explain(todo, clean, ingested, model, scores)
    verdict: Any = stages.card(todo, clean, model, scores, examples)
    # A task that returns a state is called for it.
    case.made += [state.result() for state in (network, model, scores, examples, verdict)]


def judged(case: Case) -> None:
    """Ask the gate. What it lets through is put aside, where later runs and deliveries leave it as it is."""
    now = champion.current(case.root)
    case.against, case.model = now.tag if now else None, rescore.digest(case.root / candidate.MODEL) or ""
    rescored: Any = retrain_tasks.rescored(case.root, return_state=True)
    decision: Decision = retrain_tasks.gate(case.root, rescored.result())
    case.decision = decision
    case.told.gate = decision.markdown()
    case.record.note(rescored=rescored.message, decision=decision.to_dict())
    if decision.promote:
        case.candidate = champion.assemble(case.root, decision.to_dict(), case.record.path)


def committed(case: Case) -> None:
    """Commit what the run took in and made; what a person has changed beside that is named."""
    case.told.commit = retrain_tasks.commit(case.root, case.list, case.told.fresh, list(case.told.held), case.record.id)
    case.told.left = data_commit.left(case.root)
    case.record.note(commit=case.told.commit, left=case.told.left)


def waits_for_a_person(case: Case, approval: str) -> bool:
    """Whether there is a promotion for a person to confirm."""
    return case.candidate is not None and approval == "person"


def asked(case: Case, hours: float) -> None:
    """Ask a person, with the gate's table at hand."""
    text = f"## May this model be the champion, in place of {case.against or 'none'}?\n\n{case.told.gate}"
    case.answer = approvals.ask(text, hours)
    case.record.note(approval=asdict(case.answer))


def promoted_or_kept(case: Case) -> None:
    """Promote the candidate, unless there is none, the champion changed meanwhile, or a person said no."""
    assert case.decision is not None
    reason, now = case.decision.sentence().partition(": ")[2], champion.current(case.root)
    moved, answer = (now.tag if now else None) != case.against, case.answer
    try:
        if case.candidate is None:
            case.told.why = reason
        elif moved:
            case.told.why = f"the model was compared with {case.against or 'no champion'}; the next run judges it anew"
        elif answer and answer.promote == "no":
            case.told.why = f"not promoted: {answer.why} ({answer.who})"
        else:
            why, who = (f"{reason}; confirmed: {answer.why}", answer.who) if answer else (reason, GATE)
            now = retrain_tasks.promote(case.root, case.candidate, why, who, case.against)
            case.told.outcome, case.told.why = "promoted", reason
            case.record.note(promoted=now.tag)
    finally:
        if case.candidate:
            champion.discard(case.candidate)
    if not (case.candidate and moved):
        decided.note(case.root, case.model, case.told.outcome)


def concluded(case: Case, review_branch: bool) -> State:
    """Push, and tell the run on a page. Raises OSError where pushing failed, when all else is done."""
    now = champion.current(case.root)
    case.told.champion = now.tag if now else None
    decided.note_deliveries(case.root, case.names)
    if case.decision and not case.decision.promote:
        notify.tell("refused", str(case.told), get_run_logger())
    pushed: Any = retrain_tasks.push(case.root, case.told, review_branch, return_state=True)
    case.record.note(pushed=case.told.pushed, not_backed_up=case.told.not_backed_up, sentence=str(case.told))
    shown = artifact.markdown(case.root, case.made, case.record.path.relative_to(case.record.root))
    create_markdown_artifact(case.told.markdown(shown), key="retraining", description=str(case.told))
    if pushed.is_failed():
        error = pushed.result(raise_on_failure=False)
        raise OSError(f"{case.told}. All of that stands, and could not be pushed, which the next run does: {error}")
    return _state(case)


def _state(case: Case) -> State:
    return Completed(name=case.told.state, message=str(case.told), data=case.told)


def _clean(case: Case) -> None:
    """Bring the stages up to report up to date, and read the list of deliveries."""
    made: Any = stages.pipeline(target="report")
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
