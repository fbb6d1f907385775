from pathlib import Path

import pytest

from operations.process import files


def test_the_new_text_and_the_old_mode(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("old")
    file.chmod(0o640)
    files.replace(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_failure_on_the_way_leaves_the_old_text_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("old")

    def fail(_descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("tasks.atomic.os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        files.replace(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
