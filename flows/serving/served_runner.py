"""Prefect's runner, as `serve` has it: its flow runs end with it, however it ends, and it outlasts Prefect's server."""

import asyncio
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from prefect.runner import Runner

COMMAND = shlex.join([sys.executable, "-m", "flows.serving.served_run"])
"""In place of `python -m prefect.engine`."""
LOOK_SECONDS = 5.0
"""Between looks for cancelled runs while the server does not tell of them."""


class ServedRunner(Runner):
    """Starts each flow run as `served_run`, and leaves by KeyboardInterrupt on SIGTERM too.

    Prefect's own answer to SIGTERM leaves its coroutine half done. `terminated` tells the two apart.
    """

    terminated = False

    def handle_sigterm(self, *_args: Any) -> None:
        """Called for SIGTERM."""
        self.terminated = True
        signal.raise_signal(signal.SIGINT)

    async def __aenter__(self) -> "ServedRunner":
        await super().__aenter__()
        poller = self._scheduled_run_poller
        prefects = poller._resolve_starter

        def starter(flow_run: Any) -> Any:
            made: Any = prefects(flow_run)
            made._command = COMMAND
            return made

        poller._resolve_starter = starter
        vars(poller)["_get_and_submit_flow_runs"] = tolerant(poller._get_and_submit_flow_runs)
        self._looking = asyncio.create_task(self._look_for_cancelled())
        return self

    async def __aexit__(self, *error: Any) -> None:
        self._looking.cancel()
        await super().__aexit__(*error)

    def server_is_back(self) -> None:
        """See to runs that were cancelled before the runner heard of the server again. Called from another thread."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._look_later(), self._loop)

    async def _look_for_cancelled(self) -> None:
        """Stand in for Prefect's observer, which gives up its connection after 8 s, and asking after 3 failures."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            connection = self._observer._consumer_task
            if connection is None or connection.done():
                await self._look()

    async def _look_later(self) -> None:
        await asyncio.sleep(LOOK_SECONDS)
        await self._look()

    @property
    def _observer(self) -> Any:
        return self._cancelling_observer

    async def _look(self) -> None:
        await tolerant(self._observer._check_for_cancelled_flow_runs)()


def tolerant(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same, and nothing where the server is away or its database is: the next call comes soon.

    Prefect's loop around it would end, and the runner with it, after three failures in a row.
    """

    async def called(*arguments: Any, **options: Any) -> Any:
        try:
            return await call(*arguments, **options)
        except httpx.TransportError:
            return None
        except httpx.HTTPStatusError as error:
            if error.response.status_code < 500:
                raise
            return None

    return called
