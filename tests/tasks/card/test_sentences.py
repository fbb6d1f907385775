"""Where it breaks, and what to do with it: each sentence from figures of a few rows."""

import dataclasses
from typing import Any

import pandas as pd
import pytest

from tasks.card import advice, breaks
from tasks.card.evaluation import Evaluation
from tasks.record import Record
from tests.tasks.card import fabricated

SLICES = ["slice", "value", "rows", "accuracy", "low", "high"]


@pytest.fixture(scope="module")
def small() -> Record:
    """Eight rows, the true classes and the answers in this order."""
    truth = ["ig", "ig", "ig", "ig", "monocyte", "monocyte", "platelet", "platelet"]
    answer = ["ig", "monocyte", "monocyte", "platelet", "monocyte", "monocyte", "platelet", "platelet"]
    rows = fabricated.rows(8).assign(label=truth, predicted=answer, confidence=[0.9, 0.95, 0.9, 0.5, 1, 1, 1, 1])
    return Record(fabricated.CLASSES, rows, pd.DataFrame({"jpeg/1": [0] * 8, "mix": [0] * 8}))


@pytest.fixture(scope="module")
def told(small):
    """Builds an evaluation from the figures that a sentence reads."""

    def build(figures: dict[str, Any] | None = None, **tables: Any) -> Evaluation:
        suite = [("clean", 0, 0.1), ("mix", 0, 0.2), ("jpeg", 1, 0.1), ("jpeg", 2, 0.3), ("zoom_blur", 1, 0.4),
                 ("zoom_blur", 2, 0.6)]  # fmt: skip
        given = {"suite": pd.DataFrame(suite, columns=["kind", "severity", "balanced_error"])}
        given |= {
            "slices": pd.DataFrame(columns=SLICES),
            "foreign": pd.DataFrame({"why": ["", "foreign"], "score": 1.0, "id": "a"}),
        }
        rest = dict.fromkeys(("risk_coverage", "reliability", "confusion"))
        return Evaluation(small, figures or {}, **{**rest, **given, **tables})

    return build


def test_the_worst_kinds(told) -> None:
    assert breaks.kinds(told({"clean": {"balanced_accuracy": 0.9}})) == (
        "Of 2 kinds of distortion, zoom blur costs most: a balanced error of 50.0 % over its severities, 60.0 % at the "
        "strongest; on clean pictures it is 10.0 %. Next comes jpeg (20.0 %)."
    )


def test_no_figures_of_the_suite(told) -> None:
    assert "not known" in breaks.kinds(told(suite=told().suite.head(2)))


def test_the_weakest_class(told) -> None:
    recalls = {"ig": {"recall": 0.25}, "monocyte": {"recall": 1.0}, "basophil": {"recall": None}}
    assert breaks.classes(told({"per_class": recalls})) == (
        "Of the classes, ig is recognised least often: recall 25.0 %, 4 rows; mistaken mostly for monocyte (2)."
    )


@pytest.mark.parametrize(
    ("recalls", "text"),
    [({}, ""), ({"ig": {"recall": 1.0}}, "No test row of any class is called something else.")],
    ids=["none known", "all right"],
)
def test_classes_without_a_weakest(told, recalls, text) -> None:
    assert breaks.classes(told({"per_class": recalls})) == text


def test_slices_below_the_whole(told) -> None:
    lines = [
        ("class", "ig", 9, 0.1, 0.0, 0.2),
        ("batch", "grey", 1200, 0.85, 0.8, 0.89),
        ("batch", "", 9, 0.5, 0.3, 0.8),
        ("delivery", "demo", 99, 0.7, 0.4, 0.95),
        ("sharpness", "2", 3, None, None, None),
    ]
    evaluation = told({"clean": {"accuracy": 0.9}}, slices=pd.DataFrame(lines, columns=SLICES))
    expected = "Below the whole beyond chance: batch none (50.0 % of 9) and batch grey (85.0 % of 1,200)."
    assert breaks.slices(evaluation) == expected


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "No slice by delivery, batch or sharpness has rows enough for a figure."),
        ([("batch", "grey", 40, 0.9, 0.8, 0.95)],
         "None of 1 slice by delivery, batch or sharpness is below the whole beyond chance."),
    ],
    ids=["none", "none below"],
)  # fmt: skip
def test_no_slice_below_the_whole(told, lines, text) -> None:
    assert breaks.slices(told({"clean": {"accuracy": 0.9}}, slices=pd.DataFrame(lines, columns=SLICES))) == text


def test_confident_errors(told) -> None:
    expected = "Of 3 wrong answers on clean pictures, 2 come with a confidence of 0.9 or more."
    assert breaks.confident(told()) == expected


@pytest.mark.parametrize(
    ("foreign", "text"),
    [
        ({"rows": 2, "refused": {"value": 0.5, "low": 0, "high": 1}},
         "Of 2 foreign pictures, 1 got an answer; 50.0 % (0.0 to 100.0) were refused."),
        ({"rows": 0, "refused": None},
         "What it does with pictures that are no cells is not known: no foreign picture is among the test rows."),
    ],
    ids=["some", "none"],
)  # fmt: skip
def test_foreign_pictures(told, foreign, text) -> None:
    assert breaks.foreign(told({"foreign": foreign})) == text


def test_the_threshold(told) -> None:
    figures = {"thresholds": {"least_confidence": 0.62}, "abstention": {"clean": {"answered": 0.97, "accuracy": 0.99}}}
    assert advice.threshold(told(figures)) == (
        "It answers from a confidence of 0.620 on: 97.0 % of the clean test pictures, 99.0 % of these rightly. "
        "Show what it does not answer to a person."
    )


@pytest.mark.parametrize(("distorted", "warned"), [(0.9, True), (0.985, False), (None, False)])
def test_poor_pictures_are_warned_of_where_answers_are_worth_less(told, distorted, warned) -> None:
    answers = {"clean": {"accuracy": 0.99}, "distorted": {"answered": 0.8, "accuracy": distorted}}
    text = advice.poor(told({"abstention": answers}))
    assert bool(text) == warned
    assert ("80.0 %" in text and "zoom blur" in text) == warned


def test_the_first_advice_is_whether_to_use_it(found) -> None:
    assert advice.sentences(found, True, 0)[0].startswith("It may be put to use")
    assert advice.sentences(found, False, 0)[0].startswith("Do not put it to use")


def test_suspects_are_to_be_looked_at(found) -> None:
    assert "1 suspected label:" in " ".join(advice.sentences(found, True, 1))
    assert "suspected" not in " ".join(advice.sentences(found, True, 0))


def test_what_to_deliver(told) -> None:
    lines = [("class", "ig", 3, None, None, None), ("batch", "grey", 3, None, None, None)]
    evaluation = told({"foreign": {"rows": 0}}, slices=pd.DataFrame(lines, columns=SLICES))
    assert advice.few(evaluation) == "Deliver more of ig: too few test rows for a figure."
    assert advice.unknown(evaluation).startswith("Deliver pictures that are no cells")
    assert advice.unknown(dataclasses.replace(evaluation, figures={"foreign": {"rows": 3}})) == ""


def test_without_any_figure_nothing_is_made_up(told) -> None:
    said = breaks.sentences(told(suite=told().suite.head(0))) + advice.sentences(told(), True, 0)
    assert [text for text in said if "%" in text] == []
