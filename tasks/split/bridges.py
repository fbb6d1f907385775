"""What becomes of a bridge that a person keeps. Without that, an image tied to two splits joins none."""

from collections.abc import Collection, Mapping, Sequence

from tasks.split.assign import BRIDGE, Bridge, reached


def joined(
    bridges: Sequence[Bridge],
    splits: Mapping[str, str],
    ties: Mapping[str, Sequence[str]],
    wanted: Collection[str],
    kept: Collection[str],
) -> dict[str, str]:
    """The split of each `wanted` member of a bridge: that of the elders that it is a copy of and that are kept.

    Where none of them is, it is that of the bridge's first elder. Wanted members that are copies of each other go
    together. No other image moves, so ValueError is raised where a copy that is kept stands in another split: a
    person is to choose.
    """
    elder: dict[str, str] = {}
    for bridge in bridges:
        mine = {name for name in bridge.members if name in wanted}
        for name in sorted(mine):
            together = reached(name, mine, ties)
            copies = {other for one in together for other in ties[one] if other in kept}
            elder[name] = next((one for one in bridge.elders if one in copies), bridge.elders[0])
    found = {name: splits[one] for name, one in elder.items()}
    places = {**splits, **found}
    for name, one in elder.items():
        for other in ties[name]:
            if other in kept and places[other] not in (BRIDGE, places[name]):
                raise ValueError(
                    f"{name}, which a person keeps, is tied to {one} in {places[one]} and to {other} in "
                    f"{places[other]}, so it would leak: drop one of the three in the review file"
                )
    return found
