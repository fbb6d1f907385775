"""Who is told of what runs come to, by a receiver on the loopback. In processes as a user starts them."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.server import webhook
from tests.support.receiver import Received

pytestmark = pytest.mark.server


def flows(root: Path, environment: dict[str, str], *words: str, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hemaflow", *words]
    env = {**environment, webhook.VARIABLE: url}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=240)


def test_a_failure_at_the_command_line_is_told_once_and_names_no_page_that_is_gone(
    toy: Path, environment: dict[str, str], prefect, steer, receiver: Received
) -> None:
    prefect.give_database(toy)
    steer.words(toy, "train", "fail")
    done = flows(toy, environment, "pipeline", "--target", "train", url=receiver.url)
    assert done.returncode == 1
    (told,) = receiver
    assert (told["event"], told["url"]) == ("failed", None)
    assert told["message"].startswith("pipeline: ")
    assert "toy: this stage fails" in told["message"]
    explained = flows(toy, environment, *told["explain"].split()[1:], url=receiver.url)
    assert "Ended by: " in explained.stdout
    assert receiver.url not in done.stdout + done.stderr


def test_what_goes_to_the_quarantine_is_told_and_a_receiver_that_is_down_fails_nothing(
    toy: Path, environment: dict[str, str], prefect, receiver: Received
) -> None:
    environment = {**environment, "PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}
    assert flows(toy, environment, "watch", "--set-up", url=receiver.url).returncode == 0
    for name in ("broken", "later"):
        (toy / "data/incoming" / name).mkdir()
        (toy / "data/incoming" / name / "notes.txt").write_text(name)
        (toy / "data/incoming" / f"{name}.complete").touch()
        done = flows(toy, environment, "watch", url=receiver.url if name == "broken" else "http://127.0.0.1:9/s3cret")
        assert done.returncode == 0, done.stderr
    (told,) = receiver
    assert told["event"] == "quarantine"
    assert told["message"].startswith("broken: ")
    assert "data/incoming/quarantine/broken-1" in told["message"]
    assert "not told, for the receiver of HEMAFLOW_WEBHOOK is not to be reached (ConnectionRefusedError)" in done.stderr
    assert "s3cret" not in done.stderr
