"""A zip or tar of images, read member by member. What `add` refuses as a whole is refused as a whole here too."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from tasks.delivery import archive
from tasks.delivery.archive import Member
from tasks.delivery.container import UNPACKED_LIMIT, bounded, readable
from tasks.delivery.litter import is_litter
from tasks.predict.source import Entry, Source, check_size


def source(path: Path, limit: int = UNPACKED_LIMIT) -> Source:
    """The files in the archive, by their path in it; litter is left out, and counted.

    A zip's come sorted; a tar's come as they lie on the tape, which cannot be read in another order. Raises ValueError,
    naming the member, for one that climbs out, is a link or a device, is encrypted, or is there twice, for more than
    `limit` bytes in all, and for an archive that is damaged or cut short. Damage inside a member of a zip shows when
    that member is read.
    """
    with archive.opened(path) as members:
        names = _checked(members, bounded(path, limit))
    litter = sum(map(is_litter, names))
    zipped = archive.suffix(path) == ".zip"
    return Source(len(names) - litter, litter, partial(_zip if zipped else _tar, path), ordered=zipped)


def _checked(members: Iterator[Member], limit: int) -> set[str]:
    names: set[str] = set()
    total = 0
    for number, member in enumerate(members, 1):
        name = str(archive.place_of(member))
        total += member.size
        archive.check(limit, total, number)
        if name in names:
            raise ValueError(f"holds {member.name!r} twice")
        if member.kind == "file":
            names.add(name)
    return names


@contextmanager
def _zip(path: Path) -> Iterator[Iterator[Entry]]:
    with archive.opened(path) as members:
        found = sorted(_files(members), key=lambda pair: pair[0])
        yield (Entry(name, partial(_content, path, member)) for name, member in found)


@contextmanager
def _tar(path: Path) -> Iterator[Iterator[Entry]]:
    with archive.opened(path) as members:
        yield (_loaded(path, name, member) for name, member in _files(members))


def _files(members: Iterator[Member]) -> Iterator[tuple[str, Member]]:
    for member in members:
        name = str(PurePosixPath(member.name))
        if member.kind == "file" and not is_litter(name):
            yield name, member


def _loaded(path: Path, name: str, member: Member) -> Entry:
    """An entry whose content is read now, while the tape is there."""
    try:
        content = _content(path, member)
    except ValueError as error:
        return Entry(name, partial(_again, error))
    return Entry(name, lambda: content, len(content))


def _again(error: ValueError) -> bytes:
    raise error


def _content(path: Path, member: Member) -> bytes:
    check_size(member.size)
    with readable(path), member.open() as stream:
        # One byte more than stated and no further, so that a member which lies about its size takes no more memory.
        content = stream.read(member.size + 1)
    if len(content) != member.size:
        raise ValueError(f"{path.name}: damaged or cut short: {len(content)} bytes, expected {member.size}")
    return content
