"""The steps by which a champion takes its place; each may be done again.

Its folder is built and versioned as `data/champion.next/champion`, and moved to where it stays as it is. Then the
pointer is replaced, which is the switch, and git records what it names by a commit and, for a promotion, a tag. A
process that is killed before the pointer has changed nothing; one that is killed after it leaves git to `recover`.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.git import git, git_index, repository
from operations.process import lock
from operations.project.champion_names import POINTER, TAGS
from operations.registry.champion_record import Champion, current, is_former, parsed, pointer

NEXT = Path("data/champion.next")
"""Where things are built. Not below data/.state or data/champions, in which DVC adds nothing."""


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """An empty folder to build in, for the time of the block."""
    place = root / NEXT
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def make(root: Path, text: str) -> None:
    """Have the pointer say `text`, whose folder is in its place, and git record it. Hold the project's lock.

    Raises what `repository.commit` raises, and then the pointer is as it was. An error after the commit leaves the rest
    to `recover`.
    """
    before = pointer(root)
    for named in (before, text):
        _touch(root, named)
    _point(root, text)
    try:
        _record(root)
    except BaseException:
        if repository.show(root, "HEAD", POINTER) != text.encode():  # an interrupt can come after the commit
            _point(root, before)
        raise


def recover(root: Path) -> str | None:
    """Have git record what the pointer names, and forget what a killed process was building; its tag if it was not.

    Waits for the project's lock where there is something to do.
    """
    if not (root / NEXT).exists() and is_recorded(root):
        return None
    with lock.held(root, "finish an interrupted promotion"):
        shutil.rmtree(root / NEXT, ignore_errors=True)
        if is_recorded(root):
            return None
        _record(root)
        return parsed(pointer(root) or "").tag


def is_recorded(root: Path) -> bool:
    """Whether git has a commit, and a tag, of what the pointer names; so it is where there is no pointer, or no git."""
    now = current(root)
    if now is None or not git.succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        return True
    is_committed = repository.show(root, "HEAD", POINTER) == (root / POINTER).read_bytes()
    return is_committed and not git_index.is_left(root) and not _untagged(root, now)


def _record(root: Path) -> None:
    text = (root / POINTER).read_bytes()
    now, before = parsed(text.decode()), repository.show(root, "HEAD", POINTER)
    # No commit where HEAD has it; but then git's index may lag behind that of a killed process.
    repository.commit(root, {str(POINTER): text}, _message(root, now, before or b""))
    tag(root, now)


def tag(root: Path, now: Champion) -> None:
    """Tag the commit of its promotion where that is the pointer's last and has none."""
    if made := _untagged(root, now):
        repository.tag(root, now.tag, made)


def _untagged(root: Path, now: Champion) -> str | None:
    """The commit of its promotion, where that is the pointer's last and has no tag."""
    if now.tag in repository.tags(root, TAGS):
        return None
    last = next(iter(repository.log(root, POINTER)), None)
    return last.sha if last and not now.back and last.subject == _subject(now) else None


def _message(root: Path, now: Champion, before: bytes) -> str:
    if is_former(before.decode()):
        return f"Move {now.tag} to {now.folder}\n"
    if not now.back and now.tag in repository.tags(root, TAGS):
        return f"Have {now.tag} as champion\n"  # a person put an earlier pointer in its place
    return f"{_subject(now)}\n\n{_body(now)}"


def _subject(now: Champion) -> str:
    back = now.back
    return f"Roll back to {now.tag} from {back.instead}: {back.why}" if back else f"Promote {now.tag}: {now.why}"


def _body(now: Champion) -> str:
    if now.back:
        return f"by: {now.back.who}\n"
    return (
        f"replaces: {now.replaced or 'none'}\nrun: {now.run or 'none'}\nmodel: {now.model}\n"
        f"by: {now.who}\nsince: {now.since}\n"
    )


def _touch(root: Path, text: str | None) -> None:
    """Note when the folder was named last, from which `clean-up` counts."""
    folder = root / parsed(text).folder if text else None
    if folder and folder.is_dir():
        os.utime(folder)


def _point(root: Path, text: str | None) -> None:
    """Replace the pointer at once, out of a folder that is cleared whatever happens."""
    if text is None:
        (root / POINTER).unlink(missing_ok=True)
        return
    with building(root) as place, (place / "pointer").open("wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
        (place / "pointer").replace(root / POINTER)
