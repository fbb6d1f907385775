"""Failure modes, and what to do with it: each sentence from figures of a few rows."""

import dataclasses
from typing import Any

import pandas as pd
import pytest

from tasks.model_report import failure_modes, recommendations
from tasks.model_report.evaluation import Evaluation
from tasks.predictions import Predictions
from tests.tasks.model_report import fabricated

SLICES = ["slice", "value", "rows", "accuracy", "low", "high"]


@pytest.fixture(scope="module")
def small() -> Predictions:
    """Eight rows, the true classes and the answers in this order."""
    truth = ["ig", "ig", "ig", "ig", "monocyte", "monocyte", "platelet", "platelet"]
    answer = ["ig", "monocyte", "monocyte", "platelet", "monocyte", "monocyte", "platelet", "platelet"]
    rows = fabricated.rows(8).assign(label=truth, predicted=answer, confidence=[0.9, 0.95, 0.9, 0.5, 1, 1, 1, 1])
    return Predictions(fabricated.CLASSES, rows, pd.DataFrame({"jpeg/1": [0] * 8, "mixed": [0] * 8}))


@pytest.fixture(scope="module")
def evaluation_with(small):
    """Builds an evaluation from the figures that a sentence reads."""

    def build(figures: dict[str, Any] | None = None, **tables: Any) -> Evaluation:
        corruptions = [("clean", 0, 0.1), ("mixed", 0, 0.2), ("jpeg", 1, 0.1), ("jpeg", 2, 0.3), ("zoom_blur", 1, 0.4),
                 ("zoom_blur", 2, 0.6)]  # fmt: skip
        given = {"corruptions": pd.DataFrame(corruptions, columns=["kind", "severity", "balanced_error"])}
        given |= {
            "slices": pd.DataFrame(columns=SLICES),
            "ood": pd.DataFrame({"why": ["", "ood"], "ood_score": 1.0, "id": "a"}),
        }
        rest = dict.fromkeys(("risk_coverage", "reliability", "confusion"))
        return Evaluation(small, figures or {}, **{**rest, **given, **tables})

    return build


def test_the_worst_kinds(evaluation_with) -> None:
    assert failure_modes.kinds(evaluation_with({"clean": {"balanced_accuracy": 0.9}})) == (
        "Of 2 kinds of corruption, zoom blur costs most: a balanced error of 50.0 % over its severities, 60.0 % at the "
        "strongest; on clean images it is 10.0 %. Next comes jpeg (20.0 %)."
    )


def test_no_figures_of_the_suite(evaluation_with) -> None:
    assert "not known" in failure_modes.kinds(evaluation_with(corruptions=evaluation_with().corruptions.head(2)))


def test_classes_that_are_untested_or_unknown_are_named(evaluation_with) -> None:
    assert failure_modes.untested(evaluation_with({"unknown": {"blast": 5}, "unlearnt": ["band"]})) == (
        "Untested, without a test row: basophil, eosinophil, erythroblast, lymphocyte and neutrophil. Nothing is known "
        "of it. Not known to the model, for it had no image to learn from: band. Left out, as the model does not know "
        "the class: 5 test images of blast."
    )


def test_the_weakest_class(evaluation_with) -> None:
    recalls = {"ig": {"recall": 0.25}, "monocyte": {"recall": 1.0}, "basophil": {"recall": None}}
    assert failure_modes.classes(evaluation_with({"per_class": recalls})) == (
        "Of the classes, ig is recognised least often: recall 25.0 %, 4 rows; mistaken mostly for monocyte (2)."
    )


@pytest.mark.parametrize(
    ("recalls", "text"),
    [({}, ""), ({"ig": {"recall": 1.0}}, "No test row of any class is called something else.")],
    ids=["none known", "all right"],
)
def test_classes_without_a_weakest(evaluation_with, recalls, text) -> None:
    assert failure_modes.classes(evaluation_with({"per_class": recalls})) == text


def test_slices_below_the_whole(evaluation_with) -> None:
    lines = [
        ("class", "ig", 9, 0.1, 0.0, 0.2),
        ("acquisition_batch", "grey", 1200, 0.85, 0.8, 0.89),
        ("acquisition_batch", "", 9, 0.5, 0.3, 0.8),
        ("delivery", "demo", 99, 0.7, 0.4, 0.95),
        ("sharpness", "2", 3, None, None, None),
    ]
    evaluation = evaluation_with({"clean": {"accuracy": 0.9}}, slices=pd.DataFrame(lines, columns=SLICES))
    expected = (
        "Below the whole beyond chance: acquisition batch none (50.0 % of 9) "
        "and acquisition batch grey (85.0 % of 1,200)."
    )
    assert failure_modes.slices(evaluation) == expected


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "No slice by delivery, acquisition batch or sharpness has rows enough for a figure."),
        ([("acquisition_batch", "grey", 40, 0.9, 0.8, 0.95)],
         "None of 1 slice by delivery, acquisition batch or sharpness is below the whole beyond chance."),
    ],
    ids=["none", "none below"],
)  # fmt: skip
def test_no_slice_below_the_whole(evaluation_with, lines, text) -> None:
    assert (
        failure_modes.slices(evaluation_with({"clean": {"accuracy": 0.9}}, slices=pd.DataFrame(lines, columns=SLICES)))
        == text
    )


def test_confident_errors(evaluation_with) -> None:
    expected = "Of 3 wrong answers on clean images, 2 come with a confidence of 0.9 or more."
    assert failure_modes.confident(evaluation_with()) == expected


@pytest.mark.parametrize(
    ("ood", "text"),
    [
        ({"rows": 2, "refused": {"value": 0.5, "low": 0, "high": 1}},
         "Of 2 out-of-distribution images, 1 got an answer; 50.0 % (0.0 to 100.0) were refused."),
        ({"rows": 0, "refused": None},
         "No out-of-distribution image is among the test rows, so how it handles them is not known."),
    ],
    ids=["some", "none"],
)  # fmt: skip
def test_out_of_distribution_images(evaluation_with, ood, text) -> None:
    assert failure_modes.ood(evaluation_with({"ood": ood})) == text


def test_the_threshold(evaluation_with) -> None:
    figures = {"thresholds": {"least_confidence": 0.62}, "abstention": {"clean": {"coverage": 0.97, "accuracy": 0.99}}}
    assert recommendations.threshold(evaluation_with(figures)) == (
        "It abstains below a confidence of 0.620: 97.0 % of the clean test images get a class, "
        "99.0 % of these are right. "
        "Have a person look at the others."
    )


@pytest.mark.parametrize(("corrupted", "warned"), [(0.9, True), (0.985, False), (None, False)])
def test_poor_images_are_warned_of_where_answers_are_worth_less(evaluation_with, corrupted, warned) -> None:
    answers = {"clean": {"accuracy": 0.99}, "corrupted": {"coverage": 0.8, "accuracy": corrupted}}
    text = recommendations.poor(evaluation_with({"abstention": answers}))
    assert bool(text) == warned
    assert ("80.0 %" in text and "zoom blur" in text) == warned


def test_the_first_recommendation_is_whether_to_use_it(found) -> None:
    assert recommendations.sentences(found, True, 0)[0].startswith("It may be put to use")
    assert recommendations.sentences(found, False, 0)[0].startswith("Do not put it to use")


def test_label_issues_are_to_be_looked_at(found) -> None:
    assert "1 label issue:" in " ".join(recommendations.sentences(found, True, 1))
    assert "label issue" not in " ".join(recommendations.sentences(found, True, 0))


def test_what_to_add(evaluation_with) -> None:
    lines = [("class", "ig", 3, None, None, None), ("acquisition_batch", "grey", 3, None, None, None)]
    evaluation = evaluation_with({"ood": {"rows": 0}}, slices=pd.DataFrame(lines, columns=SLICES))
    assert recommendations.few(evaluation) == "Add more of ig: too few test rows for a figure."
    assert recommendations.unknown(evaluation).startswith("Add images that are no cells")
    assert recommendations.unknown(dataclasses.replace(evaluation, figures={"ood": {"rows": 3}})) == ""


def test_without_any_figure_nothing_is_made_up(evaluation_with) -> None:
    said = failure_modes.sentences(
        evaluation_with(corruptions=evaluation_with().corruptions.head(0))
    ) + recommendations.sentences(evaluation_with(), True, 0)
    assert [text for text in said if "%" in text] == []
