"""Damages small real files in seeded ways, and has a reader meet them in a child process that is watched.

The child must neither die, nor take more than SECONDS of a processor or MEMORY for one input, nor write outside of its
folder, and each input must end as a result or as one line.
"""

import multiprocessing
import os
import random
import resource
import shutil
import signal
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

SECONDS = 5
MEMORY = 1 << 30
"""Bytes that one input may take, beyond what the child has when it starts."""
RESERVED = 6 << 30
"""Bytes that it may reserve. An lzma file states the size of its window, up to 4 GiB, of which only what it fills
takes memory."""
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "shutil.rmtree")
INTERESTING = (0, 1, 2, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)

Reader = Callable[[bytes, Path], str]
"""Reads an input, with a new folder to work in; a word for what came of it. Raises ValueError or OSError."""


def damaged(samples: list[bytes], number: int, seed: int) -> Iterator[bytes]:
    """As many inputs, each a sample with one to six things done to it."""
    dice = random.Random(seed)
    for _ in range(number):
        content = bytearray(dice.choice(samples))
        for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
            if content:
                dice.choice(HARMS)(dice, content)
        if dice.random() < 0.5:
            content = bytearray(mended(bytes(content)))
        yield bytes(content)


def mended(content: bytes) -> bytes:
    """A PNG with right checksums, so that what is in its chunks is looked at; anything else as it is."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    parts, at = [content[:8]], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        end = at + 8 + min(length, len(content) - at - 12)
        body = content[at + 4 : end]
        parts += [content[at : at + 4], body, struct.pack(">I", zlib.crc32(body))]
        at = end + 4
    return b"".join([*parts, content[at:]])


def met(read: Reader, inputs: Iterable[bytes], folder: Path) -> Counter[str]:
    """What came of the inputs, by the word that `read` gives, or `error`. Fails for what a reader must not do."""
    given = list(inputs)
    context = multiprocessing.get_context("fork")
    at, pipe = context.Value("q", -1), context.SimpleQueue()
    child = context.Process(target=_read_all, args=(read, given, folder, at, pipe))
    child.start()
    told: Any = pipe.get() if _ended(child, pipe, at) else None
    child.join()
    if isinstance(told, Counter):
        return told
    (folder / "input").write_bytes(given[at.value])
    over = f"ended the process with {child.exitcode} (-27: over {SECONDS} s)"
    raise AssertionError(f"input {at.value} ({folder / 'input'}) {told or over}")


def _ended(child: Any, pipe: Any, at: Any) -> bool:
    """Whether the child told something. One that waits for something takes no processor, and is killed here."""
    before, since = at.value, time.monotonic()
    while child.is_alive() and pipe.empty():
        child.join(0.05)
        if at.value != before:
            before, since = at.value, time.monotonic()
        elif time.monotonic() - since > 20 * SECONDS:
            child.kill()
    return not pipe.empty()


def _read_all(read: Reader, given: list[bytes], folder: Path, at: Any, pipe: Any) -> None:
    """In the child: the counts go into the pipe, or what is wrong."""
    work, before = folder / "work", _peak()
    strayed = _watched(folder, work)
    counts: Counter[str] = Counter()
    for number, content in enumerate(given):
        at.value = number
        work.mkdir()
        word, wrong = _one(read, content, work)
        counts[word] += 1
        if _peak() - before > MEMORY:
            wrong = f"took {(_peak() - before) >> 20} MiB"
        if wrong := wrong or ", ".join(strayed):
            pipe.put(wrong)
            return
        shutil.rmtree(work)
    pipe.put(counts)


def _one(read: Reader, content: bytes, work: Path) -> tuple[str, str]:
    """The word for what came of an input, and what is wrong with that, "" for nothing."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return read(content, work), ""
    except (ValueError, OSError) as error:
        return "error", "" if _is_one_line(str(error)) else f"said no line of use: {error!r}"
    except BaseException as error:
        return "", f"raised {error!r}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _watched(folder: Path, work: Path) -> list[str]:
    """Limit this process, and note from now on what it does outside of `work`."""
    os.chdir(folder)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + RESERVED, size + RESERVED))
    strayed: list[str] = []
    sys.addaudithook(lambda event, args: _watch(event, args, work, strayed))
    return strayed


def _is_one_line(said: str) -> bool:
    return bool(said) and "\n" not in said and len(said) < 1000 and "MemoryError" not in said


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _watch(event: str, args: tuple[Any, ...], work: Path, strayed: list[str]) -> None:
    if event == "open" and _is_path(args[0]):
        writes = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and not _inside(args[0], work):
            strayed.append(f"did outside of its folder: {event} {args[0]!r}")
    elif event in WRITES and not (isinstance(args[-1], int) and args[-1] >= 0):  # below a folder that was let in before
        strayed += [
            f"did outside of its folder: {event} {name!r}"
            for name in args[:2]
            if _is_path(name) and not _inside(name, work)
        ]


def _is_path(value: object) -> bool:
    return isinstance(value, str | bytes | os.PathLike)


def _inside(path: Any, work: Path) -> bool:
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # a link is not followed
    return name == str(work) or name.startswith((f"{work}/", "/dev/null", "/proc/self"))


def _flip(dice: random.Random, content: bytearray) -> None:
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def _byte(dice: random.Random, content: bytearray) -> None:
    content[dice.randrange(len(content))] = dice.randrange(256)


def _head(dice: random.Random, content: bytearray) -> None:
    """Where most is said of what follows."""
    content[dice.randrange(min(len(content), 64))] = dice.randrange(256)


def _number(dice: random.Random, content: bytearray) -> None:
    form = dice.choice(("<H", ">H", "<I", ">I"))
    value = struct.pack(form, dice.choice(INTERESTING) & (0xFFFF if form[1] == "H" else 0xFFFFFFFF))
    at = dice.randrange(len(content))
    content[at : at + len(value)] = value


def _text(dice: random.Random, content: bytearray) -> None:
    at = dice.randrange(len(content))
    content[at:at] = dice.choice(
        (b"\0", b"\n", b"\r\n", b",", b";", b"\t", b'"', b"../", b"/", b"\\", b"\xff\xfe", b"9" * 40)
    )


def _cut(dice: random.Random, content: bytearray) -> None:
    del content[dice.randrange(len(content)) :]


def _drop(dice: random.Random, content: bytearray) -> None:
    at = dice.randrange(len(content))
    del content[at : at + dice.randint(1, 64)]


def _repeat(dice: random.Random, content: bytearray) -> None:
    at = dice.randrange(len(content))
    content[at:at] = content[at : at + dice.randint(1, 256)]


def _fill(dice: random.Random, content: bytearray) -> None:
    at = dice.randrange(len(content))
    length = min(dice.randint(1, 64), len(content) - at)
    content[at : at + length] = bytes([dice.choice((0, 255))]) * length


HARMS = (_flip, _byte, _head, _number, _number, _text, _cut, _drop, _repeat, _fill)
