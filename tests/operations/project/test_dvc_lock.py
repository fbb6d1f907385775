import fcntl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from operations.project import dvc_lock

CASES = {"empty": "", "torn": '{"read": {"data', "whole": "{}", "in use": '{"read": {"a": [{"pid": 1, "cmd": "x"}]}}'}


@pytest.mark.parametrize(
    ("text", "torn"), [(text, name in ("empty", "torn")) for name, text in CASES.items()], ids=CASES
)
def test_drop_torn(tmp_path: Path, text: str, torn: bool) -> None:
    file = tmp_path / dvc_lock.FILE
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert dvc_lock.drop_torn(tmp_path) is torn
    assert file.exists() is not torn
    assert not dvc_lock.drop_torn(tmp_path)


def test_without_any(tmp_path: Path) -> None:
    assert not dvc_lock.drop_torn(tmp_path)


def test_one_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    file, guard = tmp_path / dvc_lock.FILE, tmp_path / dvc_lock.GUARD
    file.parent.mkdir(parents=True)
    file.write_text("")
    with guard.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found: list[bool] = []
        thread = threading.Thread(target=lambda: found.append(dvc_lock.drop_torn(tmp_path)))
        thread.start()
        time.sleep(0.2)
        assert found == []
        file.write_text("{}")
    thread.join(timeout=10)
    assert found == [False]


def test_dvc_stops_at_a_torn_one(toy: Path, environment: dict[str, str]) -> None:
    (toy / dvc_lock.FILE).write_text("")
    command = ["dvc", "add", "params.yaml"]
    assert b"corrupted" in subprocess.run(command, cwd=toy, env=environment, capture_output=True).stderr
    assert dvc_lock.drop_torn(toy)
    subprocess.run(command, cwd=toy, env=environment, check=True)
