"""Keeps what this machine asks itself away from the proxy that http_proxy and its like name."""

import os

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERY = "*"


def leave_out(*hosts: str) -> None:
    """Have this process and its children reach the loopback, and `hosts`, without a proxy.

    In both spellings of the variable: urllib, httpx and curl each prefer another one.
    """
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    known = [host.strip() for host in given.split(",") if host.strip()]
    if EVERY not in known:
        known = list(dict.fromkeys([*known, *LOOPBACK, *hosts]))
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(known)
