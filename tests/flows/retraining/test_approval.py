"""Against a real server, and answered by its API as Prefect's UI does."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.server import server
from operations import person
from operations.person import UNVERIFIED

TABLE = "## Promote?\n\n| rule | error on |\n| --- | --- |\n| superiority | mixed |\n"
YES = {"promote": "yes", "why": "the platelets are fine"}
NO = {"promote": "no", "why": "too few platelets"}
ASKS = """
import sys
from pathlib import Path
from flows.retraining import approval
with approval.asking(Path(sys.argv[1]), "digest", "funny-bird"):
    print("asks", flush=True)
    sys.stdin.read()
"""


Asks = Callable[..., Any]


@pytest.fixture
def asks(question: Callable[..., Any]) -> Asks:
    """Starts a flow that asks, for so many hours."""
    return lambda hours=1.0: question(flow_that_asks(hours))


def flow_that_asks(hours: float) -> Any:
    from prefect import flow

    from flows.retraining import approval

    @flow(name="asks", persist_result=False)
    def asks() -> dict[str, Any]:
        return asdict(approval.ask(TABLE, hours))

    return asks


@pytest.mark.parametrize("answer", [pytest.param(YES, id="yes"), pytest.param(NO, id="no")])
def test_a_person_answers(asks: Asks, answer: dict[str, str]) -> None:
    question = asks()
    question.await_state("Paused")
    assert question.answer(answer)["status"] == "ACCEPT"
    assert question.result() == {**answer, "who": UNVERIFIED}
    assert question.await_state("Completed")


def test_whom_a_proxy_names_is_who_answered(asks: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The label comes from the server; here from the test, a moment after the answer."""
    monkeypatch.setenv(person.VARIABLE, "X-User")
    question = asks()
    question.await_state("Paused")
    question.answer(YES)
    httpx.patch(f"{question.url}/labels", json={person.ANSWERED: f"{question.url.split('/')[-1]} ada"})
    assert question.result() == {**YES, "who": "ada (X-User)"}


def test_the_form_has_the_table_and_what_is_wanted(asks: Asks) -> None:
    question = asks()
    schema, text = question.form()
    assert text == TABLE
    assert schema["properties"]["promote"]["enum"] == ["yes", "no"]
    assert sorted(schema["required"]) == ["promote", "why"]
    question.answer(NO)
    question.result()


def test_nobody_answers(asks: Asks) -> None:
    question = asks(hours=0.5 / 3600)
    found = question.result()
    assert found == {"promote": "no", "who": "nobody", "why": "no answer within 0.000138889 hours"}
    assert question.await_state("Completed")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param({**YES, "promote": "perhaps"}, "'perhaps' is not one of", id="neither yes nor no"),
        pytest.param({**YES, "who": "Ada"}, "'who' was unexpected", id="in another's name"),
        pytest.param({"promote": "yes"}, "'why' is a required property", id="without a reason"),
        pytest.param({}, "is a required property", id="resumed without the form"),
    ],
)
def test_the_server_refuses_what_is_no_answer(asks: Asks, answer: dict[str, str], why: str) -> None:
    question = asks()
    question.await_state("Paused")
    reply = question.answer(answer)
    assert (reply["status"], why in str(reply["details"])) == ("REJECT", True), reply
    assert question.await_state("Paused")
    question.answer(NO)
    assert question.result() == {**NO, "who": UNVERIFIED}


def test_a_run_that_is_cancelled_while_it_waits_ends(asks: Asks) -> None:
    from prefect.exceptions import CancelledRun

    question = asks()
    question.await_state("Paused")
    question.cancel()
    with pytest.raises(CancelledRun, match="the run was ended while it waited for an answer: Cancelled"):
        question.result()


def test_who_asks_is_known_for_as_long_as_it_does(tmp_path: Path) -> None:
    """Killed, it asks no longer, so the next run judges the model and asks anew."""
    from flows.retraining import approval

    command = [sys.executable, "-c", ASKS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "asks\n"
        assert (approval.asks(tmp_path, "digest"), approval.asks(tmp_path, "other")) == ("funny-bird", None)
        other.send_signal(signal.SIGKILL)
    assert approval.asks(tmp_path, "digest") is None


@pytest.mark.long
def test_a_server_that_is_away_is_waited_for(prefect: Any, asks: Asks, tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    port = server.free_port()
    first = server.start(tmp_path, port, PREFECT_HOME=str(tmp_path), **server.BRIEF)
    first.await_healthy()
    with temporary_settings({PREFECT_API_URL: first.api, PREFECT_HOME: tmp_path}):
        question = asks()
        question.url = question.url.replace(prefect.api, first.api)
        question.await_state("Paused")
        first.end()
        time.sleep(3)
        assert question.is_open()
        second = server.start(tmp_path, port, PREFECT_HOME=str(tmp_path), **server.BRIEF)
        second.await_healthy()
        assert question.answer(YES)["status"] == "ACCEPT"
        assert question.result() == {**YES, "who": UNVERIFIED}
        second.end()
