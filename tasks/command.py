"""The shape that all stages share: read settings, run, and refuse to finish where something changed under the run.

DVC records what the dependencies are when a stage ends, not what they were when it read them, and its run cache keeps
that record. A stage that noticed nothing would have an edit in mid-run written down as the source of outputs that
were made from the older file. So each stage takes a fingerprint of its settings, its inputs and its code when it
starts, takes it again when it ends, and fails where the two differ.
"""

import atexit
import gc
import hashlib
import inspect
import json
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from tasks import params

CONTENT_LIMIT = 1 << 20
"""Bytes up to which a file's fingerprint is its content; a larger file's is its length, time and inode."""

NEITHER = ("out", "state", "record")
"""Beginnings of the names of parameters that are no inputs."""

FORGOTTEN = 30 * 24 * 3600
"""Seconds after which the state of an interrupted run is given up, unless it is the run at hand."""

Fingerprint = dict[str, str]


def run(main: Callable[..., None], *sections: type[params.Section]) -> None:
    """Run a stage from the command line: `main(*settings, *paths)`, the paths from sys.argv.

    Parameters of `main` whose names begin with `out` are outputs: what stands there is removed first. Those that begin
    with `state` are folders for unfinished work: `main` is given a folder below it whose name follows from all that
    determines the result, finds there what an interrupted run of the same left, and has it removed when the run is
    done. `record` is a file for what is no function of content, times and hardware. Exits with 1 and one line on
    standard error where `main` raises ValueError or OSError, and where an input changed meanwhile. A SIGINT ends it
    with one line too, with the words of the KeyboardInterrupt, if it has any.
    """
    atexit.register(gc.freeze)  # or Python looks through all of TensorFlow for garbage as it ends, for a second
    try:
        _run(main, sections, [Path(argument) for argument in sys.argv[1:]])
    except (ValueError, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).parent.name}: {error}")


def fingerprint(sections: dict[str, object], inputs: list[Path]) -> Fingerprint:
    """What a stage's result follows from, by name: settings, files below `inputs`, files of this package."""
    found = {name: json.dumps(value) for name, value in sections.items()}
    code = (file for file in Path(__file__).parent.rglob("*") if file.is_file() and file.suffix != ".pyc")
    for path in [*code, *(file for given in inputs for file in _files(given))]:
        found[str(path)] = _state(path)
    return found


def changed(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Names that came, went or differ, the unloaded modules of this package left out."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [name for name in names if not _is_unloaded_code(name)]


def _run(main: Callable[..., None], kinds: tuple[type[params.Section], ...], paths: list[Path]) -> None:
    names = list(inspect.signature(main).parameters)[len(kinds) :]
    if len(paths) != len(names):
        raise ValueError(f"expected {len(names)} paths ({' '.join(names)}), got {len(paths)}")
    named = dict(zip(names, paths, strict=True))
    inputs = [path for name, path in named.items() if not name.startswith(NEITHER)]
    before = _now(kinds, inputs)
    settings = [params.load(kind) for kind in kinds]
    _check_settings()
    states = {name: _state_folder(path, before) for name, path in named.items() if name.startswith("state")}
    for name, path in named.items():
        if name.startswith("out"):
            _clear(path)
    main(*settings, *{**named, **states}.values())
    edits = changed(before, _now(kinds, inputs))
    if edits:
        raise ValueError(
            f"changed while the stage ran, so its result would be recorded wrongly: {', '.join(edits[:5])}. Run again"
        )
    for folder in states.values():
        shutil.rmtree(folder, ignore_errors=True)


def _check_settings() -> None:
    """Raise ValueError for a wrong setting of any stage, before this one works for one that is going to refuse it.

    The other stages' modules are unloaded again: they are no code of this one.
    """
    loaded = set(sys.modules)
    if params.FILE.is_file():
        params.check()
    for name in sys.modules.keys() - loaded:
        if name.startswith(f"{__package__}."):
            del sys.modules[name]


def _now(kinds: tuple[type[params.Section], ...], inputs: list[Path]) -> Fingerprint:
    return fingerprint({f"{kind.file}:{kind.section}": params.raw(kind) for kind in kinds}, inputs)


def _state_folder(path: Path, before: Fingerprint) -> Path:
    """The folder of a run that follows from `before`, one of its own for each; long forgotten ones are removed."""
    relevant = {name: what for name, what in before.items() if not _is_unloaded_code(name)}
    key = hashlib.blake2b(json.dumps([relevant, _versions()], sort_keys=True).encode(), digest_size=8).hexdigest()
    folder = path / f"{Path(sys.argv[0]).parent.name}-{key}"
    for old in path.glob(f"{Path(sys.argv[0]).parent.name}-*"):
        if old != folder and time.time() - old.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _versions() -> list[str]:
    """Libraries whose code may change a result, as far as they are installed: TensorFlow goes by two names."""
    found = []
    for name in ("numpy", "scipy", "keras", "keras-cv", "scikit-learn", "tensorflow", "tensorflow-cpu"):
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return found


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f"no such input: {path}")
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _state(path: Path) -> str:
    facts = path.stat()
    if facts.st_size <= CONTENT_LIMIT:
        return hashlib.blake2b(path.read_bytes()).hexdigest()
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"


def _is_unloaded_code(name: str) -> bool:
    path = Path(name)
    if not path.is_relative_to(Path(__file__).parent):
        return False
    # A file that is no module (a template) counts as code of the package in which it lies.
    module = (
        path if path.suffix == ".py" else next(p for p in path.parents if (p / "__init__.py").is_file()) / "__init__.py"
    )
    return not any(getattr(loaded, "__file__", None) == str(module) for loaded in list(sys.modules.values()))


def _say_interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Whoever cancels a run is not shown where TensorFlow was at that moment."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    print("; ".join([f"{Path(sys.argv[0]).parent.name}: interrupted", *map(str, error.args)]), file=sys.stderr)


# Not in `run`: a stage may be interrupted while it imports TensorFlow.
sys.excepthook = _say_interrupted


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
