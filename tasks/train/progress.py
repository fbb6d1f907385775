"""What a person sees of a training: a bar and a line an epoch, curves for `dvc plots`, and that it cannot go on."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import keras
from dvclive.live import Live
from tqdm import tqdm

from tasks import atomic
from tasks.train.state import Progress, State


def draw(folder: Path, phases: Mapping[str, Progress]) -> None:
    """Write a curve of every figure of every phase; no clock, no hardware: outputs hold content only."""
    with Live(str(folder), save_dvc_exp=False, dvcyaml=None, report=None, resume=True) as live:
        for phase, progress in phases.items():
            for epoch, logs in enumerate(progress.logs):
                live.step = epoch
                for name, value in logs.items():
                    live.log_metric(f"{phase}/{name}", value)


def write_record(file: Path, facts: Mapping[str, Any]) -> None:
    """Write what a run took and on what, and say it: it is no part of the result."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(file) as stream:
        stream.write(json.dumps(facts, indent=1).encode())
    print(json.dumps({name: fact for name, fact in facts.items() if name != "hardware"}), flush=True)


class Bar(keras.callbacks.Callback):
    """A bar over the steps of an epoch on a terminal, and a line an epoch anywhere."""

    def __init__(self, phase: str):
        super().__init__()
        self.phase = phase
        self.bar: tqdm[NoReturn] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's bar."""
        title = f"{self.phase} {epoch + 1}/{self.params['epochs']}"
        self.bar = tqdm(total=self.params["steps"], desc=title, unit="step", leave=False, disable=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar by a step."""
        if self.bar is not None:
            self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Say how the epoch went."""
        if self.bar is not None:
            self.bar.close()
        figures = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        print(f"{self.phase} {epoch + 1}/{self.params['epochs']}  {figures}", flush=True)


class Finite(keras.callbacks.Callback):
    """Ends a training whose loss is no number any more, and says where its best weights are."""

    def __init__(self, phase: str, state: State):
        super().__init__()
        self.phase, self.state, self.epoch = phase, state, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note which epoch it is."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Raise ValueError where the mean loss of the epoch so far is infinite or not a number."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            best = self.state.progress().best
            kept = f"the best weights, of epoch {best.epoch}, are in {self.state.folder / best.file}" if best else ""
            raise ValueError(
                f"{self.phase}: the loss is {loss} in step {batch + 1} of epoch {self.epoch + 1}: "
                f"lower the learning rate, or end before that epoch; {kept}"
            )
