"""Runs git, free of the variables that a hook leaves, under the project's lock where this process holds it."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from operations.process import lock

NAME, EMAIL = "hemaflow", "hemaflow@localhost"
"""Who commits where git knows nobody."""
KEPT = re.compile(r"GIT_(AUTHOR|COMMITTER|CONFIG|SSH|ASKPASS|TRACE|EXEC_PATH)")
"""Variables of git's that are the user's; the others, as GIT_DIR, are those of a hook that this runs in."""


def run(
    root: Path,
    *words: str,
    stdin: bytes = b"",
    index: Path | None = None,
    extra: Mapping[str, str] = MappingProxyType({}),
    limit: float | None = None,
) -> bytes:
    """What git writes to standard output, with another `index` than its own, and `extra` variables.

    Raises OSError with what git said where it fails, and where it did not end within `limit` seconds.
    """
    special = {"GIT_INDEX_FILE": str(index)} if index else {}
    # The lock goes to the child: where this process is killed, it lasts until git has ended.
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=root,
            env={**_environment(), **extra, **special},
            input=stdin,
            capture_output=True,
            timeout=limit,
            pass_fds=lock.descriptors(root),
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"git {words[0]} did not end within {limit:.0f} s") from None
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise OSError(f"git {words[0]}: {message.removeprefix('fatal: ')}")
    return done.stdout


def line(root: Path, *words: str) -> str:
    """The same as text, without the end of the line."""
    return os.fsdecode(run(root, *words)).rstrip("\n")


def succeeds(root: Path, *words: str) -> bool:
    """Whether git ends with 0."""
    try:
        run(root, *words)
    except OSError:
        return False
    return True


def identity(root: Path) -> dict[str, str]:
    """Variables that say who commits; none where git was told who, for it would guess from the host's name."""
    found: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        if not succeeds(root, "-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT"):
            found |= {f"GIT_{role}_NAME": NAME, f"GIT_{role}_EMAIL": EMAIL}
    return found


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or KEPT.match(name)}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
