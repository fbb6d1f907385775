import json

import pytest

from tasks.model_report import gallery, material
from tests.tasks.model_report import fabricated


@pytest.fixture
def examples(folders):
    """Builds the examples from what their files hold."""

    def build(change=lambda held: None):
        fabricated.edit(folders["examples"] / "examples.json", change)
        return material.read(**folders).examples

    return build


def test_wrong_answers_come_as_explain_ordered_them(examples) -> None:
    found = examples()
    sheet = gallery.wrong(found, 3)
    assert [one.id for one in sheet.images] == [entry["id"] for entry in found.wrong[:3]]
    assert sheet.more == len(found.wrong) - 3 > 0
    assert all(one.source.startswith("data:image/webp;base64,") for one in sheet.images)
    assert not any(one.right for one in sheet.images)
    assert f"{found.wrong[0]['label']}, called {found.wrong[0]['predicted']}" == sheet.images[0].head


@pytest.mark.parametrize(
    ("why", "note"), [("", "50.0 % confident"), ("unsure", "50.0 % confident, abstained"),
                      ("ood", "50.0 % confident, refused as out-of-distribution")],
)  # fmt: skip
def test_whether_it_was_answered_is_said(examples, why, note) -> None:
    found = examples(lambda held: held["right"][0].update(why=why, confidence=0.5))
    assert gallery.right(found, 1).images[0].note == note


@pytest.mark.parametrize("name", ["", "cam/none.png", "../model/model.json", "/etc/hostname"])
def test_no_image_and_none_from_elsewhere(examples, name) -> None:
    found = examples(lambda held: held["right"][0].update(image=name))
    assert gallery.right(found, 1).images[0].source == ""


def test_no_answers_and_no_suspects(folders) -> None:
    folder = folders["examples"]
    (folder / "examples.json").write_text(json.dumps({"wrong": [], "right": []}))
    head = (folder / "label_issues.csv").read_text().splitlines()[0]
    (folder / "label_issues.csv").write_text(f"{head}\n")
    fabricated.edit(
        folder / "label_issues.json", lambda held: held.update(label_issues=0, shown=0, estimated_share=None)
    )
    found = material.read(**folders).examples
    assert (gallery.wrong(found, 9).count, gallery.wrong(found, 9).images) == ("0 images", [])
    assert (gallery.label_issues(found, 9).count, gallery.label_issues(found, 9).table) == ("0 label issues", None)


def test_every_suspect_is_an_image_a_line_or_counted(examples) -> None:
    sheet = gallery.label_issues(examples(), 100)
    assert (len(sheet.images), len(sheet.table.lines), sheet.more) == (8, 4, 0)
    few = gallery.label_issues(examples(), 3)
    assert (len(few.images), len(few.table.lines), few.more) == (3, 3, 6)
    assert sheet.images[0].head.endswith(", rather monocyte")
    assert sheet.images[0].note == "train; 97.0 % against 1.0 %"


def test_suspects_come_with_their_score_and_those_without_an_image_in_a_table(examples) -> None:
    found = examples()
    sheet = gallery.suspects(found, 9)
    assert [one.note for one in sheet.images] == ["train; score 5.500", "train; score 4.250"]
    assert all(one.source.startswith("data:image/webp;base64,") for one in sheet.images)
    assert (sheet.count, sheet.more) == ("3 suspects", 0)
    assert sheet.table
    assert [cell.text for cell in sheet.table.lines[0]][-1] == "3.500"
    assert "Of 1,400 kept images" in sheet.intro
    assert "Nothing was dropped" in sheet.intro
