"""The audit's arithmetic on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from tasks.audit import labels
from tasks.audit.settings import Audit, Least
from tasks.params import Classes

RULES = Audit(level=0.01, min_rows=30, times=5, ood=0.1, least=Least(ahead=0.1, refused=0.05))
CLASSES = ["eo", "ig", "ne"]


def table(*parts: tuple[int, str, str, float, str]) -> pd.DataFrame:
    """So many rows each of (number, label, predicted, confidence, why)."""
    rows = [part[1:] for part in parts for _ in range(part[0])]
    return pd.DataFrame(rows, columns=["label", "predicted", "confidence", "why"])


def own(wrong: int = 2, ood: int = 2, rows: int = 400) -> pd.DataFrame:
    """Test rows of each class, right with 0.9, of which so many ig are surely wrong and so many eo refused."""
    right = rows - wrong - ood
    parts = [(right // 3, name, name, 0.9, "") for name in CLASSES]
    made = table(*parts, (wrong, "ig", "ne", 0.99, ""), (ood, "eo", "eo", 0.9, "ood"))
    for name in CLASSES:
        made[f"p_{name}"] = np.where(made["predicted"] == name, made["confidence"], (1 - made["confidence"]) / 2)
    return made


def audited(delivery: pd.DataFrame, least: float = 0.1, beside: int = 0) -> labels.Finding:
    clean = table((100, "ig", "ig", 0.9, ""))
    return labels.audit({"x": delivery, **{f"y{k}": clean for k in range(beside)}}, own(), RULES, least)[0]


def test_thresholds_are_the_mean_probability_of_each_class_s_own_rows() -> None:
    found = labels.thresholds(own())
    assert list(found) == CLASSES
    assert (found["ne"], found["eo"]) == pytest.approx((0.9, 0.9))
    assert found["ig"] == pytest.approx((132 * 0.9 + 2 * 0.005) / 134)
    assert labels.thresholds(own().query("label != 'eo'"))["eo"] == 1.0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param((1, "ig", "ne", 0.95, ""), True, id="surely another class"),
        pytest.param((1, "ig", "ne", 0.95, "unsure"), True, id="abstained, and sure enough"),
        pytest.param((1, "ig", "ne", 0.89, ""), False, id="not sure"),
        pytest.param((1, "ig", "ig", 0.95, ""), False, id="the label"),
        pytest.param((1, "ig", "ne", 0.95, "ood"), False, id="refused"),
        pytest.param((1, "lymph", "ne", 0.95, ""), False, id="a class that the model does not know"),
    ],
)
def test_what_is_a_contradiction(row: tuple[int, str, str, float, str], expected: bool) -> None:
    assert labels.contradicted(table(row), labels.thresholds(own())).tolist() == [expected]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(100, "ig", "ig", 0.9, "")], "agrees", id="clean"),
        pytest.param([(40, "ig", "ne", 0.95, ""), (60, "ig", "ig", 0.9, "")], "mislabelled", id="two in five"),
        pytest.param([(9, "ig", "ne", 0.95, ""), (91, "ig", "ig", 0.9, "")], "agrees", id="below the minimum"),
        pytest.param([(20, "ig", "ne", 0.95, "")], "too few rows", id="too few"),
        pytest.param([(100, "lymph", "ne", 0.95, "")], "too few rows", id="of a class that the model does not know"),
        pytest.param(
            [(100, "lymph", "ne", 0.95, ""), (40, "ig", "ig", 0.9, "")], "agrees", id="unknown classes do not count"
        ),
        pytest.param(
            [(40, "ig", "ne", 0.95, ""), (60, "ig", "ne", 0.5, "ood")], "out-of-distribution", id="from elsewhere"
        ),
    ],
)
def test_verdicts(rows: list[tuple[int, str, str, float, str]], expected: str) -> None:
    assert audited(table(*rows)).verdict == expected


def test_where_the_gate_refused_less_is_enough() -> None:
    delivery = table((9, "ig", "ne", 0.95, ""), (91, "ig", "ig", 0.9, ""))
    assert (audited(delivery, 0.1).verdict, audited(delivery, 0.05).verdict) == ("agrees", "mislabelled")


def test_the_own_rate_counts_too() -> None:
    delivery = table((40, "ig", "ne", 0.95, ""), (60, "ig", "ig", 0.9, ""))
    found = labels.audit({"x": delivery}, own(wrong=40), RULES, 0.1)[0]
    assert (found.verdict, found.minimum) == ("agrees", pytest.approx(5 * 40 / 396, rel=0.02))


def test_the_level_is_shared_by_all_that_are_looked_at() -> None:
    assert audited(table((40, "ig", "ig", 0.9, "")), beside=3).level == pytest.approx(0.01 / 4)
    assert audited(table((20, "ig", "ig", 0.9, "")), beside=3).level == pytest.approx(0.01 / 3)


def test_the_p_value_is_fisher_s() -> None:
    from scipy.stats import fisher_exact

    assert labels.exceeds(9, 60, 5, 300) == pytest.approx(fisher_exact([[9, 51], [5, 295]], "greater").pvalue)
    assert labels.exceeds(0, 0, 5, 300) == 1.0


def test_it_says_rates_test_and_p() -> None:
    told = str(audited(table((40, "ig", "ne", 0.95, ""), (60, "ig", "ig", 0.9, ""))))
    assert told.startswith(
        "40 of 100 labels contradicted (0.400, on the champion's own test rows 0.005; Fisher's exact"
    )
    assert "mostly out-of-distribution: 50 of 100 images refused (0.500, " in str(
        audited(table((50, "ig", "ne", 0.95, ""), (50, "ig", "ne", 0.95, "ood")))
    )
    assert str(audited(table((100, "lymph", "ne", 0.95, "")))) == (
        "no verdict on its labels: 0 new images are too few, 100 are of classes that the champion does not know"
    )


def test_without_a_row_there_is_no_verdict() -> None:
    assert audited(table()).verdict == "too few rows"


@pytest.mark.parametrize("rows", [50, 100, 250, 500])
def test_a_clean_delivery_is_hardly_ever_held_and_a_shuffled_one_always(rows: int) -> None:
    """Drawn from a model as good as that of the real cells: 3 % wrong, 0.5 % surely so."""
    rng = np.random.default_rng(rows)
    truth = own(wrong=6, ood=12, rows=1255)
    former = truth.drop(columns=[name for name in truth if name.startswith("p_")])

    def drawn() -> pd.DataFrame:
        return former.iloc[rng.integers(0, len(former), rows)].reset_index(drop=True)

    clean = [labels.audit({"x": drawn()}, truth, RULES, 0.05)[0].verdict for _ in range(200)]
    assert np.mean(np.array(clean) == "mislabelled") < 0.01
    for _ in range(20):
        mixed = drawn()
        mixed["label"] = rng.permutation(mixed["label"])
        assert labels.audit({"x": mixed}, truth, RULES, 0.1)[0].verdict == "mislabelled"


def test_classes_that_were_renamed_since_are_judged_under_their_names_of_today() -> None:
    """eo and ig are one class by now, as a mean probability shows; ne has another name."""
    today = Classes.model_validate({"granulocyte": ["eo", "ig"], "neutrophil": ["ne"]})
    limits = labels.thresholds(labels.today(own(), today))
    assert limits == pytest.approx({"granulocyte": (266 * 0.95 + 2 * 0.01) / 268, "neutrophil": 0.9}, abs=1e-3)
    new = labels.today(table((1, "neutrophil", "ne", 0.9, ""), (1, "neutrophil", "eo", 0.99, "")), today)
    assert new["predicted"].tolist() == ["neutrophil", "granulocyte"]
    assert labels.contradicted(new, limits).tolist() == [False, True]
