import pytest

from tasks.model_report import formatting
from tasks.model_report.formatting import Figure

NAN = float("nan")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.9786, "97.9 %"),
        (0, "0.0 %"),
        (1, "100.0 %"),
        (0.99996, "> 99.9 %"),
        (0.0001, "< 0.1 %"),
        (None, "–"),
        (NAN, "–"),
    ],
)
def test_percent(share, text) -> None:
    assert formatting.percent(share) == text


@pytest.mark.parametrize(
    ("found", "figure"),
    [
        ({"value": 0.5, "low": 0.4, "high": 0.6}, Figure(0.5, 0.4, 0.6)),
        ({"value": 0.5, "low": None, "high": 0.6}, Figure(0.5, None, 0.6)),
        ({"value": None}, None),
        ({}, None),
        (None, None),
        (NAN, None),
        (True, None),
        ("0.5", None),
        (3, Figure(3.0)),
    ],
)
def test_figure(found, figure) -> None:
    assert formatting.figure(found) == figure


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(0.979, 0.972, 0.985), "97.9 % (97.2 to 98.5)"),
        (Figure(1.0, 0.9999, 1.0), "100.0 % (> 99.9 to 100.0)"),
        (Figure(0.979), "97.9 %"),
        (None, "–"),
    ],
)
def test_ranged(figure, text) -> None:
    assert formatting.ranged(figure) == text


def test_an_error_has_the_ends_of_its_accuracy_the_other_way_round() -> None:
    assert Figure(0.75, 0.5, 1.0).turned() == Figure(0.25, 0.0, 0.5)
    assert Figure(0.75).turned() == Figure(0.25)


@pytest.mark.parametrize(
    ("parts", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_joined(parts, text) -> None:
    assert formatting.joined(parts) == text
