import base64
import hashlib
import json
import re

import pandas as pd
import pytest

from tests.tasks.model_report import fabricated
from tests.tasks.page.outline import EVIL, Outline


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


@pytest.fixture(scope="module")
def html(rendered, made) -> str:
    return rendered(made)[0]


def test_the_verdict_stands_first(html) -> None:
    text = words(html.split("<header>")[1].split("<nav")[0])
    assert text.startswith("Model report Meets every minimum Each of 1 minimum is met.")
    assert text.index("Failure modes") < text.index("Recommendations") < text.index("Minimums")


def test_a_model_that_fails_is_not_to_be_used(rendered, made) -> None:
    text = words(rendered(made, right=0.8)[0].split("<header>")[1].split("<nav")[0])
    assert text.startswith("Model report Below a minimum 1 of 1 minimum not met.")
    assert "Do not put it to use" in text


def test_tags_nest_and_anchors_lead_somewhere(html) -> None:
    outline = Outline(html)
    assert outline.open == []
    names = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(names) == len(set(names))
    used = [a["href"][1:] for a in outline.all("a")] + [s["aria-labelledby"] for s in outline.all("section")]
    assert set(used) <= set(names)


def test_nothing_comes_from_the_network(html) -> None:
    assert not re.search(r"(src|href|url|action|import)\s*[=(]?\s*[\"']?\s*(https?:)?//", html)
    outline = Outline(html)
    assert all(attrs["src"].startswith("data:image/webp") for attrs in outline.all("img"))
    assert not {"link", "iframe", "object", "form", "base"} & {tag for tag, _ in outline.tags}


def test_the_page_allows_its_own_script_and_no_other(html) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html


def test_images_have_their_id_a_text_and_their_file(html) -> None:
    images = Outline(html).all("img")
    assert len(images) > 12
    assert all(attrs["alt"] and "/" in attrs["title"] for attrs in images)
    assert html.count("<code>") >= len(images)


def test_suspects_come_with_the_command_that_drops_them(html) -> None:
    part = html.split('id="label-issues"')[1]
    assert 'hemaflow review <var>ID</var> drop --why "..."' in part
    assert 'data-decision="drop"' in html


def test_charts_say_what_they_are(html) -> None:
    assert [one["aria-label"] for one in Outline(html).all("svg") if "aria-label" in one] == [
        "Risk by coverage",
        "Accuracy by confidence",
    ]


def test_the_same_content_makes_the_same_page(html, rendered, made) -> None:
    assert rendered(made)[0] == html


OUTSIDE = ("source", "delivery", "acquisition_batch", "drop_reason", "id", "value", "note")
"""Columns of which the page shows what came from elsewhere, or might have."""


def test_what_comes_from_outside_stays_text(rendered, folders) -> None:
    def change(held) -> None:
        for entry in [*held["wrong"], *held["right"]]:
            entry.update(dict.fromkeys(("source", "delivery", "id", "label"), EVIL))

    fabricated.edit(folders["examples"] / "examples.json", change)
    fabricated.edit(folders["model"] / "model.json", lambda held: held["provenance"].update({EVIL: EVIL}))
    for file in (folders["examples"] / "label_issues.csv", folders["scores"] / "slices.csv"):
        table = pd.read_csv(file, keep_default_na=False)
        table.assign(**{name: EVIL for name in OUTSIDE if name in table}).to_csv(file, index=False)
    ood = folders["scores"] / "ood.parquet"
    table = pd.read_parquet(ood)
    table.assign(**{name: EVIL for name in OUTSIDE if name in table}).to_parquet(ood)
    html, card = rendered(folders)
    assert html.count("<script>") == 1
    assert html.count("alert(1)") > 30
    assert Outline(html).open == []
    assert "alert(1)" in card
    assert "<script>" not in card


def blank(figures: object) -> object:
    """Every figure null, counts and structure as they are."""
    if isinstance(figures, dict):
        return {name: blank(inner) for name, inner in figures.items()}
    return figures if isinstance(figures, str | int) else None


def without_figures(folders) -> None:
    file = folders["scores"] / "figures.json"
    file.write_text(json.dumps(blank(json.loads(file.read_text()))))


def without_intervals(folders) -> None:
    def change(held) -> None:
        for name in ("clean", "mixed", "corrupted"):
            held[name] = {key: one["value"] if isinstance(one, dict) else one for key, one in held[name].items()}

    fabricated.edit(folders["scores"] / "figures.json", change)


def without_parts(folders) -> None:
    parts = ("per_class", "abstention", "ood", "thresholds", "mixed")
    fabricated.edit(folders["scores"] / "figures.json", lambda held: [held.pop(name) for name in parts])


def with_empty_tables(folders) -> None:
    for name in ("corruptions", "slices", "risk_coverage", "reliability", "confusion"):
        file = folders["scores"] / f"{name}.csv"
        file.write_text(file.read_text().splitlines()[0] + "\n")
    ood = folders["scores"] / "ood.parquet"
    pd.read_parquet(ood).head(0).to_parquet(ood)


def with_nothing_shown(folders) -> None:
    (folders["examples"] / "examples.json").write_text(json.dumps({"wrong": [], "right": []}))
    label_issues = folders["examples"] / "label_issues.csv"
    label_issues.write_text(label_issues.read_text().splitlines()[0] + "\n")


def with_empty_figures_in_tables(folders) -> None:
    for name in ("corruptions", "slices", "risk_coverage", "reliability"):
        file = folders["scores"] / f"{name}.csv"
        table = pd.read_csv(file)
        table[[column for column in table.select_dtypes("number") if column not in ("severity", "rows")]] = None
        table.to_csv(file, index=False)


EMBARRASSING = [
    without_figures, without_intervals, without_parts, with_empty_tables, with_nothing_shown,
    with_empty_figures_in_tables,
]  # fmt: skip


@pytest.mark.parametrize("spoil", EMBARRASSING, ids=lambda spoil: spoil.__name__)
def test_an_evaluation_with_little_in_it_makes_a_page(rendered, folders, spoil) -> None:
    spoil(folders)
    html, card = rendered(folders)
    assert Outline(html).open == []
    for text in (words(html.split("</style>")[1].split("<script>")[0]), card):
        assert not re.search(r"\b(nan|NaN|inf)\b|None(?! of|\.)", text)


def test_a_page_to_publish_has_no_image_and_still_counts_them(rendered, made) -> None:
    assert 'src="data:image' in rendered(made)[0]
    html, card = rendered(made, fabricated.CARD.model_copy(update={"shown": 0}))
    assert not re.search(r"<img|<image|data:image|url\(", html)
    assert "12 label issues" in words(html)
    assert "None." not in words(html).split("Label issues")[0].split("Wrong answers")[-1], "there are, but not here"
    assert "without images" in card
