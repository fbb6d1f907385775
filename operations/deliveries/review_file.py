"""Reads and edits data/review.csv, what persons said of images; dedupe applies it.

An edit adds a line and takes out those that it replaces, and leaves all others as they are, to the byte.
"""

import csv
import io
import tempfile
from itertools import pairwise
from pathlib import Path

import pandas as pd

from operations.process import files, lock
from tasks.dedupe import overrules
from tasks.dedupe.overrules import Overrule

FILE = Path("data/review.csv")


def read(root: Path) -> list[Overrule]:
    """The lines of the file. Raises ValueError with what is wrong in it, FileNotFoundError where there is none."""
    if not (root / FILE).is_file():
        raise FileNotFoundError(f"{FILE} is missing, and dedupe needs it: `git checkout {FILE}` brings it back")
    return overrules.read(root / FILE)


def put(root: Path, line: Overrule, replaced: list[Overrule], ingested: pd.DataFrame | None) -> Overrule:
    """Add a line at the end, take out those that it replaces, and return it with its number.

    Raises ValueError where dedupe would refuse what comes of it, and then the file is as it was. `ingested` are the
    rows of all listed deliveries as they came; without them nobody can tell yet whom the lines are about.
    """
    kept = _without(_physical(root / FILE), read(root), replaced)
    text = "".join([*kept, _csv(line)])
    try:
        _check(root, text, ingested)
    except ValueError as error:
        raise ValueError(f"{FILE} stays as it was, dedupe would refuse it with this line: {error}") from error
    files.replace(root / FILE, text)
    return line._replace(line=len(kept) + 1)


def _check(root: Path, text: str, ingested: pd.DataFrame | None) -> None:
    with tempfile.TemporaryDirectory(dir=root / lock.FILE.parent) as folder:
        candidate = Path(folder, FILE.name)
        candidate.write_text(text, encoding="utf-8", newline="")
        lines = overrules.read(candidate)
    if ingested is not None:
        overrules.applied(ingested, lines, list(ingested["delivery"].unique()))


def _physical(file: Path) -> list[str]:
    """The lines of the file as the csv module counts them, each with its ending."""
    lines = io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="").readlines()
    return [line if line.endswith(("\n", "\r")) else f"{line}\n" for line in lines]


def _without(physical: list[str], lines: list[Overrule], gone: list[Overrule]) -> list[str]:
    """The file's lines without the records `gone`. A record may span lines; its number is that of the last."""
    spans = {end: range(start, end) for start, end in pairwise([1, *(line.line for line in lines)])}
    places = {place for line in gone for place in spans[line.line]}
    return [text for place, text in enumerate(physical) if place not in places]


def _csv(line: Overrule) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(line._asdict()[name] for name in overrules.COLUMNS)
    return text.getvalue()
