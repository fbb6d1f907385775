"""The file `data/raw/NAME.dvc`: made by `dvc add`, with facts about the content in `meta`, which DVC carries along."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from operations.process import lock
from tasks.delivery import raw
from tasks.delivery.intake import Intake

RAW = Path("data/raw")


class _Quoted(str):
    """A name, in quotes whatever it is: DVC reads YAML 1.2, which takes 24e1117 for a number and 1.1 does not."""


class _Dumper(yaml.SafeDumper):
    """Writes them."""


_Dumper.add_representer(
    _Quoted, lambda dumper, name: dumper.represent_scalar("tag:yaml.org,2002:str", str(name), style='"')
)


def place(root: Path, name: str) -> Path:
    """Where the file of a delivery is."""
    return root / RAW / f"{name}.dvc"


def read(root: Path, name: str) -> dict[str, Any]:
    """What the file says; empty where there is none. Raises ValueError for one that DVC has not written."""
    file = place(root, name)
    if not file.exists():
        return {}
    try:
        document: dict[str, Any] = yaml.safe_load(file.read_text())
        _ = document["outs"][0]["md5"], document.get("meta", {}).get("digest")
    except (yaml.YAMLError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"{file}: expected a file as `dvc add` writes it: {error}") from error
    return document


def digest(root: Path, name: str) -> str | None:
    """The content's digest as noted when it came, else that of the folder; None where there is neither."""
    document = read(root, name)
    meta = document.get("meta", {})
    if meta and meta.get("md5") == document["outs"][0]["md5"]:
        return str(meta["digest"])
    folder = root / RAW / name
    return raw.digest(folder) if folder.is_dir() else None


def dvc(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`dvc WORDS`, ended; it keeps the project's lock where this process has it."""
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", *words]
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    held = lock.descriptors(root)
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, pass_fds=held)


def add(root: Path, name: str) -> None:
    """Have DVC version `data/raw/NAME`. Raises OSError with what it said where it fails."""
    child = dvc(root, "add", str(RAW / name))
    if child.returncode:
        raise OSError(f"dvc add {RAW / name} failed with exit code {child.returncode}: {child.stderr.strip()}")


def left_out(root: Path, name: str, sources: Sequence[str]) -> list[str]:
    """Which files of a delivery DVC would not version, by their paths below `data/raw/NAME`. Needs no lock."""
    from dvc.fs import LocalFileSystem
    from dvc.ignore import DvcIgnoreFilter

    ignores, folder = DvcIgnoreFilter(LocalFileSystem(), str(root.absolute())), (root / RAW / name).absolute()
    return [source for source in sources if ignores.is_ignored_file(str(folder / source))]


def note(root: Path, name: str, taken: Intake) -> None:
    """Write the content's facts into the file; `md5` says for which state of the folder they hold.

    Raises ValueError where DVC leaves out files of the folder.
    """
    document = read(root, name)
    output, files = document["outs"][0], len(raw.sources(root / RAW / name))
    if output["nfiles"] != files:
        raise ValueError(f"DVC versions {output['nfiles']} of {files} files, see .dvcignore and folders named .dvc")
    classes = {_Quoted(label or "in no class"): count for label, count in taken.classes.items()}
    document["meta"] = {"digest": taken.digest, "md5": output["md5"], "images": taken.images, "classes": classes}
    output["path"] = _Quoted(name)
    fresh = root / RAW / f".{name}.dvc.{os.getpid()}"
    try:
        fresh.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False))
        fresh.replace(place(root, name))
    finally:
        fresh.unlink(missing_ok=True)


def unignore(path: Path) -> None:
    """Take the path's line out of the .gitignore beside it, as `dvc remove` does."""
    file = path.with_name(".gitignore")
    lines = file.read_text().splitlines() if file.exists() else []
    if f"/{path.name}" in lines:
        kept = [line for line in lines if line != f"/{path.name}"]
        file.write_text("".join(f"{line}\n" for line in kept))
        if not kept:
            file.unlink()
