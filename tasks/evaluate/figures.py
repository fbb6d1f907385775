"""All figures of one evaluation, with their intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tasks.answers import abstain
from tasks.answers.calibration import FOREIGN, Answers
from tasks.evaluate import metrics, weighted
from tasks.evaluate.resampling import Resampling
from tasks.record import MIX

CLEAN = "clean"
SUITE = ["kind", "severity", "balanced_error", "low", "high", "accuracy", "ece", "answered", "answered_accuracy"]
POINTS = 200
"""Of a risk-coverage curve."""

Figures = dict[str, Any]
Truth = NDArray[np.int64]


def whole(truth: Truth, said: Answers, names: list[str], resampling: Resampling) -> tuple[Figures, Figures]:
    """Headline figures and those of each class, on clean pictures."""
    probabilities, classes = said.probabilities, len(names)

    def compute(weights: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        areas = [weighted.auc(weights, truth == k, probabilities[:, k]) for k in range(classes)]
        return {
            **weighted.of_confusion(weighted.counts(weights, truth, said.predicted, classes)),
            **weighted.of_probabilities(weights, truth, probabilities),
            "auc": np.stack(areas, axis=1),
        }

    draws, values = resampling.draws(compute), metrics.headline(truth, probabilities)
    each = metrics.per_class(truth, probabilities, names)
    for k, figures in enumerate(each.values()):
        figures.update({name: resampling.figure(figures[name], draws[name][:, k]) for name in metrics.PER_CLASS})
    return {name: resampling.figure(value, draws[name]) for name, value in values.items()}, each


def cell(truth: Truth, said: Answers, draws: Mapping[str, NDArray[np.float64]], resampling: Resampling) -> Figures:
    """A line of the suite's table, kind and severity left out."""
    error = 1 - metrics.balanced_accuracy(truth, said.predicted)
    figure = resampling.figure(error, 1 - draws["balanced_accuracy"])
    assert figure
    answers = answered(truth, said)
    return {
        "balanced_error": error,
        "low": figure["low"],
        "high": figure["high"],
        "accuracy": float((truth == said.predicted).mean()),
        "ece": metrics.calibration_error(truth, said.probabilities),
        "answered": answers["answered"],
        "answered_accuracy": answers["accuracy"],
    }


def under(
    truth: Truth, said: Mapping[str, Answers], classes: int, resampling: Resampling
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Accuracy and balanced accuracy of every draw under each distortion; the draws are made once for all of them."""
    kept = ("accuracy", "balanced_accuracy")

    def compute(weights: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        found = {
            name: weighted.of_confusion(weighted.counts(weights, truth, one.predicted, classes))
            for name, one in said.items()
        }
        return {f"{name} {figure}": found[name][figure] for name in said for figure in kept}

    draws = resampling.draws(compute)
    return {name: {figure: draws[f"{name} {figure}"] for figure in kept} for name in said}


def distorted(
    table: pd.DataFrame, draws: Mapping[str, Mapping[str, NDArray[np.float64]]], resampling: Resampling
) -> Figures:
    """Means over the kinds of the suite, and its worst kind."""
    inside = table[~table["kind"].isin([CLEAN, MIX])]
    kinds = inside.groupby("kind", sort=False)["balanced_error"].mean()
    errors = {kind: np.mean([1 - draws[f"{kind}/{s}"]["balanced_accuracy"] for s in part["severity"]], axis=0)
              for kind, part in inside.groupby("kind", sort=False)}  # fmt: skip
    worst, clean = str(kinds.idxmax()), float(table.loc[table["kind"] == CLEAN, "balanced_error"].iloc[0])
    accuracy = np.mean([draws[f"{row.kind}/{row.severity}"]["accuracy"] for row in inside.itertuples()], axis=0)
    return {
        "accuracy": resampling.figure(float(inside["accuracy"].mean()), accuracy),
        "mean_balanced_error": resampling.figure(float(kinds.mean()), np.mean(list(errors.values()), axis=0)),
        "worst_balanced_error": resampling.figure(float(kinds.max()), errors[worst]),
        "worst_kind": worst,
        "relative": float(kinds.mean() / clean) if clean else None,
        "ece": float(inside["ece"].mean()),
    }


def answered(truth: Truth, said: Answers) -> Figures:
    """Shares: answered, right of what is answered (None without an answer), refused as foreign."""
    given = said.answered
    right = (truth == said.predicted)[given]
    refused = float((said.why == FOREIGN).mean())
    return {
        "answered": float(given.mean()),
        "accuracy": float(right.mean()) if len(right) else None,
        "refused": refused,
    }


def pooled(truth: Truth, said: list[Answers]) -> Figures:
    """The same over several sets of answers to the same rows."""
    joined = Answers(*(np.concatenate([getattr(one, name) for one in said]) for name in Answers._fields))
    return answered(np.tile(truth, len(said)), joined)


def foreign(reasons: NDArray[np.str_], said: Answers | None, cells: Answers, resampling: Resampling) -> Figures:
    """How many of the foreign pictures are refused, by the reason for which curation dropped them; and of the cells."""
    lost = cells.why == FOREIGN
    known: Figures = {"rows": len(reasons), "cells_refused": resampling.share(lost)}
    if said is None:
        return {**known, "by_reason": {}, "refused": None, "auroc": None}
    refused = said.why == FOREIGN
    by = {str(reason): {"rows": int((reasons == reason).sum()), "refused": int(refused[reasons == reason].sum())}
          for reason in np.unique(reasons)}  # fmt: skip
    strange = np.repeat([0, 1], [len(cells.score), len(said.score)])
    area = float(roc_auc_score(strange, np.concatenate([cells.score, said.score])))
    return {**known, "by_reason": by, "refused": share(refused, resampling), "auroc": area}


def share(true: NDArray[np.bool_], resampling: Resampling) -> Figures:
    """A share of rows that are no test rows, each a group of its own, with its bootstrap interval."""
    rows = np.arange(len(true)).astype(str)
    own = Resampling(rows, np.zeros(len(true), np.int64), resampling.resamples, resampling.level, resampling.seed)
    return own.share(true)


def risk_coverage(truth: Truth, said: Answers, name: str) -> pd.DataFrame:
    """Points of the curve, at most POINTS of them."""
    curve = abstain.risk_coverage(said.confidence.astype(np.float64), truth == said.predicted)
    chosen = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    return pd.DataFrame({"set": name, "coverage": curve[chosen, 0], "risk": curve[chosen, 1]})


def flat(figures: Figures) -> dict[str, Any]:
    """The headline numbers, without intervals and without nesting."""
    clean, mix, out = (figures[name] for name in ("clean", "mix", "distorted"))
    said, strange = figures["abstention"], figures["foreign"]
    of_sets = {
        f"{prefix}{name}": said[key][field]
        for prefix, key in (("", "clean"), ("mix_", "mix"), ("distorted_", "distorted"))
        for name, field in (("answered", "answered"), ("answered_accuracy", "accuracy"))
    }
    return {
        "rows": figures["rows"],
        **{name: figure["value"] for name, figure in clean.items()},
        "distorted_accuracy": out["accuracy"]["value"],
        "mean_balanced_error": out["mean_balanced_error"]["value"],
        "worst_balanced_error": out["worst_balanced_error"]["value"],
        "relative_balanced_error": out["relative"],
        "distorted_ece": out["ece"],
        "mix_accuracy": mix["accuracy"]["value"],
        "mix_balanced_accuracy": mix["balanced_accuracy"]["value"],
        "mix_ece": mix["ece"],
        **of_sets,
        "cells_refused": strange["cells_refused"]["value"],
        "foreign_rows": strange["rows"],
        "foreign_refused": strange["refused"]["value"] if strange["refused"] else None,
        "foreign_auroc": strange["auroc"],
    }
