"""The log of holds and releases, data/holds.csv: who, when and why, a line each, appended and never changed.

What holds today stands in data/deliveries.yaml; this file is no input of any stage, so that a clock in it makes nothing
stale. Both belong in git.
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from operations.process import files
from operations.project import dvc_file

FILE = Path("data/holds.csv")
COLUMNS = ["when", "delivery", "content", "act", "who", "why"]
Act = Literal["hold", "release"]


class Line(NamedTuple):
    """One line of the log."""

    when: str
    """ISO 8601 in UTC"""
    delivery: str
    content: str
    """digest of the images and their classes, empty for a delivery that is drawn here"""
    act: str
    who: str
    why: str


def read(root: Path) -> list[Line]:
    """All lines, the oldest first; none without the file. Raises ValueError for a file of another form."""
    if not (root / FILE).is_file():
        return []
    try:
        header, *lines = list(csv.reader(io.StringIO((root / FILE).read_text("utf-8"), newline=""))) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{FILE}: expected a CSV file in UTF-8, got {error}") from error
    wrong = next((number for number, cells in enumerate(lines, 2) if cells and len(cells) != len(COLUMNS)), None)
    if header != COLUMNS or wrong:
        raise ValueError(f"{FILE}, line {wrong or 1}: expected the columns {','.join(COLUMNS)}")
    return [Line(*cells) for cells in lines if cells]


def append(root: Path, name: str, act: Act, who: str, why: str) -> None:
    """Add a line about a listed delivery. Raises ValueError where who or why is blank."""
    who, why = (" ".join(text.split()) for text in (who, why))
    if not (who and why):
        raise ValueError(f"expected who says so and why, got {who!r} and {why!r}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [*read(root), Line(now, name, dvc_file.digest(root, name) or "", act, who, why)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines])
    files.replace(root / FILE, text.getvalue())


def command(name: str) -> str:
    """The command by which a person takes a delivery of that name off hold."""
    return f"hemaflow release {name} --why REASON"


def why(root: Path, name: str) -> Line | None:
    """The last line about a delivery of that name, None without one."""
    return next((line for line in reversed(read(root)) if line.delivery == name), None)


def released(root: Path, names: Sequence[str]) -> list[str]:
    """Those whose content a person released after it was held, under whatever name: their word is final."""
    last = {(line.content or line.delivery): line.act for line in read(root)}
    return [name for name in names if last.get(dvc_file.digest(root, name) or name) == "release"]
