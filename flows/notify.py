"""Tells a person what needs one: posts an event to the URL that HEMAFLOW_WEBHOOK names, from the process it happens in.

A crash is told by Prefect's server (`serving.automations`), in the same form: the process is gone.

No run fails of a receiver, and none waits for one: a thread posts, which the end of the process waits for. A receiver
that is down is tried again a few times, and then left alone for a minute. Redirects are not followed: they would
make a GET of it, to wherever the receiver says.
"""

import hashlib
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from flows.server import server, webhook
from operations import run_context
from tasks import atomic

Event = Literal["failed", "crashed", "quarantine", "refused", "drift", "held"]
Logger = logging.Logger | logging.LoggerAdapter[Any]
LOG = logging.getLogger(__name__)

LENGTH = 1000
"""Characters of a message."""
TIMEOUT = 5.0
"""Seconds for the receiver to answer."""
PAUSES = (0.0, 1.0, 4.0)
"""Seconds before each try."""
SILENCE = 60.0
"""Seconds for which a receiver that failed each try is left alone."""

NOTIFIED = Path("data/.state/notified.json")
DAY = 20 * 3600.0
"""Less than the time from one night's run to the next."""

_thread = ThreadPoolExecutor(1, "notify")
_silent_until = 0.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        """Called for a redirect; None makes an error of it."""


def tell(
    event: Event, message: str, log: Logger = LOG, run: Any = None, once: Path | None = None
) -> Future[None] | None:
    """Post the event with a sentence about it, unless no URL is set; `run` is by default the flow run around.

    `once` is the project in which the same was not told for a day, or else nothing is. The future is done when it was
    posted or given up, which `log` is told.
    """
    try:
        url = webhook.chosen()
    except ValueError as error:
        log.warning("%s: nobody is told of %r", error, event)
        return None
    if not url or (once and not _is_news(once, event, message)):
        return None
    body = _body(event, message, run or run_context.current())
    return _thread.submit(_deliver, url, body, log, partial(_note, once, event, message) if once else None)


def failed(flow: Any, flow_run: Any, state: Any) -> None:
    """The hook `on_failure` of the flows. What failed below another flow run is told by that one.

    A scheduled run that fails as the one before it did is told once: `watch` comes each minute.
    """
    if not flow_run.parent_task_run_id:
        once = Path.cwd() if flow_run.auto_scheduled else None
        tell("failed", f"{flow.name}: {state.message}", run=flow_run, once=once)


def _is_news(root: Path, event: Event, message: str) -> bool:
    """Whether it was not told within the last day."""
    return _digest(event, message) not in _notified(root)


def _note(root: Path, event: Event, message: str) -> None:
    """Note that it was told."""
    (root / NOTIFIED).parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError), atomic.replacing(root / NOTIFIED) as stream:
        stream.write(json.dumps({**_notified(root), _digest(event, message): time.time()}).encode())


def _notified(root: Path) -> dict[str, float]:
    """When what was told, of the last day."""
    try:
        noted = json.loads((root / NOTIFIED).read_text())
        return {digest: when for digest, when in noted.items() if when > time.time() - DAY}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _digest(event: Event, message: str) -> str:
    return hashlib.sha256(f"{event} {message}".encode()).hexdigest()


def _body(event: Event, message: str, run: Any) -> bytes:
    """`url` is that of the run's page, where a server shows it that will be there; `explain` the command that tells."""
    document = {
        "event": event,
        "message": " ".join(message.split())[:LENGTH],
        "run": run.name if run else None,
        "url": _page(run) if run else None,
        "explain": f"hemaflow explain {run.id}" if run else None,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(document).encode()


def _page(run: Any) -> str | None:
    from prefect.utilities.urls import url_for

    return url_for("flow-run", run.id) if server.lasts() else None


def _deliver(url: str, body: bytes, log: Logger, noted: Callable[[], None] | None) -> None:
    """Post it, and note that. Never logs the URL, which may hold a secret."""
    global _silent_until
    why = "failed a moment ago" if time.monotonic() < _silent_until else _posted(url, body)
    if not why:
        return noted() if noted else None
    if time.monotonic() >= _silent_until:
        _silent_until = time.monotonic() + SILENCE
    log.warning("not told, for the receiver of %s %s: %s", webhook.VARIABLE, why, body.decode())
    return None


def _posted(url: str, body: bytes) -> str:
    """Why it was not taken after all tries, "" where it was."""
    why = ""
    for pause in PAUSES:
        time.sleep(pause)
        why, final = _tried(url, body)
        if final or not why:
            break
    return why


def _tried(url: str, body: bytes) -> tuple[str, bool]:
    """Why it was not taken, "" where it was; and whether another try is in vain."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT).close()
    except urllib.error.HTTPError as error:
        redirected = " with a redirect, which is not followed" if 300 <= error.code < 400 else ""
        return f"answers {error.code}{redirected}", error.code < 500 and error.code not in (408, 429)
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return f"is not to be reached ({type(reason).__name__})", False
    except Exception as error:  # http.client's, for what is no HTTP
        return f"does not speak HTTP ({type(error).__name__})", False
    return "", False
