"""Prefect's application behind two checks that Prefect leaves out: of the Host header, and of a busy database.

`uvicorn --factory flows.server.application:create_app` serves it.
"""

import asyncio
import ipaddress
import os
import random
import socket
from typing import Any

from flows.server import users
from flows.server.asgi import App, Message, Receive, Send, replayed, whole_body

NAMES = "HEMAFLOW_HOSTS"
PATIENCE = 20.0
"""Seconds for which a request is tried again while the database is busy."""
LONGEST_PAUSE = 1.0
BUSY = 503


def create_app() -> App:
    """Prefect's server, as an ASGI application."""
    from prefect.server.api.server import create_app as prefects

    from flows.server import sqlite

    sqlite.use()
    return known_hosts(users.stamping(patient(prefects())))


def names() -> set[str]:
    """Names by which browsers may know this server; addresses need none. HEMAFLOW_HOSTS adds some, with commas."""
    given = os.environ.get(NAMES, "").split(",")
    machine = socket.gethostname().lower()
    return {"localhost", machine, machine.partition(".")[0]} | {name.strip().lower() for name in given if name.strip()}


def known_hosts(app: App) -> App:
    """Refuse a request whose Host header names another host, with status 400.

    A page of a stranger's whose name was made to resolve to this machine (DNS rebinding) is of the same origin as the
    server for the browser, so CORS does not stop it. The Host header shows the stranger's name.
    """
    known = names()

    async def checked(scope: Any, receive: Receive, send: Send) -> None:
        host = dict(scope.get("headers") or ()).get(b"host", b"").decode("latin-1")
        if scope["type"] in ("http", "websocket") and not is_known(host, known):
            await _refuse(scope, send, f"unknown host {host!r}: a server behind that name needs it in {NAMES}")
        else:
            await app(scope, receive, send)

    return checked


def is_known(host: str, known: set[str]) -> bool:
    """Whether a Host header, with or without a port, is an IP address or one of the known names."""
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower().rstrip(".") in known
    return True


def patient(app: App) -> App:
    """Try a write again that the server answers with 503, for a while.

    The transaction was rolled back. Prefect's own client tries again, its UI does not.
    """

    async def tried(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return await app(scope, receive, send)
        body = await whole_body(receive)
        until, pause = asyncio.get_running_loop().time() + PATIENCE, 0.02
        while True:
            answer = _Answer(send, last=asyncio.get_running_loop().time() > until)
            try:
                await app(_copy(scope), replayed(body, receive), answer)
            except Exception:  # Prefect's handler answers with 503, and the error goes on all the same
                if not answer.is_busy:
                    raise
            if not answer.is_busy:
                return None
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # else those who collided do so again
            pause = min(2 * pause, LONGEST_PAUSE)

    return tried


class _Answer:
    """Passes an answer on, but for one that says busy; the last one whatever it says."""

    def __init__(self, send: Send, last: bool):
        self._send, self._last, self.is_busy = send, last, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_busy = message["status"] == BUSY and not self._last
        if not self.is_busy:
            await self._send(message)


def _copy(scope: Any) -> Any:
    """A scope for one try: the routers write into it."""
    return {**scope, "state": dict(scope.get("state") or {})}


async def _refuse(scope: Any, send: Send, text: str) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008, "reason": "unknown host"})
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    return await send({"type": "http.response.body", "body": f"{text}\n".encode()})
