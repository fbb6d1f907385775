"""evaluate: run the model over the test rows, and write its figures, its predictions and its confusion matrix."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, feed, model, store
from tasks.evaluate import metrics, picture
from tasks.evaluate.settings import Evaluate


def main(evaluate: Evaluate, clean: Path, ingested: Path, trained: Path, out: Path) -> None:
    """Write metrics.json, predictions.parquet (a row per test row) and confusion.png."""
    rows = store.read_rows(clean)
    test = rows[rows["kept"] & (rows["split"] == "test")]
    if test.empty:
        raise ValueError("no picture is left in test, expected at least one")
    classifier = model.load(trained)
    truth = test["label"].map({name: k for k, name in enumerate(classifier.classes)}).to_numpy().astype(np.int64)
    arrays = store.pixels(ingested, rows)
    data = feed.batches(arrays, arrays.places(test), evaluate.batch)
    probabilities = classifier.network.predict(data, verbose=0)
    out.mkdir(parents=True)
    _write(out, test, truth, probabilities, classifier.classes)


def _write(
    out: Path, test: pd.DataFrame, truth: NDArray[np.int64], probabilities: NDArray[np.float32], names: list[str]
) -> None:
    figures = metrics.summary(truth, probabilities, names)
    (out / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n")
    _predictions(test, probabilities, names).to_parquet(out / "predictions.parquet", index=False)
    counts = metrics.confusion(truth, probabilities.argmax(axis=1), len(names))
    title = f"{figures['rows']} test pictures, accuracy {figures['accuracy']:.3f}"
    picture.draw_confusion(counts, names, title, out / "confusion.png")
    print(
        f"accuracy {figures['accuracy']:.4f}  balanced accuracy {figures['balanced_accuracy']:.4f}  "
        f"macro F1 {figures['macro_f1']:.4f}  on {figures['rows']} test pictures"
    )


def _predictions(test: pd.DataFrame, probabilities: NDArray[np.float32], names: list[str]) -> pd.DataFrame:
    table = test[[*store.KEY, "id", "label"]].reset_index(drop=True)
    table["predicted"] = np.array(names)[probabilities.argmax(axis=1)]
    return table.join(pd.DataFrame(probabilities, columns=[f"p_{name}" for name in names]))


if __name__ == "__main__":
    command.run(main, Evaluate)
