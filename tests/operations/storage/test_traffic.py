import logging
import sys
from pathlib import Path

import pytest

from operations.process import lock
from operations.storage import traffic

# What DVC 3.67 says, by what was wrong.
DOWN = 'ERROR: unexpected error - Could not connect to the endpoint URL: "http://127.0.0.1:5932/cells/p/files/md5/fc/03.dir"'
PART = (
    "ERROR: failed to transfer '0a' - Connection was closed before we received a valid response\nERROR: failed to push"
)
NO_BUCKET = (
    "ERROR: unexpected error - The specified bucket does not exist: An error occurred (NoSuchBucket) when calling"
)
NO_KEY = "ERROR: unexpected error - Unable to locate credentials\n\nHaving any troubles? Hit us up at https://dvc.org"
DENIED = "ERROR: failed to transfer '0a' - Forbidden: An error occurred (403) when calling the PutObject operation"
FULL = "ERROR: failed to transfer '0a' - [Errno 28] No space left on device: '/srv/cells/files/md5/0a'"
GONE = "ERROR: failed to pull data from the cloud - Checkout failed for following targets:\ndata/clean"


@pytest.fixture
def dvc(tmp_path: Path, monkeypatch):
    """A program in DVC's place: fails with `says` as often as the file `fails` has lines, then works."""
    monkeypatch.setattr(traffic, "FIRST_PAUSE", 0.01)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    program = folder / "dvc"
    program.write_text(
        '#!/bin/sh\necho "$@" >> calls\n[ -s fails ] || { echo "3 files pushed"; exit 0; }\n'
        "sed -i 1d fails; cat says >&2; exit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    root = tmp_path / "project"
    root.mkdir()

    def failing(times: int, says: str) -> Path:
        (root / "says").write_text(says)
        (root / "fails").write_text("x\n" * times)
        return root

    return failing


@pytest.mark.parametrize("says", [DOWN, PART], ids=["server down", "line cut"])
def test_the_network_is_tried_again(dvc, says, caplog):
    root = dvc(2, says)
    with caplog.at_level(logging.INFO):
        assert traffic.run(root, ["push", "x"], "s3://cells", 5) == ["3 files pushed"]
    assert (root / "calls").read_text() == "--wait-for-lock push x\n" * 3
    tries = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [line.partition(", the next in")[0] for line in tries] == [
        "dvc push: try 1 of 5 failed",
        "dvc push: try 2 of 5 failed",
    ]
    assert "Could not connect" in tries[0] or "Connection was closed" in tries[0]


def test_the_last_try_tells_what_dvc_said(dvc):
    root = dvc(9, DOWN)
    with pytest.raises(OSError, match=r"^dvc pull with s3://cells failed, 3 tries: Could not connect to the endpoint"):
        traffic.run(root, ["pull"], "s3://cells", 3)
    assert len((root / "calls").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (NO_BUCKET, "The specified bucket does not exist"),
        (NO_KEY, "Unable to locate credentials\nERROR: unexpected error - Unable to locate credentials$"),
        (DENIED, r"failed to transfer '0a' - Forbidden"),
        (FULL, "No space left on device"),
        (GONE, "Checkout failed for following targets:\n.*\ndata/clean$"),
        (f"{PART}\n{FULL}", "Connection was closed"),
        ("", "it said nothing"),
    ],
    ids=["no bucket", "no credentials", "denied", "disk full", "damaged", "a cut line and a full disk", "nothing said"],
)
def test_what_stays_wrong_is_not_tried_again(dvc, says, told):
    root = dvc(1, says)
    with pytest.raises(OSError, match=f"^dvc push with /srv failed: .*{told}"):
        traffic.run(root, ["push"], "/srv", 5)
    assert len((root / "calls").read_text().splitlines()) == 1


def test_pauses_grow_and_are_drawn(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    assert [traffic._pause(attempt) for attempt in (1, 2, 3, 9)] == [3.0, 6.0, 12.0, 90.0]
    monkeypatch.undo()
    assert len({traffic._pause(1) for _ in range(9)}) > 1


def test_what_guards_dvc_gets_the_lock_so_that_it_outlives_us(dvc):
    root = dvc(0, "")
    program = Path(sys.executable).with_name("dvc")
    program.write_text(f"#!/bin/sh\nls -l /proc/$PPID/fd | grep -q {lock.FILE} && echo held\n")
    with lock.held(root, "push"):
        assert traffic.run(root, ["push"], "/srv") == ["held"]


def test_no_attempt_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="attempts must be at least 1, got 0"):
        traffic.run(tmp_path, ["push"], "/srv", 0)
