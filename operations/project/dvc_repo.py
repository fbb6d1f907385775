"""DVC's view of the project, for what its commands do not tell."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

NO_REMOTE: dict[str, Any] = {"core": {"remote": ""}}
"""A `config` by which DVC goes to no remote for lists of files that are not here."""


@contextmanager
def opened(root: Path, config: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """DVC's repository in one lock, since DVC reads dvc.yaml anew with each that it takes.

    `config` comes before what the files of `.dvc` say. Raises ValueError with DVC's words.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    try:
        with Repo(str(root), _wait_for_lock=True, config=dict(config or {})) as repo, lock_repo(repo):
            yield repo
    except DvcException as error:
        raise ValueError(f"dvc: {error}") from error


def cached(root: Path, folder: str, name: str) -> bytes | None:
    """A file of a folder of that hash, out of DVC's cache; None where that has not both."""
    with opened(root, NO_REMOTE) as repo:
        cache = repo.cache.local
        listing = Path(cache.oid_to_path(folder))
        entries = json.loads(listing.read_bytes()) if listing.is_file() else []
        found = next((Path(cache.oid_to_path(entry["md5"])) for entry in entries if entry["relpath"] == name), None)
        return found.read_bytes() if found and found.is_file() else None


def remote_url(root: Path) -> str | None:
    """Address of the default remote, a folder's as an absolute path; None where there is none."""
    _, options = _remote(root)
    return str(options["url"]) if options else None


def is_there(url: str) -> bool:
    """Whether a remote that is a folder is there; of others nobody knows before they are asked."""
    return not url.startswith("/") or Path(url).is_dir()


def on_remote(repo: Any, hashes: Collection[str]) -> set[str]:
    """Those of the objects that the default remote has; all of them where it cannot be asked."""
    url = remote_url(Path(repo.root_dir))
    if url is None:
        return set()
    with suppress(Exception):  # of as many kinds as there are services
        return set(repo.cloud.get_remote_odb().oids_exist(hashes) if is_there(url) else hashes)
    return set(hashes)


def present_remote(root: Path, **options: Any) -> dict[str, Any]:
    """A `config` by which earlier revisions are read with the remote of today.

    Else DVC takes the address that stood in .dvc/config at each revision, a relative one as if it began at the root of
    the file system, and reads from there, and writes to there.
    """
    name, own = _remote(root)
    return {"core": {"remote": name}, "remote": {name: {**own, **options}}} if name else NO_REMOTE


def _remote(root: Path) -> tuple[str, dict[str, Any]]:
    """Name and options of the default remote; empty ones where there is none."""
    from dvc.config import Config, ConfigError

    try:
        config = Config(dvc_dir=str(root.resolve() / ".dvc"))
    except ConfigError as error:
        raise ValueError(f"dvc: {error}") from error
    name = config["core"].get("remote") or ""
    return (name, {**config["remote"][name]}) if name in config["remote"] else ("", {})
