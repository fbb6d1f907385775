import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from tasks.page import html


@pytest.fixture
def templates(tmp_path):
    """Builds a folder of templates around a body."""

    def build(body: str):
        (tmp_path / "page.html").write_text(
            '{% extends "base.html" %}{% block title %}T{% endblock %}{% block body %}' + body + "{% endblock %}"
        )
        (tmp_path / "style.css").write_text("main { color: red; }")
        return tmp_path

    return build


def test_the_page_s_style_comes_after_the_common_one(templates) -> None:
    text = html.render(templates(""))
    assert text.startswith("<!doctype html>")
    assert text.index(":root {") < text.index("main { color: red; }") < text.index("</style>")


def test_values_are_escaped_and_markup_is_not(templates) -> None:
    text = html.render(templates("{{ one }}{{ other }}"), one="<i>&", other=Markup("<b>x</b>"))
    assert "&lt;i&gt;&amp;<b>x</b>" in text


def test_a_value_that_is_missing_is_an_error(templates) -> None:
    with pytest.raises(UndefinedError, match="'gone' is undefined"):
        html.render(templates("{{ gone }}"))


def test_filters(templates) -> None:
    assert "1,234 97\N{NO-BREAK SPACE}% 1 row" in html.render(
        templates("{{ n | number }} {{ share | tight }} {{ plural(1, 'row') }}"), n=1234, share="97 %"
    )


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (2000, "2,000 rows")])
def test_plural(count, text) -> None:
    assert html.plural(count, "row") == text


def test_an_image_s_address_holds_it() -> None:
    assert html.uri(b"abc", "png") == "data:image/png;base64,YWJj"
