"""Content of small files, and a reader of whole sources."""

import io
from collections.abc import Callable

import numpy as np
import pytest

from tasks.delivery.formats import Content
from tasks.predict.source import Source

Read = Callable[[Source], dict[str, Content | str]]


@pytest.fixture
def read() -> Read:
    """Entries by name, in their order, each with its content, or with the message where it cannot be read."""

    def whole(source: Source) -> dict[str, Content | str]:
        found: dict[str, Content | str] = {}
        with source.opened() as entries:
            # All of them first: `ahead` too reads an entry after later ones were asked for.
            for entry in list(entries):
                try:
                    found[entry.name] = entry.read()
                except (ValueError, OSError) as error:
                    found[entry.name] = str(error)
        assert len(found) == source.number
        return found

    return whole


@pytest.fixture
def npy() -> Callable[[np.ndarray], bytes]:
    """The bytes of an array as a member of an npz."""

    def packed(array: np.ndarray) -> bytes:
        stream = io.BytesIO()
        np.save(stream, array)
        return stream.getvalue()

    return packed
