"""What happened: the record of a run, `data/runs/<id>.json`, which is written as the run goes on.

It lies beside the outputs and in none of them, for it holds times and a machine's facts. A run without its record would
be worse than one without an entry in it: what cannot be found out, or not be written, fails no run.

Of a record without an end, `operations.history.alive` tells whether its run goes on, or was killed.
"""

import json
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations import run_context
from operations.history import alive, entries, facts
from operations.person import person
from tasks import atomic

FOLDER = Path("data/runs")
FORMAT = "hemaflow-run/1"
RUNNING, DID_NOT_END = "running", "did not end"
RESUMES = "resumes:"
"""Beginning of the tag of a Prefect flow run that takes up a dead one, whose id follows."""
NAMED = 5
"""Runs that an error lists."""
ERROR_KEPT = 4000
PAUSE = 0.25
"""Seconds within which stages that did nothing share a write."""

_ID = re.compile(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}")
_current: ContextVar["Recorder | None"] = ContextVar("recorder", default=None)


class Recorder:
    """The record of a run that goes on. Any thread may write to it; each write takes the file's place at once."""

    def __init__(self, root: Path, flow: str, start: datetime, run: str):
        self.root, self.id = root.resolve(), run
        self.place = self.root
        """where its stages run: here, or in a worktree"""
        self.path = self.root / FOLDER / f"{self.id}.json"
        self._mutex = threading.Lock()
        self._written = 0.0
        self._record: dict[str, Any] = {
            "format": FORMAT,
            "id": self.id,
            "flow": flow,
            "by": person(root),
            "outcome": RUNNING,
            "start": _text(start),
            "end": None,
            "error": None,
            "prefect": [],
            "git": facts.git(root),
            "dvc_lock": {"start": facts.digest(root / "dvc.lock"), "end": None},
            "libraries": facts.libraries(),
            "hardware": facts.hardware(),
            "facts": {},
            "at_work": [],
            "stages": [],
        }
        self.take_stock()

    def stage(self, name: str, outcome: str, why: Sequence[str], seconds: float, **more: Any) -> None:
        """Note what became of a stage (ran, restored, unchanged, skipped, failed), why, and what is `more` to say."""
        entry = {"name": name, "outcome": str(outcome), "why": list(why), "seconds": round(seconds, 3), **more}
        with self._mutex:
            self._record["at_work"] = [one for one in self._record["at_work"] if one != name]
            self._record["stages"] = entries.added(self._record["stages"], entry)
            self._write(hurry=entries.has_work(entry))

    def at_work(self, name: str) -> None:
        """Note that a stage begins: a killed run's record says so."""
        with self._mutex:
            self._record["at_work"].append(name)
            self._write()

    def note(self, **more: Any) -> None:
        """Note facts that JSON can hold: `delivered`, `decision`, `promoted`, `commit`, `pushed`, ... Last one wins."""
        json.dumps(more)
        with self._mutex:
            self._record["facts"] |= more
            self._write()

    def take_stock(self) -> None:
        """Note deliveries and settings as they are now: whoever changes them in a run calls this afterwards.

        Commit and lock too where no stage was looked at yet and another run has moved them on, which this one may have
        waited for.
        """
        found = {"deliveries": facts.deliveries(self.place), **facts.settings(self.place)}
        git, lock = facts.git(self.root), facts.digest(self.place / "dvc.lock")
        with self._mutex:
            if not self._record["stages"]:
                moved = git["commit"] != self._record["git"]["commit"]
                found |= {"git": git if moved else self._record["git"], "dvc_lock": {"start": lock, "end": None}}
            self._record |= found
            self._write()

    def join(self, prefect: dict[str, str] | None) -> None:
        """Note a flow run of Prefect's that belongs to this run."""
        with self._mutex:
            if prefect and prefect not in self._record["prefect"]:
                self._record["prefect"].append(prefect)
                self._write()

    def end(self, outcome: str, error: BaseException | None = None) -> None:
        """Note how it ended."""
        with self._mutex:
            self._record |= {"outcome": outcome, "end": _text(datetime.now(UTC))}
            self._record["error"] = error and (str(error) or type(error).__name__)[:ERROR_KEPT]
            self._look_again()
            self._write()

    @contextmanager
    def at(self, place: Path) -> Iterator[None]:
        """For the block, the run's stages run in another folder, which is gone when the run ends."""
        self.place = place.resolve()
        try:
            yield
        finally:
            with self._mutex:
                self._look_again()

    def _look_again(self) -> None:
        """Note what the run made of the lock, and of the deliveries that it drew."""
        if self.place.is_dir():
            self._record["dvc_lock"]["end"] = facts.digest(self.place / "dvc.lock")
            self._record["deliveries"] = facts.redrawn(self.place, self._record["deliveries"])

    def _write(self, hurry: bool = True) -> None:
        if not hurry and time.monotonic() < self._written + PAUSE:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_name(f".{self.path.name}")
            fresh.write_text(json.dumps(self._record, indent=1, default=str) + "\n")
            fresh.replace(self.path)  # not synced to the disk: that would cost more than all else here
        except OSError as error:
            print(f"the run's record cannot be written: {error}", file=sys.stderr, flush=True)
        self._written = time.monotonic()


@contextmanager
def recording(root: Path, flow: str) -> Iterator[Recorder]:
    """The record of the run that the block is; inside another such block, that one's."""
    outer = current()
    if outer and outer.root == root.resolve():
        outer.join(run_context.described())
        yield outer
        return
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z-{secrets.token_hex(3)}"
    with alive.announced(root, run):  # before there is a record, so that none seems to be of a process that is gone
        recorder = Recorder(root, flow, now, run)
        token = _current.set(recorder)
        try:
            recorder.join(run_context.described())
            if dead := _taken_up():
                recorder.note(takes_up=dead)
            yield recorder
        except BaseException as error:
            recorder.end("cancelled" if _is_cancelled(error) else "failed", error)
            raise
        else:
            recorder.end("completed")
        finally:
            _current.reset(token)


@contextmanager
def at_work(name: str, reasons: Callable[[], Sequence[str]]) -> Iterator[Callable[[], float]]:
    """For a stage's work: gives a clock, the seconds since the block began.

    Where the block raises, the record says that the stage failed; `reasons` are asked for then. Does nothing more
    where nobody records.
    """
    began, recorder = time.monotonic(), current()
    if recorder:
        recorder.at_work(name)
    try:
        yield lambda: time.monotonic() - began
    except BaseException as error:
        if recorder:
            took, text = time.monotonic() - began, str(error)[:ERROR_KEPT]
            recorder.stage(name, "failed", _found(reasons), took, error=text)
        raise


def at(place: Path) -> AbstractContextManager[None]:
    """`Recorder.at` of the record around, where there is one."""
    recorder = current()
    return recorder.at(place) if recorder else nullcontext()


def note_stage(name: str, outcome: str, why: Sequence[str], seconds: float = 0.0, **more: Any) -> None:
    """`Recorder.stage` of the record around, where there is one."""
    if recorder := current():
        recorder.stage(name, outcome, why, seconds, **more)


def current() -> Recorder | None:
    """The record of the `recording` block around, in a task of its flow too."""
    return _current.get()


def place(root: Path, run: str) -> Path:
    """Where the record of the run with that id lies."""
    return root / FOLDER / f"{run}.json"


def runs(root: Path) -> list[str]:
    """Ids of the runs on record, the latest last."""
    return sorted(file.stem for file in (root / FOLDER).glob("*.json") if _ID.fullmatch(file.stem))


def read(root: Path, run: str | None = None) -> dict[str, Any]:
    """A run's record: the latest, or by its id, a unique beginning of that, or the id or name of a Prefect flow run.

    `outcome` is "running" only while it runs; a run that was killed "did not end". Raises ValueError, with the latest
    few, for one that there is not.
    """
    known = runs(root)
    found = known[-1:] if run is None else [one for one in known if one.startswith(run)] or _of_prefect(root, run)
    if len(found) != 1:
        what = f"{len(found)} runs begin with {run!r}" if found else f"no run {run!r}" if run else "no run"
        latest = ", ".join(reversed((found or known)[-NAMED:])) or "none"
        raise ValueError(f"{what} on record in {FOLDER}; the latest: {latest}")
    file = root / FOLDER / f"{found[0]}.json"
    record = load(file)
    if record["end"] is None and not alive.is_alive(root, found[0]):
        record = load(file)  # it may have ended between the two looks
        record["outcome"] = DID_NOT_END if record["end"] is None else record["outcome"]
    return record


def add(root: Path, prefect: str, **more: Any) -> None:
    """Note facts in the records of that Prefect flow run whose processes are gone."""
    for run in _of_prefect(root, prefect):
        if not alive.is_alive(root, run):
            record = load(place(root, run))
            record["facts"] |= more
            with atomic.replacing(place(root, run)) as stream:
                stream.write(f"{json.dumps(record, indent=1)}\n".encode())


def load(file: Path) -> dict[str, Any]:
    """The record in a file. Raises ValueError for one of another form."""
    try:
        record = json.loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file}: expected the JSON of a run's record ({error})") from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        raise ValueError(f"{file}: expected format {FORMAT}, got {found!r}")
    return dict(record)


def _found(reasons: Callable[[], Sequence[str]]) -> Sequence[str]:
    """The reasons; what keeps them from being found must not hide the failure that they are asked for."""
    try:
        return reasons()
    except Exception as error:
        return [f"not to be found out: {error}"]


def _of_prefect(root: Path, run: str) -> list[str]:
    """Runs that a Prefect flow run of that id or name belongs to; only files that hold the word are parsed."""
    found = []
    for one in runs(root):
        file = root / FOLDER / f"{one}.json"
        if run in file.read_text() and any(run in (each["id"], each["name"]) for each in load(file)["prefect"]):
            found.append(one)
    return found


def _taken_up() -> str | None:
    """Id of the dead run whose place the Prefect flow run around takes, by its tag."""
    tags = getattr(run_context.current(), "tags", ())
    return next((tag.removeprefix(RESUMES) for tag in tags if tag.startswith(RESUMES)), None)


def _is_cancelled(error: BaseException) -> bool:
    """Signals and Ctrl-C, which are no `Exception`, and what Prefect raises for a run that was cancelled."""
    return not isinstance(error, Exception) or type(error).__name__ == "CancelledRun"


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
