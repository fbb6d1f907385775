"""Prefect's server with the deployments, for as long as this process lasts."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows import HEARTBEAT_SECONDS
from flows.server import access, database, lease, server, webhook
from flows.server.supervisor import Supervisor
from operations import person
from operations.process import lock

END_SECONDS = 40
"""For flow runs to end their stages: a little more than the graces of `groups`."""
POLL_SECONDS = 1.0
"""A run that was started in the UI begins after so long at most; Prefect's default is 10."""
PROCESSES = 20
"""Flow runs side by side. Most of them wait for the project's lock, so this is no limit to what works at once."""


def serve(root: Path, host: str, port: int, url: str | None = None, alone: bool = False) -> None:
    """Serve the deployments until SIGTERM or Ctrl-C; then end the flow runs, their stages, and last the server.

    With `alone` the server alone, for a work pool and its workers (`flows.serving.pool`).

    The server listens at `host`, and keeps its runs in the database at `url` (None: that of the environment, see
    `database.chosen`). Raises ValueError for a host beyond the loopback without a password, a malformed password or
    URL (`access`, `database`, `webhook`) and a port that is taken; OSError where the database cannot be reached or the
    server fails; and KeyboardInterrupt after Ctrl-C.
    """
    # A shell's `&` hands SIGINT on as ignored, and SIGTERM goes its way too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    access.check_host(host)
    webhook.chosen()
    person.header()
    stored = database.chosen(url)
    if stored:
        database.check(stored)
    with server.announcing(root) as announce:
        access.check_free(host, port)
        supervisor = Supervisor(lambda: server.start(root, port, host, stored))
        try:
            os.environ.update({"PREFECT_API_URL": supervisor.server.api, **access.for_clients(), **server.PATIENT})
            (_keep_up if alone else _run_deployments)(root, supervisor, announce)
        finally:
            _end_children(supervisor.server.group.pid)
            supervisor.end()


def _run_deployments(root: Path, supervisor: Supervisor, announce: Callable[[str], None]) -> None:
    """Run what is due until a signal comes, or the server is gone for good: OSError then."""
    from flows.deployments import deployments  # Prefect's import, while its server starts
    from flows.serving.served_runner import ServedRunner

    runner = ServedRunner(
        name="hemaflow",
        pause_on_shutdown=False,
        query_seconds=POLL_SECONDS,
        prefetch_seconds=0,  # else a run that is to wait for a while is tried at each poll all the same
        limit=PROCESSES,
        heartbeat_seconds=HEARTBEAT_SECONDS,
    )
    made = deployments()
    _recover(root)
    supervisor.server.await_healthy()
    try:
        with lease.held(root, supervisor.server.api):
            names = _set_up(root, runner, made)
            announce(supervisor.server.api)
            print(f"{supervisor.server}, with the deployments {', '.join(names)}; Ctrl-C ends it", flush=True)
            with _observing(root), _keeping_forms(root), supervisor.supervising(runner.server_is_back):
                asyncio.run(runner.start())
    except KeyboardInterrupt:
        if supervisor.failed:
            raise OSError(f"Prefect's server ends again and again: see {supervisor.server.log}") from None
        if not runner.terminated:
            raise


def _keep_up(_root: Path, supervisor: Supervisor, announce: Callable[[str], None]) -> None:
    """Keep the server up until a signal comes, or it is gone for good: OSError then."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: over.set())
    supervisor.server.await_healthy()
    announce(supervisor.server.api)
    print(f"{supervisor.server}, without deployments; Ctrl-C ends it", flush=True)
    try:
        with supervisor.supervising(lambda: None):
            over.wait()
    except KeyboardInterrupt:
        if not supervisor.failed:
            raise
        raise OSError(f"Prefect's server ends again and again: see {supervisor.server.log}") from None


def _set_up(root: Path, runner: Any, made: list[Any]) -> list[str]:
    """Clear away what an earlier server left, and have this one know all that it is to do; names of the deployments."""
    from flows.server import limits
    from flows.serving import automations, dead_runs

    dead_runs.forget_missed()
    for deployment in made:
        runner.add_deployment(deployment)
    limits.set_up()
    automations.set_up(webhook.chosen())
    # Last: what died is told by the automations, and taken up by the deployments.
    for line in dead_runs.settle(root):
        print(line, file=sys.stderr, flush=True)
    return [str(deployment.name) for deployment in made]


def _recover(root: Path) -> None:
    """Finish a promotion that was cut short. Where somebody is at work, the next promotion does it."""
    from operations.registry import switch

    if lock.holder(root):
        return
    try:
        switch.recover(root)
    except (OSError, ValueError) as error:
        print(f"a promotion that was cut short could not be finished: {error}", file=sys.stderr, flush=True)


@contextmanager
def _observing(root: Path) -> Iterator[None]:
    """Have deliveries taken in as soon as they lie complete, where the file system tells of them."""
    from flows.serving.observer import observe, trigger_watch

    stop = threading.Event()
    for folder, settle_seconds in _landing_folders(root):
        looks = (root, folder, trigger_watch, stop, settle_seconds)
        threading.Thread(target=observe, args=looks, name="observe", daemon=True).start()
    try:
        yield
    finally:
        stop.set()


def _landing_folders(root: Path) -> list[tuple[Path, float]]:
    """Those that params.yaml names as `serve` starts, also one that is no use yet; each with its time to settle."""
    from operations.landing import folders

    try:
        _, problems = folders.usable(root)
        found = [(folder, folders.settings(root).settle_seconds) for folder in folders.configured(root)]
    except (OSError, ValueError) as error:  # which each run of `watch` says too
        found, problems = [], [str(error)]
    for problem in problems:
        print(problem, file=sys.stderr, flush=True)
    return found


@contextmanager
def _keeping_forms(root: Path) -> Iterator[None]:
    """Have the forms show what stands in params.yaml, whenever that changes."""
    from flows.serving import forms

    stop = threading.Event()
    threading.Thread(target=forms.keep, args=(root, stop), name="forms", daemon=True).start()
    try:
        yield
    finally:
        stop.set()


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
