"""Brings settings, review file, records of deliveries and champion of an older project to the form of today.

Models and evaluations keep the form of the code that made them, champions in git's tags too: they are refused in one
line where they are read, and a training replaces them.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from operations.deliveries import former
from operations.process.files import replace
from operations.project import records
from operations.registry import former_layout
from tasks.dedupe.overrules import COLUMNS, FORMER
from tasks.params import FILE as PARAMS
from tasks.params import RENAMED

STUDIES, REVIEW = Path("studies/params.yaml"), Path("data/review.csv")
IN_STUDIES = {"ladder": "ablation", "report.ladder": "report.ablation", "*.frozen_views": "*.frozen_augmentations"}
VALUES = {"val_distorted_accuracy": "val_corruption_accuracy", "val_distorted_loss": "val_corruption_loss"}
"""Of `monitor`."""


def migrate(root: Path) -> str:
    """Rename what is old in params.yaml, studies/params.yaml and data/review.csv, write the records of deliveries that
    have none, and move a champion of the former layout to its own folder; a line for each change.

    Comments, order and values stay. A second call changes nothing. Raises FileNotFoundError without params.yaml,
    ValueError where both the old and the new name of a setting are there, and as `former.found`; no file is changed
    then.
    """
    made = {PARAMS: _settings(root, PARAMS, RENAMED)}
    if (root / STUDIES).is_file():
        made[STUDIES] = _settings(root, STUDIES, IN_STUDIES)
    if (root / REVIEW).is_file():
        made[REVIEW] = _review((root / REVIEW).read_bytes().decode("utf-8"))
    changes = [f"{file}: {change}" for file, (_, lines) in made.items() for change in lines]
    recorded = former.found(root)
    changes += [each.told for each in recorded.values()]
    for file, (text, lines) in made.items():
        if lines:
            replace(root / file, text)
    for name, each in recorded.items():
        records.write(root, name, each.record)
    changes += former_layout.take_over(root)
    if not changes:
        return "nothing to migrate: settings, review file, records and champion are as today"
    return "\n".join([*changes, "next: git diff; make repro"])


def _settings(root: Path, file: Path, names: dict[str, str]) -> tuple[str, list[str]]:
    """The text with keys and values renamed, and what was."""
    lines, changes = [], []
    old = (root / file).read_text(encoding="utf-8")
    there = {path for line in _keys(old) for path in line[1]}
    for line, paths in _keys(old):
        for path in paths:
            for pattern, to in names.items():
                if fnmatchcase(path, pattern):
                    new = f"{path.rpartition('.')[0]}.{to.rpartition('.')[2]}".removeprefix(".")
                    if new in there:
                        raise ValueError(f"{file} has both {path} and {new}: remove one of them")
                    line = _renamed(line, path.rpartition(".")[2], new.rpartition(".")[2])
                    changes.append(f"{path} -> {to if '*' not in to else new}")
        lines.append(line)
    text = "".join(lines)
    for value, new in VALUES.items():
        if re.search(rf"(?m)^[^#\n]*\b{value}\b", text):
            changes.append(f"{value} -> {new}")
        text = re.sub(rf"\b{value}\b", new, text)
    return text, changes


def _keys(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each line with the paths of the keys on it, those inside braces too."""
    above: list[tuple[int, str]] = []
    for line in text.splitlines(keepends=True):
        found = re.match(r"( *)([\w-]+):(?=\s|$)", line)
        if not found:
            yield line, []
            continue
        above = [one for one in above if one[0] < len(found[1])] + [(len(found[1]), found[2])]
        path = ".".join(key for _, key in above)
        inside = re.findall(r"[{,] *([\w-]+):(?= )", line.partition("#")[0])
        yield line, [path, *(f"{path}.{key}" for key in inside)]


def _renamed(line: str, old: str, new: str) -> str:
    """The key renamed; the comment stays in its column as far as it can."""
    before, sign, comment = line.partition("#")
    width = len(before)
    before = re.sub(rf"(^ *|[{{,] *){old}:", lambda found: f"{found[1]}{new}:", before, count=1)
    return f"{before.rstrip():<{width - 2}}  {sign}{comment}" if sign else before


def _review(text: str) -> tuple[str, list[str]]:
    header, end, rest = text.partition("\n")
    if header.strip("\ufeff\r ") != ",".join(FORMER):
        return text, []
    return ",".join(COLUMNS) + end + rest, ["verdict -> review_decision"]
