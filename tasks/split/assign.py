"""Which split each image belongs to: a function of what it is and of when it came, with no stored state.

Images are numbered 0 to n - 1 and edges are confirmed pairs. A delivery brings the images that no earlier one
had. The connected components among them are its groups; a group that is tied to an earlier image joins that
image's split, one that is tied to two splits is a bridge and joins none. The other groups are divided by stratum
(delivery and class); as long as a class has, with all that came before, fewer groups than there are splits, they all go
to train. They stay there when more come: a model has learnt them.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

GIVEN = ("test", "val", "train")
"""Splits that a delivery may give, in the order in which copies follow them: what others test on is not learnt."""
BRIDGE = ""
"""The split of an image that would join two: none."""


class Group(NamedTuple):
    """Images that a delivery brought and that copies connect; named by the least id.

    `label` is the class of the first that has one, in the order of ids, `given` the split that the delivery gave one of
    them: of several test, else val. Either may be "".
    """

    name: str
    label: str
    members: list[str]
    given: str = ""


class Bridge(NamedTuple):
    """A group that is tied to earlier images of several splits: those `elders`, in the order in which they came."""

    members: list[str]
    elders: list[str]


class Assignment(NamedTuple):
    """The split of each id, BRIDGE for members of the `bridges`, and the number of groups of each class."""

    splits: dict[str, str]
    bridges: list[Bridge]
    counts: pd.Series


def assign(
    images: pd.DataFrame, ties: Mapping[str, Sequence[str]], shares: Mapping[str, float], seed: int
) -> Assignment:
    """Divide the images.

    `images` has the columns id, label, delivery and maybe given (the split to be taken, or ""), a row per id, the
    deliveries in the order in which they came; `ties` gives the confirmed copies of an id. A group in which no image
    came with a class takes its split by its own hash, whatever else comes, so it can be labelled later and nothing
    moves. Whether an image is kept plays no part. The first of the `shares` is train's.
    """
    position = dict(zip(images["id"], pd.factorize(images["delivery"])[0], strict=True))
    splits: dict[str, str] = {}
    bridges: list[Bridge] = []
    counts: dict[str, int] = {}
    given: dict[str, int] = {}
    for _, brought in images.groupby("delivery", sort=False):
        strata: dict[str, list[Group]] = {}
        for group in _groups(brought, ties):
            elders = {other for one in group.members for other in ties.get(one, ()) if splits.get(other)}
            found = {splits[other] for other in elders}
            if len(found) > 1:
                bridges.append(Bridge(group.members, sorted(elders, key=lambda one: (position[one], one))))
            if elders:
                splits.update(dict.fromkeys(group.members, found.pop() if len(found) == 1 else BRIDGE))
            elif group.given or not group.label:
                splits.update(dict.fromkeys(group.members, group.given or alone(group.name, shares, seed)))
                given[group.label] = given.get(group.label, 0) + 1
            else:
                strata.setdefault(group.label, []).append(group)
        for label, groups in strata.items():
            counts[label] = counts.get(label, 0) + len(groups)
            splits.update(_divided(groups, shares, seed, too_few=counts[label] < len(shares)))
    given.pop("", None)
    total = {label: counts.get(label, 0) + given.get(label, 0) for label in {**counts, **given}}
    return Assignment(splits, bridges, pd.Series(total, dtype="int64"))


def tied(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The other ends of each id's pairs."""
    ties: dict[str, list[str]] = {}
    for a, b in pairs:
        ties.setdefault(a, []).append(b)
        ties.setdefault(b, []).append(a)
    return ties


def reached(name: str, among: Collection[str], ties: Mapping[str, Sequence[str]]) -> list[str]:
    """`name` and what ties lead to from it without leaving `among`, sorted."""
    found, frontier = {name}, [name]
    while frontier:
        fresh = {other for one in frontier for other in ties.get(one, ()) if other in among} - found
        found |= fresh
        frontier = list(fresh)
    return sorted(found)


def alone(name: str, shares: Mapping[str, float], seed: int) -> str:
    """The split of a group by its own hash."""
    place = np.searchsorted(np.cumsum(list(shares.values())), _uniform(seed, "alone", name), side="right")
    return list(shares)[min(int(place), len(shares) - 1)]


def cut(names: Sequence[str], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Divide the groups of one stratum: every split gets its share of them to within one group.

    The names are ranked by a hash and laid out evenly over the interval from 0 to 1, which the shares divide, from a
    start that is a hash too (systematic sampling, Cochran, Sampling Techniques, ch. 8). So strata too small to hold
    a member of each split still fill the splits by their shares on the whole.
    """
    ranked = sorted(names, key=lambda name: (_uniform(seed, "rank", name), name))
    start = _uniform(seed, "start", ranked[0])
    ends = np.cumsum(list(shares.values()))
    places = (np.arange(len(ranked)) + start) / len(ranked)
    chosen = np.minimum(np.searchsorted(ends, places, side="right"), len(shares) - 1)
    return {name: list(shares)[k] for name, k in zip(ranked, chosen, strict=True)}


def _divided(groups: list[Group], shares: Mapping[str, float], seed: int, too_few: bool) -> dict[str, str]:
    names = [group.name for group in groups]
    chosen = dict.fromkeys(names, next(iter(shares))) if too_few else cut(names, shares, seed)
    return {member: chosen[group.name] for group in groups for member in group.members}


def _groups(brought: pd.DataFrame, ties: Mapping[str, Sequence[str]]) -> list[Group]:
    """Connected components among the images of one delivery, whatever their order in the table."""
    labels = dict(zip(brought["id"], brought["label"], strict=True))
    given = dict(zip(brought["id"], brought["given"] if "given" in brought else [""] * len(brought), strict=True))
    seen: set[str] = set()
    groups = []
    for name in sorted(labels):
        if name not in seen:
            members = reached(name, labels, ties)
            seen.update(members)
            label = next((labels[one] for one in members if labels[one]), "")
            wanted = {given[one] for one in members}
            groups.append(Group(name, label, members, next((one for one in GIVEN if one in wanted), "")))
    return groups


def _uniform(seed: int, use: str, name: str) -> float:
    """A number in [0, 1) that follows from its arguments alone."""
    digest = hashlib.blake2b(f"{seed}/{use}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
