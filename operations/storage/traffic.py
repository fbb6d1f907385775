"""DVC's traffic with a remote: a child each, which ends with this process, tried again where the network failed."""

import logging
import random
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from operations.process.follow import NONE, Logger, follow

ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds before the second try, about doubled before each that follows."""
KEPT = 200
"""Of DVC's lines, the last."""
LOG = logging.getLogger(__name__)

NETWORK = re.compile(
    r"could not connect|connect(ion)? (was |has been )?(timed ?out|timeout|refused|reset|aborted|closed|broken|error)"
    r"|timed? ?out|endpointconnectionerror|connection was closed|server disconnected|incompleteread|broken pipe"
    r"|temporary failure|name or service not known|name resolution|cannot connect to host|no route to host"
    r"|network is (unreachable|down)|host is down|slow ?down|too many requests|serviceunavailable|service unavailable"
    r"|internal ?error|internalservererror|bad gateway|gateway time|\b(500|502|503|504)\b"
    r"|stale file handle|input/output error|transport endpoint",
    re.IGNORECASE,
)
"""How a network, a server or a mounted folder fails that may be back in a while."""
FINAL = re.compile(
    r"nosuchbucket|does not exist|credentials|forbidden|access ?denied|permission denied|invalidaccesskeyid"
    r"|signaturedoesnotmatch|no space left|read-only file system|expiredtoken|unauthorized",
    re.IGNORECASE,
)
"""What trying again does not mend."""
NOISE = re.compile(r"Having any troubles|RuntimeWarning|^sys:\d+|<https://error\.dvc\.org|^\s*$")


def run(
    root: Path,
    words: Sequence[str],
    remote: str,
    attempts: int = ATTEMPTS,
    log: Logger = LOG,
    program: Sequence[str] = (),
    extra: Mapping[str, str] = NONE,
) -> list[str]:
    """What `dvc WORDS` wrote, a line each; each line goes to `log` too. Another `program` is run in DVC's place,
    `extra` variables are set in its environment.

    Tried up to `attempts` times in all where it fails as networks do. Raises OSError where it fails otherwise, or at
    the last try: a line that says what it could not do, then DVC's own words.
    """
    if attempts < 1:
        raise ValueError(f"attempts must be at least 1, got {attempts}")
    for attempt in range(1, attempts + 1):
        code, lines = _once(root, [*(program or _dvc()), *words], log, extra)
        if not code:
            return lines
        if attempt == attempts or not is_network(lines):
            break
        pause = _pause(attempt)
        log.warning(
            "dvc %s: try %d of %d failed, the next in %.1f s: %s", words[0], attempt, attempts, pause, error_line(lines)
        )
        time.sleep(pause)
    tries = f", {attempt} tries" if attempt > 1 else ""
    output = "\n".join(line for line in lines if not NOISE.search(line))
    raise OSError(f"dvc {words[0]} with {remote} failed{tries}: {error_line(lines)}\n{output}")


def is_network(lines: Sequence[str]) -> bool:
    """Whether DVC's errors are of the kind that may be gone a moment later."""
    errors = [line for line in lines if "ERROR" in line]
    return any(NETWORK.search(line) for line in errors) and not any(FINAL.search(line) for line in errors)


def error_line(lines: Sequence[str]) -> str:
    """The error that tells most, which is the first: those after it count what failed of it."""
    errors = [line.removeprefix("ERROR: ").removeprefix("unexpected error - ") for line in lines if "ERROR" in line]
    return (errors or [line for line in lines if not NOISE.search(line)][-1:] or ["it said nothing"])[0]


def _dvc() -> list[str]:
    return [str(Path(sys.executable).with_name("dvc")), "--wait-for-lock"]


def _once(root: Path, command: Sequence[str], log: Logger, extra: Mapping[str, str]) -> tuple[int, list[str]]:
    return follow(root, command, log, KEPT, **{"DVC_NO_ANALYTICS": "1", **extra})  # type: ignore[arg-type]


def _pause(attempt: int) -> float:
    """Seconds; drawn, so that workers that failed together do not come back together."""
    return float(min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.5))
