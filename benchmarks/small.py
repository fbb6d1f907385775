"""Small sets of real cells: how many lose one as an outlier, and how many planted images that are no cells are found.

    python -m benchmarks.small CELLS                    # sets of 40 to 200 cells
    python -m benchmarks.small CELLS --other LABORATORY # sets of another laboratory's cells, by the same reference
    python -m benchmarks.small CELLS --other LABORATORY --beside   # sets of cells of both, in any shares

CELLS has a folder of images per class. Sets have two classes or more, in shares from equal to very unequal; one to five
patches are planted in each, of one image or of several. The reference never saw what it judges: it is fitted to one
half of the cells and of the other images, and the sets come from the other halves, both ways round. Targets: at most
0.01 of the sets lose a cell. `--former` judges by distances alone, as large sets are.
"""

import argparse
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import reference
from benchmarks.targets import Claim, table
from tasks import params
from tasks.features import principal
from tasks.ingest.settings import Ingest
from tasks.outliers import detector, small
from tasks.outliers.detector import Detection
from tasks.outliers.reference import Reference
from tasks.outliers.settings import Outliers

FEWEST, MOST, PLANTED = 40, 200, 5
UNEQUAL = (0.5, 1.0, 3.0, 100.0)
"""Concentrations of the Dirichlet distribution that the shares of the classes are drawn from."""


Draw = Callable[[np.random.Generator], NDArray[np.float32]]
"""Gives the features of a set, (n, d)."""


class Features(NamedTuple):
    """Features (n, d), and of each its class or image, and the half in which it is, 0 or 1."""

    values: NDArray[np.float32]
    names: NDArray[np.str_]
    half: NDArray[np.int64]

    def of(self, half: int) -> "Features":
        here = self.half == half
        return Features(self.values[here], self.names[here], self.half[here])

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """As `store.Arrays` gives them."""
        return self.values[places[:, 1]]


class Outcome(NamedTuple):
    """What became of one set: whether the clean one lost a cell, whether the dirty one did, and what was found."""

    lost: bool
    lost_beside: bool
    planted: NDArray[np.str_]
    found: NDArray[np.bool_]


def drawn(cells: Features, rng: np.random.Generator) -> NDArray[np.float32]:
    """A set of cells of two classes or more."""
    names = np.unique(cells.names)
    chosen = rng.choice(names, rng.integers(2, len(names) + 1), replace=False)
    shares = rng.dirichlet(np.full(len(chosen), rng.choice(UNEQUAL)))
    counts = np.maximum(1, np.round(shares * rng.integers(FEWEST, MOST + 1))).astype(int)
    pools = [np.flatnonzero(cells.names == name) for name in chosen]
    places = [rng.choice(pool, min(count, len(pool)), replace=False) for pool, count in zip(pools, counts, strict=True)]
    whole = np.concatenate(places)
    return cells.values[whole] if len(whole) >= FEWEST else drawn(cells, rng)


def of_two(cells: Features, other: Features, rng: np.random.Generator) -> NDArray[np.float32]:
    """A set of the cells of two laboratories, in any shares."""
    number = rng.integers(FEWEST, MOST + 1)
    few = rng.integers(1, number)
    first, second = (rng.permutation(drawn(each, rng)) for each in (cells, other))
    return np.concatenate([first[: number - few], second[:few]])


def planted(others: Features, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of one to five patches, of one image or of several."""
    count, names = rng.integers(1, PLANTED + 1), np.unique(others.names)
    if rng.integers(2):
        return rng.choice(np.flatnonzero(others.names == rng.choice(names)), count, replace=False)
    return np.array([rng.choice(np.flatnonzero(others.names == name)) for name in rng.choice(names, count)])


def judged(values: NDArray[np.float32], settings: Outliers, made: Reference | None) -> NDArray[np.bool_]:
    """Which images of a set the stage would drop; by distances alone without a reference."""
    number = len(values)
    places, bulk = np.stack([np.zeros(number, np.int64), np.arange(number)], axis=1), np.ones(number, bool)
    one = Features(values, np.full(number, ""), bulk.astype(int))
    points = principal(one, places, settings.components, settings.whitening)
    found: Detection
    if made is None:
        found = detector.detect(points, bulk, settings.neighbours, settings.false_alarm)
    else:
        strangeness = made.strangeness(made.ratio(values), one.names, bulk)
        found = small.detect(points, strangeness, bulk, settings.neighbours, settings.false_alarm)
    return found.scores > found.limit


def outcomes(
    draw: Draw, others: Features, made: Reference | None, settings: Outliers, number: int, seed: int
) -> Iterator[Outcome]:
    """Of so many sets that `draw` gives, each clean and then with what is planted."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        own, strange = draw(rng), planted(others, rng)
        beyond = judged(np.concatenate([own, others.values[strange]]), settings, made)
        alone = judged(own, settings, made)
        yield Outcome(alone.any(), beyond[: len(own)].any(), others.names[strange], beyond[len(own) :])


def claims(found: list[Outcome]) -> list[Claim]:
    kinds = pd.Series(np.concatenate([one.found for one in found])).groupby(
        np.concatenate([one.planted for one in found])
    )
    share = kinds.mean()
    print(f"not all found: {share[share < 0.95].round(2).to_dict()}\n")
    return [
        Claim(f"sets that lose a cell, of {len(found)}", float(np.mean([one.lost for one in found])), 0.01, True),
        Claim("sets that lose one beside what is planted", float(np.mean([one.lost_beside for one in found])), None),
        Claim("planted images found", float(np.concatenate([one.found for one in found]).mean()), None),
    ]


def halved(values: NDArray[np.float32], names: NDArray[np.str_], by: NDArray[np.str_] | None = None) -> Features:
    """In halves: by each one's content, or by the name in `by`, so that no image stands in both."""
    keys = [row.tobytes() for row in values] if by is None else [name.encode() for name in by]
    order = {key: place % 2 for place, key in enumerate(sorted(set(keys), key=zlib.crc32))}
    return Features(values, names, np.array([order[key] for key in keys]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", type=Path)
    parser.add_argument("--other", type=Path, help="draw the sets from these cells")
    parser.add_argument("--beside", action="store_true", help="and from CELLS, in one set")
    parser.add_argument("--sets", type=int, default=1000, help="number of sets of each half")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--former", action="store_true", help="by distances alone")
    given = parser.parse_args()
    if given.beside and not given.other:
        parser.error("--beside needs --other")
    settings, side = params.load(Outliers), params.load(Ingest).image_size
    cells, names = halved(*reference.cells(given.cells)), reference.others(side)
    others = halved(*names, by=names[1])
    sets = halved(*reference.cells(given.other)) if given.other else None
    found: list[Outcome] = []
    for half in (0, 1):
        made = None if given.former else reference.fit(cells.of(half).values, others.of(half).values)
        own = cells.of(1 - half)
        draw = partial(of_two, own, sets) if sets and given.beside else partial(drawn, sets or own)
        found += outcomes(draw, others.of(1 - half), made, settings, given.sets, given.seed + half)
    print(table(claims(found)))


if __name__ == "__main__":
    main()
