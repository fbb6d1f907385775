"""A champion's folder and DVC: into the cache, and out of it or the remote."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from operations.project import dvc_file
from operations.registry import switch
from operations.registry.candidate import about, check_model
from operations.registry.champion_record import parsed, rendered
from operations.storage import remote

PLACE = switch.NEXT / "champion"
FILE = PLACE.with_suffix(".dvc")


def add(root: Path, facts: Mapping[str, Any]) -> str:
    """Have DVC version `data/champion.next/champion`, and move that to its own folder; the text of its pointer.

    Raises OSError with what DVC said where it fails.
    """
    _dvc(root, "add", str(PLACE))
    text = rendered((root / FILE).read_text(), facts)
    _settle(root, text)
    return text


def bring(root: Path, text: str) -> Path:
    """The folder, from the root on, that the text of a pointer names, from DVC's cache or the remote if not here whole.

    Hold the project's lock. Raises OSError that says where it was looked for.
    """
    champion = parsed(text)
    if not _is_whole(root, text):
        with switch.building(root):
            _check_out(root, text, champion.tag)
            if about(root / PLACE)["model"] != champion.model:
                raise ValueError(f"expected {champion.tag} in what its pointer names, got another model")
            _settle(root, text)
    return champion.folder


def _check_out(root: Path, text: str, tag: str) -> None:
    (root / FILE).write_text(yaml.safe_dump({"outs": [{**yaml.safe_load(text)["outs"][0], "path": PLACE.name}]}))
    try:
        _dvc(root, "checkout", "--quiet", str(FILE))
        return
    except OSError as error:
        asked = remote.configured(root)
        if asked is None:
            raise OSError(f"{tag} is not in DVC's cache, and there is no remote to get it from ({error})") from error
    try:
        remote.pull(root, [str(FILE)])
    except OSError as error:
        raise OSError(f"{tag} is neither in DVC's cache nor in the remote {asked}: {error}") from error


def _is_whole(root: Path, text: str) -> bool:
    """Whether the folder is here as it was versioned: no part of a pull that was cut short, no damaged model."""
    folder, out = root / parsed(text).folder, yaml.safe_load(text)["outs"][0]
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    try:
        return (len(sizes), sum(sizes)) == (out["nfiles"], out["size"]) and bool(check_model(folder))
    except ValueError:
        return False


def _settle(root: Path, text: str) -> None:
    """Move what was built to its own folder. What is whole there stays, for it may be being read."""
    place = root / parsed(text).folder
    place.parent.mkdir(exist_ok=True)
    if place.exists() and not _is_whole(root, text):
        place.rename(root / switch.NEXT / "damaged")
    if not place.exists():
        (root / PLACE).rename(place)


def _dvc(root: Path, *words: str) -> None:
    child = dvc_file.dvc(root, *words)
    if child.returncode:
        message = " ".join(child.stderr.split()).removeprefix("ERROR: ")
        raise OSError(f"dvc {words[0]} failed with exit code {child.returncode}: {message}")
