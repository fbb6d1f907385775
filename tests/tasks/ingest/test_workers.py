import itertools

import pytest

from tasks.ingest.workers import ordered


def square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order(processes: int) -> None:
    assert list(ordered(square, range(50), processes)) == [n * n for n in range(50)]


def test_an_endless_source_is_not_read_ahead() -> None:
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    results = ordered(square, endless(), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(taken) <= 3 + 2 * 2
    results.close()


def fail(number: int) -> int:
    raise ValueError(f"item {number}")


def test_an_error_in_a_worker_arrives() -> None:
    with pytest.raises(ValueError, match="item 0"):
        list(ordered(fail, range(3), 2))
