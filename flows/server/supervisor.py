"""Keeps a server up: one that ends by itself is started again, a few times."""

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flows.server.server import Server

PAUSES = (0.0, 2.0, 5.0, 10.0, 20.0, 20.0, 20.0, 20.0)
"""Seconds before the server is started for the first, second, ... time after it ended: its database may be away."""
WITHIN = 600.0
"""A server that has ended more often than there are pauses in so many seconds is given up."""


class Supervisor:
    """A server, and the right to start it again at the same address. `server` is the one that runs now."""

    def __init__(self, start: Callable[[], Server], pauses: Sequence[float] = PAUSES, within: float = WITHIN):
        self._start, self._pauses, self._within = start, pauses, within
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.failed = False
        self.server = start()

    @contextmanager
    def supervising(self, back: Callable[[], object]) -> Iterator[None]:
        """For as long as the block lasts. Where the server is given up, `failed` is set and SIGINT leaves the block.

        `back` is called, in another thread, each time that the server answers again.
        """
        threading.Thread(target=self._keep, args=(back,), name="supervisor", daemon=True).start()
        try:
            yield
        finally:
            self._over.set()

    def end(self) -> None:
        """End the server for good."""
        self._over.set()
        with self._lock:
            self.server.end()

    def _keep(self, back: Callable[[], object]) -> None:
        ends: deque[float] = deque()
        while self._ended():
            now = time.monotonic()
            ends = deque(each for each in ends if now - each < self._within)
            if len(ends) == len(self._pauses):
                self.failed = True
                os.kill(os.getpid(), signal.SIGINT)
                return
            if self._start_again(self._pauses[len(ends)]):
                back()
            ends.append(now)

    def _ended(self) -> bool:
        """Wait until the server has ended. False where it was meant to."""
        self.server.group.wait()
        return not self._over.is_set()

    def _start_again(self, pause: float) -> bool:
        """Whether it answers."""
        print(f"Prefect's server ended by itself; it is started again in {pause:g} s", file=sys.stderr, flush=True)
        if self._over.wait(pause):
            return False
        with self._lock:
            if self._over.is_set():
                return False
            self.server = self._start()
        try:
            self.server.await_healthy()
        except OSError:  # it has ended, or it hangs; its log says why
            self.server.end()
            return False
        print(f"Prefect's server is back at {self.server.url}", file=sys.stderr, flush=True)
        return True
