"""All figures of one evaluation, with their intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tasks.evaluate import metrics, weighted
from tasks.evaluate.resampling import Resampling
from tasks.predictions import MIXED
from tasks.selective import abstention
from tasks.selective.calibration import OOD, SelectivePrediction

CLEAN = "clean"
CORRUPTIONS = ["kind", "severity", "balanced_error", "low", "high", "accuracy", "ece", "coverage", "selective_accuracy"]
POINTS = 200
"""Of a risk-coverage curve."""

Figures = dict[str, Any]
Truth = NDArray[np.int64]


def whole(
    truth: Truth, outputs: SelectivePrediction, names: list[str], resampling: Resampling
) -> tuple[Figures, Figures]:
    """Headline figures and those of each class, on clean images."""
    probabilities, classes = outputs.probabilities, len(names)

    def compute(weights: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        areas = [weighted.auc(weights, truth == k, probabilities[:, k]) for k in range(classes)]
        return {
            **weighted.of_confusion(weighted.counts(weights, truth, outputs.predicted, classes)),
            **weighted.of_probabilities(weights, truth, probabilities),
            "auc": np.stack(areas, axis=1),
        }

    draws, values = resampling.draws(compute), metrics.headline(truth, probabilities)
    each = metrics.per_class(truth, probabilities, names)
    for k, figures in enumerate(each.values()):
        figures.update({name: resampling.figure(figures[name], draws[name][:, k]) for name in metrics.PER_CLASS})
    return {name: resampling.figure(value, draws[name]) for name, value in values.items()}, each


def corruption(
    truth: Truth, outputs: SelectivePrediction, draws: Mapping[str, NDArray[np.float64]], resampling: Resampling
) -> Figures:
    """A line of the benchmark's table, kind and severity left out."""
    error = 1 - metrics.balanced_accuracy(truth, outputs.predicted)
    figure = resampling.figure(error, 1 - draws["balanced_accuracy"])
    assert figure
    answers = answered(truth, outputs)
    return {
        "balanced_error": error,
        "low": figure["low"],
        "high": figure["high"],
        "accuracy": float((truth == outputs.predicted).mean()),
        "ece": metrics.calibration_error(truth, outputs.probabilities),
        "coverage": answers["coverage"],
        "selective_accuracy": answers["accuracy"],
    }


def under(
    truth: Truth, outputs: Mapping[str, SelectivePrediction], classes: int, resampling: Resampling
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Accuracy and balanced accuracy of every draw under each corruption; the draws are made once for all of them."""
    kept = ("accuracy", "balanced_accuracy")

    def compute(weights: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        found = {
            name: weighted.of_confusion(weighted.counts(weights, truth, one.predicted, classes))
            for name, one in outputs.items()
        }
        return {f"{name} {figure}": found[name][figure] for name in outputs for figure in kept}

    draws = resampling.draws(compute)
    return {name: {figure: draws[f"{name} {figure}"] for figure in kept} for name in outputs}


def corrupted(
    table: pd.DataFrame, draws: Mapping[str, Mapping[str, NDArray[np.float64]]], resampling: Resampling
) -> Figures:
    """Means over the kinds of the benchmark, and its worst kind."""
    inside = table[~table["kind"].isin([CLEAN, MIXED])]
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


def answered(truth: Truth, outputs: SelectivePrediction) -> Figures:
    """Coverage, selective accuracy (None without an answer), and the share refused as out-of-distribution."""
    given = outputs.answered
    right = (truth == outputs.predicted)[given]
    refused = float((outputs.why == OOD).mean())
    return {
        "coverage": float(given.mean()),
        "accuracy": float(right.mean()) if len(right) else None,
        "refused": refused,
    }


def pooled(truth: Truth, outputs: list[SelectivePrediction]) -> Figures:
    """The same over several sets of predictions for the same rows."""
    joined = SelectivePrediction(
        *(np.concatenate([getattr(one, name) for one in outputs]) for name in SelectivePrediction._fields)
    )
    return answered(np.tile(truth, len(outputs)), joined)


def ood(
    reasons: NDArray[np.str_], outputs: SelectivePrediction | None, cells: SelectivePrediction, resampling: Resampling
) -> Figures:
    """How many out-of-distribution images are refused, by the reason curation dropped them for, and how many
    cells."""
    lost = cells.why == OOD
    known: Figures = {"rows": len(reasons), "ood_false_positive_rate": resampling.share(lost)}
    if outputs is None:
        return {**known, "by_reason": {}, "refused": None, "auroc": None}
    refused = outputs.why == OOD
    by = {str(reason): {"rows": int((reasons == reason).sum()), "refused": int(refused[reasons == reason].sum())}
          for reason in np.unique(reasons)}  # fmt: skip
    strange = np.repeat([0, 1], [len(cells.score), len(outputs.score)])
    area = float(roc_auc_score(strange, np.concatenate([cells.score, outputs.score])))
    return {**known, "by_reason": by, "refused": share(refused, resampling), "auroc": area}


def share(true: NDArray[np.bool_], resampling: Resampling) -> Figures:
    """A share of rows that are no test rows, each a group of its own, with its bootstrap interval."""
    rows = np.arange(len(true)).astype(str)
    own = Resampling(rows, np.zeros(len(true), np.int64), resampling.resamples, resampling.level, resampling.seed)
    return own.share(true)


def risk_coverage(truth: Truth, outputs: SelectivePrediction, name: str) -> pd.DataFrame:
    """Points of the curve, at most POINTS of them."""
    curve = abstention.risk_coverage(outputs.confidence.astype(np.float64), truth == outputs.predicted)
    chosen = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    return pd.DataFrame({"set": name, "coverage": curve[chosen, 0], "risk": curve[chosen, 1]})


def flat(figures: Figures) -> dict[str, Any]:
    """The headline numbers, without intervals and without nesting."""
    clean, mixed, out = (figures[name] for name in ("clean", "mixed", "corrupted"))
    outputs, strange = figures["abstention"], figures["ood"]
    of_sets = {
        f"{prefix}{name}": outputs[key][field]
        for prefix, key in (("", "clean"), ("mixed_", "mixed"), ("corrupted_", "corrupted"))
        for name, field in (("coverage", "coverage"), ("selective_accuracy", "accuracy"))
    }
    return {
        "rows": figures["rows"],
        **{name: figure["value"] for name, figure in clean.items()},
        "corruption_accuracy": out["accuracy"]["value"],
        "mean_balanced_error": out["mean_balanced_error"]["value"],
        "worst_balanced_error": out["worst_balanced_error"]["value"],
        "relative_balanced_error": out["relative"],
        "corruption_ece": out["ece"],
        "mixed_accuracy": mixed["accuracy"]["value"],
        "mixed_balanced_accuracy": mixed["balanced_accuracy"]["value"],
        "mixed_ece": mixed["ece"],
        **of_sets,
        "ood_false_positive_rate": strange["ood_false_positive_rate"]["value"],
        "ood_rows": strange["rows"],
        "ood_refused": strange["refused"]["value"] if strange["refused"] else None,
        "ood_auroc": strange["auroc"],
    }
