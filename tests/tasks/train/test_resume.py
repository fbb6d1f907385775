"""A training that is killed goes on where its last epoch ended, and ends at the same weights."""

import json
import signal
import subprocess
from pathlib import Path

from tasks.train import training

SETTINGS = {
    "frozen_epochs": 3, "finetune_epochs": 8, "ema": 0.9, "schedule": "plateau", "plateau_patience": 1, "cutmix": 1.0,
    "frozen_augmentations": 2, "number": 128,
}  # fmt: skip


def test_killed_in_each_phase_interrupted_and_resumed_it_ends_at_the_same_weights(tmp_path: Path, start, small) -> None:
    undisturbed = small.train(tmp_path / "undisturbed", **SETTINGS)
    state = tmp_path / "stopped"
    _stop(start(state, **SETTINGS), "frozen 2/3")
    frozen = _epochs(state, "frozen")
    told, _ = _stop(start(state, **SETTINGS), "finetune 2/8")
    assert frozen >= 1
    assert f"frozen: resumed after epoch {frozen} of 3" in told or frozen == 3
    assert "frozen 1/3" not in told
    finetune = _epochs(state, "finetune")
    assert finetune >= 1
    told, error = _stop(start(state, **SETTINGS), "finetune ", signal.SIGINT)
    assert f"finetune: resumed after epoch {finetune} of 8" in told
    assert "frozen 1/3" not in told
    assert "finetune 1/8" not in told
    _check_line(error, _epochs(state, "finetune"))
    assert _result(small.train(state, **SETTINGS), small) == _result(undisturbed, small)


def _result(trained: training.Trained, small) -> tuple[dict[str, list[float]], str]:
    return small.losses(trained), small.digest(trained)


def _stop(training: subprocess.Popen, line: str, how: signal.Signals = signal.SIGKILL) -> tuple[str, str]:
    """Stop a training once it printed such a line; what it had printed, and its errors."""
    told = []
    for each in training.stdout:
        told.append(each)
        if each.startswith(line):
            break
    assert told[-1].startswith(line), told
    training.send_signal(how)
    _, error = training.communicate()
    assert training.returncode == -how, error
    return "".join(told), error


def _epochs(state: Path, phase: str) -> int:
    """Finished ones: the kill may come an epoch after the line, never before it."""
    return len(json.loads((state / phase / "state.json").read_text())["logs"])


def _check_line(error: str, epochs: int) -> None:
    """Interrupted, it ends with one line that says from where the next run goes on."""
    assert "Traceback" not in error
    last = f"train: interrupted; the next run goes on after epoch {epochs} of 8 (finetune)"
    assert error.splitlines()[-1] == last
