import pytest

from tasks.data_report import compared

ABOVE = "above all that rules kept"


def ids(section) -> list[list[str]]:
    return [[card.id for card in group.cards] for group in section.groups]


def test_one_list_a_kind_conflicts_first(full, pairs, material) -> None:
    dropped = {
        "b": ("dedupe", "near-copy", "d/a"),
        "d": ("dedupe", "label-conflict", "d/c"),
        "c": ("dedupe", "label-conflict", "d/d"),
        "f": ("dedupe", "exact-copy", "d/e"),
    }
    rows = full("abcdef", dropped, id=["a", "b", "c", "d", "x", "x"], label=["ig", "ig", "ig", "mo", "ig", "ig"])
    lists = compared.copy_lists(material(rows, pairs(("a", "b"), ("c", "d"))))
    assert [section.anchor for section in lists] == ["conflict", "exact", "near"]
    assert [ids(section) for section in lists] == [[["c", "d"]], [["x"]], [["a", "b"]]]
    assert lists[2].count == "1 group, 2 rows, 1 dropped"


def test_who_stays_stands_first_and_the_others_say_how_they_differ(full, pairs, material) -> None:
    rows = full("abc", {"a": ("dedupe", "near-copy", "d/c"), "b": ("dedupe", "near-copy", "d/c")})
    (section,) = compared.copy_lists(material(rows, pairs(("c", "a"), ("c", "b"))))
    cards = section.groups[0].cards
    assert [(card.id, card.kept) for card in cards] == [("c", True), ("a", False), ("b", False)]
    assert [card.note for card in cards] == ["", *["RMSE 2.5, 7 bits"] * 2]


def test_lists_are_cut_and_say_how_many_groups_more(full, pairs, material) -> None:
    dropped = {f"b{k}": ("dedupe", "near-copy", f"d/a{k}") for k in range(5)}
    rows = full([f"{end}{k}" for k in range(5) for end in "ab"], dropped)
    (section,) = compared.copy_lists(material(rows, shown=4))
    assert (len(section.groups), section.more, section.noun) == (2, 3, "groups")


def test_a_large_group_is_cut_and_says_how_many_images_more(full, material) -> None:
    names = [f"{k:02}" for k in range(20)]
    rows = full(names, dict.fromkeys(names[1:], ("dedupe", "near-copy", "d/00")))
    (section,) = compared.copy_lists(material(rows))
    assert (len(section.groups[0].cards), section.groups[0].more) == (compared.GROUP, 20 - compared.GROUP)


def test_pairs_that_both_stay(full, pairs, material) -> None:
    found = pairs(("a", "b"), ("b", "c"))
    (section,) = compared.both_stay(material(full("abc", {"c": ("dedupe", "near-copy", "d/b")}), found))
    assert ids(section) == [["a", "b"]]


def test_a_bridge_stands_beside_its_copies_and_their_splits(full, pairs, material) -> None:
    rows = full("abc", {"c": ("split", "bridges-splits", "")}, split=["train", "test", ""])
    (section,) = compared.bridges(material(rows, pairs(("a", "c"), ("b", "c"))))
    (group,) = section.groups
    assert group.caption == "Would join test and train"
    assert [card.note for card in group.cards] == ["", "in train, RMSE 2.5, 7 bits", "in test, RMSE 2.5, 7 bits"]


@pytest.mark.parametrize(
    ("verdicts", "dropped", "columns", "ends", "caption"),
    [
        (["keep", ""], {}, {}, [("a", "b")], "Keep: it has copies, and stays for them or beside them."),
        (
            ["keep", ""],
            {},
            {"outlier_score": [6.0, 4.0]},
            [],
            "Keep: its score of 6.00 is above all that rules kept (up to 4.00).",
        ),
        (["keep", ""], {}, {"outlier_score": [float("nan"), 4.0]}, [], "Keep: no rule speaks against it today."),
        (["keep", ""], {"a": ("ingest", "unreadable", "")}, {}, [], "Keep: without effect, it went as unreadable."),
        (["drop", ""], {"a": ("dedupe", "review-drop", "")}, {}, [("a", "b")], "Drop: went; a copy of it stays."),
        (["drop", ""], {"a": ("dedupe", "review-drop", "")}, {}, [], "Drop: went; no copy of it stays."),
        (["drop", ""], {"a": ("dedupe", "review-drop", "")}, {"id": "a"}, [], "Drop: went; a copy of it stays."),
        (["drop", ""], {}, {}, [], "Drop: without effect, it stays."),
    ],
    ids=["copy", "score", "no-score", "unreadable", "other-stays", "gone", "other-file-stays", "still-there"],
)
def test_what_an_overrule_changed(full, pairs, material, verdicts, dropped, columns, ends, caption) -> None:
    (section,) = compared.overruled(material(full("ab", dropped, review_decision=verdicts, **columns), pairs(*ends)))
    assert [group.caption for group in section.groups] == [caption]


def test_without_pairs_and_verdicts_there_are_no_lists(full, material) -> None:
    one = material(full("a"))
    assert compared.copy_lists(one) == compared.both_stay(one) == compared.bridges(one) == compared.overruled(one) == []
