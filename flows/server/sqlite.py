"""Prefect's database configuration for SQLite, set up for several users at once.

Prefect 3.8.8 leaves two things to be mended. Its transactions begin with a read (BEGIN DEFERRED), so of several that
write at once all but one end with "database is locked", whatever the busy timeout (SQLITE_BUSY_SNAPSHOT). And it passes
its pool settings on for PostgreSQL alone: on SQLite there are 15 connections, which those who wait for the write lock
use up, so that reads fail with "QueuePool limit" and status 500.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import URL, CreateEnginePlugin, make_url
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

PLUGIN = "hemaflow_pool"
POOL = {"pool_size": 20, "max_overflow": 40, "timeout": 60.0}
"""Connections kept, and more at need; seconds to wait for one, as long as Prefect's busy timeout."""


class Pool(CreateEnginePlugin):
    """Gives an engine our pool; named in the database's URL."""

    def update_url(self, url: URL) -> URL:
        """Called by SQLAlchemy with the URL that names this plugin; without that."""
        return url.difference_update_query(["plugin"])

    def handle_pool_kwargs(self, _pool: Any, arguments: dict[str, Any]) -> None:
        """Called by SQLAlchemy before it makes the pool."""
        arguments.update(POOL)


class Sqlite(AioSqliteConfiguration):
    """As Prefect's, with our pool, and with transactions that wait for the write lock before they read."""

    def __init__(self, url: str):
        plugins.register(PLUGIN, __name__, Pool.__name__)
        with_pool = make_url(url).update_query_dict({"plugin": PLUGIN}, append=True)
        super().__init__(connection_url=with_pool.render_as_string(hide_password=False))

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin one; within another of the same task as Prefect does, for the other has the write lock."""
        outermost = SQLITE_BEGIN_MODE.get() is None
        async with super().begin_transaction(session, with_for_update or outermost) as transaction:
            yield transaction


def use() -> None:
    """Have Prefect's server, which has not started yet, take this configuration if its database is a file of SQLite."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if url and url.startswith("sqlite") and ":memory:" not in url:
        MODELS_DEPENDENCIES["database_config"] = Sqlite(url)
