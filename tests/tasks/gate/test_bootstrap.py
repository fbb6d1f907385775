import numpy as np
import pytest

from tasks.gate import bootstrap


def drawn(stratum: list[int], resamples: int = 300, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(bootstrap.draws(np.array(stratum), resamples, seed)))


def test_groups_are_drawn_within_their_class() -> None:
    stratum = np.array([1, 0, 0, 1, 2, 0, 1])
    weights = drawn(list(stratum))
    assert weights.shape == (300, 7)
    for k in range(3):
        assert (weights[:, stratum == k].sum(axis=1) == (stratum == k).sum()).all()
    assert (weights[:, 4] == 1).all()


def test_counts_are_those_of_draws_with_replacement() -> None:
    weights = drawn([0] * 20, 20_000)
    assert weights.mean(axis=0) == pytest.approx(np.ones(20), abs=0.03)
    assert weights.var(axis=0) == pytest.approx(np.full(20, 19 / 20), abs=0.05)  # binomial of 20 draws, 1 in 20
    assert np.corrcoef(weights[:, 0], weights[:, 1])[0, 1] == pytest.approx(-1 / 19, abs=0.03)


def test_draws_follow_from_the_seed_and_more_of_them_begin_alike() -> None:
    assert (drawn([0, 0, 1, 1, 1], 50) == drawn([0, 0, 1, 1, 1], 300)[:50]).all()
    assert (drawn([0] * 9, seed=1) != drawn([0] * 9, seed=2)).any()


def test_blocks_bound_the_memory_and_change_nothing(monkeypatch) -> None:
    whole = drawn([0] * 10, 25)
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 4 * 10 * 8)
    blocks = list(bootstrap.draws(np.zeros(10, np.int64), 25, 0))
    assert [len(block) for block in blocks] == [8, 8, 8, 1]
    assert (np.concatenate(blocks) == whole).all()


def test_a_group_of_two_classes_is_drawn_with_the_first_of_them() -> None:
    of_row, stratum = bootstrap.group(np.array(["n", "m", "n", "o"]), np.array([2, 1, 0, 2]))
    assert of_row.tolist() == [1, 0, 1, 2]
    assert stratum.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("resampled", "estimate", "level", "expected"),
    [
        (range(9), 4.0, 0.75, (1, 7)),
        (range(9), 4.0, 0.76, (0, 8)),
        (range(9), 7.5, 0.75, (1, 7.5)),
        (range(9), -1.0, 0.75, (-1, 7)),
        ([np.nan, 3, np.nan, 1], 2.0, 0.9, (1, 3)),
        ([0.0] * 9, 0.0, 0.95, (0, 0)),
    ],
    ids=["percentiles", "taken outwards", "holds an estimate above", "holds an estimate below", "NaN", "no width"],
)
def test_an_interval_is_that_of_percentiles(resampled, estimate, level, expected) -> None:
    values = np.random.default_rng(0).permutation(np.array(list(resampled), float))
    assert bootstrap.interval(values, estimate, level) == expected
