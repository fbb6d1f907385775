"""Of many retrainings one works and at most one waits; whoever comes then ends, for the one that waits does its work.

A run takes the waiting place, then the place at work, and gives the waiting place up before it looks at the
deliveries: so whatever had landed when somebody found that place taken is seen by the run that had it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.process import flocks

WAIT, WORK = Path("data/.state/retrain.wait"), Path("data/.state/retrain.work")
SOMEBODY = "another run"


@contextmanager
def turn(root: Path, who: str, alone: bool = False) -> Iterator[str | None]:
    """The place at work for as long as the block lasts, waited for: None. Else the name of the run that waits for it.

    `who` is the name by which others are told of this one. One that is `alone` does what no other does,
    as with settings of its own: it waits without the waiting place, so that no run's work is left to another.
    """
    waiting = None if alone else flocks.take(root / WAIT, who)
    if waiting is None and not alone:
        yield _name(root, WAIT, WORK)
        return
    try:
        working = flocks.take(root / WORK, who) or _waited_for(root, who)
    finally:
        if waiting is not None:
            flocks.leave(waiting)
    try:
        yield None
    finally:
        flocks.leave(working)


def _waited_for(root: Path, who: str) -> int:
    print(f"waiting for the retraining at work: {_name(root, WORK)}", flush=True)
    place = flocks.take(root / WORK, who, wait=True)
    assert place is not None  # what is waited for is had
    return place


def _name(root: Path, *places: Path) -> str:
    """That of the first place with one: who waited may be at work by now."""
    return next(filter(None, (flocks.name(root / place) for place in places)), SOMEBODY)
