"""A folder as a run finds it, for the tests of its record: no pipeline is in it."""

import subprocess
from pathlib import Path

import yaml

PARAMS = {"train": {"seed": 3, "augment": {"seed": 4}, "batch": 32}, "gate": {"seed": 0}, "classes": {"ig": ["x"]}}
COMMIT = "git -c user.name=a -c user.email=a@b commit -qm x"


def project(root: Path) -> Path:
    """A delivery that came, `007`, one that is drawn, `d`, settings and a lock."""
    (root / "data/raw").mkdir(parents=True)
    (root / "data/deliveries.yaml").write_text('deliveries:\n- "d"\n- "007"\ndrawn:\n- "d"\n')
    noted = {"outs": [{"md5": "aa.dir", "path": "007", "nfiles": 1}], "meta": {"digest": "bb", "images": 40}}
    (root / "data/raw/007.dvc").write_text(yaml.safe_dump(noted))
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    lock(root, "cc.dir")
    return root


def lock(root: Path, md5: str) -> None:
    """Have dvc.lock say that `d` is drawn so."""
    entry = {"cmd": "draw", "outs": [{"path": "data/raw/d", "md5": md5, "size": 1, "nfiles": 9}]}
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"demo@d": entry}}))


def shell(root: Path, *commands: str, env: dict[str, str]) -> None:
    """Run commands, each of which must succeed."""
    for command in commands:
        subprocess.run(["sh", "-c", command], cwd=root, check=True, env=env, capture_output=True)
