"""Unpacks a zip or tar of images. It makes plain files and folders inside the target and refuses everything else."""

import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from tasks.delivery.container import UNPACKED_LIMIT, readable

MEMBERS_LIMIT = 1_000_000
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


class Member(NamedTuple):
    """A member of an archive; `kind` is file, folder, or what it is instead; `size` is in bytes, as stated."""

    name: str
    kind: str
    size: int
    open: Callable[[], IO[bytes]]


def suffix(path: Path) -> str | None:
    """The ending that makes the path an archive, None for no archive."""
    return next((ending for ending in SUFFIXES if path.name.lower().endswith(ending)), None)


def unpack(path: Path, target: Path, limit: int = UNPACKED_LIMIT) -> None:
    """Unpack into the folder `target`, which must not exist; on an error, what was unpacked so far stays in it.

    Raises ValueError, naming the member, for one that climbs out, is a link or a device, or is there twice, for more
    than `limit` bytes in all, and for an archive that is encrypted, damaged or cut short.
    """
    target.mkdir(parents=True)
    with readable(path), _opened(path) as members:
        _write(members, target, limit)


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[Member]]:
    if suffix(path) == ".zip":
        with zipfile.ZipFile(path) as packed:
            yield _zip_members(packed)
    else:
        with tarfile.open(path) as taped:
            yield _tar_members(taped)


def _write(members: Iterator[Member], target: Path, limit: int) -> None:
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = {PurePosixPath(".")}
    total = 0
    for number, member in enumerate(members, 1):
        place = _place(member)
        total += member.size
        if total > limit or number > MEMBERS_LIMIT:
            raise ValueError(f"unpacks to more than {limit} bytes or {MEMBERS_LIMIT} members")
        taken = files.intersection((place, *place.parents)) or (member.kind == "file" and place in folders)
        if taken:
            raise ValueError(f"holds {member.name!r} twice, or as a file and as a folder")
        folders.update(place.parents)
        if member.kind == "folder":
            folders.add(place)
            (target / place).mkdir(parents=True, exist_ok=True)
        else:
            files.add(place)
            _copy(member, target / place)


def _copy(member: Member, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as stream, place.open("xb") as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
        if copy.tell() != member.size:
            raise EOFError(f"{member.name!r} has {copy.tell()} bytes, expected {member.size}")


def _place(member: Member) -> PurePosixPath:
    if member.kind not in ("file", "folder"):
        raise ValueError(f"holds {member.name!r}, {member.kind}, expected files and folders alone")
    place = PurePosixPath(member.name)
    drive = member.name[1:2] == ":" and member.name[:1].isalpha()
    if place.is_absolute() or drive or ".." in place.parts or not member.name:
        raise ValueError(f"holds {member.name!r}, which leads out of the archive")
    return place


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise ValueError(f"holds {info.filename!r} encrypted, expected a zip without a password")
        yield Member(_zip_name(info), _zip_kind(info), info.file_size, partial(archive.open, info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    name = info.filename
    if not info.flag_bits & 0x800:
        # Many tools write UTF-8 without the flag that says so; zipfile has then read it as code page 437.
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    # Some tools of Windows write its own separator, against the format, and some of them say that they are Unix.
    return name.replace("\\", "/")


def _zip_kind(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a device"
    return "folder" if info.is_dir() or _zip_name(info).endswith("/") else "file"


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    for info in archive:
        size = info.size if info.isreg() else 0
        yield Member(info.name, _tar_kind(info), size, partial(_tar_content, archive, info))
    _require_end(archive)


def _tar_kind(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "a link"
    return "folder" if info.isdir() else "file" if info.isreg() else "a device"


def _tar_content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    assert content is not None, "only a plain file is opened"
    return content


def _require_end(archive: tarfile.TarFile) -> None:
    """tarfile takes a tape that ends, or goes bad, between two members for a whole one; a whole one ends in zeros."""
    stream = archive.fileobj
    assert stream is not None
    stream.seek(archive.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("no mark of its end")
    # gzip, bz2 and xz compare their checksum when they meet the end.
    while stream.read(1 << 20):
        pass
