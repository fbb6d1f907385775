"""What a run stands on, for its record: git, deliveries, settings, libraries, machine. The machine's name is left out.

Nothing here raises for what cannot be found out: the fact is None then, with the reason beside it where there is one.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from operations.pipeline import plan
from operations.pipeline.runner import Outcome
from tasks import model_folder, params

LIBRARIES = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),  # the same library under two names
    **{name: (name,) for name in ("keras", "keras-cv", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow")},
    **{name: (name,) for name in ("dvc", "prefect", "imagehash", "pillow", "onnxruntime")},
    "faiss": ("faiss-cpu",),
}
PATHS_KEPT = 200
SECONDS = 20.0
"""How long git, or the driver of a GPU, may take to answer."""
STATUS = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--no-renames", "-z"]


def git(root: Path) -> dict[str, Any]:
    """The commit that the branch stands at, whether the tree is as committed, and the paths that are not.

    `commit` is None, and `why` says the reason, without git, a repository or a commit.
    """
    try:
        done = subprocess.run(STATUS, cwd=root, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return _no_git(f"git: {error}")
    if done.returncode:
        return _no_git(done.stderr.decode(errors="replace").strip().partition("\n")[0])
    lines = [line for line in done.stdout.decode(errors="surrogateescape").split("\0") if line]
    heads, paths = [[line for line in lines if line.startswith("# ") is head] for head in (True, False)]
    commit = next((line.split()[2] for line in heads if line.startswith("# branch.oid ")), "(initial)")
    if commit == "(initial)":
        return _no_git("there is no commit yet")
    changed = sorted(_path(line) for line in paths)
    return {"commit": commit, "clean": not changed, "changed": changed[:PATHS_KEPT], "more": len(changed[PATHS_KEPT:])}


def digest(file: Path) -> str | None:
    """SHA-256 of a file, None where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def deliveries(root: Path) -> list[dict[str, Any]]:
    """Each delivery's name, DVC's md5 of it, the content's digest as noted when it came, and how many images.

    One that DVC draws has no file of its own: its md5 and number of files are those in dvc.lock. One that is on hold
    has `held`: True.
    """
    found, held = [], _lines(root / "data/deliveries.yaml", "held")
    for name in _lines(root / "data/deliveries.yaml", "deliveries"):
        file = root / "data/raw" / f"{name}.dvc"
        noted = _yaml(file)
        out, meta = _out(noted), noted.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        images = meta.get("images", meta.get("pictures", out.get("nfiles")))
        one = {"name": name, "md5": out.get("md5"), "digest": meta.get("digest"), "images": images}
        found.append({**one, "held": True} if name in held else one)
    return redrawn(root, found)


def redrawn(root: Path, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same deliveries, those that DVC draws as dvc.lock has them by now."""
    drawn = set(_lines(root / "data/deliveries.yaml", "drawn"))
    lock = _yaml(root / "dvc.lock").get("stages") if any(one["name"] in drawn for one in found) else {}
    outs = {name: _out(lock.get(f"demo@{name}") if isinstance(lock, dict) else {}) for name in drawn}
    return [
        {**one, "md5": out.get("md5"), "images": out.get("nfiles")} if (out := outs.get(one["name"])) else one
        for one in found
    ]


def settings(root: Path) -> dict[str, Any]:
    """All of params.yaml as values, its hash, and the seeds in it by their paths."""
    file = root / "params.yaml"
    try:
        values = params.read(file, checked=False)
    except (OSError, ValueError):
        values = {}
    return {"params": values, "params_sha256": digest(file), "seeds": dict(_seeds(values, ""))}


def libraries() -> dict[str, str | None]:
    """Versions of the libraries that a result may depend on, and Python's; None for one that is not installed."""
    found = {name: next(filter(None, map(_version, names)), None) for name, names in LIBRARIES.items()}
    return {"python": platform.python_version(), **found}


def hardware() -> dict[str, Any]:
    """Cores that this process may use, memory in MiB, the processor's and the GPUs' names."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": len(os.sched_getaffinity(0)), "memory_mib": pages >> 20, "cpu": _processor(), "gpus": _gpus()}


def of_stage(root: Path, name: str, made: plan.Record, outcome: str) -> dict[str, Any]:
    """A stage's output, the digest of the model in it, and what a training that ran says of its times and hardware."""
    found: dict[str, Any] = {"output": {"path": made.path, "md5": made.hash}}
    if digest := model_folder.digest(root / made.path):
        found["model"] = digest
    if name == "train" and outcome == Outcome.RAN and (training := _json(root / "data/runs/train.json")):
        found["training"] = training
    return found


def _json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _no_git(why: str) -> dict[str, Any]:
    return {"commit": None, "clean": None, "changed": [], "more": 0, "why": why}


def _path(line: str) -> str:
    """The path in a line of `git status --porcelain=v2`: how many words stand before it goes by the line's kind."""
    words = {"1": 8, "u": 10}.get(line[0], 1)
    return line.split(" ", words)[words].encode(errors="surrogateescape").decode(errors="replace")


def _yaml(file: Path) -> dict[str, Any]:
    """A mapping from a file; empty where there is none."""
    try:
        document = yaml.load(file.read_bytes(), Loader=plan.LOADER)
    except (OSError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) else {}


def _out(entry: object) -> dict[str, Any]:
    """The first output that an entry of dvc.lock, or a `.dvc` file, names; empty where it names none."""
    outs = entry.get("outs") if isinstance(entry, dict) else None
    return outs[0] if isinstance(outs, list) and outs and isinstance(outs[0], dict) else {}


def _lines(file: Path, key: str) -> list[str]:
    found = _yaml(file).get(key)
    return [str(one) for one in found] if isinstance(found, list) else []


def _seeds(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if key == "seed":
            yield f"{path}{key}", value
        elif isinstance(value, dict):
            yield from _seeds(value, f"{path}{key}.")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str | None:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _gpus() -> list[str]:
    """Names as NVIDIA's driver tells them: from its files, which is quick, else by its program."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    if files:
        lines = [line for file in files for line in file.read_text(errors="replace").splitlines()]
        return [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []
