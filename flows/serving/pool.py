"""A work pool and its workers, instead of the one process of `serve`: docs/deploying.md.

The pool's base job template leaves nothing to whoever starts a run: a run's or a deployment's job variables could
otherwise name any command, environment or folder for the worker's user.
"""

import os
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

from flows import HEARTBEAT_SECONDS
from flows.server import access, lease, webhook
from flows.server.api import VARIABLE, call, check_admitted, named, probe
from operations.process import groups

NAME = "hemaflow"
HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
STRANGER = "http://stranger.invalid"


def template(root: Path) -> dict[str, Any]:
    """The base job template: Prefect's own command in the project's folder, and no variables."""
    job = {"env": HEARTBEAT, "working_dir": str(root.resolve()), "stream_output": True}
    return {"job_configuration": job, "variables": {"type": "object", "properties": {}, "additionalProperties": False}}


def deploy(root: Path) -> None:
    """Have the server that PREFECT_API_URL names know the pool, the deployments of prefect.yaml and the automations.

    Raises ValueError without PREFECT_API_URL, for an open server, and for that of another checkout; OSError where the
    server does not answer or `prefect deploy` fails.
    """
    api = _api()
    check_server(api)
    with lease.held(root, api):
        _put_pool(api, template(root))
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        env = groups.environment(PWD=str(root.resolve()), **access.for_clients())
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"prefect deploy failed with exit code {done.returncode}:\n{done.stderr or done.stdout}")
        os.environ.update(access.for_clients())  # before the import of Prefect, which reads it then
        from flows.server import limits
        from flows.serving import automations

        limits.set_up()
        automations.set_up(webhook.chosen())


def work(root: Path) -> int:
    """Work off the pool's runs until Ctrl-C or SIGTERM, with the server's lease; the worker's exit code.

    Raises ValueError for an open server, for a pool that is missing or was made otherwise, and for another checkout's
    server.
    """
    api = _api()
    check_server(api)
    check_pool(api, root)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", NAME, "--type", "process"]
    env = groups.environment(**HEARTBEAT, **access.for_clients())
    with lease.held(root, api), groups.Holder().running(command, root, env=env, to=sys.stdout.buffer) as group:
        return group.wait()


def check_server(api: str) -> None:
    """Raise ValueError with all that is open about the server, as it is where it was not started by `serve`."""
    faults = []
    if probe(api, "health", headers={"Host": "stranger.invalid"}).status == 200:
        faults.append("it answers to any Host header (DNS rebinding)")
    if probe(api, "health", headers={"Origin": STRANGER}).headers.get("Access-Control-Allow-Origin") in ("*", STRANGER):
        faults.append("any web page may read from it (CORS)")
    host = urllib.parse.urlparse(api).hostname or ""
    if not access.is_loopback(host) and probe(api, "admin/version", password=False).status == 200:
        faults.append("it asks for no password beyond the loopback")
    if faults:
        raise ValueError(
            f"the Prefect server {api} is open: {'; '.join(faults)}. Whoever reaches it runs code as you. Start it by "
            "`hemaflow serve --server-only`"
        )
    check_admitted(api)


def check_pool(api: str, root: Path) -> None:
    """Raise ValueError where the pool is missing, or its template is not ours."""
    found = _pool(api)
    if found is None:
        raise ValueError(f"{api} has no work pool {NAME!r}: make it by `hemaflow deploy`")
    if found["base_job_template"] != template(root):
        raise ValueError(
            f"the work pool {NAME!r} of {api} was made otherwise, or for another folder than {root.resolve()}, and may "
            "let whoever starts a run choose its command: `hemaflow deploy` in this folder sets it right"
        )


def _api() -> str:
    api = named()
    if api is None:
        raise ValueError(f"{VARIABLE} must name the server, as http://HOST:4200/api")
    return api


def _put_pool(api: str, made: dict[str, Any]) -> None:
    body = {"name": NAME, "type": "process", "base_job_template": made}
    if _pool(api) is None:
        call(api, "POST", "work_pools/", body)
    else:
        call(api, "PATCH", f"work_pools/{NAME}", {"base_job_template": made})


def _pool(api: str) -> dict[str, Any] | None:
    answer = call(api, "GET", f"work_pools/{NAME}", allowed=(404,))
    return None if answer.status == 404 else dict(answer.json)
