"""Unpacks a zip or tar of images. It makes plain files and folders inside the target and refuses everything else."""

import io
import os
import shutil
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from tasks.delivery.container import UNPACKED_LIMIT, bounded, readable

MEMBERS_LIMIT = 500_000
"""Members of an archive. A zip takes a kilobyte of memory for each: half a gigabyte for so many."""
NAME_LIMIT, PART_LIMIT = 4000, 255
"""Bytes of a name, and of each of its parts; Linux takes little more."""
HEADER_LIMIT = 1 << 20
"""Bytes of what stands before a tar's member: a long name, and other attributes."""
PADDING_LIMIT = 64 << 20
"""Bytes behind the end of a tar."""
AHEAD_LIMIT = 256 << 20
"""Bytes of a compressed tar whose members are counted before the first is unpacked."""
DIRECTORY_LIMIT = 256 << 20
"""Bytes of a zip's directory."""
DIRECTORY = b"PK\1\2"
"""Its beginning."""
LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
"""Kinds of what stands before a member."""
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
    with opened(path) as members:
        _write(members, target, bounded(path, limit))


@contextmanager
def opened(path: Path) -> Iterator[Iterator[Member]]:
    """The members, while the block lasts. Raises ValueError, also while they come, for an archive that is damaged."""
    with readable(path):
        if suffix(path) == ".zip":
            with zip_file(path) as packed:
                yield _zip_members(packed)
        else:
            with tarfile.open(path, tarinfo=_TarInfo) as taped:
                _check_tape(path, taped)
                yield _tar_members(taped)


@contextmanager
def zip_file(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip, while the block lasts. Raises ValueError for one of more than MEMBERS_LIMIT members."""
    with _Zip(path.open("rb", buffering=0)) as stream, zipfile.ZipFile(stream) as packed:
        yield packed


def check(limit: int, total: int, number: int) -> None:
    """Raise ValueError for more members, or bytes in all, than an archive may have."""
    if total > limit:
        raise ValueError(f"unpacks to more than {limit} bytes: more than a delivery may have, or than images would")
    if number > MEMBERS_LIMIT:
        raise ValueError(f"holds more than {MEMBERS_LIMIT} members: deliver it in parts")


class _Zip(io.BufferedReader):
    """Counts the members before zipfile makes an object of each: of a million, in half a minute and a gigabyte."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY_LIMIT:
            raise ValueError(f"its directory of {size} bytes is longer than one of {MEMBERS_LIMIT} members")
        content = super().read(size)
        if content.startswith(DIRECTORY):
            check(0, 0, _counted(content))
        return content


def _counted(directory: bytes) -> int:
    """Members in a zip's directory, as far as they may be."""
    at = number = 0
    while at + 46 <= len(directory) and number <= MEMBERS_LIMIT:
        at += 46 + sum(struct.unpack_from("<HHH", directory, at + 28))  # name, extra field and comment
        number += 1
    return number


def _check_tape(path: Path, archive: tarfile.TarFile) -> None:
    """Count the members ahead, which takes a fiftieth of the time that making them takes.

    Not of a large file that is compressed: to look ahead in one takes as long as to unpack it.
    """
    stream = archive.fileobj
    assert stream is not None
    if path.stat().st_size > AHEAD_LIMIT and suffix(path) != ".tar":
        return
    number, before = 0, stream.tell()
    stream.seek(0)
    while len(header := stream.read(tarfile.BLOCKSIZE)) == tarfile.BLOCKSIZE and any(header):
        number += 1
        check(0, 0, number)
        try:
            size = tarfile.nti(header[124:136])  # type: ignore[attr-defined]
        except tarfile.HeaderError:
            break
        if size < 0:  # it may be stated so, and would be read again and again
            break
        stream.seek(stream.tell() - -size // tarfile.BLOCKSIZE * tarfile.BLOCKSIZE)
    stream.seek(before)


class _TarInfo(tarfile.TarInfo):
    """Keeps tarfile from reading a gigabyte before it says what a member is."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type == tarfile.GNUTYPE_SPARSE:
            self._proc_gnusparse_00()
        if self.type in LONG and self.size > HEADER_LIMIT:
            raise ValueError(f"holds a name or attributes of {self.size} bytes, expected at most {HEADER_LIMIT}")
        return super()._proc_member(archive)  # type: ignore[misc]

    def _proc_gnusparse_00(self, *_: object) -> None:
        raise ValueError(f"holds {self.name[:40]!r} as a sparse file, expected whole files")

    _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_gnusparse_00


def _write(members: Iterator[Member], target: Path, limit: int) -> None:
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = {PurePosixPath(".")}
    total = 0
    for number, member in enumerate(members, 1):
        place = place_of(member)
        total += member.size
        check(limit, total, number)
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


def place_of(member: Member) -> PurePosixPath:
    """Its path in the archive. Raises ValueError for one that leads out, has no room on a disk, or is no file."""
    if len(os.fsencode(member.name)) > NAME_LIMIT or any(
        len(os.fsencode(part)) > PART_LIMIT for part in member.name.split("/")
    ):
        raise ValueError(f"holds {member.name[:40]!r}..., a name of {len(member.name)} characters: too long for a file")
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
    return "folder" if _zip_name(info).endswith("/") else "file"


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    while (info := archive.next()) is not None:
        archive.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
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
    for _ in range(PADDING_LIMIT >> 20):
        if not stream.read(1 << 20):
            return
    raise tarfile.ReadError(f"more than {PADDING_LIMIT} bytes behind its end")
