"""Where Prefect's server keeps its runs: SQLite below data/.state, or a database that a URL names."""

import asyncio
import os
from pathlib import Path

VARIABLE = "HEMAFLOW_DATABASE"
KINDS = ("postgresql+asyncpg", "sqlite+aiosqlite")
EXAMPLE = "postgresql+asyncpg://USER:PASSWORD@HOST/NAME"
SECONDS = 10.0
"""To connect in."""


def chosen(url: str | None = None) -> str | None:
    """The URL, by default that of the environment variable HEMAFLOW_DATABASE; None: the usual SQLite file.

    Raises ValueError for a URL that is none of a database which Prefect can use. No message holds the password.
    """
    url = url or os.environ.get(VARIABLE)
    if not url:
        return None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"the database must be given as {EXAMPLE}, got something that is no URL") from None
    if parsed.drivername not in KINDS or not parsed.database:
        raise ValueError(f"the database must be {' or '.join(f'{kind}://...' for kind in KINDS)}, got {shown(url)}")
    return url


def check(url: str) -> None:
    """Raises OSError with one line where the database cannot be reached."""
    from asyncpg import PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    _check_folder(url)
    try:
        asyncio.run(asyncio.wait_for(_connect(url), SECONDS))
    except TimeoutError:
        raise OSError(f"the database {shown(url)} does not answer within {SECONDS:g} s") from None
    except (OSError, PostgresError, SQLAlchemyError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise OSError(f"the database {shown(url)} cannot be used: {_without_class(reason)}") from None


def _check_folder(url: str) -> None:
    """Of a file; without it the driver's thread prints its stack before anybody can catch the error."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(str(parsed.database)).parent.is_dir():
        raise OSError(f"the database {shown(url)} cannot be used: no such folder")


def shown(url: str) -> str:
    """The URL without its password and its options."""
    from sqlalchemy.engine import make_url

    return make_url(url).set(query={}).render_as_string(hide_password=True)


async def _connect(url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url)
    try:
        async with engine.connect():
            pass
    finally:
        await engine.dispose()


def _without_class(reason: str) -> str:
    """Without the name of the driver's class, by which SQLAlchemy lets a driver's error begin."""
    return reason.split(">: ", 1)[-1] if reason.startswith("<class") else reason
