"""Where data and models are kept besides here: DVC's remote, a folder or a bucket.

.dvc/config, which is in git, holds its address and no secrets. Those are in the environment, in ~/.aws or in
.dvc/config.local.
"""

import re
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from operations.process import lock
from operations.process.follow import Logger
from operations.project import dvc_file, dvc_repo
from operations.project.dvc_repo import remote_url as configured
from operations.storage import address, backup, traffic
from operations.storage.address import Address
from operations.storage.backup import not_backed_up
from operations.storage.traffic import ATTEMPTS, LOG

__all__ = ["add", "configured", "not_backed_up", "pull", "push"]

NAME = "storage"
MENDING = "Delete there what is damaged; `hemaflow remote push --whole`, where the data are, brings it back"
LOST = "neither locally nor on remote"


def add(
    root: Path,
    url: str,
    endpoint_url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
) -> str:
    """Make `url` the project's remote, in place of any other, once something could be written there; says so.

    `url` is a folder outside the project, which is made where it is not there, or s3://BUCKET/PREFIX; the options are
    those of a bucket. Raises ValueError for an address that is none or holds a secret, OSError where nothing can be
    written; the remote is what it was then.
    """
    chosen = address.parse(root, url, endpoint_url, region, profile)
    with lock.held(root, "remote add"):
        before = configured(root)
        _probe(root, chosen)
        _dvc(root, "remote", "add", "--quiet", "--default", "--force", NAME, chosen.url)
        for option, value in {"verify": "true", **chosen.options}.items():
            _dvc(root, "remote", "modify", "--quiet", NAME, option, value)
        now = configured(root)
    if now != str(chosen.folder or chosen.url):
        raise OSError(f"the remote is still {now}: .dvc/config.local comes before .dvc/config, where {url} is now")
    instead = f" instead of {before}" if before not in (None, now) else ""
    return f"the remote is {now}{instead}. Next: git add .dvc/config, and hemaflow remote push"


def push(
    root: Path,
    targets: Sequence[str] = (),
    attempts: int = ATTEMPTS,
    *,
    champions: bool = False,
    whole: bool = False,
    run_cache: bool = False,
    log: Logger = LOG,
) -> str:
    """Copy to the remote what it lacks: of the targets (stages, outputs, `.dvc` files), by default of all; says so.

    `champions`: those of all tags too, not the present one alone. `whole`: looks at each object, where DVC takes the
    files of a folder for present because its list of files is, and so mends a remote that lost some. `run_cache`: DVC's
    notes of earlier runs too, which takes a request each, every time. Raises OSError where it fails, on the network
    after so many attempts; what was copied stays, and the next push goes on from there. Raises ValueError without a
    remote.
    """
    url = _known(root)
    lines = traffic.run(root, ["push", *(["--run-cache"] if run_cache else []), *targets], url, attempts, log)
    if whole or (champions and backup.tags(root)):
        program = [sys.executable, "-m", backup.__name__]
        lines += traffic.run(root, ["push", *([backup.WHOLE] if whole else [])], url, attempts, log, program)
    number = sum(int(found[1]) for line in lines if (found := re.match(r"(\d+) files? pushed", line)))
    lost = any(LOST in line for line in lines)
    return f"{number} files -> {url}" + (", but some are neither here nor there: see `remote status`" if lost else "")


def pull(root: Path, targets: Sequence[str] = (), attempts: int = ATTEMPTS, *, log: Logger = LOG) -> str:
    """Fetch from the remote what is not here, and put it in its place; the targets as in `push`. Waits for the lock.

    Raises OSError where it fails, on the network after so many attempts: it names what the remote has lost, or has
    damaged. Raises ValueError without a remote.
    """
    url = _known(root)
    with lock.held(root, "remote pull"):
        try:
            lines = traffic.run(root, ["pull", *(targets or _made(root))], url, attempts, log)
        except OSError as error:
            spoilt = [] if traffic.is_network(str(error).splitlines()) else backup.spoilt(root, targets)
            if not spoilt:
                raise
            raise OSError(f"{url} is not whole: {'; '.join(spoilt)}. {MENDING}\n{error}") from error
    number = sum(int(found[1]) for line in lines if (found := re.match(r"(\d+) files? fetched", line)))
    return f"{number} files <- {url}"


def _known(root: Path) -> str:
    """The remote's address. Raises ValueError where there is none, OSError where a folder is not there."""
    url = configured(root)
    if url is None:
        raise ValueError(backup.NONE)
    if not dvc_repo.is_there(url):
        raise OSError(f"{url} is not there: is it mounted?")  # DVC would make it, on this machine's disk
    return url


def _made(root: Path) -> list[str]:
    """Targets that stand for all, where DVC would stumble over stages that never ran; none where none is such."""
    with dvc_repo.opened(root) as repo:
        ran = [stage for stage in repo.index.stages if all(out.hash_info or not out.use_cache for out in stage.outs)]
        return [_target(root, stage) for stage in ran] if len(ran) < len(repo.index.stages) else []


def _target(root: Path, stage: Any) -> str:
    file = str(Path(stage.path).relative_to(root.resolve()))
    return f"{file}:{stage.name}" if stage.cmd else file


def _probe(root: Path, chosen: Address) -> None:
    """Write a file there and remove it. Raises OSError."""
    name = f".probe-{uuid.uuid4().hex}"
    if chosen.folder:
        try:
            chosen.folder.mkdir(parents=True, exist_ok=True)
            (chosen.folder / name).write_bytes(b"")
            (chosen.folder / name).unlink()
        except OSError as error:
            raise OSError(f"nothing can be written to {chosen.folder}: {error.strerror}") from error
        return
    config = {"core": {"remote": NAME}, "remote": {NAME: {"url": chosen.url, **chosen.options}}}
    with dvc_repo.opened(root, config) as repo:
        try:
            there = repo.cloud.get_remote(NAME)
            place = there.fs.join(there.path, name)
            there.fs.pipe_file(place, b"probe")
            there.fs.rm_file(place)
        except Exception as error:  # of as many kinds as there are services
            raise OSError(f"nothing can be written to {chosen.url}: {error}") from error


def _dvc(root: Path, *words: str) -> None:
    done = dvc_file.dvc(root, *words)
    if done.returncode:
        raise OSError(f"dvc {' '.join(words[:2])}: {traffic.error_line(done.stderr.splitlines())}")
