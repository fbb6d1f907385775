import threading
import time
from functools import partial

import numpy as np
import pytest

from tasks.predict import ahead
from tasks.predict.source import Entry


def level(content: bytes) -> np.ndarray:
    return np.full((1, 1, 3), content[0], np.uint8)


def entries(number: int, held: int = 0):
    return (Entry(f"{k}", partial(bytes, [k % 256]), held) for k in range(number))


@pytest.mark.parametrize("number", [0, 1, ahead.CHUNK, ahead.CHUNK + 1, 3 * ahead.AHEAD * ahead.CHUNK])
@pytest.mark.parametrize("threads", [1, 4])
def test_order_is_kept_whatever_finishes_first(number, threads):
    def slow(content):
        time.sleep(0.0005 * (content[0] % 3))
        return level(content)

    found = list(ahead.images(entries(number), slow, threads))
    assert [(each.name, int(each.pixels[0, 0, 0]), each.reason) for each in found] == [
        (f"{k}", k % 256, "") for k in range(number)
    ]


def fail(error: Exception) -> bytes:
    raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no image"), "no image"),
        (FileNotFoundError(2, "No such file or directory", "/secret/a.png"), "No such file or directory"),
        (OSError("bad data"), "bad data"),
    ],
    ids=["no image", "of the system", "of a library"],
)
def test_an_entry_that_cannot_be_read_has_a_reason_and_no_pixels(error, reason):
    given = [*entries(2), Entry("bad", partial(fail, error)), *entries(1)]
    found = list(ahead.images(iter(given), level, 2))
    assert [(each.name, each.reason) for each in found] == [("0", ""), ("1", ""), ("bad", reason), ("0", "")]
    assert found[2].pixels is None


def test_an_image_that_cannot_be_treated_has_a_reason():
    found = list(
        ahead.images(entries(3), lambda content: level(content) if content[0] != 1 else fail(ValueError("x")), 2)
    )
    assert [(each.pixels is None, each.reason) for each in found] == [(False, ""), (True, "x"), (False, "")]


@pytest.mark.parametrize(
    ("error", "number"), [(ValueError("damaged"), 40), (MemoryError(), 0)], ids=["late", "at once"]
)
def test_what_the_iterator_raises_ends_it(error, number):
    def broken():
        yield from entries(number)
        raise error

    with pytest.raises(type(error)):
        list(ahead.images(broken(), level, 2))


@pytest.mark.parametrize(("held", "most"), [(0, (ahead.AHEAD + 1) * ahead.CHUNK), (ahead.BYTES, ahead.AHEAD + 4)])
def test_only_so_much_is_read_ahead(held, most):
    taken = []

    def counted():
        for entry in entries(5000, held):
            taken.append(entry.name)
            yield entry

    images = ahead.images(counted(), level, 2)
    for _ in range(3):
        next(images)
    time.sleep(0.05)  # what would run away has the time to
    assert 3 <= len(taken) <= most
    images.close()
    assert len(taken) <= most


def test_no_thread_is_left_where_nobody_asks_on():
    before = threading.active_count()
    images = ahead.images(entries(5000), level, 3)
    next(images)
    assert threading.active_count() > before
    images.close()
    assert threading.active_count() == before


def test_pillow_knows_all_its_formats_before_a_thread_asks(monkeypatch):
    calls = []
    monkeypatch.setattr(ahead.Image, "init", lambda: calls.append("init"))
    list(ahead.images(entries(40), lambda content: calls.append("treat") or level(content), 4))
    assert calls == ["init"] + ["treat"] * 40
