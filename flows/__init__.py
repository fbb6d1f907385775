"""When the stages run: flows, deployments, triggers and serving. The only package that imports Prefect."""

import os
from pathlib import Path

HEARTBEAT_SECONDS = 30
"""Between the heartbeats of a flow run, Prefect's least."""

# Prefect reads these when it is imported, and this file runs before any module of the package can import
# them, so no entry point can forget it: neither the command line, a notebook, nor the process of a served flow run.
os.environ.update(PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1")
if "PREFECT_API_URL" not in os.environ:  # else the runs live elsewhere, and so do that server's settings
    os.environ.setdefault("PREFECT_HOME", str(Path.cwd() / "data/.state/prefect"))
# A run that is silent for longer than flows/serving/automations.py allows counts as dead.
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", str(HEARTBEAT_SECONDS))

from flows.server import proxy  # noqa: E402  # after the environment is as it has to be

proxy.leave_out()

from flows import flow_run  # noqa: E402
from operations import run_context  # noqa: E402

run_context.provide(flow_run.current)
