"""A model's evaluation as evaluate, explain and calibrate write it, made up: folders for stage card, in a second.

    python tests/tasks/model_report/fabricated.py FOLDER

writes FOLDER/{clean,model,scores,examples}, to look at a page without a model.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tasks import predictions, store
from tasks.model_report.settings import ModelReport
from tasks.predictions import Predictions

CLASSES = ("basophil", "eosinophil", "erythroblast", "ig", "lymphocyte", "monocyte", "neutrophil", "platelet")
KINDS = {
    "pixelate": 0.02, "jpeg_compression": 0.01, "defocus_blur": 0.06, "motion_blur": 0.09, "brightness_up": 0.03,
    "brightness_down": 0.05, "contrast_up": 0.02, "contrast_down": 0.04, "saturate": 0.07, "stain_deposit": 0.1,
    "bubble": 0.04,
}  # fmt: skip
"""How much of the rows each severity spoils more than the one before."""
SHARPNESS = ("1, least sharp", "2", "3", "4, sharpest")
COLUMNS = ["kind", "severity", "balanced_error", "low", "high", "accuracy", "ece", "coverage", "selective_accuracy"]
LEAST, LARGEST = 0.62, 3.1
CARD = ModelReport(shown=6, laboratory="", contact="", data_licence={"demo": "drawn by this project"})


def rows(count: int, seed: int = 0) -> pd.DataFrame:
    """The table of predictions, the classes unequal, about one answer in thirty wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(CLASSES), count, p=np.linspace(1, 3, len(CLASSES)) / np.linspace(1, 3, len(CLASSES)).sum())
    logits = rng.normal(0, 1.3, (count, len(CLASSES)))
    logits[np.arange(count), truth] += 4.6
    odds = np.exp(logits)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    names, found = np.array(CLASSES), probabilities.argmax(axis=1)
    ids = [f"{k:032x}" for k in range(count)]
    table = pd.DataFrame({"id": ids, "split_group": ids, "delivery": np.where(np.arange(count) % 5, "demo", "smears")})
    table["source"] = [f"{names[k]}/{i:06}.png" for i, k in enumerate(truth)]
    table = table.assign(acquisition_batch=np.where(np.arange(count) % 60, "yellow", "grey"), label=names[truth])
    table["sharpness"] = rng.choice(SHARPNESS, count)
    table = table.assign(
        predicted=names[found], confidence=probabilities.max(axis=1), ood_score=rng.gamma(2, 0.5, count)
    )
    table["why"] = np.select([table["ood_score"] > LARGEST, table["confidence"] < LEAST], ["ood", "unsure"], "")
    return table.join(pd.DataFrame(probabilities, columns=[f"p_{name}" for name in CLASSES]))


def made_up(count: int = 400) -> Predictions:
    """A predictions whose corruptions spoils more rows at each severity."""
    table, rng = rows(count), np.random.default_rng(1)
    found = table["predicted"].map({name: k for k, name in enumerate(CLASSES)}).to_numpy()
    order, wrong = rng.random(count), rng.integers(0, len(CLASSES), count)
    cells = {f"{kind}/{s}": np.where(order < KINDS[kind] * s, wrong, found) for kind in KINDS for s in range(1, 6)}
    cells["mixed"] = np.where(order < 0.2, wrong, found)
    return Predictions(CLASSES, table, pd.DataFrame(cells).astype(np.uint8))


def around(value: float, width: float = 0.012) -> dict[str, float]:
    """A figure with an interval."""
    return {"value": float(value), "low": max(0.0, value - width), "high": min(1.0, value + 0.8 * width)}


def balanced_error(predictions: Predictions, found: np.ndarray) -> float:
    """1 less the mean recall of the classes that occur."""
    return float(1 - np.mean([(found == k)[predictions.truth == k].mean() for k in np.unique(predictions.truth)]))


def corruptions(predictions: Predictions) -> pd.DataFrame:
    """corruptions.csv."""
    cells = {("clean", 0): predictions.predicted, ("mixed", 0): predictions.under("mixed")}
    cells |= {
        (cell.split("/")[0], int(cell.split("/")[1])): predictions.under(cell) for cell in predictions.corruption_names
    }
    lines = []
    for (kind, severity), found in cells.items():
        error, accuracy = balanced_error(predictions, found), float((found == predictions.truth).mean())
        least, most = max(0, error - 0.015), min(1, error + 0.018)
        lines.append((kind, severity, error, least, most, accuracy, 0.01 + error / 5, 1 - error, 1 - error / 4))
    return pd.DataFrame(lines, columns=COLUMNS)


def figures(predictions: Predictions, table: pd.DataFrame, ood: int) -> dict[str, Any]:
    """figures.json."""
    by = {
        name: pd.DataFrame({"t": predictions.truth == k, "p": predictions.predicted == k})
        for k, name in enumerate(CLASSES)
    }
    inside = table[~table["kind"].isin(["clean", "mixed"])]
    kinds = inside.groupby("kind")["balanced_error"].mean()
    clean, mixed = (table[table["kind"] == kind].iloc[0] for kind in ("clean", "mixed"))
    whole = {name: around(clean["accuracy"]) for name in ("accuracy", "macro_f1")}
    whole |= {"balanced_accuracy": around(1 - clean["balanced_error"]), "ece": around(0.013, 0.004)}
    whole |= {"nll": around(0.14, 0.03), "brier": around(0.05, 0.01)}
    answers = {"coverage": 0.97, "accuracy": 0.985, "refused": 0.008}
    return {
        "rows": len(predictions.rows),
        "groups": len(predictions.rows),
        "level": 0.95,
        "clean": whole,
        "per_class": {name: per_class(found["t"], found["p"]) for name, found in by.items()},
        "corrupted": {
            "accuracy": around(inside["accuracy"].mean()),
            "mean_balanced_error": around(kinds.mean()),
            "worst_balanced_error": around(kinds.max(), 0.03),
            "worst_kind": str(kinds.idxmax()),
            "relative": float(kinds.mean() / clean["balanced_error"]),
            "ece": 0.061,
        },
        "mixed": {"accuracy": around(mixed["accuracy"]), "balanced_accuracy": around(0.8), "ece": 0.045},
        "abstention": {
            "clean": answers,
            "mixed": {"coverage": 0.88, "accuracy": 0.92, "refused": 0.04},
            "corrupted": {"coverage": 0.85, "accuracy": 0.9, "refused": 0.05},
        },
        "ood": {
            "rows": ood,
            "by_reason": {"ood": {"rows": ood, "refused": ood - 4}} if ood else {},
            "refused": around(1 - 4 / ood) if ood else None,
            "auroc": 0.991 if ood else None,
            "ood_false_positive_rate": around(0.008, 0.004),
        },
        "thresholds": {"least_confidence": LEAST, "largest_score": LARGEST, "temperature": 1.31},
    }


def per_class(truth: pd.Series, found: pd.Series) -> dict[str, Any]:
    """Figures of one class; those that nothing is known of are null."""
    both, support = (truth & found).sum(), int(truth.sum())
    recall, precision = both / max(1, support), both / max(1, found.sum())
    known = {"precision": around(precision, 0.03), "recall": around(recall, 0.03), "f1": around(precision, 0.02)}
    return {"support": support, **(known if support else dict.fromkeys(known)), "auc": 0.996 if support else None}


def slices(predictions: Predictions) -> pd.DataFrame:
    """slices.csv: figures where there are at least 20 rows."""
    lines = []
    for name, column in {"class": "label", **{name: name for name in record_slices()}}.items():
        for value, part in predictions.rows.groupby(column):
            right, many = float((part["label"] == part["predicted"]).mean()), len(part) >= 20
            known = [right, max(0, right - 0.02), min(1, right + 0.015), right - 0.01] if many else [None] * 4
            lines.append((name, value, len(part), *known, "" if many else f"{len(part)} rows, fewer than 20"))
    head = ["slice", "value", "rows", "accuracy", "low", "high", "balanced_accuracy", "note"]
    return pd.DataFrame(lines, columns=head)


def record_slices() -> tuple[str, ...]:
    """Columns that part the rows."""
    return predictions.SLICES


def curves(folder: Path, predictions: Predictions) -> None:
    """risk_coverage.csv, reliability.csv and confusion.csv."""
    sorted_right = (predictions.truth == predictions.predicted)[np.argsort(-predictions.rows["confidence"].to_numpy())]
    risk = 1 - np.cumsum(sorted_right) / np.arange(1, len(sorted_right) + 1)
    coverage = np.arange(1, len(risk) + 1) / len(risk)
    tables = [pd.DataFrame({"set": name, "coverage": coverage, "risk": risk + extra}) for name, extra in
              (("clean", 0.0), ("mixed", 0.08))]  # fmt: skip
    pd.concat(tables).to_csv(folder / "risk_coverage.csv", index=False)
    middle = np.linspace(0.35, 0.99, 8)
    bins = [(name, k, 4**k // 40 + 1, m, min(1, m + off)) for name, off in (("clean", 0.01), ("mixed", -0.06))
            for k, m in enumerate(middle)]  # fmt: skip
    pd.DataFrame(bins, columns=["set", "bin", "rows", "confidence", "accuracy"]).to_csv(
        folder / "reliability.csv", index=False
    )
    counts = pd.crosstab(predictions.rows["label"], predictions.rows["predicted"]).reindex(
        index=CLASSES, columns=CLASSES
    )
    lines = counts.fillna(0).astype(int).stack().rename_axis(["true", "predicted"]).rename("rows").reset_index()
    lines.to_csv(folder / "confusion.csv", index=False)


def image(file: Path, width: int, seed: int) -> None:
    """A PNG."""
    file.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:96, :width]
    blob = np.exp(-(((x % 96) - 48) ** 2 + (y - 48) ** 2) / (300 + 60 * (seed % 7)))
    red = np.stack([235 - 120 * blob, 215 - 160 * blob, 220 - 60 * blob], axis=-1)
    Image.fromarray(red.astype(np.uint8)).save(file)


def examples(folder: Path, predictions: Predictions, label_issues: int = 12, shown: int = 8) -> None:
    """What explain writes."""
    wrong = predictions.truth != predictions.predicted
    ordered = predictions.rows[wrong].sort_values("confidence", ascending=False)
    right = predictions.rows[~wrong].groupby("label").head(2)
    lists = {}
    for name, some in {"wrong": ordered, "right": right}.items():
        entries = some[["id", "delivery", "source", "label", "predicted", "confidence", "why"]].to_dict("records")
        lists[name] = [{**entry, "image": f"cam/{entry['id']}.png"} for entry in entries]
        for k, entry in enumerate(lists[name]):
            image(folder / entry["image"], 192, k)
    (folder / "examples.json").write_text(json.dumps(lists))
    table = predictions.rows.head(label_issues)[["id", "delivery", "source", "label"]].reset_index(drop=True)
    table.insert(0, "rank", range(1, len(table) + 1))
    table = table.assign(split="train", suggested="monocyte", self_confidence=0.01, p_suggested=0.97)
    table = table[["rank", "id", "delivery", "source", "split", "label", "suggested", "self_confidence", "p_suggested"]]
    table["image"] = [f"label_issues/{one}.png" if k < shown else "" for k, one in enumerate(table["id"])]
    for k, name in enumerate(table["image"].head(shown)):
        image(folder / name, 96, k)
    table.to_csv(folder / "label_issues.csv", index=False)
    refused = table[["rank", "id", "delivery", "source", "split", "label"]].head(3)
    refused = refused.assign(ood_score=[5.5, 4.25, 3.5], image=[*table["image"].head(2), ""])
    refused.to_csv(folder / "suspects.csv", index=False)
    (folder / "suspects.json").write_text(
        json.dumps({"rows": 1400, "suspects": 3, "above": LARGEST - 1, "largest_score": LARGEST})
    )
    counts = {"rows": 1356, "label_issues": label_issues, "shown": shown, "method": "confident learning, 5 folds"}
    (folder / "label_issues.json").write_text(json.dumps({**counts, "estimated_share": label_issues / 1356}))


def write(folder: Path, count: int = 400, ood: int = 120, label_issues: int = 12) -> dict[str, Path]:
    """The four folders, by name."""
    found = made_up(count)
    paths = {name: folder / name for name in ("clean", "model", "scores", "examples")}
    for path in paths.values():
        path.mkdir(parents=True, exist_ok=True)
    scores, table = paths["scores"], corruptions(found)
    predictions.write(scores, found)
    table.to_csv(scores / "corruptions.csv", index=False)
    (scores / "figures.json").write_text(json.dumps(figures(found, table, ood)))
    slices(found).to_csv(scores / "slices.csv", index=False)
    curves(scores, found)
    strange = pd.DataFrame({"delivery": "demo", "source": [f"outliers/{k:06}.png" for k in range(ood)]})
    strange = strange.assign(id=[f"f{k:031x}" for k in range(ood)], drop_reason="outlier", ood_score=5.0, why="outlier")
    strange.loc[:3, ["ood_score", "why"]] = [1.0, ""]
    strange.head(ood).to_parquet(scores / "ood.parquet")
    examples(paths["examples"], found, label_issues, min(8, label_issues))
    kept = found.rows[["delivery", "source", "id", "label", "split_group"]].assign(
        row=range(count), kept=True, split="test"
    )
    kept = kept.assign(
        dropped_by="",
        drop_reason="",
        drop_value=np.nan,
        duplicate_of="",
        acquisition_batch=found.rows["acquisition_batch"],
    )
    others = [kept.assign(source=split + "/" + kept["source"], split=split) for split in ("train", "val")]
    store.write_rows(paths["clean"], pd.concat([*others, kept]))
    facts = {"train": {"backbone": "efficientnet_lite0", "finetune_blocks": 5}, "deliveries": ["demo", "smears"]}
    description = {"classes": CLASSES, "image_size": 96, "crop": 200, "provenance": facts, "calibration": {}}
    (paths["model"] / "model.json").write_text(json.dumps(description))
    return paths


def edit(file: Path, change: Callable[[Any], None]) -> None:
    """Change what a JSON file holds."""
    held = json.loads(file.read_text())
    change(held)
    file.write_text(json.dumps(held))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
