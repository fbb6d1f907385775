import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from flows.serving import observer
from operations.landing import folders

SETTLE = 0.7
LONG = 3600.0


class Observed:
    """A drop folder, and when the trigger was called."""

    def __init__(self, root: Path):
        self.root, self.folder = root, root / folders.INCOMING
        self.calls: list[float] = []
        self.away = False
        self.stop = threading.Event()

    def start(self, settle_seconds: float) -> None:
        arguments = (self.root, self.folder, self.trigger, self.stop, settle_seconds)
        self.thread = threading.Thread(target=observer.observe, args=arguments, daemon=True)
        self.thread.start()

    def trigger(self) -> None:
        self.calls.append(time.monotonic())
        if self.away:
            raise OSError("the server is away")

    def drop(self, name: str, marked: bool = True) -> None:
        (self.folder / name / "ig").mkdir(parents=True)
        (self.folder / name / "ig/a.png").write_text(name)
        if marked:
            (self.folder / f"{name}.complete").touch()

    def expect(self, number: int, within: float = 10.0) -> None:
        """So many calls soon, and no more for a while."""
        _await(lambda: len(self.calls) >= number, within, f"{len(self.calls)} calls, expected {number}")
        time.sleep(0.5)
        assert len(self.calls) == number


def _await(condition: Callable[[], object], seconds: float, message: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, message
        time.sleep(0.02)


@pytest.fixture
def observed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Observed]:
    for name, value in {"WAKE_SECONDS": 0.2, "DEBOUNCE_MS": 100, "STEP_MS": 25}.items():
        monkeypatch.setattr(observer, name, value)
    observed = Observed(tmp_path)
    yield observed
    observed.stop.set()
    observed.thread.join(timeout=5)
    assert not observed.thread.is_alive()


@pytest.fixture(params=["inotify", "polling"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, observed: Observed) -> Observed:
    """With the file system's word, and where there is none."""

    def none_left(*_arguments: Any, **_options: Any) -> None:
        raise OSError("OS file watch limit reached")

    if request.param == "polling":
        monkeypatch.setattr(watchfiles, "watch", none_left)
    return observed


def _start(observed: Observed, settle_seconds: float = LONG) -> None:
    observed.start(settle_seconds)
    _await(observed.folder.is_dir, 10, "the folder was not made")
    time.sleep(0.2)


def test_a_mark_is_noticed_at_once_and_once(either: Observed) -> None:
    _start(either)
    either.drop("batch")
    either.expect(1)


def test_without_a_mark_it_is_noticed_once_it_has_settled(either: Observed) -> None:
    _start(either, SETTLE)
    began = time.monotonic()
    either.drop("batch", marked=False)
    either.expect(1)
    assert either.calls[0] - began >= SETTLE


def test_what_lies_there_at_the_start_is_noticed(observed: Observed) -> None:
    observed.drop("batch")
    observed.start(LONG)
    observed.expect(1)


def test_a_long_copy_causes_one_call_at_its_end(observed: Observed) -> None:
    _start(observed, SETTLE)
    observed.drop("batch", marked=False)
    for number in range(15):
        time.sleep(0.1)
        (observed.folder / f"batch/ig/{number}.png").write_text("more")
    ended = time.monotonic()
    observed.expect(1)
    assert observed.calls[0] >= ended + SETTLE - 0.2


def test_one_that_is_being_copied_keeps_no_other_waiting(observed: Observed) -> None:
    _start(observed)
    observed.drop("slow", marked=False)
    observed.drop("done")
    observed.expect(1)


def test_a_burst_is_one_call_or_two(observed: Observed) -> None:
    _start(observed)
    for number in range(30):
        observed.drop(f"batch-{number}")
    _await(lambda: observed.calls, 10, "no call")
    time.sleep(1)
    assert len(observed.calls) <= 2


def test_the_next_of_the_same_name_is_noticed_too(observed: Observed) -> None:
    _start(observed)
    for number in (1, 2):
        observed.drop("batch")
        observed.expect(number)
        shutil.rmtree(observed.folder / "batch")
        (observed.folder / "batch.complete").unlink()
        time.sleep(0.5)


def test_it_is_called_again_where_the_server_was_away(observed: Observed) -> None:
    _start(observed)
    observed.away = True
    observed.drop("batch")
    _await(lambda: len(observed.calls) >= 2, 10, "it was not called again")
    observed.away = False
    calls = len(observed.calls)
    _await(lambda: len(observed.calls) > calls, 10, "it was not called again")
    observed.expect(len(observed.calls))


@pytest.mark.parametrize("put", ["removed", "replaced", "a file"])
def test_another_folder_in_its_place(observed: Observed, put: str) -> None:
    _start(observed)
    observed.folder.rename(observed.folder.with_name("old"))
    if put == "replaced":
        observed.folder.mkdir()
    elif put == "a file":
        observed.folder.touch()
        time.sleep(0.5)
        observed.folder.unlink()
    _await(observed.folder.is_dir, 10, "the folder was not made anew")
    time.sleep(0.5)
    observed.drop("batch")
    observed.expect(1)


@pytest.mark.usefixtures("api")
def test_trigger_watch_makes_a_run_of_the_deployment() -> None:
    from prefect import flow, get_client

    with pytest.raises(OSError, match="watch/watch.*ObjectNotFound"):
        observer.trigger_watch()
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(client.create_flow(flow(lambda: None, name="watch")), "watch")
        try:
            observer.trigger_watch()
            assert [run.deployment_id for run in client.read_flow_runs()].count(deployment) == 1
        finally:
            client.delete_deployment(deployment)


def test_a_server_that_is_away_is_an_os_error() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.server import server

    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.free_port()}/api"}),
        pytest.raises(OSError, match="no run of watch/watch could be made"),
    ):
        observer.trigger_watch()
