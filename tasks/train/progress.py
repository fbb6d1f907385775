"""What a person sees of a training: a progress bar and a line an epoch, and curves for `dvc plots`."""

from typing import NoReturn

import keras
from dvclive.live import Live
from tqdm import tqdm


class Curves(keras.callbacks.Callback):
    """Logs each epoch's figures to DVCLive under `phase/`; no clock, no hardware: outputs hold content only."""

    def __init__(self, live: Live, phase: str):
        super().__init__()
        self.live, self.phase = live, phase

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write a point of every curve."""
        self.live.step = epoch
        for name, value in (logs or {}).items():
            self.live.log_metric(f"{self.phase}/{name}", float(value))


class Progress(keras.callbacks.Callback):
    """A bar over the steps of an epoch on a terminal, and a line an epoch anywhere."""

    def __init__(self, phase: str, every: int = 1):
        super().__init__()
        self.phase, self.every = phase, every
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
        if (epoch + 1) % self.every == 0:
            figures = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
            print(f"{self.phase} {epoch + 1}/{self.params['epochs']}  {figures}", flush=True)
