"""The champion in words, out of its folder and git: who it is, since when, why, and who there was before."""

import json
from pathlib import Path
from typing import Any

from operations.git import repository
from operations.project.champion_names import POINTER, TAGS
from operations.registry import origin, switch
from operations.registry.champion_record import Champion, current, parsed

FIGURES = {
    "accuracy": "accuracy",
    "corruption_accuracy": "corrupted",
    "mixed_accuracy": "mixed",
    "ece": "ECE",
    "ood_refused": "out-of-distribution refused",
}
"""Of evaluation/metrics.json, and what a person calls them."""


def describe(root: Path) -> str:
    """Who the champion is, since when and why, what it replaced, its run and figures, and what is amiss, if anything.

    Raises ValueError for a pointer that is none.
    """
    now = current(root)
    if now is None:
        return "no champion yet: `hemaflow promote --why REASON` makes the model that was trained last one"
    replaced = f", replaced {now.replaced}" if now.replaced else ", the first"
    run = _run(root, now)
    lines = [str(now), f"  model {now.model[:12]}, {f'run {run}' if run else 'by no run on record'}{replaced}"]
    return "\n".join([*lines, *_again(now), *_figures(root, now), *_amiss(root, now)])


def history(root: Path) -> str:
    """A line for each champion that there was, from git's tags; the present one is marked."""
    now = current(root)
    rows = [("", "champion", "since", "by", "replaced", "run", "model", "why")]
    for tag in repository.tags(root, TAGS):
        text = repository.show(root, tag, POINTER)
        if text is None:
            continue
        one = parsed(text.decode())
        mark = "*" if now and now.tag == one.tag else ""
        rows.append(
            (mark, one.tag, one.since, one.who, one.replaced or "-", _run(root, one) or "-", one.model[:12], one.why)
        )
    if len(rows) == 1:
        return "no champion yet" if now is None else f"{now}\n(git has no tags {TAGS} here: `git fetch --tags`)"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _run(root: Path, one: Champion) -> str | None:
    """Id of the run that made it: as it says, else as `lineage` finds it."""
    made = None if one.run else origin.made_by(root, one.model)
    return made["id"] if made else one.run


def _again(now: Champion) -> list[str]:
    """Since when it is in its place again, if it was rolled back to."""
    if (back := now.back) is None:
        return []
    return [f"  in its place again since {back.since} by {back.who}, instead of {back.instead}: {back.why}"]


def _figures(root: Path, now: Champion) -> list[str]:
    try:
        known: dict[str, Any] = json.loads((root / now.folder / "evaluation/metrics.json").read_bytes())
    except (OSError, ValueError):
        return []
    figures = [f"{name} {known[key]:.4f}" for key, name in FIGURES.items() if isinstance(known.get(key), int | float)]
    rows = f" on {known['rows']} test rows" if "rows" in known else ""
    return [f"  at its promotion: {', '.join(figures)}{rows}"] if figures else []


def _amiss(root: Path, now: Champion) -> list[str]:
    if not switch.is_recorded(root):
        return ["  git has no commit of it yet: the next `promote` or `rollback` makes it"]
    if not (root / now.folder).is_dir():
        return [f"  {now.folder} is not here: `dvc pull {POINTER}` brings it"]
    return []
