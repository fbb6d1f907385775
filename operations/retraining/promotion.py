"""A person's part in who is the champion: the verbs `promote` and `rollback`, in words."""

from functools import partial
from pathlib import Path

from operations.registry import champion
from operations.retraining import rescore


def promote(root: Path, why: str, although: str | None = None) -> str:
    """Make the model that was trained last the champion, if the gate lets it, and say so.

    `although` is the reason to promote it against the gate. Raises ValueError or OSError, and then all is as it was.
    """
    made = champion.promote_latest(root, why, None, partial(rescore.decide_on_latest, root), although)
    replaced = f", in place of {made.replaced}" if made.replaced else ""
    return f"{made.tag} is the champion now{replaced}\nnext: hemaflow remote push; git push --follow-tags"


def rollback(root: Path, to: str | None, why: str) -> str:
    """Put an earlier champion in its place again, by default the one that the present one replaced, and say so.

    Raises ValueError or OSError, and then all is as it was.
    """
    made = champion.rollback(root, to, why)
    return f"{made.tag} is the champion again\nnext: git push"
