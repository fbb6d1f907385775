"""What there is to judge: entries in a stable order, each read when its turn comes, nothing unpacked to disk."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from tasks.delivery.container import FILE_LIMIT
from tasks.delivery.formats import Content


class Entry(NamedTuple):
    """A row to be. `read` may run in any thread; it raises ValueError or OSError for what cannot be read."""

    name: str  # what the table calls it
    read: Callable[[], Content]
    held: int = 0  # bytes of content that are in memory before it is read


class Source(NamedTuple):
    """An input that was looked through: `opened` gives its entries, which can be read until the block ends."""

    number: int  # of entries
    litter: int  # files of the system that are left out
    opened: Callable[[], AbstractContextManager[Iterator[Entry]]]
    ordered: bool = True  # whether the entries come in the order of the table


def check_size(size: int) -> None:
    """Raise ValueError for a file that is too long to be an image."""
    if size > FILE_LIMIT:
        raise ValueError(f"has {size} bytes, expected at most {FILE_LIMIT}")
