"""A receiver of webhooks on the loopback."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Received(list[dict[str, Any]]):
    """What was posted, each with its content type; `url` is where to. `statuses` are its next answers, then 204."""

    def __init__(self) -> None:
        super().__init__()
        self.url, self.seconds = "", 0.0
        self.statuses: list[int] = []
        self.asked = 0

    def events(self, event: str) -> list[str]:
        """The messages of that event."""
        return [each["message"] for each in self if each["event"] == event]


@contextmanager
def receiving() -> Iterator[Received]:
    got = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(got.seconds)
            status = got.statuses.pop(0) if got.statuses else 204
            if status < 300:
                got.append({**json.loads(body), "type": self.headers["Content-Type"]})
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{got.url}/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            raise AssertionError("a redirect was followed")

        def log_message(self, *_args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    got.url = f"http://127.0.0.1:{listening.server_port}/s3cret"
    try:
        yield got
    finally:
        listening.shutdown()
        listening.server_close()
