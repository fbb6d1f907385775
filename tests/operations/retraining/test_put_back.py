"""When the former model is put back, and when not, on the toy; that a run does it is in test_hold.py."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

from operations.deliveries.add_remove import add
from operations.deliveries.hold import hold
from operations.pipeline import plan
from operations.retraining.put_back import put_back
from tests.support.retrained import BETTER, images


def repro(root: Path, environment: dict[str, str], *words: str) -> None:
    subprocess.run(["dvc", "repro", "-q", *words], cwd=root, env=environment, check=True)


def state(root: Path) -> list[str]:
    """Of dvc.lock, and of what lies in the folders that it names."""
    files = [root / plan.LOCK, *(root / "data/network").iterdir(), *(root / "data/model").iterdir()]
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)]


def test_only_what_would_be_made_again_is_put_back(
    with_champion: Path, tmp_path: Path, steer: Any, environment: dict[str, str]
) -> None:
    root, former = with_champion, plan.entries(with_champion)
    add(root, images(tmp_path / "second"), "second")
    repro(root, environment, "calibrate")
    assert put_back(root) == []  # the new rows are in the dataset
    hold(root, "second", "so", "Ada")
    repro(root, environment, "split")
    spoilt = state(root)

    file = root / ".dvc/cache/files/md5" / _placed(former["train"]["outs"][0]["md5"])
    file.rename(tmp_path / "aside")
    assert put_back(root) == []  # DVC's cache lost the network
    assert state(root) == spoilt
    (tmp_path / "aside").rename(file)

    assert put_back(root)[:2] == ["data/network", "data/model"]
    assert plan.entries(root)["train"] == former["train"]
    assert (root / "data/network/model.weights.h5").read_text() == "0.8"

    steer.words(root, "train", BETTER)
    repro(root, environment, "calibrate")
    better = state(root)
    assert put_back(root) == []  # these rows under other settings
    assert state(root) == better


def _placed(md5: str) -> str:
    return f"{md5[:2]}/{md5[2:]}"
