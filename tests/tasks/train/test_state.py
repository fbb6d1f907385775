import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.train.state import FILE, Best, Progress, State

LOGS = [{"loss": 1.5, "val_accuracy": 0.5}, {"loss": 0.5, "val_accuracy": 0.75}]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "deep" / "frozen")


def test_without_a_state_nothing_is_done(state: State) -> None:
    assert state.progress() == Progress()
    assert state.progress().epochs == 0


def test_what_was_written_is_read(state: State) -> None:
    written = Progress({"loss": 2.0}, LOGS, "variables-2.npz", Best(0.75, 2, "best-2.npz"), over=True)
    state.write(written)
    assert state.progress() == written
    assert state.progress().epochs == 2


def test_arrays_keep_their_order_dtype_and_shape(state: State) -> None:
    arrays = [np.arange(k + 1, dtype=kind) for k, kind in enumerate([np.float32, np.int64, np.uint32] * 5)]
    loaded = state.load(state.save("a.npz", arrays))
    assert [(array.dtype, array.tolist()) for array in loaded] == [(array.dtype, array.tolist()) for array in arrays]


def test_files_that_the_state_does_not_name_go_when_it_is_written(state: State) -> None:
    for name in ("variables-1.npz", "variables-2.npz", "best-1.npz"):
        state.save(name, [np.zeros(1)])
    state.write(Progress(variables="variables-2.npz", best=Best(0.5, 1, "best-1.npz")))
    assert {file.name for file in state.folder.iterdir()} == {FILE, "variables-2.npz", "best-1.npz"}


def test_a_crash_between_arrays_and_state_leaves_the_state_before(state: State) -> None:
    first = Progress(logs=LOGS[:1], variables=state.save("variables-1.npz", [np.ones(3)]))
    state.write(first)
    state.save("variables-2.npz", [np.zeros(3)])
    assert state.progress() == first
    assert state.load(first.variables)[0].tolist() == [1, 1, 1]


def test_what_a_killed_run_was_writing_goes_with_the_next(state: State) -> None:
    (state.folder / ".best-3.npz.4711").write_text("half")
    state.save("best-2.npz", [np.ones(1)])
    assert {file.name for file in State(state.folder).folder.iterdir()} == {"best-2.npz"}


FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from tasks.train.state import State
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
State(Path(sys.argv[1])).save("best-1.npz", [np.zeros(1_000_000)])
"""


def test_without_room_the_old_checkpoint_stays_whole(state: State) -> None:
    state.save("best-1.npz", [np.ones(3)])
    done = subprocess.run([sys.executable, "-c", FULL, str(state.folder)], capture_output=True, text=True)
    assert done.returncode
    assert f"OSError: no checkpoint could be written to {state.folder}/best-1.npz: File too large" in done.stderr
    assert "the one before it is whole" in done.stderr
    assert state.load("best-1.npz")[0].tolist() == [1, 1, 1]
    assert [file.name for file in state.folder.iterdir()] == ["best-1.npz"]
