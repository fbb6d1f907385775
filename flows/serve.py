"""A Prefect server on the loopback, with the deployments `pipeline` and `watch`, for as long as this process lasts."""

import asyncio
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows import server

NIGHTLY = "0 2 * * *"
WATCH_EVERY = timedelta(minutes=1)
END_SECONDS = 40
"""For flow runs to end their stages: a little more than the graces of `groups`."""


def serve(root: Path, host: str, port: int) -> None:
    """Serve the deployments until SIGTERM or Ctrl-C; then end the flow runs, their stages, and last the server.

    Raises ValueError for a host other than the loopback and a port that is taken, OSError where the server fails, and
    KeyboardInterrupt after Ctrl-C.
    """
    # A shell's `&` hands SIGINT on as ignored, and SIGTERM goes its way too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if host not in (server.HOST, "localhost"):
        raise ValueError(f"--host must be {server.HOST}, got {host}: Prefect's API has no password, and runs code")
    with server.announcing(root) as announce:
        server.check_free(port)
        api = server.start(root, port)
        try:
            api.await_healthy()
            announce(api.api)
            os.environ["PREFECT_API_URL"] = api.api
            print(f"Prefect is at {api.url}, with the deployments pipeline and watch; Ctrl-C ends it", flush=True)
            _run_deployments(api)
        finally:
            _end_children(api.group.pid)
            api.end()


def deployments() -> list[Any]:
    """The deployments: flows named by module, at most one run of each at once.

    A run of the pipeline waits for the one before it, since its settings may differ. A look into the drop folder that
    comes while another is being worked off is cancelled: the next one is a minute away.
    """
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy as Strategy
    from prefect.types.entrypoint import EntrypointType

    from flows.pipeline import pipeline
    from flows.watch import watch

    def deployment(flow: Any, strategy: Strategy, **when: Any) -> Any:
        return flow.to_deployment(
            flow.name,
            description=flow.description,
            concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=strategy),
            entrypoint_type=EntrypointType.MODULE_PATH,
            **when,
        )

    return [
        deployment(pipeline, Strategy.ENQUEUE, cron=NIGHTLY),
        deployment(watch, Strategy.CANCEL_NEW, interval=WATCH_EVERY),
    ]


def forget_missed() -> None:
    """Of the runs whose time came while nobody served, leave the last of each deployment: it does the work of all."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    missed = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": datetime.now(UTC)}}
    kept = set()
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(missed), sort=FlowRunSort.EXPECTED_START_TIME_DESC
        )
        for run in runs:
            if run.auto_scheduled and run.deployment_id in kept:
                client.delete_flow_run(run.id)
            kept.add(run.deployment_id)


def _run_deployments(api: server.Server) -> None:
    """Run what is due until a signal comes, or the server is gone: OSError then."""
    from prefect.runner import Runner

    class OneEnd(Runner):
        """Prefect's own answer to SIGTERM leaves its coroutine half done, so SIGTERM goes the way of Ctrl-C."""

        terminated = False

        def handle_sigterm(self, *_args: Any) -> None:
            """Called for SIGTERM."""
            self.terminated = True
            signal.raise_signal(signal.SIGINT)

    forget_missed()
    runner = OneEnd(name="hemaflow", pause_on_shutdown=False)
    for deployment in deployments():
        runner.add_deployment(deployment)
    over = threading.Event()
    threading.Thread(target=_interrupt_when_ended, args=(api, over), daemon=True).start()
    try:
        asyncio.run(runner.start())
    except KeyboardInterrupt:
        if api.group.poll() is not None:
            raise OSError(f"Prefect's server at {api.url} ended by itself") from None
        if not runner.terminated:
            raise
    finally:
        over.set()


def _interrupt_when_ended(api: server.Server, over: threading.Event) -> None:
    api.group.wait()
    if not over.is_set():
        os.kill(os.getpid(), signal.SIGINT)


def _end_children(server_pid: int) -> None:
    """End what Prefect's runner has left running, with its stages; SIGKILL for what does not end in END_SECONDS."""
    import psutil

    runs = [child for child in psutil.Process().children() if child.pid != server_pid]
    all_of_them = [process for run in runs for process in (run, *run.children(recursive=True))]
    for run in runs:
        run.terminate()
    _, left = psutil.wait_procs(all_of_them, timeout=END_SECONDS)
    for process in left:
        process.kill()
