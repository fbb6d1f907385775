"""The table of reasons, and that the stages that drop rows and the table agree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tasks import reasons, store
from tasks.reasons import TABLE, Reason

TASKS = Path(__file__).parents[2] / "tasks"
HOME = TASKS / "reasons.py"
BY_CONSTANT = {name: value for name, value in vars(reasons).items() if isinstance(value, Reason)}
INGEST = {store.UNREADABLE, store.TRANSPARENT, store.UNLISTED_CLASS}
"""Written by their names, so that no new reason decodes or embeds a delivery again."""


def trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(folder.rglob("*.py")):
        if file != HOME:
            yield file, ast.parse(file.read_text())


def written(stage: str) -> set[str]:
    """Names of the reasons that the package of `stage` mentions."""
    nodes = [node for _, tree in trees(TASKS / stage) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {BY_CONSTANT[node.attr].name for node in nodes if node.attr in BY_CONSTANT} | (
        {getattr(store, node.attr) for node in nodes if node.attr in ("UNREADABLE", "TRANSPARENT", "UNLISTED_CLASS")}
    )


def spelt(tree: ast.Module) -> Iterator[str]:
    """Texts that a module writes into the column `reason`, in a call or a record."""
    for node in ast.walk(tree):
        values = (
            [word.value for word in node.keywords if word.arg == "drop_reason"] if isinstance(node, ast.Call) else []
        )
        if isinstance(node, ast.Dict):
            values += [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "drop_reason"
            ]
        for part in (part for value in values for part in ast.walk(value)):
            if (
                isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and part.value not in ("", "drop_reason", "str")
            ):
                yield part.value


def test_no_reason_is_made_or_spelt_outside_the_table() -> None:
    strays = [
        f"{file.relative_to(TASKS)}: {what}"
        for file, tree in trees(TASKS)
        for what in [
            *spelt(tree),
            *(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call) and _makes(node)),
        ]
    ]
    assert strays == []


def _makes(call: ast.Call) -> bool:
    return ast.unparse(call.func).split(".")[-1] == "Reason"


def test_every_reason_is_in_the_table_and_its_stage_writes_it() -> None:
    assert list(BY_CONSTANT.values()) == list(TABLE.values())
    unwritten = [reason.name for reason in TABLE.values() if reason.name not in written(reason.stage)]
    assert unwritten == []


def test_the_stage_of_a_reason_is_one_of_the_pipeline() -> None:
    assert {reason.stage for reason in TABLE.values()} <= {file.parent.name for file in TASKS.glob("*/stage.py")}
    assert {reason.name for reason in TABLE.values() if reason.stage == "ingest"} == INGEST


def test_a_row_keeps_its_first_reason(table) -> None:
    rows = reasons.drop(table(["a", "b"]), pd.Series([True, False]), reasons.NEAR_COPY)
    rows = reasons.drop(rows, pd.Series([True, True]), reasons.OUTLIER)
    assert list(rows["drop_reason"]) == [reasons.NEAR_COPY.name, reasons.OUTLIER.name]
    assert list(rows["dropped_by"]) == ["dedupe", "outliers"]
    assert not rows["kept"].any()


def test_reasons_stand_in_the_order_of_the_stages_and_an_unknown_one_is_refused() -> None:
    given = [reasons.OUTLIER.name, "exact-copy", "unreadable", reasons.OUTLIER.name]
    assert reasons.ordered(given) == ["unreadable", "exact-copy", reasons.OUTLIER.name]
    with pytest.raises(ValueError, match=r"tasks/reasons\.py \(unreadable, .*, got 'zebra'"):
        reasons.ordered([*given, "zebra"])


def test_words_follow_from_the_entry_where_it_has_none_of_its_own() -> None:
    assert (reasons.HELD.heading, reasons.NOISE.heading) == ("Held", "Noise")
    assert reasons.HELD.sentence == "Its delivery is on hold; data/holds.csv says why."
    assert reasons.BLANK.sentence == "Images with hardly any contrast (standard deviation in grey levels)."
