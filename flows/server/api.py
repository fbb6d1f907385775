"""Requests to Prefect's API without Prefect, whose import takes seconds."""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from flows.server import access

VARIABLE = "PREFECT_API_URL"
SECONDS = 30.0
PROBE_SECONDS = 10.0
NO_MORE: Mapping[str, str] = MappingProxyType({})


class Answer(NamedTuple):
    """An answer of the server: status, the JSON of its body (None for none or an error) and headers."""

    status: int
    json: Any
    headers: Message

    @property
    def time(self) -> datetime:
        """The server's clock, or this machine's where the answer does not say."""
        date = self.headers["Date"]
        return parsedate_to_datetime(date) if date else datetime.now(UTC)


def call(
    api: str, method: str, path: str, body: Any = None, *, allowed: tuple[int, ...] = (), seconds: float = SECONDS
) -> Answer:
    """Send JSON to `path` of an API, with the password of the environment where there is one.

    Statuses of 400 and above raise HTTPError, an OSError, except those in `allowed`; a server that does not answer, an
    OSError with its address.
    """
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **access.headers()}
    answer = _open(urllib.request.Request(f"{api}/{path}", data, headers, method=method), allowed, seconds)
    return answer._replace(json=json.loads(answer.json or b"null") if answer.status < 400 else None)


def named(seconds: float = PROBE_SECONDS) -> str | None:
    """The API that PREFECT_API_URL names, None where it is not set. Raises as `check_admitted`."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return None
    if not access.is_http(given):
        raise ValueError(f"{VARIABLE} must name the server, as http://HOST:4200/api, got {given!r}")
    try:
        check_admitted(given.rstrip("/"), seconds)
    except OSError as error:
        raise OSError(f"{VARIABLE}: {error}") from error
    return given.rstrip("/")


def healthy(api: str) -> bool:
    """Whether a Prefect API answers there."""
    try:
        return probe(api, "health", seconds=5).status == 200
    except OSError:
        return False


def probe(
    api: str, path: str, *, password: bool = True, seconds: float = PROBE_SECONDS, headers: Mapping[str, str] = NO_MORE
) -> Answer:
    """GET `path`, whatever the status, with further headers; the body is left out."""
    given = access.headers() if password else {}
    request = urllib.request.Request(f"{api}/{path}", headers={**given, **headers})
    return _open(request, None, seconds)._replace(json=None)


def check_admitted(api: str, seconds: float = PROBE_SECONDS) -> None:
    """Raises ValueError where the server asks for another password than the one that is set, or for one at all.

    OSError where it does not answer, or is none of Prefect's.
    """
    status = probe(api, "admin/version", seconds=seconds).status
    if status == 401 and access.password() is None:
        raise ValueError(f"the Prefect server {api} asks for a password: set {access.VARIABLE}")
    if status == 401:
        raise ValueError(f"{api} refuses {access.VARIABLE}: it must be the one that `serve` was started with")
    if status != 200:
        raise OSError(f"{api} is no API of Prefect's (HTTP {status}), which is at http://HOST:4200/api")


def _open(request: urllib.request.Request, allowed: tuple[int, ...] | None, seconds: float) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return Answer(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        if allowed is not None and error.code not in allowed:
            raise
        return Answer(error.code, None, error.headers)
    except (OSError, http.client.HTTPException) as error:  # an URLError has the reason, such as "Connection refused"
        where = request.full_url.partition("/api/")
        raise OSError(f"the Prefect server {where[0]}{where[1][:-1]} does not answer: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason)
