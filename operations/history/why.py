"""Why a stage ran: what differs between dvc.lock's entry of it before and after, in words. Pure functions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from operations.pipeline.runner import Outcome

Entry = Mapping[str, Any]
"""A stage of dvc.lock: `cmd`, `deps` and `outs` (lists of path and hash), `params` (values by file)."""

NEVER = "never ran before"
KEPT = "DVC had its outputs of the same inputs already"
NOTHING = "command, settings and inputs are those of its last run"
PARAMS = "params.yaml"
SHOWN = 60
"""Characters of a value, or of a command, that are shown."""

_OUTPUTS = {"deleted": "is gone", "not in cache": "is not in DVC's cache"}


def why(before: Entry | None, after: Entry | None, outcome: str, status: Iterable[Any] = ()) -> list[str]:
    """The reasons, a line each, for which a stage ended in that outcome; none where nothing had to be done.

    `status` is what DVC said of the stage before, where an output may be told of that no entry knows.
    """
    if outcome == Outcome.UNCHANGED:
        return []
    found = list(_changes(before, after)) if before and after else [NEVER]
    found += _outputs(status) if before else []
    return [*(found or [NOTHING]), *([KEPT] if outcome == Outcome.RESTORED else [])]


def why_failed(
    before: Entry | None, lock: Mapping[str, Entry], params: Mapping[str, Any], status: Iterable[Any] = ()
) -> list[str]:
    """The same for a stage that failed, of which DVC has written no entry: by what its inputs are now.

    `lock` holds the entries of all stages, whose outputs are inputs of this one; `params` the values of params.yaml.
    Of its code and command, only `status` tells.
    """
    if not before:
        return [NEVER]
    status = list(status)
    found = list(_changes(before, _as_it_stands(before, lock, params)))
    found += [line for line in _inputs(status) if line not in found]
    return [*found, *_outputs(status)] or [NOTHING]


def _changes(before: Entry, after: Entry) -> Iterator[str]:
    if before.get("cmd") != after.get("cmd"):
        yield f"its command changed: {_short(before.get('cmd'))} -> {_short(after.get('cmd'))}"
    old, new = dict(_settings(before)), dict(_settings(after))
    for key in _keys(old, new):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key, 'absent')} -> {new.get(key, 'absent')}"
    old, new = _hashes(before), _hashes(after)
    for path in _keys(old, new):
        if old.get(path) != new.get(path):
            word = "changed" if path in old and path in new else "is new" if path in new else "is no input any more"
            yield f"{path} {word}"


def _settings(entry: Entry) -> Iterator[tuple[str, str]]:
    """Each value by its path in params.yaml; with the file's name before it where it is another file."""
    for file, values in (entry.get("params") or {}).items():
        yield from _flat(values, "" if file == PARAMS else f"{file}:")


def _flat(values: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(values, Mapping) or not values:
        yield path.rstrip("."), _short(values)
        return
    for key, value in values.items():
        yield from _flat(value, f"{path}{key}.")


def _hashes(entry: Entry) -> dict[str, str]:
    """By path; a hash has the name of its kind as its key."""
    return {dep["path"]: str(dep.get(dep.get("hash", "md5"))) for dep in entry.get("deps") or []}


def _keys(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return list({**old, **new})


def _outputs(status: Iterable[Any]) -> list[str]:
    """Of DVC's `[{"changed outs": {"data/clean": "modified"}}, ...]`."""
    return [f"its output {path} {_OUTPUTS.get(state, 'was changed')}" for path, state in _part(status, "changed outs")]


def _inputs(status: Iterable[Any]) -> list[str]:
    """Code and other files that no stage writes, and the command; settings are told with their values."""
    files = [f"{path} changed" for path, state in _part(status, "changed deps") if isinstance(state, str)]
    return files + ["its command changed" for part in status if part == "changed command"]


def _part(status: Iterable[Any], key: str) -> list[tuple[str, Any]]:
    return [item for part in status if isinstance(part, Mapping) for item in part.get(key, {}).items()]


def _as_it_stands(before: Entry, lock: Mapping[str, Entry], params: Mapping[str, Any]) -> Entry:
    """The entry with its inputs' present hashes, as far as stages write them, and the present settings."""
    now = {out["path"]: out for entry in lock.values() for out in entry.get("outs") or []}
    deps = [now.get(dep["path"], dep) for dep in before.get("deps") or []]
    old = before.get("params") or {}
    fresh = {key: params[key] for key in old.get(PARAMS) or {} if key in params}
    return {**before, "deps": deps, "params": {**old, PARAMS: fresh}}


def _short(value: Any) -> str:
    text = value if value and isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
