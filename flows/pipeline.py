"""The flow `pipeline`: a Prefect task per stage of dvc.yaml, each brought up to date by DVC."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from prefect import Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import wait
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import artifact, experiment, notify
from flows.artifact import Artifact
from flows.experiment import Place
from flows.server import lease, limits
from operations.deliveries import admission
from operations.history import facts, provenance
from operations.history.why import why, why_failed
from operations.pipeline import needed, plan, runner
from operations.pipeline.plan import Plan
from operations.pipeline.runner import Outcome
from operations.process import groups, lock
from operations.project import dvc_lock, stages
from operations.project.stages import LAST, Target
from operations.settings import settings_form
from operations.settings.settings_form import Settings

SIDE_BY_SIDE: Any = ThreadPoolTaskRunner(max_workers=2)
"""A stage uses all cores, so more of them at once would only cost memory."""

TRAINING = "train"

AS_THEY_ARE = Settings()
NONE_DONE: Mapping[str, Artifact] = MappingProxyType({})


def stage(run_name: str) -> Callable[[Callable[..., State]], Task[..., Any]]:
    """A decorator: the task of a stage, each of its runs called `run_name`.

    Prefect's own result cache is off: its key sees neither helper code nor the content behind a path. No retries: a
    stage is a function of content, and would fail again.
    """
    made: Any = task(task_run_name=run_name, cache_policy=NO_CACHE, retries=0, persist_result=False)
    return cast(Callable[[Callable[..., State]], Task[..., Any]], made)


# Prints are logged, for whoever waits for the project's lock is told so by a print.
@flow(name="pipeline", task_runner=SIDE_BY_SIDE, persist_result=False, log_prints=True, on_failure=[notify.failed])
def pipeline(target: Target = LAST, settings: Settings = AS_THEY_ARE, keep: bool = False) -> list[Artifact]:
    """Bring the stages up to date, from the deliveries to the model report.

    Args:
        target: The last stage to run; later stages are skipped.
        settings: Settings for this run only; it is saved as an experiment and the workspace is left alone.
        keep: Write the settings to params.yaml and run in the workspace instead.

    Raises ValueError for what no stage would repair, and StageFailedError for the first stage that failed.
    """
    root = Path.cwd()
    lease.check(root)
    with _at_work(root, settings, keep) as place:
        if place.name is None:
            admission.admit(root)
        made = run_stages(place.root, settings, target)
        place.save(target)
        return made


def run_stages(root: Path, settings: Settings, target: Target) -> list[Artifact]:
    """Bring the stages in that folder up to date, as tasks of the flow around. Raises what `pipeline` raises."""
    todo = begin(root, settings, target)
    return finish(root, submitted(todo))


@contextmanager
def _at_work(root: Path, settings: Settings, keep: bool) -> Iterator[Place]:
    """The project's lock, the run's record and the place for it, whose stages have ended where the block raises."""
    with (
        lock.held(root, "pipeline"),
        provenance.recording(root, "pipeline"),
        experiment.placed(root, settings, keep) as place,
        groups.ending_together(),
    ):
        yield place


@stage("{name}")
def brought_up_to_date(todo: Plan, name: str, read: list[Artifact]) -> State:
    """Bring stage `name` up to date; `read` is what the stages made that it reads from."""
    return up_to_date(todo, name)


def submitted(todo: Plan, done: Mapping[str, Artifact] = NONE_DONE) -> list[Any]:
    """A task for each stage of dvc.yaml that is not done, in its order, each after those that make what it reads."""
    lists = {"deliveries": todo.deliveries, "drawn": todo.drawn, "external": todo.external}
    found = stages.stages(todo.root, lists)
    edges, made = stages.edges(found), dict[str, Any](done)
    for each in found:
        if each.name not in done:
            own = brought_up_to_date.with_options(name=each.key, description=each.about)
            made[each.name] = own.submit(todo, each.name, [made[name] for name in edges[each.name]])
    return [future for name, future in made.items() if name not in done]


def begin(root: Path, settings: Settings, target: Target) -> Plan:
    """Write the settings, clear what a killed run left behind, and see what there is to do."""
    log = get_run_logger()
    for line in settings_form.write(root, settings):
        log.info("%s", line)
    for entry in dvc_lock.drop_dead_locks(root):
        log.warning("dropped DVC's lock of a process that is gone: %s", entry)
    log.info("%s", needed.pull_needed(root, target, log=log))
    todo = plan.plan(root, target)
    if recorder := provenance.current():
        recorder.take_stock()
        recorder.note(settings=settings.values(), target=target)
    if TRAINING in todo.stale:
        limits.set_up_alone()
    log.info("%d deliveries; stages that DVC has to look at: %s", len(todo.deliveries), sorted(todo.stale) or "none")
    return todo


def up_to_date(todo: Plan, name: str) -> State:
    """The state in which the task of stage `name` ends, with the stage's artifact: Completed, Cached or Skipped."""
    if not todo.wants(name):
        message = f"comes after {todo.target}"
        provenance.note_stage(name, "skipped", [message])
        return Completed(name="Skipped", message=message)
    outcome, seconds, entry = Outcome.UNCHANGED, 0.0, todo.entries.get(name)
    if entry is None or name in todo.stale:
        outcome, seconds = looked_at(todo, name)
        entry = plan.written(todo.root, name)
    found = plan.record_of(entry)
    reasons = why(todo.entries.get(name), entry, outcome, todo.status.get(name, ()))
    provenance.note_stage(name, outcome, reasons, seconds, **facts.of_stage(todo.root, name, found, outcome))
    made = Artifact(name, found.path, found.hash, artifact.count_rows(todo.root / found.path), outcome)
    return Completed(name="Completed" if outcome is Outcome.RAN else "Cached", message=outcome, data=made)


def looked_at(todo: Plan, name: str) -> tuple[Outcome, float]:
    """What DVC does about a stage, and in how many seconds; a training waits for a slot of the limit first."""

    def reasons() -> list[str]:
        lock, params = plan.entries(todo.root), facts.settings(todo.root)["params"]
        return why_failed(todo.entries.get(name), lock, params, todo.status.get(name, ()))

    with _slot(name) as variables, provenance.at_work(name, reasons) as clock:
        outcome = runner.run(todo.root, name, get_run_logger(), pull=todo.lean, variables=variables)
    return outcome, clock()


def _slot(name: str) -> AbstractContextManager[dict[str, str]]:
    """What a stage has to hold while it runs; variables for it."""
    return limits.slot() if name == TRAINING else nullcontext({})


def finish(root: Path, tasks: Sequence[Any]) -> list[Artifact]:
    """Wait for the tasks, publish the summary, and return what was made. Raises the first failure."""
    wait(list(tasks))
    made = [each.result() for each in tasks if each.state.is_completed() and each.state.name != "Skipped"]
    create_table_artifact(artifact.table(made), key="stages", description="What the stages made")
    recorder = provenance.current()
    text = artifact.markdown(root, made, recorder.path.relative_to(recorder.root) if recorder else None)
    create_markdown_artifact(text, key="summary", description="The run in figures")
    for each in tasks:
        if each.state.is_failed():
            each.result()
    return made
