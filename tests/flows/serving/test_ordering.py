"""Which events wait for another one: not for one that an earlier server has seen."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from flows.server import server
from flows.serving import ordering


def event_after(milliseconds: float, version: int = 7) -> ordering.ReceivedEvent:
    """One that follows another, which came so long after the server's start."""
    when = int(ordering.STARTED * 1000 + milliseconds)
    return ordering.ReceivedEvent(
        occurred=datetime.now(UTC),
        event="prefect.flow-run.Crashed",
        resource={"prefect.resource.id": "prefect.flow-run.1"},
        id=uuid4(),
        follows=UUID(int=when << 80 | version << 76 | 0b10 << 62),
    )


@pytest.mark.parametrize(
    ("after", "version", "waits"),
    [
        pytest.param(-60_000, 7, False, id="that an earlier server has seen"),
        pytest.param(60_000, 7, True, id="that is still on its way"),
        pytest.param(-60_000, 4, True, id="of which the id tells no time"),
    ],
)
def test_an_event_waits_for_one(after: int, version: int, waits: bool) -> None:
    event = event_after(after, version)  # made now: Prefect waits for none of an event that is 15 minutes old

    async def early() -> bool:
        try:
            await ordering.CausalOrdering("test").wait_for_leader(event)
        except ordering.memory.EventArrivedEarly:
            return True
        return False

    assert asyncio.run(early()) is waits


def test_the_server_has_it() -> None:
    assert server.SETTINGS["PREFECT_SERVER_EVENTS_CAUSAL_ORDERING"] == ordering.__name__
