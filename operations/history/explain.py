"""Tells what a run did, and why, from its record."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from operations.deliveries import holds
from operations.history import provenance
from operations.project.stages import STAGES

Record = Mapping[str, Any]
NAMES_SHOWN = 3
REASONS_SHOWN = 6
PATHS_SHOWN = 8
TEXT_SHOWN = 200
"""Characters of a fact that has no words of its own."""
LINES_SHOWN = 3
DVC_S_OWN = ("Running stage ", "> ", "ERROR: failed to reproduce ")
"""Beginnings of lines that DVC puts around what a stage says."""
NEEDS = ("python", "tensorflow", "keras", "numpy", "dvc", "prefect")
"""Libraries that are named; the record has all."""


_ABOVE = ("settings", "target")
"""Facts that are told among the circumstances."""
_LABELS = {
    "taken_up_again_by": "again by",
    "takes_up": "takes up",
    "commit": "committed",
    "triggered_by": "started by",
    "not_backed_up": "not saved",
    "put_back": "put back",
    "sentence": "result",
}


def explain(root: Path, run: str | None = None) -> str:
    """A run in words: `run` as `provenance.read` takes it, by default the latest. Raises ValueError for no such run."""
    return describe(provenance.read(root, run))


def describe(record: Record) -> str:
    """The record in words, a fact a line."""
    lines = [f"{record['flow']} {record['id']}: {record['outcome']}", *_circumstances(record)]
    stages = [*_stages(record), *_not_reached(record)]
    parts = [lines, ["", "Stages", *stages] if stages else [], _facts(record["facts"]), _ending(record)]
    return "\n".join(line for part in parts for line in part)


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def listed(words: Sequence[str], shown: int) -> str:
    """The first few of them, and how many more there are."""
    rest = len(words) - shown
    return ", ".join(words[:shown]) + (f" and {rest} more" if rest > 0 else "")


def commit(git: Mapping[str, Any]) -> str:
    """The commit that a run started from, and what was not as in it."""
    if git["commit"] is None:
        return f"unknown: {git['why']}"
    changed = [*git["changed"], *[""] * git["more"]]  # of very many the record names some
    edits = f", with edits that were not committed: {listed(changed, PATHS_SHOWN)}" if changed else ", nothing else"
    return f"{git['commit'][:12]}{edits}"


def outcome(entry: Mapping[str, Any]) -> str:
    """What became of a stage, and why: `ran in 12 s: train.batch: 32 -> 16`."""
    why = _reasons(entry["why"])
    return _did(entry["outcome"], entry["seconds"]) + (f": {why}" if why else "")


def _circumstances(record: Record) -> Iterator[str]:
    yield _line("when", _times(record))
    yield _line("commit", commit(record["git"]))
    if record.get("by"):  # none in records of before
        yield _line("by", record["by"])
    for run in record["prefect"]:
        yield _line("Prefect", f"{run['flow']} {run['name']} ({run['id']})")
    if record["facts"].get("settings"):
        yield _line("settings", ", ".join(f"{key} = {value}" for key, value in record["facts"]["settings"].items()))
    if record["facts"].get("target", STAGES[-1]) != STAGES[-1]:
        yield _line("target", f"up to {record['facts']['target']}")
    yield _line("data", _deliveries(record["deliveries"]))
    yield _line("seeds", ", ".join(f"{key} = {seed}" for key, seed in record["seeds"].items()) or "none")
    yield _line("machine", _machine(record["hardware"]))
    yield _line("libraries", ", ".join(f"{name} {record['libraries'].get(name) or 'absent'}" for name in NEEDS))


def _times(record: Record) -> str:
    start = _moment(record["start"])
    if record["end"] is None:
        return f"{start} to an end that nobody noted" if record["outcome"] == provenance.DID_NOT_END else f"{start} on"
    took = datetime.fromisoformat(record["end"]) - datetime.fromisoformat(record["start"])
    return f"{start}, {seconds(took.total_seconds())}"


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _deliveries(found: Sequence[Mapping[str, Any]]) -> str:
    images = sum(each.get("images", each.get("pictures")) or 0 for each in found)
    names = [f"{each['name']} (on hold)" if each.get("held") else each["name"] for each in found]
    count = "1 delivery" if len(found) == 1 else f"{len(found)} deliveries"
    return f"{count}, {images:,} images: {listed(names, PATHS_SHOWN)}" if found else "no delivery"


def _machine(hardware: Mapping[str, Any]) -> str:
    gpus = ", ".join(hardware["gpus"]) or "no GPU"
    return f"{hardware['cores']} cores ({hardware['cpu'] or 'unknown'}), {hardware['memory_mib']:,} MiB, {gpus}"


def _stages(record: Record) -> Iterator[str]:
    """A line for each stage, for all deliveries of one together; those that were skipped in the last."""
    by_stage: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in record["stages"]:
        by_stage["" if entry["outcome"] == "skipped" else entry["name"].partition("@")[0]].append(entry)
    skipped = by_stage.pop("", [])
    for stage in sorted(by_stage, key=_position):
        yield _line(stage, _outcomes(by_stage[stage]))
    if skipped:
        names = dict.fromkeys(entry["name"].partition("@")[0] for entry in skipped)
        yield _line("skipped", f"{', '.join(sorted(names, key=_position))}: {skipped[0]['why'][0]}")


def _outcomes(entries: Sequence[Mapping[str, Any]]) -> str:
    """`ran in 12 s: train.batch: 32 -> 16`; of many deliveries `49 unchanged, 1 ran in 2.1 s (b: never ran before)`."""
    if len(entries) == 1 and "@" not in entries[0]["name"]:
        return outcome(entries[0])
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        groups[entry["outcome"], _common(entry)].append(entry)
    return ", ".join(_group(what, why, of) for (what, why), of in groups.items())


def _group(what: str, why: str, entries: Sequence[Mapping[str, Any]]) -> str:
    did = f"{len(entries)} {_did(what, sum(entry['seconds'] for entry in entries))}"
    names = [entry["name"].partition("@")[2] for entry in entries]
    return f"{did} ({listed(names, NAMES_SHOWN)}: {why})" if why else did


def _common(entry: Mapping[str, Any]) -> str:
    """The reasons with the delivery's name left open, so that those of many deliveries are alike."""
    _, at, name = entry["name"].partition("@")
    why = [reason.replace(f"/{name}", "/NAME") if at else reason for reason in entry["why"]]
    return _reasons(why)


def _did(what: str, took: float) -> str:
    return f"{what} in {seconds(took)}" if took else what


def _reasons(why: Sequence[str]) -> str:
    rest = len(why) - REASONS_SHOWN
    return "; ".join(why[:REASONS_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _not_reached(record: Record) -> Iterator[str]:
    """Stages that were wanted and have no entry. Of `demo` there is one only where a delivery is drawn, of `external`
    where one is."""
    target = record["facts"].get("target")
    if target not in STAGES or record["outcome"] in (provenance.RUNNING, "completed"):
        return
    known = {entry["name"].partition("@")[0] for entry in record["stages"]} | {"demo", "external"}
    missing = [stage for stage in STAGES[: STAGES.index(target) + 1] if stage not in known]
    at_work = [stage for stage in missing if stage in {one.partition("@")[0] for one in record["at_work"]}]
    if at_work:
        yield _line("broken off", ", ".join(at_work))
    if set(missing) - set(at_work):
        yield _line("not reached", ", ".join(stage for stage in missing if stage not in at_work))


def _facts(facts: Mapping[str, Any]) -> list[str]:
    named = [(_LABELS.get(name, name), _sentences(name, value)) for name, value in facts.items() if name not in _ABOVE]
    lines = [_line(name, sentence) for name, sentences in named for sentence in sentences]
    return ["", "Besides", *lines] if lines else []


def _sentences(name: str, value: Any) -> list[str]:
    """A fact; what is a fact of each of several deliveries, a sentence for each."""
    if name == "held":
        return [f"{one}: {why}; to take it back: {holds.command(one)}" for one, why in value.items()] or ["none"]
    if name == "audit":
        return [f"{one['delivery']}: {one.get('sentence', one['verdict'])}" for one in value] or ["none"]
    return [fact(value)]


def fact(value: Any) -> str:
    """A fact with a sentence of its own, as the gate's decision, by that; a list of names; else as JSON, cut."""
    if isinstance(value, Mapping) and isinstance(value.get("sentence"), str):
        return str(value["sentence"])
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return listed(value, PATHS_SHOWN) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= TEXT_SHOWN else f"{text[: TEXT_SHOWN - 3]}..."


def _ending(record: Record) -> list[str]:
    if record["outcome"] == provenance.DID_NOT_END:
        return ["", "Its process is gone without having noted an end: it was killed, or the machine stopped."]
    lines = [line.strip() for line in (record["error"] or "").splitlines() if line.strip()]
    if not lines:
        return []
    rest = [line for line in lines[1:] if not line.startswith(DVC_S_OWN)]
    return ["", f"Ended by: {lines[0]}", *(f"    {line}" for line in rest[-LINES_SHOWN:])]


def _position(stage: str) -> int:
    """Place in the pipeline; what is no stage of it comes last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def _line(name: str, text: str) -> str:
    return f"  {name:<11} {text}"
