import pytest

from tasks.page import markdown


def test_words_stand_to_the_left_and_figures_to_the_right() -> None:
    assert markdown.table(["name", "rows"], [["ig", 1234], ["a|b", "–"]], texts=(0,)).splitlines() == [
        "| name | rows |",
        "| --- | ---: |",
        "| ig | 1,234 |",
        "| a\\|b | – |",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>", "&lt;b>"),
        ("a*b_c`", "a\\*b\\_c\\`"),
        ("[x](y)", "\\[x\\](y)"),
        ("a\nb", "a b"),
        ("\\", "\\\\"),
        ("&amp;", "&amp;amp;"),
    ],
)
def test_text_is_shown_as_it_is(text, shown) -> None:
    assert markdown.escaped(text) == shown
