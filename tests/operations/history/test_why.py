from typing import Any

import pytest

from operations.history.why import KEPT, NEVER, NOTHING, why, why_failed
from operations.pipeline.runner import Outcome

TRAIN: dict[str, Any] = {
    "cmd": "train data/clean data/network",
    "deps": [
        {"path": "data/clean", "hash": "md5", "md5": "aa.dir", "size": 4, "nfiles": 2},
        {"path": "tasks/train", "hash": "md5", "md5": "bb.dir", "size": 4, "nfiles": 2},
    ],
    "params": {
        "params.yaml": {"train": {"batch": 32, "augment": {"engine": "batched"}, "words": ""}, "classes": ["a"]}
    },
    "outs": [{"path": "data/network", "hash": "md5", "md5": "cc.dir", "size": 4, "nfiles": 2}],
}
CELL = {**TRAIN, "params": {"studies/params.yaml": {"ablation": {"one": {"batch": 32}}}}}


def _params(**train: Any) -> dict[str, Any]:
    return {**TRAIN, "params": {"params.yaml": {**TRAIN["params"]["params.yaml"], "train": train}}}


def _deps(*deps: tuple[str, str]) -> dict[str, Any]:
    return {**TRAIN, "deps": [{"path": path, "hash": "md5", "md5": md5, "size": 4} for path, md5 in deps]}


BOTH = (("data/clean", "aa.dir"), ("tasks/train", "bb.dir"))
AS_BEFORE = {"batch": 32, "augment": {"engine": "batched"}, "words": ""}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(_params(**{**AS_BEFORE, "batch": 16}), ["train.batch: 32 -> 16"], id="a setting"),
        pytest.param(
            _params(**{**AS_BEFORE, "augment": {"engine": "keras_cv"}}),
            ["train.augment.engine: batched -> keras_cv"],
            id="a setting further down",
        ),
        pytest.param(_params(**{**AS_BEFORE, "words": "x"}), ['train.words: "" -> x'], id="a setting that was empty"),
        pytest.param(_params(**AS_BEFORE, ema=0.0), ["train.ema: absent -> 0.0"], id="a new setting"),
        pytest.param(
            _params(batch=32, augment={"engine": "batched"}), ['train.words: "" -> absent'], id="a setting that is gone"
        ),
        pytest.param(
            {**TRAIN, "params": {"params.yaml": {**TRAIN["params"]["params.yaml"], "classes": ["a", "b"]}}},
            ['classes: ["a"] -> ["a", "b"]'],
            id="a list",
        ),
        pytest.param(_deps(("data/clean", "dd.dir"), BOTH[1]), ["data/clean changed"], id="an input"),
        pytest.param(_deps(*BOTH, ("data/raw", "dd.dir")), ["data/raw is new"], id="a new input"),
        pytest.param(_deps(BOTH[1]), ["data/clean is no input any more"], id="an input that is gone"),
        pytest.param(
            {**TRAIN, "cmd": "train data/clean"},
            ["its command changed: train data/clean data/network -> train data/clean"],
            id="the command",
        ),
        pytest.param(
            {**_params(**{**AS_BEFORE, "batch": 1}), "deps": _deps(BOTH[0], ("tasks/train", "x"))["deps"]},
            ["train.batch: 32 -> 1", "tasks/train changed"],
            id="several",
        ),
        pytest.param({**TRAIN, "outs": []}, [NOTHING], id="its own outputs alone"),
    ],
)
def test_what_differs_is_why_it_ran(after: dict[str, Any], expected: list[str]) -> None:
    assert why(TRAIN, after, Outcome.RAN) == expected
    assert why(TRAIN, after, Outcome.RESTORED) == [*expected, KEPT]
    assert why(TRAIN, after, Outcome.UNCHANGED) == []


def test_settings_of_another_file_name_it() -> None:
    after = {**CELL, "params": {"studies/params.yaml": {"ablation": {"one": {"batch": 8}}}}}
    assert why(CELL, after, Outcome.RAN) == ["studies/params.yaml:ablation.one.batch: 32 -> 8"]


def test_a_long_value_is_cut() -> None:
    [line] = why(TRAIN, _params(**{**AS_BEFORE, "words": "x" * 200}), Outcome.RAN)
    assert line.startswith('train.words: "" -> xxx')
    assert line.endswith("x...")
    assert len(line) < 90


def test_a_stage_that_the_lock_does_not_know() -> None:
    assert why(None, TRAIN, Outcome.RAN) == [NEVER]
    assert why(None, TRAIN, Outcome.RESTORED) == [NEVER, KEPT]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("deleted", "its output data/network is gone"),
        ("modified", "its output data/network was changed"),
        ("not in cache", "its output data/network is not in DVC's cache"),
    ],
)
def test_an_output_of_which_the_entry_says_nothing(state: str, expected: str) -> None:
    status = [{"changed outs": {"data/network": state}}]
    assert why(TRAIN, TRAIN, Outcome.RESTORED, status) == [expected, KEPT]


LOCK = {"split": {"outs": [{"path": "data/clean", "hash": "md5", "md5": "ee.dir"}]}, "train": TRAIN}
PARAMS = {**TRAIN["params"]["params.yaml"], "train": {**AS_BEFORE, "batch": 16}, "demo": {}}
AS_LOCKED = TRAIN["params"]["params.yaml"]


@pytest.mark.parametrize(
    ("lock", "params", "status", "expected"),
    [
        pytest.param(LOCK, AS_LOCKED, [], ["data/clean changed"], id="an input that a stage has made anew"),
        pytest.param({}, PARAMS, [], ["train.batch: 32 -> 16"], id="a setting"),
        pytest.param(
            {}, AS_LOCKED, [{"changed deps": {"tasks/train": "modified", "params.yaml": {"train.batch": "modified"}}}],
            ["tasks/train changed"], id="code, as DVC saw it",
        ),
        pytest.param({}, AS_LOCKED, ["changed command"], ["its command changed"], id="the command, as DVC saw it"),
        pytest.param(
            LOCK, AS_LOCKED, [{"changed deps": {"data/clean": "modified"}}], ["data/clean changed"], id="told once"
        ),
        pytest.param(
            {},
            {"classes": ["a"]},
            [],
            [
                "train.batch: 32 -> absent",
                "train.augment.engine: batched -> absent",
                'train.words: "" -> absent',
            ],
            id="no section",
        ),
        pytest.param({}, AS_LOCKED, [], [NOTHING], id="nothing"),
    ],
)  # fmt: skip
def test_why_a_stage_ran_that_failed(
    lock: dict[str, Any], params: dict[str, Any], status: list[Any], expected: list[str]
) -> None:
    assert why_failed(TRAIN, lock, params, status) == expected


def test_a_first_run_that_failed() -> None:
    assert why_failed(None, LOCK, PARAMS) == [NEVER]
