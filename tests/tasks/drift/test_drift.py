import json

import pytest

from tasks.drift.drift import Difference, Drift, News, Share, Shift

NOT = Shift("", 0, 5, why="no new image")
DRIFT = Drift(
    names=("new",),
    news=(News("new", "a", 3, 2, 1, 0, 0, 0, 0, 0),),
    displaced=1,
    shares=(Share("a", 2, 5),),
    colours=(Difference("red, mean", 1.5, 0.5, 2.5, 0.3),),
    class_shares=Shift("slight", 2, 5, 0.12, 0.004, 0.11),
    colour=Shift("none", 2, 5, 0.3, 0.5, 0.7),
    embeddings=NOT,
)


def test_json_holds_all_of_it() -> None:
    assert Drift.from_dict(json.loads(json.dumps(DRIFT.to_dict()))) == DRIFT


def test_a_sentence_beside_it_is_left_out() -> None:
    assert Drift.from_dict({"sentence": "2 of 3 images are new.", **DRIFT.to_dict()}) == DRIFT


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda values: values.pop("colour"), "colour"),
        (lambda values: values.pop("displaced"), "displaced"),
        (lambda values: values.update(more=1), "more"),
        (lambda values: values["news"][0].pop("came"), "came"),
        (lambda values: values["embeddings"].update(more=1), "more"),
        (lambda values: values.update(colour=None), "NoneType"),
        (lambda values: values.update(names=3), "int"),
    ],
    ids=["lacks a shift", "lacks a count", "has more", "lacks inside", "has more inside", "no shift", "no names"],
)
def test_what_is_no_record_of_drift_is_refused(change, word: str) -> None:
    values = json.loads(json.dumps(DRIFT.to_dict()))
    change(values)
    with pytest.raises(ValueError, match=f"no record of drift: .*{word}"):
        Drift.from_dict(values)
