"""The images that are compared, and how labels `new` and `training` are dealt anew among them.

Colour and features differ between classes more than between smears: a delivery of platelets alone looks like none
before. So images are compared within their class alone, and classes weigh as they do among the new images (direct
standardisation). Under the hypothesis of no drift new and training images of one class are exchangeable, and dealing
the labels anew within each class gives the distribution of any measure, however few images there are.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

IMAGES = 2_000
"""New images at most, and about as many training images."""
FOLDS = 5
PERMUTATIONS = 999


class Sample(NamedTuple):
    """Images of the classes that both sides have.

    `rows` are theirs, with `delivery` and `row`; `classes` int64 (n,); `new` bool (n, 1 + PERMUTATIONS), the first
    column as it is, the others dealt anew within each class and fold; `folds` int64 (n,), 0 to FOLDS - 1.
    """

    rows: pd.DataFrame
    classes: NDArray[np.int64]
    folds: NDArray[np.int64]
    new: NDArray[np.bool_]


def sample(new: pd.DataFrame, training: pd.DataFrame, rng: np.random.Generator) -> Sample:
    """Of the rows `new` IMAGES at most, and of each of their classes training rows in proportion."""
    new = _some(new, IMAGES, rng)
    share = new["label"].value_counts(normalize=True).sort_index()
    wanted = {label: int(np.ceil(IMAGES * part)) for label, part in share.items()}
    others = [_some(training[training["label"] == label], count, rng) for label, count in wanted.items()]
    training = pd.concat([training.iloc[:0], *others])
    both = pd.concat([new[new["label"].isin(training["label"])], training], ignore_index=True)
    is_new = np.arange(len(both)) < len(both) - len(training)
    classes = np.unique(both["label"].to_numpy(str), return_inverse=True)[1].astype(np.int64)
    folds = _folds(classes, is_new, rng)
    return Sample(both, classes, folds, _dealt(is_new, classes * FOLDS + folds, rng))


def _some(rows: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    return rows.iloc[np.sort(rng.permutation(len(rows))[:count])]


def _folds(classes: NDArray[np.int64], new: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Both sides of each class spread evenly, from the same fold on: where one has an image, there is one to meet."""
    folds = np.zeros(len(classes), np.int64)
    for label in np.unique(classes):
        first = rng.integers(FOLDS)
        for side in (new, ~new):
            members = rng.permutation(np.flatnonzero((classes == label) & side))
            folds[members] = (first + np.arange(len(members))) % FOLDS
    return folds


def _dealt(new: NDArray[np.bool_], blocks: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.bool_]:
    dealt = np.repeat(new[:, None], 1 + PERMUTATIONS, axis=1)
    for block in np.unique(blocks):
        members = np.flatnonzero(blocks == block)
        dealt[members, 1:] = rng.permuted(dealt[members, 1:], axis=0)
    return dealt
