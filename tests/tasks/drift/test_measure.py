import json
import shutil

import numpy as np
import pytest

from tasks.drift import bands, measure
from tasks.drift.drift import Drift

OLD = ("old", "aabcd" * 60, {})
KINDS = ("class_shares", "colour", "embeddings")


def words(drift: Drift) -> tuple[str, ...]:
    return tuple(getattr(drift, kind).word for kind in KINDS)


@pytest.mark.parametrize(
    ("labels", "facts", "expected"),
    [
        ("aabcd" * 12, {}, ("none", "none", "none")),
        ("aabcd" * 12, {"colour": 15}, ("none", "marked", "none")),
        ("aabcd" * 12, {"shift": 3}, ("none", "none", "marked")),
        ("abbbb" * 12, {}, ("marked", "none", "none")),
        ("b" * 60, {"colour": 15, "shift": 3}, ("marked", "marked", "marked")),
        ("aabcd" * 2, {}, ("none", "none", "none")),
        ("aabcd" * 6, {"colour": 15, "shift": 3}, ("none", "marked", "marked")),
    ],
    ids=["as before", "colour", "embeddings", "class shares", "all", "ten, as before", "thirty, off"],
)
def test_what_was_planted_is_found_and_nothing_else(project, labels, facts, expected) -> None:
    found = project(OLD, ("new", labels, facts)).measure("new")
    assert words(found) == expected, found
    assert (found.colour.new, found.colour.training) == (len(labels), found.embeddings.training)


@pytest.mark.usefixtures("brief")
def test_halves_of_the_same_raise_hardly_an_alarm(project) -> None:
    # Three tests at 0.01: 3 % of deliveries at most. Of 40, 1.2; more than 4 come in 1 %.
    found = []
    for seed in range(40):
        drift = project(("old", "aabcd" * 16, {}), ("new", "aabcd" * 16, {}), seed=seed).measure("new", seed=seed)
        found.append([getattr(drift, kind) for kind in KINDS])
    assert sum(any(shift.word != bands.NONE for shift in shifts) for shifts in found) <= 4
    for kind, shifts in zip(KINDS[1:], list(zip(*found, strict=True))[1:], strict=True):
        assert 0.3 < np.mean([shift.p for shift in shifts]) < 0.7, kind  # even, where the test is exact


@pytest.mark.long
@pytest.mark.parametrize("size", [3, 20, 100])
def test_false_alarms_are_as_rare_as_said(project, size: int) -> None:
    alarms = 0
    for seed in range(300):
        mixed = np.random.default_rng(seed).choice(list("aabcd"), 5 * size)
        drift = project(OLD, ("new", mixed, {}), seed=seed).measure("new", seed=seed)
        alarms += any(word != bands.NONE for word in words(drift))
    assert alarms / 300 <= 0.03 + 2.5 * (0.03 * 0.97 / 300) ** 0.5


NOBODY = {0: ("outlier", "")}


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    ("deliveries", "why"),
    [
        ([("new", "abcd" * 10, {})], "no other delivery has a training image"),
        ([("old", "a" * 20, {"split": "test"}), ("new", "a" * 20, {})], "no other delivery has a training image"),
        ([OLD, ("new", "a", {"dropped": NOBODY})], "no new image"),
        ([OLD, ("new", "a", {})], "1 new and 300 training images, tested from 10 of each on"),
        ([("old", "abc", {}), ("new", "abcd" * 10, {})], "40 new and 3 training images, tested from 10 of each on"),
    ],
    ids=["the first ever", "nothing trained on", "nothing kept", "one row", "few trained on"],
)
def test_what_cannot_be_compared_says_why(project, deliveries, why: str) -> None:
    found = project(*deliveries).measure("new")
    assert {(getattr(found, kind).word, getattr(found, kind).why) for kind in KINDS} == {("", why)}
    assert found.colours == ()
    assert sum(entry.came for entry in found.news) == len(deliveries[-1][1])


@pytest.mark.usefixtures("brief")
def test_a_class_that_is_new_counts_in_the_shares_alone(project) -> None:
    found = project(("old", "abc" * 40, {}), ("new", "abcd" * 15, {"colour": 15})).measure("new")
    assert words(found) == ("marked", "marked", "none")
    assert (found.class_shares.new, found.colour.new, found.embeddings.new) == (60, 45, 45)


@pytest.mark.usefixtures("brief")
def test_classes_that_are_all_new_leave_nothing_to_compare_colours_with(project) -> None:
    found = project(("old", "ab" * 40, {}), ("new", "cd" * 20, {})).measure("new")
    assert words(found) == ("marked", "", "")
    assert found.colour.why == "0 new and 0 training images of classes that both have, tested from 10 of each on"


@pytest.mark.usefixtures("brief")
def test_training_images_are_the_kept_ones_of_other_deliveries(project) -> None:
    found = project(
        ("old", "a" * 30, {"dropped": {0: ("outlier", ""), 1: ("label-conflict", "new/new0")}}),
        ("held out", "a" * 30, {"split": "val"}),
        ("new", "a" * 20, {"split": "test"}),
        ("newer", "a" * 15, {}),
    ).measure("new", "newer", "new")
    assert found.names == ("new", "newer")
    assert (found.shares[0].new, found.shares[0].training, found.displaced) == (35, 28, 1)


@pytest.mark.usefixtures("brief")
def test_no_array_is_opened_that_is_not_compared(project) -> None:
    made = project(OLD, ("unread", "d" * 5, {"split": "val"}), ("new", "aabcd" * 4, {}))
    shutil.rmtree(made.root / "ingested/unread")
    shutil.rmtree(made.root / "embedded/unread")
    assert made.measure("new").colour.word


@pytest.mark.usefixtures("brief")
def test_the_same_seed_gives_the_same_and_json_holds_it(project) -> None:
    made = project(OLD, ("new", "aabcd" * 10, {"colour": 2}))
    first, again, other = made.measure("new"), made.measure("new"), made.measure("new", seed=1)
    assert first == again == Drift.from_dict(json.loads(json.dumps(first.to_dict(), allow_nan=False)))
    assert first != other


@pytest.mark.parametrize(
    ("names", "got"), [(["newer"], "newer"), (["new", "x", "y"], "x, y"), ([], "none")], ids=["one", "some", "no name"]
)
def test_a_delivery_that_did_not_come_is_an_error(project, names, got: str) -> None:
    with pytest.raises(ValueError, match=f"expected deliveries among old, new, got {got}$"):
        project(OLD, ("new", "a", {})).measure(*names)


def test_columns_that_are_read_are_no_more_than_wanted(project, monkeypatch: pytest.MonkeyPatch) -> None:
    made, read = project(OLD, ("new", "aabcd", {})), []
    parquet = measure.pd.read_parquet
    monkeypatch.setattr(
        measure.pd, "read_parquet", lambda path, columns: read.append(columns) or parquet(path, columns=columns)
    )
    made.measure("new")
    assert read == [measure.WANTED]
