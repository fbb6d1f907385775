"""The flow `study`: a Prefect task per trial of a study, each brought up to date by DVC, and a table of them all."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.futures import wait
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import notify
from flows.pipeline import stage
from flows.server import form, limits
from operations.history import facts, provenance
from operations.history.why import why, why_failed
from operations.pipeline import needed, plan, runner
from operations.pipeline import trials as files
from operations.pipeline.runner import Outcome, StageFailedError
from operations.process import groups, lock
from operations.project import dvc_lock, dvc_repo

A_SLOT_EACH: Any = ThreadPoolTaskRunner(max_workers=limits.SLOTS)
NO_TRIAL: list[str] = []
OWN_WORDS = "study: "
"""How the stage's own message begins; what follows it is DVC's."""


@flow(name="study", task_runner=A_SLOT_EACH, persist_result=False, log_prints=True, on_failure=[notify.failed])
def study(name: form.Study, trials: form.Trials = NO_TRIAL) -> dict[str, str]:
    """Train the outdated trials of a study, and compare all its trials in a table.

    Only the trials run, on the data as it is. A warning says if the data is out of date; `pipeline --target split`
    updates it.

    Args:
        name: The study, a key of studies/dvc.yaml.
        trials: The trials to run; all if none is named.

    Returns what DVC did about each trial: ran, restored or unchanged. Raises ValueError for a study or trial that there
    is not, before anything runs, and StageFailedError with the reasons at the end where trials failed; the others run,
    and the table is written, all the same.
    """
    root = Path.cwd()
    wanted = files.known(root, name, trials)
    with lock.held(root, "study"), provenance.recording(root, "study") as record, groups.ending_together():
        record.note(study=name, trials=wanted)
        begin(root, name)
        runs = trial.map(unmapped(root), unmapped(name), wanted)
        wait(list(runs))
        publish(root, name)
        return outcomes(name, dict(zip(wanted, runs, strict=True)))


@stage("{name}")
def trial(root: Path, study: str, name: str) -> State:
    """Train one trial, in a slot of the limit; of several GPUs, each slot has one."""
    file, key = files.FILE.with_suffix(".lock"), f"{study}@{name}"
    before = plan.entries(root, file).get(key)

    def reasons() -> list[str]:
        return why_failed(before, plan.entries(root), facts.settings(root)["params"])

    with limits.slot() as variables, provenance.at_work(key, reasons) as clock:
        pull = dvc_repo.remote_url(root) is not None
        outcome = runner.run(root, files.address(study, name), get_run_logger(), pull=pull, variables=variables)
    provenance.note_stage(key, outcome, why(before, plan.written(root, key, file), outcome), clock())
    return Completed(name="Completed" if outcome is Outcome.RAN else "Cached", message=outcome, data=str(outcome))


def begin(root: Path, name: str) -> None:
    """Bring what the trials read, set the limit up, clear what a killed run left, and say what the data lacks."""
    log = get_run_logger()
    log.info("%s", needed.pull_read(root, files.FILE, name, log=log))
    files.check_data(root, name)
    limits.set_up_alone()
    for entry in dvc_lock.drop_dead_locks(root):
        log.warning("dropped DVC's lock of a process that is gone: %s", entry)
    behind = plan.plan(root, "split").stale
    if behind:
        log.warning("trained on data as it is, though not up to date are: %s", ", ".join(sorted(behind)))


def publish(root: Path, name: str) -> None:
    """Write the study's tables, and show the table in Prefect's UI and on standard output."""
    text = files.write_tables(root, name)
    create_markdown_artifact(text, key=f"study-{name}", description="The trials of the study")
    sys.stdout.write(f"{text}\n{files.TABLES / name}.md, .csv, .png\n")


def outcomes(name: str, runs: Mapping[str, Any]) -> dict[str, str]:
    """What became of each trial. Raises StageFailedError where any failed, with the reason of each."""
    results = {trial: run.result(raise_on_failure=False) for trial, run in runs.items()}
    failed = {trial: result for trial, result in results.items() if isinstance(result, BaseException)}
    if failed:
        lines = [f"  {trial}: {reason(error)}" for trial, error in failed.items()]
        raise StageFailedError("\n".join([f"{name}: {len(failed)} of {len(runs)} trials failed:", *lines]))
    return results


def reason(error: BaseException) -> str:
    """The line of a failure that says why: the stage's own, else the last one."""
    lines = str(error).splitlines() or [type(error).__name__]
    own = [line.removeprefix(OWN_WORDS) for line in lines if line.startswith(OWN_WORDS)]
    return own[-1] if own else lines[-1]
