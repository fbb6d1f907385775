"""Labels flow runs with the user whom a proxy in front of Prefect's server names, so that no client can name another.

Around Prefect's application, where HEMAFLOW_USER_HEADER is set (`operations.person`). Whoever reaches the server past
the proxy can send that header too: it must listen where the proxy alone can reach it. Nothing here imports Prefect.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from flows.server.asgi import App, Message, Receive, Send, replayed, whole_body
from operations import person
from operations.person import ANSWERED, LABEL, LENGTH

CREATES = re.compile(r"/(deployments/[^/]+/create_flow_run(/bulk)?|flow_runs)/?$")
LABELS = re.compile(r"/flow_runs/[^/]+/labels/?$")
ANSWERS = re.compile(r"/flow_runs/[^/]+/resume/?$")
PREFECTS_OWN = (b"prefect-automation-id", b"prefect-automation-name")
"""Headers by which an automation says that it starts a run; those come from within the server, never by this way."""


def stamping(app: App) -> App:
    """The application behind `Users` where a header is trusted. Raises ValueError for what is no header's name."""
    trusted = person.header()
    return Users(app, trusted) if trusted else app


class Users:
    """An ASGI application around another."""

    def __init__(self, app: App, header: str):
        self.app, self._header = app, header.lower().encode()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Called by the server for each connection."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PATCH"):
            await self.app(scope, receive, send)
            return
        user, path = self._user(scope), scope["path"]
        if CREATES.search(path):
            await self._relabelled(_from_outside(scope), receive, send, partial(_stamped, user))
        elif LABELS.search(path):
            await self._relabelled(scope, receive, send, _without_ours)
        elif ANSWERS.search(path):
            await self._answered(scope, receive, send, user)
        else:
            await self.app(scope, receive, send)

    def _user(self, scope: Any) -> str:
        """Whom the proxy names; "" for nobody, more than one, and what is no name."""
        found = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == self._header]
        user = found[0].strip() if len(found) == 1 else ""
        return user if user.isprintable() and len(user) <= LENGTH else ""

    async def _relabelled(self, scope: Any, receive: Receive, send: Send, change: Callable[[Any], Any]) -> None:
        """Pass a request on with its document changed; what is no JSON is Prefect's to refuse."""
        body = await whole_body(receive)
        with suppress(ValueError):
            body = json.dumps(change(json.loads(body))).encode()
        await self.app(_resized(scope, len(body)), replayed(body, receive), send)

    async def _answered(self, scope: Any, receive: Receive, send: Send, user: str) -> None:
        """Label the run with who answered, once the answer was accepted, before its client hears so."""
        whole: list[Message] = []

        async def hold_back(message: Message) -> None:
            whole.append(message)

        await self.app(_plain(scope), receive, hold_back)
        if _accepted(whole):
            await self._label(scope, receive, {ANSWERED: f"{_run(scope)} {user}"})
        for each in whole:
            await send(each)

    async def _label(self, scope: Any, receive: Receive, labels: dict[str, str]) -> None:
        body = json.dumps(labels).encode()
        path = re.sub(r"resume/?$", "labels", scope["path"])
        where = {"method": "PATCH", "path": path, "raw_path": path.encode(), "query_string": b""}
        inner = {**_resized(scope, len(body)), **where}

        async def unheard(_message: Message) -> None: ...

        await self.app(inner, replayed(body, receive), unheard)


def _run(scope: Any) -> str:
    """The id in the path of an answer."""
    return str(scope["path"].rstrip("/").split("/")[-2]).lower()


def _stamped(user: str, document: Any) -> Any:
    """The run, or list of runs, that is to be created, with the user as its label.

    With an empty one for nobody, lest the label of its deployment, which anybody may edit, is inherited.
    """
    if isinstance(document, list):
        return [_stamped(user, each) for each in document]
    if not isinstance(document, dict):
        return document
    return {**document, "labels": {**_without_ours(document.get("labels") or {}), LABEL: user}}


def _without_ours(labels: Any) -> Any:
    ours = (LABEL, ANSWERED)
    return {key: value for key, value in labels.items() if key not in ours} if isinstance(labels, dict) else labels


def _accepted(messages: list[Message]) -> bool:
    """Whether Prefect's answer says that the run goes on with that input."""
    body = b"".join(each.get("body", b"") for each in messages[1:])
    try:
        return bool(messages[0]["status"] < 300 and json.loads(body)["status"] == "ACCEPT")
    except (ValueError, LookupError, TypeError):
        return False


def _from_outside(scope: Any) -> Any:
    return {**scope, "headers": [each for each in scope["headers"] if each[0].lower() not in PREFECTS_OWN]}


def _plain(scope: Any) -> Any:
    """For an answer that is read on its way."""
    return {**scope, "headers": [each for each in scope["headers"] if each[0].lower() != b"accept-encoding"]}


def _resized(scope: Any, length: int) -> Any:
    dropped = (b"content-length", b"transfer-encoding")
    kept = [each for each in scope["headers"] if each[0].lower() not in dropped]
    return {**scope, "headers": [*kept, (b"content-length", str(length).encode())]}
