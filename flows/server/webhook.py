"""Where a person is told what needs one: the URL that HEMAFLOW_WEBHOOK names in the environment.

Nothing here imports Prefect.
"""

import os

from flows.server import access

VARIABLE = "HEMAFLOW_WEBHOOK"


def chosen() -> str | None:
    """The URL; None where the variable is unset or empty. Raises ValueError as `check` does."""
    url = os.environ.get(VARIABLE) or None
    if url:
        check(url)
    return url


def check(url: str) -> None:
    """Raises ValueError for what is no http or https URL. The error does not repeat it: it may hold a secret."""
    if not access.is_http(url):
        scheme = url.partition(":")[0] if ":" in url else ""
        got = f"one that begins with {scheme}:" if scheme.isalnum() else "something else"
        raise ValueError(f"{VARIABLE} must be an http or https URL with a host, got {got}")
