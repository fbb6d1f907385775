"""The experiments that DVC has kept, `refs/exps` in git: what they changed, how well they did, and taking one over."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from operations.git import git, repository
from operations.pipeline import plan
from operations.process import files, lock
from operations.project import dvc_repo
from operations.settings import params_file
from operations.storage import traffic

SUBJECT = "hemaflow experiment"
REFS = "refs/exps"
HEADLINES = 4
"""Metrics that the list shows."""


@dataclass(frozen=True)
class Experiment:
    """An experiment: `when` it was saved (ISO 8601, UTC), its commit, and the commit that it stands on."""

    name: str
    when: str
    sha: str
    base: str


def experiments(root: Path) -> list[Experiment]:
    """All that git has, the latest first; none without a repository."""
    if not git.succeeds(root, "rev-parse", "--git-dir"):
        return []
    form = "--format=%(refname) %(objectname) %(committerdate:unix)"
    rows = [line.split() for line in git.line(root, "for-each-ref", "--sort=-committerdate", form, REFS).splitlines()]
    found = [(ref.removeprefix(f"{REFS}/").split("/"), sha, when) for ref, sha, when in rows]
    return [
        Experiment(parts[2], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(when))), sha, parts[0] + parts[1])
        for parts, sha, when in found
        if len(parts) == 3 and len(parts[0]) == 2
    ]


def named(root: Path, name: str) -> Experiment:
    """The one of that name. Raises ValueError, with the latest few, for one that there is not."""
    known = experiments(root)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in known[:5]) or "none"
        raise ValueError(f"no experiment {name!r}; the latest: {names}")
    return found


def settings(root: Path, one: Experiment) -> dict[str, Any]:
    """The settings that it was run with, by path; of one of `dvc exp run`, what differs from its base's params.yaml."""
    subject, _, body = git.run(root, "show", "--no-patch", "--format=%B", one.sha).decode().partition("\n\n")
    if subject.startswith(SUBJECT):
        return dict(json.loads(body))
    before, after = (_flat(_params(root, sha)) for sha in (one.base, one.sha))
    return {path: value for path, value in after.items() if path in before and before[path] != value}


def metrics(root: Path, one: Experiment) -> dict[str, Any]:
    """Figures of its model; empty where its run ended before there were any, or they are gone from the cache."""
    made, before = (_evaluated(root, sha) for sha in (one.sha, one.base))
    return _figures(root, made) if made and made != before else {}


def table(root: Path) -> str:
    """The experiments, a line each."""
    lines = [_line(root, one) for one in experiments(root)]
    return "\n".join(lines) or "no experiment: `hemaflow pipeline --set NAME=VALUE` makes one"


def apply(root: Path, name: str) -> str:
    """Take an experiment over: its settings into params.yaml, its dvc.lock, and its outputs from the cache.

    Whatever else was changed in the workspace since stays, and makes stages stale as ever. Waits for the project's
    lock. Raises ValueError for an experiment that there is not, OSError where an output cannot be put in its place.
    """
    found = named(root, name)
    with lock.held(root, "apply"):
        changes = params_file.write(root, settings(root, found))
        held = repository.show(root, found.sha, plan.LOCK)
        if held is not None:
            (root / plan.LOCK).touch()
            files.replace(root / plan.LOCK, held.decode())
        traffic.run(root, ["checkout", "--quiet", "--allow-missing"], "the cache", 1)
    return "\n".join([f"took over {name}; `git diff` shows it, and nothing is committed", *changes])


def _line(root: Path, one: Experiment) -> str:
    changes = ", ".join(f"{path}={value}" for path, value in settings(root, one).items()) or "no setting"
    figures = ", ".join(f"{name} {value:.4g}" for name, value in list(metrics(root, one).items())[:HEADLINES])
    return f"{one.name}  {one.when}  {changes}  {figures or '-'}"


def _params(root: Path, sha: str) -> dict[str, Any]:
    text = repository.show(root, sha, params_file.FILE)
    return params_file.parse(text.decode()) if text else {}


def _document(root: Path, sha: str, path: str) -> dict[str, Any]:
    text = repository.show(root, sha, path)
    document = yaml.load(text, Loader=plan.LOADER) if text else {}
    return document if isinstance(document, dict) else {}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _evaluated(root: Path, sha: str) -> str | None:
    """Hash of what `evaluate` made, as dvc.lock has it in that commit."""
    stages = _document(root, sha, str(plan.LOCK)).get("stages", {})
    return str(stages["evaluate"]["outs"][0]["md5"]) if "evaluate" in stages else None


def _figures(root: Path, folder: str) -> dict[str, Any]:
    text = dvc_repo.cached(root, folder, "metrics.json")
    document = json.loads(text) if text else {}
    return {name: value for name, value in document.items() if isinstance(value, int | float)}
