"""Runs a command, and passes on its output line by line."""

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType
from typing import Any

from operations.process import groups, lock

TAIL = 30
"""Lines of a command's output that an error tells."""
BAR_SECONDS = 10.0
"""A progress bar is logged this often at most."""

NONE: Mapping[str, str] = MappingProxyType({})

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Logger = logging.Logger | logging.LoggerAdapter[Any]


def follow(
    root: Path,
    command: Sequence[str],
    log: Logger,
    kept: int,
    heard: Callable[[str], object] = lambda _line: None,
    **variables: str,
) -> tuple[int, list[str]]:
    """Run a command with each line of its output to `log` and `heard`; its exit code and the last `kept` lines.

    `variables` are set in its environment. Its process group ends with the holder around and with this process.
    """
    tail: deque[str] = deque(maxlen=kept)
    # The group keeps the project's lock, so that nobody takes it while a killed run's stage is still being ended.
    options = {"env": groups.environment(PYTHONUNBUFFERED="1", **variables), "kept": lock.descriptors(root)}
    with groups.current().running(command, root, **options) as group:
        for line in lines(TextIOWrapper(group.output, errors="replace", newline="")):
            log.info("%s", line)
            tail.append(line)
            heard(line)
        return group.wait(), list(tail)


def lines(pieces: Iterable[str], every: float = BAR_SECONDS) -> Iterator[str]:
    """Lines of a terminal's output, which ends `pieces` with a newline or a carriage return, without its colours.

    Of a line that is drawn over and over (a progress bar) only what stands there every `every` seconds, and at last.
    """
    bar, drawn = "", time.monotonic()
    for piece in pieces:
        text = _ESCAPES.sub("", piece).rstrip()
        if not piece.endswith("\r"):
            text, bar = text or bar, ""
        elif time.monotonic() - drawn < every:
            text, bar = "", text or bar
        if text:
            drawn = time.monotonic()
            yield text
    if bar:
        yield bar
