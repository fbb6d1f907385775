"""The order in which automations see events; the server finds it by PREFECT_SERVER_EVENTS_CAUSAL_ORDERING.

Prefect holds an event back for 15 minutes where it has not seen the one that it follows, and has seen only what came
since the server started. So the crash of a run that began before was told 15 minutes late.
"""

import time
from uuid import UUID

from prefect.server.events.ordering import memory
from prefect.server.events.schemas.events import ReceivedEvent

STARTED = time.time()


class CausalOrdering(memory.CausalOrdering):
    """Prefect's own, but nothing waits for an event from before this process."""

    async def wait_for_leader(self, event: ReceivedEvent) -> None:
        """Raises EventArrivedEarly where the event is to wait for the one that it follows."""
        if not (event.follows and is_earlier(event.follows)):
            await super().wait_for_leader(event)


def is_earlier(event: UUID) -> bool:
    """Whether an event is from before this process, by its id: those of runs' states are UUIDs of version 7."""
    return event.version == 7 and (event.int >> 80) / 1000 < STARTED
