"""Groups of images from confirmed pairs: who is dropped for whom, and who must stay in one split."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def complete_link(n: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Copy groups, int64 (n,): the position of each group's first member. All members of a group are pairs.

    Positions are ranks: each joins the earliest group in which it forms a pair with every member, so that no chain
    of copies joins two images that are not copies themselves, and no later image moves an earlier one.
    """
    neighbours: list[set[int]] = [set() for _ in range(n)]
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        neighbours[a].add(b)
        neighbours[b].add(a)
    leader = np.arange(n)
    members: dict[int, list[int]] = {}
    for node in range(n):
        candidates = sorted({int(leader[other]) for other in neighbours[node] if other < node})
        leader[node] = next((one for one in candidates if neighbours[node].issuperset(members[one])), node)
        members.setdefault(int(leader[node]), []).append(node)
    return leader


def components(n: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split groups, int64 (n,): the position of the first member of each connected component."""
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, earliest = np.unique(component, return_index=True)
    return earliest[component]
