import numpy as np
import pytest

from tasks.dedupe.groups import complete_link, components


def ends(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    array = np.array(pairs, np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


@pytest.mark.parametrize(
    ("n", "pairs", "leaders"),
    [
        (3, [], [0, 1, 2]),
        (3, [(0, 1), (0, 2), (1, 2)], [0, 0, 0]),
        (3, [(0, 1), (1, 2)], [0, 0, 2]),
        (4, [(0, 1), (1, 2), (2, 3)], [0, 0, 2, 2]),
        (4, [(1, 3), (0, 2)], [0, 1, 0, 1]),
        (4, [(0, 2), (1, 2), (1, 3), (2, 3)], [0, 1, 0, 1]),
    ],
    ids=["no-pairs", "all-pairs", "a-chain-is-no-group", "longer-chain", "two-groups", "the-earliest-group-wins"],
)
def test_complete_link(n: int, pairs: list, leaders: list) -> None:
    assert complete_link(n, *ends(pairs)).tolist() == leaders


def test_every_two_members_of_a_group_are_a_pair() -> None:
    rng = np.random.default_rng(0)
    adjacent = np.triu(rng.random((40, 40)) < 0.3, 1)
    leader = complete_link(40, *np.nonzero(adjacent))
    for a in range(40):
        for b in range(a + 1, 40):
            assert leader[a] != leader[b] or adjacent[a, b]


@pytest.mark.parametrize(
    ("n", "pairs", "firsts"),
    [(3, [], [0, 1, 2]), (4, [(1, 2), (2, 3)], [0, 1, 1, 1]), (5, [(0, 4), (1, 3)], [0, 1, 2, 1, 0])],
    ids=["no-pairs", "a-chain-is-one", "two"],
)
def test_components(n: int, pairs: list, firsts: list) -> None:
    assert components(n, *ends(pairs)).tolist() == firsts
