import pytest

from tasks.data_report import cards
from tasks.data_report.cards import Deck, Files


def test_a_thousand_exact_copies_are_one_card(full) -> None:
    names = [f"{k:04}" for k in range(1000)]
    rows = full(names, dict.fromkeys(names[1:], ("dedupe", "exact-copy", "d/0000")), id="x")
    card = Deck(rows).card("x")
    assert (card.count, card.kept, card.state, card.labels) == (1000, True, "kept", "ig")
    assert [(some.state, len(some.keys)) for some in card.files] == [("exact copy", 999), ("kept", 1)]


def test_the_list_of_files_is_cut_and_says_by_how_much(full, monkeypatch) -> None:
    monkeypatch.setattr(cards, "FILES", 3)
    card = Deck(full("abcde", id="x", label=["ig", "ig", "mo", "mo", "mo"])).card("x")
    assert card.files == [Files("ig", "kept", ["d/a", "d/b"], 0), Files("mo", "kept", ["d/c"], 2)]


@pytest.mark.parametrize(
    ("reasons", "state"),
    [
        (["", "exact-copy"], "kept"),
        (["outlier", "exact-copy"], "outlier"),
        (["near-copy", "exact-copy"], "near copy"),
        (["label-conflict", "label-conflict"], "label conflict"),
    ],
)
def test_the_end_of_an_image_is_that_of_the_row_which_stood_for_it(full, reasons, state) -> None:
    stages = {name: ("dedupe", reason, "") for name, reason in zip("ab", reasons, strict=True) if reason}
    assert Deck(full("ab", stages, id="x")).card("x").state == state


@pytest.mark.parametrize(
    ("labels", "text", "disputed"),
    [
        (["ig", "ig", "ig"], "ig", False),
        (["ig", "mo", "mo"], "mo 2, ig 1", True),
        (["mo", "ig", "pl"], "ig or mo or pl", True),
        (["", "", ""], "no class", False),
    ],
)
def test_labels(full, labels, text, disputed) -> None:
    card = Deck(full("abc", id="x", label=labels)).card("x")
    assert (card.labels, card.disputed) == (text, disputed)


def test_an_unreadable_file_has_no_image(full) -> None:
    assert Deck(full("a", {"a": ("ingest", "unreadable", "")})).card("a").place is None


def test_a_card_shows_the_pixels_of_the_row_that_stays(full) -> None:
    assert Deck(full("ab", {"a": ("dedupe", "review-drop", "")}, id="x")).card("x").place == 1
