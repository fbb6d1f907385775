"""The commands that work on a project, as flows that Prefect's UI starts: add, remove, hold, predict, promote, ...

Bad input ends the run as Failed with a one-line message; any other exception is a bug, and Prefect logs its traceback.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import notify
from flows.server import form
from operations.process import groups, lock

if TYPE_CHECKING:
    from operations.history.provenance import Recorder

Act = Callable[[Path, "Recorder"], str]
"""Does the work in the project's folder, adds facts to the run's record, and returns a summary."""


@flow(name="add", persist_result=False, log_prints=True, on_failure=[notify.failed])
def add(
    path: form.SomePath,
    name: form.Delivery = "",
    classes: form.Text = "",
    depth: form.Text = "",
    crop: form.Whole = 0,
    scale: form.Scale = 0.0,
) -> State:
    """Add a delivery of images, all of it or nothing. This starts a retraining.

    Args:
        path: Class folders, a zip or tar of them, or an npz, on the machine that runs the flow.
        name: Name of the delivery; empty: taken from the path.
        classes: Class names in the order of an npz's label numbers, with commas between them; empty: its own.
        depth: Bits that values of more than 8 make use of, 8 to 32, or 0..1; empty: found.
        crop: Centre crop in the delivery's own pixels; 0: ingest.crop.
        scale: Pixels per micrometre, instead of a crop; 0: unknown.
    """

    def act(root: Path, record: "Recorder") -> str:
        from operations.deliveries import asked
        from operations.deliveries.add_remove import add
        from operations.landing import outbox
        from tasks.delivery.record import stated

        told = asked.Asked(asked.names(classes or None), stated(depth or None, crop or None, scale or None))
        with groups.ending_together():
            noted = partial(outbox.note, root)
            delivered = add(root, Path(path), name or None, before_accepting=noted, asked=told)
        if delivered.new:
            record.note(delivered=[delivered.name])
            record.take_stock()
        _send(root)
        return str(delivered)

    return _finished("add", act, writes=False)  # what it writes needs the lock for a moment, if it is free


@flow(name="remove", persist_result=False, log_prints=True, on_failure=[notify.failed])
def remove(name: form.Listed) -> State:
    """Remove a delivery and everything derived from it alone.

    Args:
        name: Name of a listed delivery.
    """
    from operations.deliveries.add_remove import remove

    return _finished("remove", _listing(lambda root: remove(root, name)))


@flow(name="hold", persist_result=False, log_prints=True, on_failure=[notify.failed])
def hold(name: form.Listed, why: form.Why) -> State:
    """Set a delivery aside: its images leave the dataset with the next run. It stays listed and can be released.

    Args:
        name: Name of a listed delivery.
        why: The reason, for the record.
    """
    from operations.deliveries.hold import hold

    return _finished("hold", _listing(lambda root: hold(root, name, why)))


@flow(name="release", persist_result=False, log_prints=True, on_failure=[notify.failed])
def release(name: form.Listed, why: form.Why) -> State:
    """Release a delivery from hold. The audit will not hold the same images again.

    Args:
        name: Name of a delivery on hold.
        why: The reason, for the record.
    """
    from operations.deliveries.hold import release

    return _finished("release", _listing(lambda root: release(root, name, why)))


@flow(name="predict", persist_result=False, log_prints=True, on_failure=[notify.failed])
def predict(
    path: form.SomePath,
    out: form.Table,
    model: form.NoOrSomePath = "",
    tta: form.Tta = 1,
    depth: form.Text = "",
    crop: form.Whole = 0,
) -> State:
    """Classify images into a CSV, one row each.

    Args:
        path: An image, a folder, a zip or tar, or an npz, on the machine that runs the flow.
        out: The CSV to write; an existing one is replaced.
        model: Folder of a model; empty: the champion, else the latest model, else the one that comes with hemaflow.
        tta: Test-time augmentation: number of orientations to average.
        depth: Bits that values of more than 8 make use of, 8 to 32, or 0..1; empty: found.
        crop: Centre crop in the images' own pixels; 0: the model's.
    """

    def act(root: Path, record: "Recorder") -> str:
        from operations.predict import predict
        from tasks.delivery.record import stated
        from tasks.predict.view import View

        said = stated(depth or None, crop or None, None)
        view = View(said.depth, said.crop)
        done = predict(root, Path(path), Path(out), Path(model) if model else None, tta, view)
        record.note(predicted=out)
        return done.sentence

    return _finished("predict", act, writes=False)


@flow(name="promote", persist_result=False, log_prints=True, on_failure=[notify.failed])
def promote(why: form.Why, although: form.Text = "") -> State:
    """Promote the latest model to champion if it passes the gate.

    Args:
        why: The reason, for the record.
        although: The reason to promote a model that the gate refused; empty: a refused model is not promoted.
    """

    def act(root: Path, record: "Recorder") -> str:
        from operations.retraining.promotion import promote

        text = str(promote(root, why, although or None))
        record.note(promoted=_champion(root))
        return text

    return _finished("promote", act)


@flow(name="rollback", persist_result=False, log_prints=True, on_failure=[notify.failed])
def rollback(why: form.Why, to: form.Champion = "") -> State:
    """Restore an earlier champion.

    Args:
        why: The reason, for the record.
        to: Its tag, such as champion/3; empty: the previous champion.
    """

    def act(root: Path, record: "Recorder") -> str:
        from operations.retraining.promotion import rollback

        text = str(rollback(root, to or None, why))
        record.note(promoted=_champion(root))
        return text

    return _finished("rollback", act)


@flow(name="apply", persist_result=False, log_prints=True, on_failure=[notify.failed])
def apply(name: form.Experiment) -> State:
    """Apply an experiment to the workspace: its settings, dvc.lock and outputs. Nothing is committed.

    Args:
        name: Name of the experiment, which is the name of its run.
    """
    from operations.experiments.saved import apply

    return _finished("apply", _listing(lambda root: apply(root, name)))


def _listing(change: Callable[[Path], object]) -> Act:
    """An act that changes the list of deliveries or the settings."""

    def act(root: Path, record: "Recorder") -> str:
        text = str(change(root))
        record.take_stock()
        return text

    return act


def _finished(verb: str, act: Act, writes: bool = True) -> State:
    """The run's final state, with the summary from `act` as its message and as an artifact."""
    root = Path.cwd()
    try:
        with _locked(root, verb) if writes else nullcontext(), _recording(root, verb) as record:
            text = act(root, record)
    except (ValueError, OSError) as error:
        line = "; ".join(line.strip() for line in str(error).splitlines() if line.strip()) or type(error).__name__
        get_run_logger().error("%s", line)
        return Failed(message=line)
    create_markdown_artifact(f"## {verb.capitalize()}\n\n" + text.replace("\n", "\n\n"), key=verb)
    return Completed(message=text.splitlines()[0])


@contextmanager
def _locked(root: Path, verb: str) -> Iterator[None]:
    with lock.held(root, verb), groups.ending_together():
        yield


def _recording(root: Path, verb: str) -> "AbstractContextManager[Recorder]":
    from operations.history import provenance

    return provenance.recording(root, verb)


def _send(root: Path) -> None:
    from flows import events

    try:
        for sent in events.send(root):
            get_run_logger().info("sent %s, which starts a retraining", sent.name)
    except OSError as error:
        get_run_logger().warning("%s; `watch` will try again", error)


def _champion(root: Path) -> str | None:
    from operations.registry.champion import current

    now = current(root)
    return now.tag if now else None
