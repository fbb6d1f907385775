"""explain: what the model answers by, its most confident errors, label issues, and kept images that it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks import command, loader, model, predictions, splits, store
from tasks.explain import cuts, examples, images, points, suspects
from tasks.explain.grad_cam import GradCam
from tasks.explain.label_issues import find_label_issues
from tasks.explain.settings import Explain
from tasks.model import Classifier
from tasks.selective import selective_classifier
from tasks.selective.selective_classifier import SelectiveClassifier


def main(explain: Explain, clean: Path, ingested: Path, trained: Path, scores: Path, out: Path) -> None:
    """Write examples.json, cam/ID.png of each example; label_issues.csv and suspects.csv, each with a .json of its
    figures and ID.png of those shown.

    Examples are test rows of the predictions in `scores`; label_issues and suspects are kept rows of all splits.
    """
    classifier, kept = model.load(trained), store.read_rows(clean).query("kept").reset_index(drop=True)
    rows = kept[kept["label"].isin(classifier.classes)].reset_index(drop=True)
    arrays = store.pixels(ingested, kept)
    answered = _with_places(predictions.read(scores).rows, rows)
    shown = {"wrong": examples.wrong(answered, explain.wrong), "right": examples.right(answered, explain.right)}
    out.mkdir(parents=True)
    _write_examples(explain, arrays, classifier, shown, out)
    issues, figures = find_label_issues(explain, rows, classifier.classes, _reader(explain, arrays, classifier, rows))
    _write_list("label_issues", arrays, issues, figures, rows, out)
    refused = _write_suspects(explain, arrays, selective_classifier.load(trained), kept, out)
    print(
        f"{len(shown['wrong'])} wrong and {len(shown['right'])} right answers shown; of {figures['rows']:,} labels "
        f"{figures['label_issues']:,} label issues; of {len(kept):,} kept images {refused:,} suspects"
    )


def _with_places(answered: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of predictions, each with its position in the delivery's arrays."""
    both = answered.merge(rows[[*store.KEY, "row"]], on=store.KEY)
    if len(both) != len(answered):
        raise ValueError(
            f"expected every row of the predictions among those that are kept, got {len(both)} of {len(answered)}"
        )
    return both


def _reader(explain: Explain, arrays: store.Arrays, classifier: Classifier, rows: pd.DataFrame) -> points.Read:
    """Gives what the classifier's head reads, by position in `rows`.

    The backbone has learned the labels of the train rows, so features of ImageNet, which no label touched, would be
    the stricter witness. But measured (benchmarks/labels.py), those list twice as many rows for as many wrong labels,
    and a backbone that learned wrong labels for some epochs still gave them away. A longer training may hide some.
    """
    features, places = cuts.features(classifier.network), arrays.places(rows)

    def read(positions: NDArray[np.int64]) -> NDArray[np.float32]:
        return features.predict(loader.batches(arrays, places[positions], explain.batch), verbose=0)

    return read


def _write_examples(
    explain: Explain, arrays: store.Arrays, classifier: Classifier, shown: dict[str, pd.DataFrame], out: Path
) -> None:
    cam, entries = GradCam(classifier.network, explain.map_size), {}
    for name, part in shown.items():
        part = part.assign(image="cam/" + part["id"] + ".png")
        entries[name] = [examples.entry(row) for row in part.itertuples()]
        for start in range(0, len(part), explain.batch):
            _draw(explain, arrays, classifier, cam, part[start : start + explain.batch], out)
    (out / "examples.json").write_text(json.dumps(entries, indent=1) + "\n")


def _draw(
    explain: Explain, arrays: store.Arrays, classifier: Classifier, cam: GradCam, batch: pd.DataFrame, out: Path
) -> None:
    seen = arrays.take(arrays.places(batch))
    maps = cam(seen, splits.indices(batch["predicted"], classifier.classes))
    for file, image, evidence in zip(batch["image"], seen, maps, strict=True):
        images.write_beside(out / file, image, evidence, explain.side)


def _write_suspects(
    explain: Explain, arrays: store.Arrays, judge: SelectiveClassifier, kept: pd.DataFrame, out: Path
) -> int:
    """Write the kept rows that are out of distribution; how many there are."""
    scores = judge.over(arrays.batches(kept, explain.batch)).score
    above = suspects.limit(scores, judge.thresholds["largest_score"])
    found = suspects.find(kept, scores, above)
    figures = {"rows": len(kept), "suspects": len(found), "shown": min(explain.shown, len(found)), "above": above}
    _write_list("suspects", arrays, found, {**figures, **judge.thresholds}, kept, out)
    return len(found)


def _write_list(
    name: str, arrays: store.Arrays, table: pd.DataFrame, figures: dict[str, Any], rows: pd.DataFrame, out: Path
) -> None:
    """Write NAME.csv and NAME.json, and NAME/ID.png of the first of them; the table has the index of `rows`."""
    shown = table["rank"] <= figures["shown"]
    table = table.assign(image=(f"{name}/" + table["id"] + ".png").where(shown, ""))
    table.to_csv(out / f"{name}.csv", index=False, float_format="%.6f", lineterminator="\n")
    (out / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    for place, file in zip(arrays.places(rows.loc[table.index[shown]]), table.loc[shown, "image"], strict=True):
        images.write(out / file, arrays.take(place[None])[0])


if __name__ == "__main__":
    command.run(main, Explain)
