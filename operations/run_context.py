"""The orchestrator's run around, if there is one: Prefect's flow run, which the package of the flows knows."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Run(NamedTuple):
    """A run as the orchestrator has it, with the name of its flow."""

    flow: str
    run: Any


_provider: Callable[[], Run | None] | None = None


def provide(provider: Callable[[], Run | None]) -> None:
    """Have `provider` say which run is around; for the orchestrator."""
    global _provider
    _provider = provider


def current() -> Any:
    """The run around, None outside of one."""
    found = _found()
    return found.run if found else None


def described() -> dict[str, str] | None:
    """Flow, id and name of the run around, None outside of one."""
    found = _found()
    return {"flow": found.flow, "id": str(found.run.id), "name": found.run.name} if found else None


def _found() -> Run | None:
    return _provider() if _provider else None
