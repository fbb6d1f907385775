"""One depth for all images of an input that have more than 8 bits a value, as `ingest` has one for a delivery.

An image alone does not tell it: a dark one would come out bright. So the input is read twice where it has such images.
"""

from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

from tasks.delivery.formats import Content
from tasks.depth import Depth
from tasks.ingest import survey
from tasks.predict.source import Source


class SharedDepth:
    """Finds the depth when the first such image is asked for, in whatever thread."""

    def __init__(self, source: Source, stated: Depth | None):
        self._source, self._stated, self._lock = source, stated, Lock()
        self._found: Depth | None = None
        self._error: ValueError | None = None

    def of(self, content: Content) -> Depth | None:
        """The depth of an image, None for one of 8 bits. Raises ValueError where the images do not tell it."""
        if self._stated is not None or not survey.is_deep(content):
            return self._stated
        with self._lock:
            if self._found is None and self._error is None:
                self._look()
        if self._error:
            raise ValueError(str(self._error))
        return self._found

    def _look(self) -> None:
        try:
            self._found = survey.settled(survey.of(self._contents()), None)
        except ValueError as error:
            self._error = error

    def _contents(self) -> Iterator[Content]:
        with self._source.opened() as entries:
            for entry in entries:
                with suppress(ValueError, OSError):  # it is told in the image's own row
                    yield entry.read()
