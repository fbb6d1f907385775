"""The environment of the published code, and a process in it that corrupts images."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

RUNNER = Path(__file__).with_name("runner.py")
PREPARE = "python -m benchmarks.published_corruptions prepare"
PINNED = (
    "medmnistc==0.1.0",
    "imagecorruptions==1.1.2",
    "imageio==2.38.1",
    "lazy-loader==0.6",
    "llvmlite==0.50.0",
    "networkx==3.6.1",
    "numba==0.68.1",
    "numpy==2.4.6",
    "opencv-python-headless==5.0.0.93",
    "packaging==26.4",
    "pillow==13.0.0",
    "scikit-image==0.26.0",
    "scipy==1.17.1",
    "tifffile==2026.3.3",
    "wand==0.7.2",
)
"""All that it holds. Without their own requirements: those are PyTorch, and OpenCV with a desktop."""
QUIET = {"OMP_NUM_THREADS": "1", "MAGICK_THREAD_LIMIT": "1", "OPENCV_FOR_THREADS_NUM": "1"}
"""A process corrupts one image after another; threads within an image would only take the cores from others."""


def prepare(venv: Path) -> None:
    """Make the environment, and see that both packages start in it.

    Raises ValueError, of one line, where they do not, as without ImageMagick's library.
    """
    _run([sys.executable, "-m", "venv", str(venv)])
    _run([str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--no-deps", *PINNED])
    with Published(venv):
        pass


class Published:
    """A process in the environment: `kinds` of each package. A context manager, which ends it."""

    def __init__(self, venv: Path):
        """Raises FileNotFoundError without the environment, ValueError for one in which the packages do not start."""
        python = venv / "bin/python"
        if not python.exists():
            made_by = f"`{PREPARE} --venv {venv}` makes it"
            raise FileNotFoundError(f"no environment of the published code in {venv}: {made_by}")
        self._open = ExitStack()
        # A file: a pipe that nobody reads while images go to and fro would fill up.
        self._errors = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._process = self._open.enter_context(
            subprocess.Popen(
                [str(python), "-I", str(RUNNER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **QUIET},
            )
        )
        start = json.loads(self._process.stdout.readline() or json.dumps({"error": self._last()}))
        if "error" in start:
            self._open.close()
            raise ValueError(f"the published code does not start in {venv}: {start['error']}")
        self.kinds: dict[str, list[str]] = start

    def corrupt(
        self, package: str, kind: str, severity: int, images: NDArray[np.uint8], ids: Sequence[str], seed: int
    ) -> NDArray[np.uint8]:
        """RGB images, uint8 (n, side, side, 3), corrupted; same dtype and shape.

        Each follows from (seed, image, its id, kind, severity). Raises ValueError where the code fails.
        """
        asked = {"package": package, "kind": kind, "severity": severity, "seed": seed, "ids": list(ids)}
        line = json.dumps({**asked, "shape": images.shape}).encode() + b"\n"
        try:
            self._process.stdin.write(line + images.tobytes())
            self._process.stdin.flush()
            content = self._process.stdout.read(images.size)
        except BrokenPipeError:
            content = b""
        if len(content) < images.size:
            raise ValueError(f"{package} failed at {kind}/{severity}: {self._last()}")
        return np.frombuffer(content, np.uint8).reshape(images.shape)

    def __enter__(self) -> "Published":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _last(self) -> str:
        """The last line of what an ended process said of its errors."""
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it ended without a word")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.strip() or f"status {done.returncode}"
        raise ValueError(f"{' '.join(command[:4])} failed: {said.splitlines()[-1]}")
