"""External deliveries on the page, in the model card and in the failure modes."""

import pytest

from tasks.model_report import evaluation, external, failure_modes
from tests.tasks.model_report import fabricated
from tests.tasks.model_report.fabricated import around

JTSC = {
    "files": 310, "rows": 300, "left_out": {"in-training": 4, "unlabelled": 6}, "note": "",
    "balanced_accuracy": around(0.432), "accuracy": around(0.5), "refused": around(0.517), "coverage": around(0.41),
    "selective_accuracy": 0.7, "recall": {"ig": {"rows": 60, **around(0.3)}, "monocyte": {"rows": 60, **around(0.6)}},
}  # fmt: skip
SMALL = {"files": 9, "rows": 9, "left_out": {}, "note": "9 images to judge by, fewer than 20: too few for a figure"}


@pytest.fixture
def with_external(folders):
    """The folders with two external deliveries in the figures."""
    deliveries = {"jtsc": JTSC, "small": SMALL}
    fabricated.edit(folders["scores"] / "figures.json", lambda held: held.update(external=deliveries))
    return folders


def test_each_has_a_line_and_its_classes_have_another(with_external) -> None:
    deliveries, recalls = external.tables(evaluation.read(with_external["scores"]))
    lines = [[cell.text for cell in line] for line in deliveries.lines]
    assert lines[0][:2] == ["jtsc", "300"]
    assert lines[0][2].startswith("43.2 %")
    assert lines[0][7] == "4 in training, 6 unlabelled"
    assert lines[1][:2] == ["small", "9"]
    assert lines[1][-1] == SMALL["note"]
    assert [line[0].text for line in recalls.lines] == ["ig", "monocyte"]


def test_page_and_model_card_show_them(rendered, with_external) -> None:
    page, card = rendered(with_external)
    for text in (page, card):
        assert "Images of other laboratories, of which none is in train, val or test" in text
        assert "43.2 %" in text
    assert "only the external deliveries above tell" in card


def test_without_any_the_page_says_so(rendered, made) -> None:
    page, card = rendered(made)
    assert "How it does on another laboratory's images is not known" in page.replace("&#39;", "'")
    assert "other laboratories, of which none" not in card
    assert "How it does elsewhere is not known" in card


def test_they_are_a_failure_mode_and_so_is_a_leak(with_external, made) -> None:
    found = failure_modes.external(evaluation.read(with_external["scores"]))
    assert found.startswith("On other laboratories' images its balanced accuracy is 43.2 %")
    assert found.endswith("on jtsc. Left out as copies of training images: 4 images of jtsc.")
    assert failure_modes.external(evaluation.read(made["scores"])) == ""
