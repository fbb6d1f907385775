"""Limits that Prefect's server keeps: who trains holds a slot of `gpu`.

The project's lock holds back what would write in the same checkout. The limit is for trainings side by side: those of
one study, and those of several checkouts that share a server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from prefect import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.concurrency.sync import concurrency

from flows.server import server
from operations.pipeline import trials

GPU = "gpu"
GPUS = trials.gpus()
SLOTS = max(1, len(GPUS))
"""Trainings side by side: as many as there are GPUs; one where there is none, since a training uses all cores."""
_free: Queue[str] = Queue()
for gpu in GPUS:
    _free.put(gpu)


def set_up() -> None:
    """Have the server know the limit, for one that it does not know would hold nobody back; taken slots stay taken."""
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(GPU, SLOTS)


def set_up_alone() -> None:
    """The same for whoever holds the project's lock, who frees what a server that was killed has left taken.

    On this checkout's own server all slots are free now, for whoever holds one holds the project's lock. A server that
    was stopped in mid-run may not know that: the count of slots is in its database, who holds them lay elsewhere.
    """
    set_up()
    if server.is_own(Path.cwd()):
        with get_client(sync_client=True) as client:
            client.update_global_concurrency_limit(GPU, GlobalConcurrencyLimitUpdate(active_slots=0))


@contextmanager
def slot() -> Iterator[dict[str, str]]:
    """A slot of the limit, waited for; variables for a stage that is to see one GPU which no other slot has.

    Prefect would end the block where the server cannot be reached when the slot's lease is due. The training goes on
    instead: it holds the project's lock all the same.
    """
    with concurrency(GPU, strict=True, raise_on_lease_renewal_failure=False), _device() as variables:
        yield variables


@contextmanager
def _device() -> Iterator[dict[str, str]]:
    """Which GPU is whose; no variables where there is but one, or none at all."""
    if SLOTS == 1:
        yield {}
        return
    mine = _free.get()
    try:
        yield {"CUDA_VISIBLE_DEVICES": mine}
    finally:
        _free.put(mine)
