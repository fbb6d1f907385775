import threading
import time
from typing import Any

import pytest

from flows.server import limits

pytestmark = pytest.mark.usefixtures("api")


@pytest.fixture
def there(prefect: Any) -> Any:
    """The limit as the server knows it, `there()`; it is set up anew when the test ends."""
    from prefect import get_client

    def read() -> tuple[int, int]:
        with get_client(sync_client=True) as client:
            limit = client.read_global_concurrency_limit_by_name(limits.GPU)
        return limit.limit, limit.active_slots

    yield read
    _write(limit=limits.SLOTS, active_slots=0)


def _write(**values: int) -> None:
    from prefect import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    limits.set_up()
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(limits.GPU, GlobalConcurrencyLimitUpdate(**values))


def test_set_up_creates_it_and_sets_its_size(there: Any) -> None:
    _delete()
    limits.set_up()
    assert there() == (limits.SLOTS, 0)
    _write(limit=7)
    limits.set_up()
    assert there() == (limits.SLOTS, 0)


def test_set_up_leaves_slots_taken(there: Any) -> None:
    _write(active_slots=1)
    limits.set_up()
    assert there() == (limits.SLOTS, 1), "a server's start frees the slot of a training that goes on"


@pytest.mark.parametrize(
    ("home", "left"),
    [
        pytest.param("data/.state/prefect", 0, id="this checkout's own server"),
        pytest.param("elsewhere", 1, id="a server that other checkouts share"),
    ],
)
def test_whoever_holds_the_lock_frees_stuck_slots(
    there: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, home: str, left: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / home))
    _write(active_slots=1)
    limits.set_up_alone()
    assert there() == (limits.SLOTS, left)


def test_a_slot_is_held_and_given_back(there: Any) -> None:
    limits.set_up()
    with limits.slot() as variables:
        assert there() == (limits.SLOTS, 1)
        assert variables == {} or limits.SLOTS > 1
    assert there() == (limits.SLOTS, 0)


def test_a_slot_is_given_back_on_an_error(there: Any) -> None:
    limits.set_up()
    with pytest.raises(ValueError, match="cell failed"), limits.slot():
        raise ValueError("cell failed")
    assert there() == (limits.SLOTS, 0)


def test_a_limit_that_is_not_there_is_an_error(there: Any) -> None:
    """By itself Prefect would go ahead, and hold nobody back."""
    from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError

    _delete()
    with pytest.raises(ConcurrencySlotAcquisitionError), limits.slot():
        pass


def test_a_training_outlives_a_server_that_cannot_renew_its_lease(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.concurrency import _leases

    tried = threading.Event()

    def fail(*_args: Any) -> bool:
        tried.set()
        raise OSError("no connection")

    monkeypatch.setattr(_leases, "_renew_concurrency_lease_with_retries", fail)
    limits.set_up()
    with limits.slot():
        assert tried.wait(10)
        for _ in range(50):  # where it is ended, an exception is raised in here
            time.sleep(0.02)


def test_each_of_several_gpus_is_shown_to_one_training_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLOTS", 2)
    for gpu in ("0", "1"):
        limits._free.put(gpu)
    with limits._device() as one, limits._device() as other:
        assert {one["CUDA_VISIBLE_DEVICES"], other["CUDA_VISIBLE_DEVICES"]} == {"0", "1"}
    with limits._device() as again:
        assert again in (one, other)
    monkeypatch.setattr(limits, "SLOTS", 1)
    with limits._device() as alone:
        assert alone == {}
    while not limits._free.empty():
        limits._free.get()


def _delete() -> None:
    from prefect import get_client

    limits.set_up()
    with get_client(sync_client=True) as client:
        client.delete_global_concurrency_limit_by_name(limits.GPU)
