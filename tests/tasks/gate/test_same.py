import re
from collections.abc import Mapping, Sequence

import pytest

from tasks.gate.decide import decide
from tasks.gate.same import check_same
from tasks.predictions import Predictions


def changed(
    one: Predictions, drop: Sequence[str] = (), rename: Mapping[str, str] | None = None, **columns
) -> Predictions:
    corruptions = one.corruptions.drop(columns=list(drop)).rename(columns=rename or {})
    return Predictions(one.classes, one.rows.assign(**columns), corruptions)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"id": ["000", "001", "002", "8", "9"]},
            "ids of the champion alone: 2 (003, 004); of the challenger alone: 2",
        ),
        ({"id": list("56789")}, "ids of the champion alone: 5 (000, 001, 002, ...); of the challenger alone: 5"),
        ({"label": list("abbcc")}, "label differs in 1 of 5 test rows: 001 has 'a' and 'b'"),
        ({"split_group": list("ggggg")}, "split_group differs in 5 of 5 test rows: 000 has '000' and 'g'"),
        ({"delivery": list("xxxxy")}, "delivery differs in 1 of 5 test rows: 004 has 'x' and 'y'"),
        ({"acquisition_batch": "pink"}, "acquisition_batch differs in 5 of 5"),
        ({"sharpness": "2"}, "sharpness differs in 5 of 5"),
        (
            {"drop": ("jpeg/1",)},
            "corruptions of the benchmark of the champion alone: 1 (jpeg/1); of the challenger alone: 0",
        ),
        ({"rename": {"blur/1": "blur/3"}}, "the champion alone: 1 (blur/1); of the challenger alone: 1 (blur/3)"),
    ],
    ids=["ids", "all ids", "a label", "groups", "a delivery", "batches", "sharpness", "a cell less", "another cell"],
)
def test_records_of_other_rows_are_refused(predictions, rules, change, said) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        decide(predictions("aabcc"), changed(predictions("aabcc"), **change), rules())


def test_rows_of_a_longer_test_set_are_counted(predictions, rules) -> None:
    with pytest.raises(ValueError, match=re.escape("champion alone: 0; of the challenger alone: 2 (005, 006)")):
        decide(predictions("aabcc"), predictions("aabccab"), rules())


def test_answers_and_source_may_differ(predictions) -> None:
    other = predictions("aabcc", {"clean": [0], "mixed": [3]})
    check_same(predictions("aabcc"), changed(other, source="elsewhere", confidence=0.1))


@pytest.mark.parametrize(
    ("drop", "said"),
    [(("mixed",), "lack mixed corruptions"), (("blur/1", "blur/2", "jpeg/1"), "lack the corruption benchmark")],
    ids=["no mixed corruptions", "no corruptions"],
)
def test_an_incomplete_record_is_refused(predictions, rules, drop, said) -> None:
    with pytest.raises(ValueError, match=said):
        decide(None, changed(predictions("aabcc"), drop), rules())


def test_a_record_without_rows_is_refused(predictions, rules) -> None:
    with pytest.raises(ValueError, match="no predictions"):
        decide(None, predictions(""), rules())
