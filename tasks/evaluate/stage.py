"""evaluate: judge the model on the test rows, clean and distorted, and on what curation dropped as no cell."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, record, splits, store
from tasks.answers import answerer
from tasks.answers.answerer import Answerer
from tasks.answers.calibration import Answers
from tasks.evaluate import figures, metrics, picture, rows, slices, suite
from tasks.evaluate.figures import CLEAN
from tasks.evaluate.resampling import Resampling
from tasks.evaluate.settings import Evaluate
from tasks.record import MIX, Record


def main(evaluate: Evaluate, clean: Path, ingested: Path, trained: Path, out: Path) -> None:
    """Write the record of all answers (see tasks/record.py), the figures as JSON, and tables for plots and pages."""
    judge = answerer.load(trained)
    test, strange = rows.read(clean, judge.classes, judge.classifier.seen)
    said = _under_all(evaluate, judge, ingested, test)
    alien = _alone(evaluate, judge, ingested, strange) if len(strange) else None
    truth = splits.indices(test["label"], judge.classes)
    resampling = Resampling(test["group"].to_numpy(str), truth, evaluate.resamples, evaluate.level, evaluate.seed)
    found = _record(test, said, judge.classes, _sharpness(evaluate, ingested, test))
    record.write(out, found)
    table, known = _figures(truth, said, alien, strange, judge, resampling)
    _write(out, known, table)
    slices.table(found, resampling, evaluate.min_rows).to_csv(out / "slices.csv", index=False)
    _plots(out, truth, said, judge.classes)
    _foreign(strange, alien).to_parquet(out / "foreign.parquet", index=False)
    _say(known)


def _under_all(evaluate: Evaluate, judge: Answerer, ingested: Path, test: pd.DataFrame) -> dict[str, Answers]:
    """Answers on the clean test rows and under every cell of the suite, by the cell's name."""
    arrays = store.pixels(ingested, test)
    places, ids = arrays.places(test), test["id"].tolist()
    changes: dict[str, Any] = {CLEAN: None, **suite.cells(evaluate.seed)}
    said, start = {}, time.perf_counter()
    for number, (name, change) in enumerate(changes.items(), 1):
        said[name] = suite.answers(judge, arrays, places, ids, change, evaluate.batch, evaluate.views)
        if number % 5 == 1:
            print(f"evaluate: {number} of {len(changes)} passes, {time.perf_counter() - start:.0f} s", flush=True)
    return said


def _alone(evaluate: Evaluate, judge: Answerer, ingested: Path, strange: pd.DataFrame) -> Answers:
    arrays = store.pixels(ingested, strange)
    places, ids = arrays.places(strange), strange["id"].tolist()
    return suite.answers(judge, arrays, places, ids, None, evaluate.batch, evaluate.views)


def _sharpness(evaluate: Evaluate, ingested: Path, test: pd.DataFrame) -> NDArray[np.float64]:
    batches = store.pixels(ingested, test).batches(test, evaluate.batch)
    return np.concatenate([slices.sharpness(batch) for batch in batches])


def _record(test: pd.DataFrame, said: dict[str, Answers], classes: list[str], sharp: NDArray[np.float64]) -> Record:
    """The clean answers of each row, and the classes predicted under each cell."""
    clean = said[CLEAN]
    table = test[["id", "group", *store.KEY, "batch", "label"]].assign(
        sharpness=slices.quarters(sharp),
        predicted=np.array(classes)[clean.predicted],
        confidence=clean.confidence,
        score=clean.score,
        why=clean.why,
    )
    table = table.join(pd.DataFrame(clean.probabilities, columns=[f"p_{name}" for name in classes]))
    cells = {name: one.predicted.astype(np.uint8) for name, one in said.items() if name != CLEAN}
    return Record(tuple(classes), table, pd.DataFrame(cells))


def _figures(
    truth: NDArray[np.int64],
    said: dict[str, Answers],
    alien: Answers | None,
    strange: pd.DataFrame,
    judge: Answerer,
    resampling: Resampling,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The suite's table, a line a cell, and all figures."""
    draws = figures.under(truth, said, len(judge.classes), resampling)
    lines = [
        {"kind": name.partition("/")[0], "severity": int(name.partition("/")[2] or 0),
         **figures.cell(truth, one, draws[name], resampling)}
        for name, one in said.items()
    ]  # fmt: skip
    table = pd.DataFrame(lines, columns=figures.SUITE)
    clean, each = figures.whole(truth, said[CLEAN], judge.classes, resampling)
    mixed = metrics.headline(truth, said[MIX].probabilities)
    cells = [one for name, one in said.items() if name not in (CLEAN, MIX)]
    return table, {
        "rows": len(truth),
        "groups": resampling.number,
        "level": resampling.level,
        "clean": clean,
        "per_class": each,
        "distorted": figures.distorted(table, draws, resampling),
        "mix": {
            **{name: resampling.figure(mixed[name], draws[MIX][name]) for name in ("accuracy", "balanced_accuracy")},
            "ece": mixed["ece"],
        },
        "abstention": {
            "clean": figures.answered(truth, said[CLEAN]),
            "mix": figures.answered(truth, said[MIX]),
            "distorted": figures.pooled(truth, cells),
        },
        "foreign": figures.foreign(strange["reason"].to_numpy(str), alien, said[CLEAN], resampling),
        "thresholds": {
            **judge.thresholds,
            "temperature": float(np.median(judge.calibration.temperature.of(said[CLEAN].score))),
        },
    }


def _write(out: Path, known: dict[str, Any], table: pd.DataFrame) -> None:
    table.to_csv(out / "suite.csv", index=False)
    (out / "figures.json").write_text(json.dumps(known, indent=1) + "\n")
    (out / "metrics.json").write_text(json.dumps(figures.flat(known), indent=1) + "\n")


def _plots(out: Path, truth: NDArray[np.int64], said: dict[str, Answers], names: list[str]) -> None:
    shown = {CLEAN: said[CLEAN], MIX: said[MIX]}
    curves = [figures.risk_coverage(truth, one, name) for name, one in shown.items()]
    pd.concat(curves).to_csv(out / "risk_coverage.csv", index=False)
    bins = [(name, *line) for name, one in shown.items() for line in metrics.reliability(truth, one.probabilities)]
    pd.DataFrame(bins, columns=["set", "bin", "rows", "confidence", "accuracy"]).to_csv(
        out / "reliability.csv", index=False
    )
    counts = metrics.confusion(truth, said[CLEAN].predicted, len(names))
    lines = [(names[t], names[p], int(count)) for (t, p), count in np.ndenumerate(counts)]
    pd.DataFrame(lines, columns=["true", "predicted", "rows"]).to_csv(out / "confusion.csv", index=False)
    right = float((truth == said[CLEAN].predicted).mean())
    picture.draw_confusion(counts, names, f"{len(truth)} test pictures, accuracy {right:.3f}", out / "confusion.png")


def _foreign(strange: pd.DataFrame, alien: Answers | None) -> pd.DataFrame:
    table = strange[[*store.KEY, "id", "reason"]]
    scores = alien.score if alien else np.empty(0, np.float32)
    return table.assign(score=scores, why=alien.why if alien else np.empty(0, str))


def _say(known: dict[str, Any]) -> None:
    clean, out, strange = known["clean"], known["distorted"], known["foreign"]
    refused = f"{strange['refused']['value']:.3f}" if strange["refused"] else "none to judge"
    values = {name: figure["value"] for name, figure in clean.items()}
    print(
        f"accuracy {values['accuracy']:.4f}  balanced accuracy {values['balanced_accuracy']:.4f}  "
        f"macro F1 {values['macro_f1']:.4f}  on {known['rows']} test pictures\n"
        f"distorted {out['accuracy']['value']:.4f} (worst: {out['worst_kind']})  "
        f"mix {known['mix']['accuracy']['value']:.4f}  ECE {values['ece']:.4f}, distorted {out['ece']:.4f}  "
        f"foreign refused {refused}"
    )


if __name__ == "__main__":
    command.run(main, Evaluate)
