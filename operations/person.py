"""Who acts, for all that is kept of it: verdicts, champions, deliveries on hold, records of runs.

At the command line it is who git says. A run that a server started is by nobody whom we can know, unless a proxy in
front of the server tells its user in a header, which HEMAFLOW_USER_HEADER names: the server (`serving.users`) then
labels the run with that user.
"""

import getpass
import os
import re
from pathlib import Path
from typing import Any

from operations import run_context
from operations.git import git

VARIABLE = "HEMAFLOW_USER_HEADER"
LABEL, ANSWERED = "hemaflow.user", "hemaflow.answered-by"
"""Labels of a flow run: who started it, and the run's id and who answered its question; nobody where the proxy named
none. The id tells an answer's label from one that a run inherited from its deployment, which anybody may edit."""
UNVERIFIED = "through the UI, unverified"
UNKNOWN = "unknown"
LENGTH = 200


def person(root: Path) -> str:
    """Who started the flow run around, where a server did; else who is at the command line."""
    run = run_context.current()
    return _who_runs(run) if run and run.deployment_id else at_the_command_line(root)


def at_the_command_line(root: Path) -> str:
    """`Ada Lovelace <ada@lab.org>` as git has it, the name alone where it has no more, else the login's name."""
    for words in (("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"), ("config", "user.name")):
        try:
            if known := re.sub(r" \d+ [+-]\d{4}$", "", git.line(root, *words)).strip():
                return known
        except OSError:
            continue
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return UNKNOWN


def header() -> str | None:
    """The name of the proxy's header, None where none is trusted. Raises ValueError for what is no header's name."""
    name = os.environ.get(VARIABLE) or None
    if name and not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise ValueError(f"{VARIABLE} must be the name of a header, as X-Forwarded-User, got {name!r}")
    return name


def answerer(run: Any) -> str | None:
    """Who answered the flow run's question; None where the server has not said so yet."""
    if not header():
        return UNVERIFIED
    answered, space, user = str((run.labels or {}).get(ANSWERED, "")).partition(" ")
    return _verified(user) if space and answered == str(run.id) else None


def _verified(user: str) -> str:
    """The user with the header that names it. A label counts only where a header is trusted."""
    trusted = header()
    return f"{user} ({trusted})" if user and trusted else UNVERIFIED


def _who_runs(run: Any) -> str:
    if run.auto_scheduled:
        return "the schedule"
    if run.created_by and run.created_by.type == "AUTOMATION":
        return f"the automation {run.created_by.display_value!r}"
    return _verified(str((run.labels or {}).get(LABEL) or ""))
