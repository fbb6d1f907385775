"""Asks a person, in Prefect's UI, whether the model that the gate lets through is to become the champion.

The flow run is paused with a form, for which the server keeps the answer. The process waits: it may be killed, and
then the model is judged and asked about by the next run. Nothing else is held up meanwhile.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from httpx import HTTPError
from prefect import get_client, get_run_logger
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import FlowRunContext
from prefect.exceptions import CancelledRun
from prefect.input import RunInput
from prefect.input.run_input import keyset_from_paused_state
from prefect.states import Paused
from pydantic import Field

from flows.server import resilience
from operations.person import UNVERIFIED, answerer
from operations.process import flocks

ASKED = Path("data/.state/asked")
POLL_SECONDS = 5.0
SLACK_SECONDS = 24 * 3600
"""By which the server's own limit, after which it fails the run, lies behind this one's."""
NOBODY = "nobody"
LABEL_SECONDS = 10.0


class Answer(RunInput):
    """What the form asks for."""

    promote: Literal["yes", "no"] = Field(description="whether the model becomes the champion")
    why: str = Field(min_length=1, max_length=500, pattern=r"\S", description="The reason, for the record")


@dataclass(frozen=True)
class Answered:
    """An answer, and who gave it."""

    promote: Literal["yes", "no"]
    why: str
    who: str


def ask(text: str, hours: float) -> Answered:
    """Pause the flow run around until a person has answered the form under `text`, which is Markdown.

    After so many hours without an answer it is no, by nobody. A server that is away is waited for. Raises CancelledRun
    where the run was ended meanwhile, RuntimeError where it cannot be paused.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("a person is asked in Prefect's UI, so by a flow run")
    run = context.flow_run.id
    resilience.go_on_without_lease()
    until = time.monotonic() + 3600 * hours
    keys = _pause(run, text, int(3600 * hours + SLACK_SECONDS))
    get_run_logger().info("waiting for a person's answer in Prefect's UI, for %g hours", hours)
    while not (answer := _answer(run, keys)):
        if time.monotonic() > until:
            _answer_for_nobody(run, hours)
        time.sleep(POLL_SECONDS)
    return Answered(answer.promote, answer.why, NOBODY if answer.why == _unanswered(hours) else _who_answered(run))


@contextmanager
def asking(root: Path, model: str, who: str) -> Iterator[None]:
    """For as long as the block lasts, `asks` names `who` as the run that asks about the model with that digest."""
    place = flocks.take(root / ASKED / model, who, wait=True)
    assert place is not None  # what is waited for is had
    try:
        yield
    finally:
        (root / ASKED / model).unlink(missing_ok=True)
        flocks.leave(place)


def asks(root: Path, model: str) -> str | None:
    """The run that waits for an answer about that model, None where none does."""
    file = root / ASKED / model
    return flocks.name(file) or "another run" if flocks.is_taken(file) else None


def _pause(run: Any, text: str, seconds: int) -> Any:
    """Where the server keeps the form and its answer."""
    state: State[Any] = Paused(timeout_seconds=seconds, reschedule=False, pause_key=uuid4().hex)
    keys: Any = keyset_from_paused_state(state)
    state.state_details.run_input_keyset = keys
    # Before the pause: the form is there as soon as somebody can look for it.
    Answer.with_initial_data(description=text).save(keys, flow_run_id=run)
    with get_client(sync_client=True) as client:
        result = client.set_flow_run_state(run, state)
    if result.status != SetStateStatus.ACCEPT:
        raise RuntimeError(f"the flow run cannot be paused: {getattr(result.details, 'reason', result.status)}")
    return keys


def _answer(run: Any, keys: Any) -> Answer | None:
    """None while there is none, and where the server is away."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
        if state is not None and state.is_running():
            answer: Any = Answer.load(keys, flow_run_id=run)
            return Answer.model_validate(answer)
    except HTTPError as error:
        get_run_logger().warning("Prefect's API is away, the question stands: %s", error)
        return None
    if state is None or state.is_final() or state.is_cancelling():
        raise CancelledRun(f"the run was ended while it waited for an answer: {state and state.name}")
    return None


def _answer_for_nobody(run: Any, hours: float) -> None:
    """Answered by a person at this moment, it stays that person's answer."""
    answer = {"promote": "no", "why": _unanswered(hours)}
    try:
        with get_client(sync_client=True) as client:
            client.resume_flow_run(run, run_input=answer)
    except HTTPError as error:
        get_run_logger().warning("Prefect's API is away: %s", error)


def _unanswered(hours: float) -> str:
    return f"no answer within {hours:g} hours"


def _who_answered(run: Any) -> str:
    """By the run's label, which the server puts there a moment after the run goes on."""
    until = time.monotonic() + LABEL_SECONDS
    while True:
        with suppress(HTTPError), get_client(sync_client=True) as client:
            if who := answerer(client.read_flow_run(run)):
                return who
        if time.monotonic() > until:
            return UNVERIFIED
        time.sleep(0.2)
