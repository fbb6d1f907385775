"""A flow run that asks a person, and Prefect's API as its UI uses it."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

import httpx


class Question:
    """A flow run in a thread, which waits for an answer."""

    def __init__(self, api: str, flow: Any, parameters: dict[str, Any]):
        from prefect import get_client
        from prefect.flow_engine import run_flow

        with get_client(sync_client=True) as client:
            run = client.create_flow_run(flow, parameters=parameters)
        self.name, self.url = run.name, f"{api}/flow_runs/{run.id}"
        call = partial(copy_context().run, run_flow, flow, run, parameters, return_type="state")
        self._ended: Future[Any] = ThreadPoolExecutor(1).submit(call)

    def await_state(self, *names: str) -> dict[str, Any]:
        """The state once it is one of these."""
        until, state = time.monotonic() + 120, {}
        while time.monotonic() < until and state.get("name") not in names:
            time.sleep(0.05)
            state = httpx.get(self.url).json()["state"]
        assert state.get("name") in names, state
        return state

    def answer(self, answer: dict[str, str]) -> dict[str, Any]:
        """What the UI sends when the form is submitted; the server's reply."""
        return dict(httpx.post(f"{self.url}/resume", json={"run_input": answer}).json())

    def form(self) -> tuple[dict[str, Any], str]:
        """The form's schema and the text above it, as the UI finds them."""
        keys = self.await_state("Paused")["state_details"]["run_input_keyset"]
        schema, text = (httpx.get(f"{self.url}/input/{keys[name]}").json() for name in ("schema", "description"))
        return schema, text

    def cancel(self) -> None:
        """End it, unless it has ended: a thread that waits would keep this process from ending."""
        if self.is_open():
            httpx.post(f"{self.url}/set_state", json={"state": {"type": "CANCELLED"}, "force": True})

    def is_open(self) -> bool:
        """Whether the flow has not ended."""
        return not self._ended.done()

    def result(self) -> Any:
        """What the flow returned, waited for; raises what it raised."""
        return self._ended.result(120).result()
