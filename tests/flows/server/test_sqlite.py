"""SQLite under several users: writers wait for each other, and connections are enough for those who read meanwhile."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from flows.server.sqlite import Sqlite

WRITERS, READERS = 8, 40


def ran(folder: Path, work: Callable[[Sqlite], Coroutine[Any, Any, None]]) -> int:
    """The count after some work on a database that begins with 0."""

    async def run() -> int:
        database = Sqlite(f"sqlite+aiosqlite:///{folder / 'counts.db'}")
        engine = await database.engine()
        async with engine.begin() as connection:
            await connection.execute(sqlalchemy.text("CREATE TABLE counts AS SELECT 0 AS number"))
        await asyncio.wait_for(work(database), 60)
        async with engine.connect() as connection:
            number = await connection.scalar(sqlalchemy.text("SELECT number FROM counts"))
        await engine.dispose()
        return int(number or 0)

    return asyncio.run(run())


async def count_one(database: Sqlite) -> None:
    """Read, and then write, as Prefect's transactions do."""
    async with (
        await database.session(await database.engine()) as session,
        database.begin_transaction(session),
    ):
        number = await session.scalar(sqlalchemy.text("SELECT number FROM counts"))
        await asyncio.sleep(0.05)
        await session.execute(sqlalchemy.text("UPDATE counts SET number = :number"), {"number": number + 1})


def test_writers_that_come_at_once_wait_for_each_other(tmp_path: Path) -> None:
    async def work(database: Sqlite) -> None:
        await asyncio.gather(*(count_one(database) for _ in range(WRITERS)))

    assert ran(tmp_path, work) == WRITERS


def test_a_transaction_within_one_reads_on(tmp_path: Path) -> None:
    async def work(database: Sqlite) -> None:
        engine = await database.engine()
        async with (
            await database.session(engine) as outer,
            database.begin_transaction(outer),
            await database.session(engine) as inner,
            database.begin_transaction(inner),
        ):
            assert await inner.scalar(sqlalchemy.text("SELECT number FROM counts")) == 0

    assert ran(tmp_path, work) == 0


def test_connections_are_enough_for_many(tmp_path: Path) -> None:
    """Prefect's are 15."""

    async def work(database: Sqlite) -> None:
        engine, all_here = await database.engine(), asyncio.Barrier(READERS)

        async def read() -> None:
            async with engine.connect() as connection:
                await connection.scalar(sqlalchemy.text("SELECT number FROM counts"))
                await all_here.wait()

        await asyncio.gather(*(read() for _ in range(READERS)))

    assert ran(tmp_path, work) == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [("sqlite+aiosqlite:////nowhere/p.db", "Sqlite"), ("postgresql+asyncpg://u:p@h/n", "AsyncPostgresConfiguration")],
)
def test_the_server_takes_it_for_sqlite(url: str, expected: str) -> None:
    code = (
        "from flows.server import application; application.create_app()\n"
        "from prefect.server.database import provide_database_interface as made\n"
        "print(type(made().database_config).__name__)"
    )
    environment = {**os.environ, "PREFECT_API_DATABASE_CONNECTION_URL": url}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split()[-1] == expected
