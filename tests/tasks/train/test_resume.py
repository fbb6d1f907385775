"""A training that is killed goes on where its last epoch ended, and ends at the same weights."""

import json
import re
import signal
import time
from pathlib import Path

import pytest

SETTINGS = {
    "frozen_epochs": 3, "finetune_epochs": 3, "ema": 0.9, "schedule": "plateau", "plateau_patience": 1, "cutmix": 1.0,
    "frozen_augmentations": 2, "number": 128,
}  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, start, finish) -> dict:
    _, result = finish(start(tmp_path_factory.mktemp("undisturbed"), **SETTINGS))
    return result


@pytest.mark.parametrize(
    ("line", "later", "phase"),
    [("frozen 2/3", 0.0, "frozen"), ("finetune 1/3", 0.5, "finetune")],
    ids=["in-the-frozen-phase", "in-mid-epoch-of-fine-tuning"],
)
def test_killed_and_resumed_it_ends_at_the_same_weights(
    tmp_path: Path, start, finish, undisturbed: dict, line: str, later: float, phase: str
) -> None:
    killed = start(tmp_path, **SETTINGS)
    assert any(told.startswith(line) for told in killed.stdout)
    time.sleep(later)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    # The state may be an epoch further than the line: the kill comes when it comes, but never before that epoch.
    epochs = len(json.loads((tmp_path / phase / "state.json").read_text())["logs"])
    out, result = finish(start(tmp_path, **SETTINGS))
    assert epochs >= 1
    assert f"{phase}: resumed after epoch {epochs} of 3" in out or epochs == 3
    assert f"{phase} 1/3" not in out
    assert result == undisturbed


def test_interrupted_it_ends_with_one_line_that_says_from_where_the_next_goes_on(tmp_path: Path, start) -> None:
    stopped = start(tmp_path, **{**SETTINGS, "finetune_epochs": 200})
    assert any(told.startswith("finetune 1/200") for told in stopped.stdout)
    time.sleep(0.3)
    stopped.send_signal(signal.SIGINT)
    _, error = stopped.communicate()
    assert stopped.returncode == -signal.SIGINT
    assert "Traceback" not in error
    assert re.fullmatch(
        r"train: interrupted; the next run goes on after epoch \d+ of 200 \(finetune\)", error.splitlines()[-1]
    )


def test_a_finished_training_is_not_trained_again(tmp_path: Path, small) -> None:
    first = small.train(tmp_path)
    again = small.train(tmp_path)
    assert again.pictures == {"frozen": 0, "finetune": 0}
    assert small.digest(again) == small.digest(first)
    assert again.figures == first.figures
