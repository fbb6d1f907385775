"""Verbs about Prefect's server: with the deployments in one process, or with a work pool and its workers."""

from pathlib import Path
from typing import Annotated

from typer import Exit, Option, echo


def serve(
    host: Annotated[str, Option(help="beyond the loopback interface only with HEMAFLOW_AUTH")] = "127.0.0.1",
    port: Annotated[int, Option(help="port of Prefect's UI and API", min=1, max=65535)] = 4200,
    database: Annotated[
        str | None,
        Option(
            metavar="URL", help="postgresql+asyncpg://...; by default HEMAFLOW_DATABASE, else SQLite below data/.state"
        ),
    ] = None,
    alone: Annotated[bool, Option("--server-only", help="no deployments: for a work pool and its workers")] = False,
) -> None:
    """Run a Prefect server with the deployments until Ctrl-C.

    HEMAFLOW_AUTH=USER:PASSWORD has it ask for that password; HEMAFLOW_WEBHOOK is an http or https URL that events
    for a person are posted to; HEMAFLOW_USER_HEADER names the header by which a proxy tells its user.
    """
    from flows.serving.serve import serve

    serve(Path.cwd(), host, port, database, alone)


def deploy() -> None:
    """Set up work pool, deployments and automations on a server.

    That is the one which PREFECT_API_URL names.
    """
    from flows.serving import pool

    pool.deploy(Path.cwd())
    echo(f"the deployments are in the work pool {pool.NAME}: `hemaflow worker` works them off")


def worker() -> None:
    """Execute a work pool's runs until Ctrl-C.

    It is the pool `hemaflow` of the server that PREFECT_API_URL names.
    """
    from flows.serving import pool

    raise Exit(pool.work(Path.cwd()))
