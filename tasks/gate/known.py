"""On which classes two models are compared, and which of them only one model knows.

A class list changes with the project: a class is added, renamed or dropped. `tasks.evaluate` gives every model's
classes the names that they have today, so a renamed class is one that both know.
"""

from typing import NamedTuple

from tasks.predictions import Predictions


class Known(NamedTuple):
    """Names of classes, in the order of the model that has them; those of `both` in the challenger's."""

    both: tuple[str, ...]
    new: tuple[str, ...]
    """known to the challenger alone"""
    gone: tuple[str, ...]
    """known to the champion alone"""


def known(champion: Predictions, challenger: Predictions) -> Known:
    """Who knows which class. Raises ValueError for models that have no class in common."""
    old, new = champion.classes, challenger.classes
    both = tuple(name for name in new if name in old)
    if not both:
        raise ValueError(f"the models have no class in common: {', '.join(old)} and {', '.join(new)}")
    return Known(both, tuple(name for name in new if name not in old), tuple(name for name in old if name not in new))


def only(predictions: Predictions, classes: tuple[str, ...]) -> Predictions:
    """The rows of these classes. The model answers with all that it knows: another class is a wrong answer."""
    here = predictions.rows["label"].isin(classes)
    return Predictions(
        predictions.classes,
        predictions.rows[here].reset_index(drop=True),
        predictions.corruptions[here.to_numpy()].reset_index(drop=True),
        predictions.external,
    )
