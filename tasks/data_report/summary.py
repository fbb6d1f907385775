"""How many rows came, stayed and went: counted from the table, and checked to add up."""

from typing import Any

import pandas as pd

from tasks import reasons

Counts = dict[str, Any]
DIMENSIONS = {"deliveries": "delivery", "classes": "label", "acquisition_batches": "acquisition_batch"}


def summary(rows: pd.DataFrame) -> Counts:
    """Counts of rows, ready for JSON. Raises ValueError where they do not add up.

    `came`, `kept`, `dropped`; `images`, the distinct ids that came; `stages`: dropped rows by stage and reason;
    `deliveries` (in their order), `classes` and `acquisition_batches` (by name): each with its own came, kept, dropped
    and `reasons`; `combinations` of class, acquisition batch and reason ("" for kept ones); `splits`: kept rows by
    split and class; `overruled`: rows by a person's decision. A class or acquisition batch "" stands for rows that have
    none.
    """
    dropped = rows[~rows["kept"]]
    counts: Counts = {
        "came": len(rows),
        "kept": int(rows["kept"].sum()),
        "dropped": len(dropped),
        "images": int(rows["id"].nunique()),
        "stages": _stages(dropped),
        **{name: _by(rows, column, name != "deliveries") for name, column in DIMENSIONS.items()},
        "combinations": _combinations(rows),
        "splits": {str(name): _sizes(group, "label") for name, group in rows[rows["kept"]].groupby("split")},
        "overruled": _sizes(rows[rows["review_decision"] != ""], "review_decision"),
    }
    check(counts)
    return counts


def check(counts: Counts) -> None:
    """Raise ValueError, naming it, for the first sum in `counts` that does not come out."""
    by_reason = _added(counts["stages"].values())
    _expect("kept and dropped", counts["came"], counts["kept"] + counts["dropped"])
    _expect("dropped, by stage and reason", counts["dropped"], sum(by_reason.values()))
    for name in DIMENSIONS:
        _check_dimension(name, counts, by_reason)
    for column, name in {"class": "classes", "acquisition_batch": "acquisition_batches"}.items():
        came = {key: entry["came"] for key, entry in counts[name].items()}
        _expect(f"combinations, by {column}", came, _added({c[column]: c["rows"]} for c in counts["combinations"]))
    _expect("combinations, by reason", by_reason | _kept(counts), _added(_reason(c) for c in counts["combinations"]))
    _expect("splits", counts["kept"], sum(_added(counts["splits"].values()).values()))


def _check_dimension(name: str, counts: Counts, by_reason: dict[str, int]) -> None:
    entries = counts[name]
    for key, entry in entries.items():
        _expect(f"{name}, {key!r}: kept and dropped", entry["came"], entry["kept"] + entry["dropped"])
        _expect(f"{name}, {key!r}: reasons", entry["dropped"], sum(entry["reasons"].values()))
    for figure in ("came", "kept", "dropped"):
        _expect(f"{name}: {figure}", counts[figure], sum(entry[figure] for entry in entries.values()))
    _expect(f"{name}, by reason", by_reason, _added(entry["reasons"] for entry in entries.values()))


def _expect(what: str, expected: object, got: object) -> None:
    if expected != got:
        raise ValueError(f"the counts of {what} do not add up: expected {expected}, got {got}")


def _added(parts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for key, count in part.items():
            total[key] = total.get(key, 0) + count
    return total


def _kept(counts: Counts) -> dict[str, int]:
    return {"": counts["kept"]} if counts["kept"] else {}


def _reason(combination: dict[str, Any]) -> dict[str, int]:
    return {combination["drop_reason"]: combination["rows"]}


def _stages(dropped: pd.DataFrame) -> dict[str, dict[str, int]]:
    found = {str(stage): _by_reason(group) for stage, group in dropped.groupby("dropped_by")}
    first = {stage: reasons.position(next(iter(counts))) for stage, counts in found.items()}
    return {stage: found[stage] for stage in sorted(found, key=first.__getitem__)}


def _by(rows: pd.DataFrame, column: str, sort: bool) -> dict[str, Any]:
    return {str(key): _entry(group) for key, group in rows.groupby(column, sort=sort)}


def _entry(rows: pd.DataFrame) -> dict[str, Any]:
    kept = int(rows["kept"].sum())
    return {"came": len(rows), "kept": kept, "dropped": len(rows) - kept, "reasons": _by_reason(rows[~rows["kept"]])}


def _by_reason(dropped: pd.DataFrame) -> dict[str, int]:
    found = _sizes(dropped, "drop_reason")
    return {reason: found[reason] for reason in reasons.ordered(found)}


def _sizes(rows: pd.DataFrame, column: str) -> dict[str, int]:
    return {str(key): int(count) for key, count in rows.groupby(column).size().items()}


def _combinations(rows: pd.DataFrame) -> list[dict[str, Any]]:
    counts = rows.groupby(["label", "acquisition_batch", "drop_reason"]).size().rename("rows").reset_index()
    lines = counts.rename(columns={"label": "class"}).to_dict("records")
    return [{str(name): value for name, value in line.items()} for line in lines]
