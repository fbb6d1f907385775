"""Where a person is told what needs one: the URL that HEMAFLOW_WEBHOOK names in the environment.

Nothing here imports Prefect.
"""

import os
from urllib.parse import urlsplit

VARIABLE = "HEMAFLOW_WEBHOOK"


def chosen() -> str | None:
    """The URL; None where the variable is unset or empty. Raises ValueError as `check` does."""
    url = os.environ.get(VARIABLE) or None
    if url:
        check(url)
    return url


def check(url: str) -> None:
    """Raises ValueError for what is no http or https URL. The error does not repeat it: it may hold a secret."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good, parts = False, None
    if not good or any(character.isspace() for character in url):
        got = f"one that begins with {parts.scheme}:" if parts and parts.scheme else "something else"
        raise ValueError(f"{VARIABLE} must be an http or https URL with a host, got {got}")
