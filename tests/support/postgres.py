"""A PostgreSQL server of one's own, for as long as a block lasts."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.server import server
from tests.support.users import ALONE, SUPERUSER

PASSWORD = "a-secret-4711"
USER = "hemaflow"


def programs() -> Path:
    """The folder of Debian's programs; the test skips where there is none, or nobody to run them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if ALONE:
        pytest.skip("PostgreSQL refuses to run as the superuser, and there is no other user")
    if not found:
        pytest.skip("no PostgreSQL below /usr/lib/postgresql: apt-get install postgresql")
    return found[-1].parent


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of its empty database, password and all."""
    there = programs()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    port = server.free_port()
    # It refuses to run as root, and then takes the account that Debian's package made.
    account = {"user": "postgres", "group": "postgres"} if SUPERUSER else {}

    def run(program: str, *arguments: str) -> None:
        subprocess.run([there / program, "-D", folder / "data", *arguments], check=True, cwd=folder, **account)

    (folder / "password").write_text(PASSWORD)
    if account:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    run("initdb", "-U", USER, "--auth", "scram-sha-256", "--pwfile", str(folder / "password"), "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
