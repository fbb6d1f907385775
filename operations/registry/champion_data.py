"""The champion's folder and DVC: into the cache, and out of it or the remote."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from operations.project import dvc_file
from operations.project.champion_names import POINTER
from operations.registry.switch import CHAMPION, NEXT
from operations.storage import remote

PLACE, FILE = NEXT / CHAMPION.name, NEXT / POINTER.name


def add(root: Path, about: Mapping[str, Any]) -> str:
    """Have DVC version `data/champion.next/champion`; the text of the `.dvc` file, which holds for `data/champion` too.

    `about` goes into its `meta`. Raises OSError with what DVC said where it fails.
    """
    _dvc(root, "add", str(PLACE))
    document = yaml.safe_load((root / FILE).read_text())
    return yaml.safe_dump({**document, "meta": dict(about)}, sort_keys=False, allow_unicode=True)


def bring(root: Path, pointer: str, tag: str) -> None:
    """Check out what the text of a `.dvc` file names as `data/champion.next/champion`.

    From the cache, or else the remote. Raises OSError that says where it was looked for.
    """
    (root / FILE).write_text(pointer)
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


def _dvc(root: Path, *words: str) -> None:
    child = dvc_file.dvc(root, *words)
    if child.returncode:
        message = " ".join(child.stderr.split()).removeprefix("ERROR: ")
        raise OSError(f"dvc {words[0]} failed with exit code {child.returncode}: {message}")
