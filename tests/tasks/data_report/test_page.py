import base64
import hashlib
import re

import pytest

from tasks.data_report import acquisition, page
from tasks.data_report.summary import summary
from tasks.store import Reading
from tests.tasks.page.outline import EVIL, Outline


@pytest.fixture
def html(material):
    """Builds a page; its images are their positions."""

    def build(rows, found=None, **settings) -> str:
        readings = {name: Reading() for name in rows["delivery"].unique()}
        lists = page.sections(material(rows, found, **settings), readings)
        table = acquisition.table(rows, readings)
        return page.render(summary(rows), table, lists, lambda place: f"data:,{place}", 96)

    return build


@pytest.fixture
def rich(full, pairs):
    """A table in which every list has something, and the pairs to it."""
    dropped = {
        "b": ("dedupe", "near-copy", "d/a"),
        "c": ("outliers", "outlier", ""),
        "d": ("ingest", "unreadable", ""),
        "e": ("dedupe", "label-conflict", "d/f"),
        "f": ("dedupe", "label-conflict", "d/e"),
        "g": ("split", "bridges-splits", ""),
        "i": ("dedupe", "exact-copy", "d/h"),
    }
    ids = ["a", "b", "c", "d", "ef", "ef", "g", "hi", "hi"]
    labels = ["ig", "ig", "ig", "ig", "ig", "mo", "ig", "ig", "ig"]
    return full("abcdefghi", dropped, id=ids, label=labels), pairs(("a", "b"), ("a", "g"), ("a", "hi"))


def test_the_verdict_stands_first(html, rich) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html(*rich).split("<header>")[1].split("<nav")[0])).strip()
    assert text.startswith("Data report 9 came 2 kept, 22.2 % 7 dropped Dropped: label conflict 2, ")


def test_tags_nest_and_anchors_lead_somewhere(html, rich) -> None:
    outline = Outline(html(*rich))
    assert outline.open == []
    names = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(names) == len(set(names))
    used = [a["href"][1:] for a in outline.all("a")] + [s["aria-labelledby"] for s in outline.all("section")]
    assert set(used) <= set(names)


def test_the_order_of_the_lists(html, rich) -> None:
    titles = [link["href"] for link in Outline(html(*rich)).all("a")]
    assert titles == ["#conflict", "#exact", "#near", "#both-stay", "#outlier", "#bridges", "#unreadable", "#kept"]


def test_nothing_comes_from_the_network(html, rich) -> None:
    text = html(*rich)
    assert not re.search(r"(src|href|url|action|import)\s*[=(]?\s*[\"']?\s*(https?:)?//", text)
    outline = Outline(text)
    assert all(attrs["src"].startswith("data:") for attrs in outline.all("img"))
    assert not {"link", "iframe", "object", "form", "base"} & {tag for tag, _ in outline.tags}


def test_the_page_allows_its_own_script_and_no_other(html, rich) -> None:
    text = html(*rich)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text


def test_every_image_has_its_id_a_text_and_its_file(html, rich) -> None:
    outline = Outline(html(*rich))
    assert all(attrs["alt"] and attrs["title"].startswith("d/") for attrs in outline.all("img"))
    assert len(outline.all("img")) > 8
    for identity in rich[0]["id"]:
        assert f"<code>{identity}</code>" in html(*rich)


def test_every_table_has_a_caption_and_headings(html, rich) -> None:
    text = html(*rich)
    assert text.count("<table>") == text.count("<caption") == 8
    assert text.count('scope="row"') >= text.count("<tr>") - 8


@pytest.mark.parametrize("column", ["source", "label", "acquisition_batch", "detail", "id"])
def test_what_comes_from_outside_stays_text(html, full, column) -> None:
    names = [EVIL, "b"] if column == "source" else ["a", "b"]
    rows = full(names, {names[0]: ("ingest", "unreadable", "")})
    rows[column] = [EVIL, EVIL] if column not in ("source", "id") else rows[column].where(rows.index > 0, EVIL)
    text = html(rows)
    assert text.count("<script>") == 1
    assert "alert(1)" in text
    assert Outline(text).open == []


@pytest.mark.parametrize(
    ("names", "dropped", "columns"),
    [
        ("ab", {}, {}),
        (
            "ab",
            dict.fromkeys("ab", ("ingest", "unreadable", "")),
            {"split": "", "acquisition_batch": "", "outlier_score": float("nan")},
        ),
        ("a", {}, {}),
        ("a", {"a": ("ingest", "unlisted-class", "")}, {"label": "", "split": ""}),
        ("abc", dict.fromkeys("abc", ("outliers", "outlier", "")), {}),
        ("ab", {"a": ("outliers", "outlier", "")}, {"outlier_score": float("nan")}),
        ("ab", {"a": ("dedupe", "review-drop", "")}, {"review_decision": ["drop", ""], "label": ["mo", "ig"]}),
    ],
    ids=["nothing-dropped", "all-unreadable", "one-row", "unlisted-class", "all-dropped", "no-scores", "class-gone"],
)
def test_embarrassing_tables_make_a_page(html, full, names, dropped, columns) -> None:
    assert Outline(html(full(names, dropped, **columns))).open == []


def test_an_untested_class_stands_above_the_lists(html, full) -> None:
    head = html(full("abc", label=[EVIL, "ig", "ig"], split=["train", "train", "test"])).split("<nav")[0]
    assert "is untested: 1 kept image, in train only." in head
    assert "untested: 1" not in html(full("ab", split=["train", "test"]))


def test_nothing_dropped_says_so(html, full) -> None:
    assert "Nothing was dropped." in html(full("ab"))


def test_what_is_cut_is_counted(html, full) -> None:
    names = [f"{k:02}" for k in range(30)]
    text = html(full(names, dict.fromkeys(names, ("ingest", "unreadable", ""))), shown=7)
    assert "23 files more are not shown here" in text
