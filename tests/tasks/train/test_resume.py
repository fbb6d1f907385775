"""A training that is killed goes on where its last epoch ended, and ends at the same weights."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

SETTINGS = {
    "frozen_epochs": 3, "finetune_epochs": 3, "ema": 0.9, "schedule": "plateau", "plateau_patience": 1, "cutmix": 1.0,
    "frozen_augmentations": 2, "number": 128,
}  # fmt: skip


def test_killed_in_each_phase_and_resumed_it_ends_at_the_same_weights(tmp_path: Path, start, finish) -> None:
    _, undisturbed = finish(start(tmp_path / "undisturbed", **SETTINGS))
    state = tmp_path / "killed"
    _kill(start(state, **SETTINGS), "frozen 2/3")
    frozen = _epochs(state, "frozen")
    told = _kill(start(state, **SETTINGS), "finetune 1/3", later=0.5)
    assert frozen >= 1
    assert f"frozen: resumed after epoch {frozen} of 3" in told or frozen == 3
    assert "frozen 1/3" not in told
    finetune = _epochs(state, "finetune")
    told, result = finish(start(state, **SETTINGS))
    assert finetune >= 1
    assert f"finetune: resumed after epoch {finetune} of 3" in told or finetune == 3
    assert "frozen 1/3" not in told
    assert "finetune 1/3" not in told
    assert result == undisturbed


def _kill(training: subprocess.Popen, line: str, later: float = 0.0) -> str:
    """Kill a training so many seconds after it printed that line; what it had printed."""
    told = []
    for each in training.stdout:
        told.append(each)
        if each.startswith(line):
            break
    assert told[-1].startswith(line), told
    time.sleep(later)
    training.kill()
    training.communicate()
    assert training.returncode == -signal.SIGKILL
    return "".join(told)


def _epochs(state: Path, phase: str) -> int:
    """Finished ones: the kill may come an epoch after the line, never before it."""
    return len(json.loads((state / phase / "state.json").read_text())["logs"])


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
    assert again.images == {"frozen": 0, "finetune": 0}
    assert small.digest(again) == small.digest(first)
    assert again.figures == first.figures
