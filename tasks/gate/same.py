"""Whether the predictions of two models can be compared at all: the same images, under the same corruptions."""

import pandas as pd

from tasks.predictions import MIXED, SLICES, Predictions

FACTS = ("label", "split_group", *SLICES)
"""Columns that are the image's, whatever the model says of it."""


def check_complete(predictions: Predictions) -> None:
    """Raises ValueError without rows, without any corruption, or without mixed corruptions."""
    if predictions.rows.empty:
        raise ValueError("there are no predictions, expected at least one")
    if not predictions.corruption_names or MIXED not in predictions.corruptions:
        raise ValueError(
            "the predictions lack "
            f"{'mixed corruptions' if predictions.corruption_names else 'the corruption benchmark'}: evaluate it again"
        )


def check_same(champion: Predictions, challenger: Predictions) -> None:
    """Raises ValueError with what differs and how often: corruptions, ids, other columns, external deliveries in turn.

    A champion that was evaluated before an external delivery came has no answers to it.
    """
    _same_set("corruptions of the benchmark", set(champion.corruptions.columns), set(challenger.corruptions.columns))
    _same_set("ids", set(champion.rows["id"]), set(challenger.rows["id"]))
    for column in FACTS:
        ours, theirs = (predictions.rows[column].tolist() for predictions in (champion, challenger))
        other = [k for k, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
        if other:
            raise ValueError(
                f"{column} differs in {len(other)} of {len(ours)} test rows: "
                f"{champion.rows['id'].iloc[other[0]]} has {ours[other[0]]!r} and {theirs[other[0]]!r}"
            )
    _same_set("external deliveries", *(set(each.external["delivery"]) for each in (champion, challenger)))
    _same_set("external images", *(_images(each.external) for each in (champion, challenger)))


def _images(external: pd.DataFrame) -> set[str]:
    return set(external["delivery"] + "/" + external["source"] + " " + external["id"])


def _same_set(what: str, champion: set[str], challenger: set[str]) -> None:
    gone, new = sorted(champion - challenger), sorted(challenger - champion)
    if gone or new:
        raise ValueError(
            f"the predictions are of other test rows or another benchmark: "
            f"{what} of the champion alone: {_some(gone)}; "
            f"of the challenger alone: {_some(new)}. Evaluate both on the same rows"
        )


def _some(names: list[str]) -> str:
    dots = ", ..." if len(names) > 3 else ""
    return f"{len(names)} ({', '.join(names[:3])}{dots})" if names else "0"
