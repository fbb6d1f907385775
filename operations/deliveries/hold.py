"""Puts a delivery on hold and takes it back: it stays listed, and its images are in no dataset meanwhile.

The line in data/deliveries.yaml is what counts and is written last; a crash before it leaves a line in the log alone.
"""

from dataclasses import dataclass
from pathlib import Path

from operations.deliveries import holds
from operations.person import person
from operations.process import lock
from operations.project import listing

NEXT = f"next: git add {listing.FILE} {holds.FILE}; make repro"


@dataclass(frozen=True)
class Held:
    """A delivery that is on hold now, or was released. As text: for a person."""

    name: str
    released: bool
    before: holds.Line | None
    """the line that the act takes back"""

    def __str__(self) -> str:
        if not self.released:
            return f"{self.name!r} is on hold: it stays listed, and no dataset has its images; {NEXT}"
        after = f", held {self.before.when} by {self.before.who}: {self.before.why}" if self.before else ""
        return f"released {self.name!r}{after}\n{NEXT}"


def hold(root: Path, name: str, why: str, who: str | None = None) -> Held:
    """Put a listed delivery on hold; waits for the project's lock. `who` is the person at work where it is None.

    Raises ValueError or OSError, and then all is as it was: for a name that is not listed or on hold already, for the
    last delivery that is not, and without a reason.
    """
    with lock.held(root, f"hold {name}"):
        held = listing.held(root)
        if [each for each in listing.names(root) if each not in held] == [name]:
            raise ValueError(f"{name!r} is the last delivery that is not on hold: add others first")
        return _done(root, name, "hold", why, who)


def release(root: Path, name: str, why: str, who: str | None = None) -> Held:
    """Take a delivery off hold, as `hold` puts it there. No audit holds this content again."""
    with lock.held(root, f"release {name}"):
        return _done(root, name, "release", why, who)


def _done(root: Path, name: str, act: holds.Act, why: str, who: str | None) -> Held:
    before, log = holds.why(root, name), root / holds.FILE
    text = log.read_bytes() if log.exists() else None
    holds.append(root, name, act, person(root) if who is None else who, why)
    try:
        (listing.hold if act == "hold" else listing.release)(root, name)
    except BaseException:
        log.unlink() if text is None else log.write_bytes(text)
        raise
    return Held(name, act == "release", before)
