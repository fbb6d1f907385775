"""evaluate: judge the model on the test rows, clean and corrupted, on what curation dropped as no cell, and on external
deliveries."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, external_rows, model_folder, predictions, splits, store
from tasks.evaluate import benchmark, external, figures, metrics, plot, rows, slices
from tasks.evaluate.figures import CLEAN
from tasks.evaluate.resampling import Resampling
from tasks.evaluate.settings import Evaluate
from tasks.params import Classes
from tasks.predictions import MIXED, Predictions
from tasks.selective import selective_classifier
from tasks.selective.calibration import SelectivePrediction
from tasks.selective.selective_classifier import SelectiveClassifier


def main(
    classes: Classes,
    evaluate: Evaluate,
    clean: Path,
    ingested: Path,
    listing: Path,
    elsewhere: Path,
    trained: Path,
    out: Path,
) -> None:
    """Write the predictions (see tasks/predictions.py), the figures as JSON, and tables for plots and pages.

    A model made under an earlier list of classes is judged under the names that its classes have today, on the test
    rows of classes that it knows. `elsewhere` has the external deliveries that `listing` names, as ingest writes them.
    """
    judge = selective_classifier.load(trained)
    named = classes.today(judge.classes)
    names = list(dict.fromkeys(named))
    test, ood_rows = rows.read(clean, names, model_folder.training_ids(trained))
    test = test.assign(sharpness=slices.quarters(_sharpness(evaluate, ingested, test)))
    test, unknown = rows.of(test, names)
    outputs = {name: one.under(named, names) for name, one in _under_all(evaluate, judge, ingested, test).items()}
    ood_outputs = _alone(evaluate, judge, ingested, ood_rows) if len(ood_rows) else None
    truth = splits.indices(test["label"], names)
    resampling = Resampling(test["split_group"].to_numpy(str), truth, evaluate.resamples, evaluate.level, evaluate.seed)
    others = external_rows.read(listing, elsewhere, names, model_folder.training_ids(trained))
    others = external.answered(others, _external(evaluate, judge, elsewhere, others, named, names), names)
    found = _predictions(test, outputs, names, others)
    predictions.write(out, found)
    table, known = _figures(truth, outputs, ood_outputs, ood_rows, judge, resampling, names)
    unlearnt = [name for name in classes.names if name not in names]
    known |= {"untested": found.untested, "unknown": unknown, "unlearnt": unlearnt}
    settings = (evaluate.resamples, evaluate.level, evaluate.seed, evaluate.min_rows)
    known |= {"external": external.figures(others, names, *settings)}
    _write(out, known, table)
    slices.table(found, resampling, evaluate.min_rows).to_csv(out / "slices.csv", index=False)
    _plots(out, truth, outputs, names)
    _ood(ood_rows, ood_outputs).to_parquet(out / "ood.parquet", index=False)
    _print_summary(known)


def _under_all(
    evaluate: Evaluate, judge: SelectiveClassifier, ingested: Path, test: pd.DataFrame
) -> dict[str, SelectivePrediction]:
    """Predictions on the clean test rows and under every kind and severity of the benchmark, by its name."""
    arrays = store.pixels(ingested, test)
    places, ids = arrays.places(test), test["id"].tolist()
    changes: dict[str, Any] = {CLEAN: None, **benchmark.corruptions(evaluate.seed)}
    outputs, start = {}, time.perf_counter()
    for number, (name, change) in enumerate(changes.items(), 1):
        outputs[name] = benchmark.predict(judge, arrays, places, ids, change, evaluate.batch, evaluate.tta)
        if number % 5 == 1:
            print(f"evaluate: {number} of {len(changes)} passes, {time.perf_counter() - start:.0f} s", flush=True)
    return outputs


def _alone(
    evaluate: Evaluate, judge: SelectiveClassifier, ingested: Path, ood_rows: pd.DataFrame
) -> SelectivePrediction:
    arrays = store.pixels(ingested, ood_rows)
    places, ids = arrays.places(ood_rows), ood_rows["id"].tolist()
    return benchmark.predict(judge, arrays, places, ids, None, evaluate.batch, evaluate.tta)


def _external(
    evaluate: Evaluate, judge: SelectiveClassifier, folder: Path, rows: pd.DataFrame, named: list[str], names: list[str]
) -> SelectivePrediction | None:
    """The answers to the rows that are judged, None where there is none."""
    judged = rows[rows["left_out"] == ""]
    return _alone(evaluate, judge, folder, judged).under(named, names) if len(judged) else None


def _sharpness(evaluate: Evaluate, ingested: Path, test: pd.DataFrame) -> NDArray[np.float64]:
    batches = store.pixels(ingested, test).batches(test, evaluate.batch)
    return np.concatenate([slices.sharpness(batch) for batch in batches])


def _predictions(
    test: pd.DataFrame, outputs: dict[str, SelectivePrediction], classes: list[str], others: pd.DataFrame
) -> Predictions:
    """The clean answers of each row, the classes predicted under each corruption, and external deliveries."""
    clean = outputs[CLEAN]
    table = test[["id", "split_group", *store.KEY, "acquisition_batch", "sharpness", "label"]].assign(
        predicted=np.array(classes)[clean.predicted],
        confidence=clean.confidence,
        ood_score=clean.score,
        why=clean.why,
    )
    table = table.join(pd.DataFrame(clean.probabilities, columns=[f"p_{name}" for name in classes]))
    cells = {name: one.predicted.astype(np.uint8) for name, one in outputs.items() if name != CLEAN}
    return Predictions(tuple(classes), table, pd.DataFrame(cells), others)


def _figures(
    truth: NDArray[np.int64],
    outputs: dict[str, SelectivePrediction],
    ood_outputs: SelectivePrediction | None,
    ood_rows: pd.DataFrame,
    judge: SelectiveClassifier,
    resampling: Resampling,
    names: list[str],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The corruptions's table, a line each, and all figures."""
    draws = figures.under(truth, outputs, len(names), resampling)
    lines = [
        {"kind": name.partition("/")[0], "severity": int(name.partition("/")[2] or 0),
         **figures.corruption(truth, one, draws[name], resampling)}
        for name, one in outputs.items()
    ]  # fmt: skip
    table = pd.DataFrame(lines, columns=figures.CORRUPTIONS)
    clean, each = figures.whole(truth, outputs[CLEAN], names, resampling)
    mixed = metrics.headline(truth, outputs[MIXED].probabilities)
    cells = [one for name, one in outputs.items() if name not in (CLEAN, MIXED)]
    return table, {
        "rows": len(truth),
        "groups": resampling.number,
        "level": resampling.level,
        "clean": clean,
        "per_class": each,
        "corrupted": figures.corrupted(table, draws, resampling),
        "mixed": {
            **{name: resampling.figure(mixed[name], draws[MIXED][name]) for name in ("accuracy", "balanced_accuracy")},
            "ece": mixed["ece"],
        },
        "abstention": {
            "clean": figures.answered(truth, outputs[CLEAN]),
            "mixed": figures.answered(truth, outputs[MIXED]),
            "corrupted": figures.pooled(truth, cells),
        },
        "ood": figures.ood(ood_rows["drop_reason"].to_numpy(str), ood_outputs, outputs[CLEAN], resampling),
        "thresholds": {
            **judge.thresholds,
            "temperature": float(np.median(judge.calibration.temperature.of(outputs[CLEAN].score))),
        },
    }


def _write(out: Path, known: dict[str, Any], table: pd.DataFrame) -> None:
    table.to_csv(out / "corruptions.csv", index=False)
    (out / "figures.json").write_text(json.dumps(known, indent=1) + "\n")
    (out / "metrics.json").write_text(
        json.dumps({**figures.flat(known), **external.flat(known["external"])}, indent=1) + "\n"
    )


def _plots(out: Path, truth: NDArray[np.int64], outputs: dict[str, SelectivePrediction], names: list[str]) -> None:
    shown = {CLEAN: outputs[CLEAN], MIXED: outputs[MIXED]}
    curves = [figures.risk_coverage(truth, one, name) for name, one in shown.items()]
    pd.concat(curves).to_csv(out / "risk_coverage.csv", index=False)
    bins = [(name, *line) for name, one in shown.items() for line in metrics.reliability(truth, one.probabilities)]
    pd.DataFrame(bins, columns=["set", "bin", "rows", "confidence", "accuracy"]).to_csv(
        out / "reliability.csv", index=False
    )
    counts = metrics.confusion(truth, outputs[CLEAN].predicted, len(names))
    lines = [(names[t], names[p], int(count)) for (t, p), count in np.ndenumerate(counts)]
    pd.DataFrame(lines, columns=["true", "predicted", "rows"]).to_csv(out / "confusion.csv", index=False)
    right = float((truth == outputs[CLEAN].predicted).mean())
    plot.draw_confusion(counts, names, f"{len(truth)} test images, accuracy {right:.3f}", out / "confusion.png")


def _ood(ood_rows: pd.DataFrame, ood_outputs: SelectivePrediction | None) -> pd.DataFrame:
    table = ood_rows[[*store.KEY, "id", "drop_reason"]]
    scores = ood_outputs.score if ood_outputs else np.empty(0, np.float32)
    return table.assign(ood_score=scores, why=ood_outputs.why if ood_outputs else np.empty(0, str))


def _print_summary(known: dict[str, Any]) -> None:
    clean, out, ood_rows = known["clean"], known["corrupted"], known["ood"]
    refused = f"{ood_rows['refused']['value']:.3f}" if ood_rows["refused"] else "none to judge"
    values = {name: figure["value"] for name, figure in clean.items()}
    print(
        f"accuracy {values['accuracy']:.4f}  balanced accuracy {values['balanced_accuracy']:.4f}  "
        f"macro F1 {values['macro_f1']:.4f}  on {known['rows']} test images\n"
        f"corrupted {out['accuracy']['value']:.4f} (worst: {out['worst_kind']})  "
        f"mixed {known['mixed']['accuracy']['value']:.4f}  ECE {values['ece']:.4f}, corrupted {out['ece']:.4f}  "
        f"out-of-distribution refused {refused}"
    )
    if known["untested"]:
        print(f"untested, without a test row: {', '.join(known['untested'])}")
    if known["unlearnt"]:
        print(f"not known to the model: {', '.join(known['unlearnt'])}")
    if known["unknown"]:
        unknown = ", ".join(f"{name} {count}" for name, count in known["unknown"].items())
        print(f"left out, of classes that the model does not know: {unknown} test images")
    for line in external.told(known["external"]):
        print(line)


if __name__ == "__main__":
    command.run(main, Classes, Evaluate)
