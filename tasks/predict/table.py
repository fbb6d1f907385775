"""The table of predictions as CSV: UTF-8, a line to a row, for a spreadsheet or pandas.

A name that begins with `=`, `+`, `-`, `@`, a tab, a carriage return or an apostrophe has an apostrophe before it, so
that no spreadsheet runs it as a formula.

| column | meaning |
| --- | --- |
| file | path inside the input, or `FILE.npz#ROW` |
| class | the answer; empty where there is none, so that no abstention passes for one |
| best_guess | the most probable class, also where that is no answer; empty for what cannot be read |
| p_CLASS | calibrated probability, 0 to 1; empty for what cannot be read |
| abstained | `true` where `class` is empty, `false` elsewhere |
| why | empty for an answer; `unsure: ...`, `ood: ...`, `unreadable: ...` with the figure and its threshold |
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from tasks.predict.judge import ANSWERED, Row

BEGINNING = b"file,class,best_guess,"


def columns(classes: Sequence[str]) -> list[str]:
    """Names of the columns."""
    return ["file", "class", "best_guess", *(f"p_{name}" for name in classes), "abstained", "why"]


def write(stream: BinaryIO, classes: Sequence[str], rows: Iterable[Row]) -> Counter[str]:
    """Write the header and the rows as they come; the count of rows by outcome.

    Bytes of a name that are no UTF-8 are written as `\\udcXX`.
    """
    text = io.TextIOWrapper(stream, "utf-8", errors="backslashreplace", newline="")
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns(classes))
        counts: Counter[str] = Counter()
        for row in rows:
            writer.writerow(_line(row, len(classes)))
            counts[row.outcome] += 1
    finally:
        text.detach()
    return counts


def _inert(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run as a formula; before one too, so that it can be undone."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else text


def _line(row: Row, classes: int) -> list[str]:
    answered = row.outcome == ANSWERED
    chances = [f"{chance:.6f}" for chance in row.probabilities] or [""] * classes
    return [
        _inert(row.file),
        _inert(row.guess) if answered else "",
        _inert(row.guess),
        *chances,
        "false" if answered else "true",
        "" if answered else f"{row.outcome}: {row.reason}",
    ]
