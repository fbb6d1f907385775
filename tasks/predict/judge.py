"""Has a model judge images in batches, and says in words why one was not answered."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.predict.ahead import ImageArray

BATCH = 64
ANSWERED, UNSURE, OOD, UNREADABLE = "answered", "unsure", "ood", "unreadable"
OUTCOMES = (ANSWERED, UNSURE, OOD, UNREADABLE)
OUTSIDE, FEWEST = 0.2, 5
"""Share of out-of-distribution images, and their number, from which on a whole input is told to lie outside.

Of the training's own cells 0.003 are refused, of cells of other stains 0.2 to 0.7.
"""


class SelectivePrediction(Protocol):
    """What a model says of n images; see `tasks.selective`."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Calibrated, (n, classes)."""

    @property
    def score(self) -> NDArray[np.float32]:
        """Out-of-distribution score of each, (n,); larger is further out."""

    @property
    def why(self) -> NDArray[np.str_]:
        """For each "" where it was answered, "unsure" or "ood" where not, (n,)."""


class Model(Protocol):
    """What judges: `tasks.selective.selective_classifier.SelectiveClassifier`, or a stand-in."""

    @property
    def classes(self) -> Sequence[str]:
        """In the order of the probabilities."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """`least_confidence` of an answer, `largest_score` of what is taken for a cell."""

    def predict(self, images: NDArray[np.uint8], tta: int = 1) -> Any:
        """The `SelectivePrediction` to uint8 (n, side, side, 3)."""


class Row(NamedTuple):
    """What became of an entry: outcome is one of OUTCOMES, `probabilities` are empty where it could not be read."""

    file: str
    guess: str  # the most probable class
    probabilities: Sequence[float]
    outcome: str
    reason: str  # why it was not answered, in words


def rows(images: Iterable[ImageArray], model: Model, tta: int = 1, batch: int = BATCH) -> Iterator[Row]:
    """A row for each image, in their order; the network sees full batches, however many cannot be read."""
    waiting: list[ImageArray] = []
    readable = 0
    for image in images:
        waiting.append(image)
        readable += image.pixels is not None
        if readable == batch:
            yield from _judged(waiting, model, tta)
            waiting, readable = [], 0
    yield from _judged(waiting, model, tta)


def _judged(images: list[ImageArray], model: Model, tta: int) -> Iterator[Row]:
    seen = [image.pixels for image in images if image.pixels is not None]
    answered = _answers(model.predict(np.stack(seen), tta), model) if seen else iter(())
    for image in images:
        if image.pixels is None:
            yield Row(image.name, "", (), UNREADABLE, image.reason)
        else:
            yield next(answered)._replace(file=image.name)


def _answers(answers: SelectivePrediction, model: Model) -> Iterator[Row]:
    """Rows without the name of the file."""
    for chances, score, why in zip(answers.probabilities, answers.score, answers.why, strict=True):
        best = int(chances.argmax())
        reason = _reason(str(why), float(chances[best]), float(score), model.thresholds)
        yield Row("", model.classes[best], chances.tolist(), str(why) or ANSWERED, reason)


def _reason(why: str, confidence: float, score: float, thresholds: Mapping[str, float]) -> str:
    if why == UNSURE:
        figures = apart(confidence, thresholds["least_confidence"])
        return "probability {} of the best guess, an answer needs at least {}".format(*figures)
    if why == OOD:
        return "score {}, a cell has at most {}".format(*apart(score, thresholds["largest_score"]))
    return ""


def outside(counts: Counter[str]) -> str:
    """A remark on an input of which too many images are out-of-distribution for each to be a stray; "" for another."""
    refused, seen = counts[OOD], counts.total() - counts[UNREADABLE]
    if refused < FEWEST or refused < OUTSIDE * seen:
        return ""
    return f"{refused} of {seen} look unlike the training data: another stain or scale? see docs/data.md"


def apart(figure: float, threshold: float) -> tuple[str, str]:
    """Both with three digits, or as many more as show them different."""
    for digits in range(3, 17):
        pair = f"{figure:.{digits}g}", f"{threshold:.{digits}g}"
        if pair[0] != pair[1]:
            break
    return pair
