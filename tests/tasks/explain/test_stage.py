import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tasks import model, predictions, store
from tasks.explain import stage
from tasks.explain.settings import Explain
from tasks.selective.calibration import Calibration
from tasks.selective.detector import Detector, Space
from tasks.selective.temperature import Temperature

NAMES = ["red", "green", "blue"]
EXPLAIN = Explain(
    seed=0, batch=4, wrong=2, right=2, map_size=1, side=24, folds=5, components=3, strength=1.0, prune="class", shown=2
)
MISLABELLED = {3: "green", 31: "blue", 58: "red"}
"""Rows whose label is wrong; each is of the colour k % 3."""


FOREIGN = [20, 41]
"""Rows of plain blue, which nothing grey resembles; their label is blue."""
GREY = Space(np.full(3, 3**-0.5, np.float32), np.array([[2**-0.5, -(2**-0.5), 0]], np.float32))
CELLS = Calibration(
    ("maps",), Detector((GREY,), np.zeros(1, np.float32), np.ones(1, np.float32)),
    Temperature(0.5413, 0.0, 0.0, 1.0), 0.0, float(np.log(0.35)),
)  # fmt: skip


class Project:
    """60 images in two deliveries, each a patch of one of three colours on grey; every fourth is a test row."""

    def __init__(self, folder: Path, table, network: keras.Model):
        self.folder, rng = folder, np.random.default_rng(0)
        pixels = rng.normal(60, 10, (60, 32, 32, 3))
        for k in range(60):
            pixels[k, 8:16, 16:24, k % 3] += 120
        self.pixels = pixels.clip(0, 255).astype(np.uint8)
        self.pixels[FOREIGN] = (0, 0, 250)
        labels = [MISLABELLED.get(k, NAMES[k % 3]) for k in range(60)]
        split = np.array(["train", "val", "train", "test"])[np.arange(60) % 4]
        rows = table([f"{k:02}" for k in range(60)], label=labels, split=split)
        self.rows = rows.assign(review_decision="", delivery=["d"] * 30 + ["e"] * 30, row=[*range(30), *range(30)])
        store.write_rows(folder / "clean", self.rows)
        for name, part in (("d", self.pixels[:30]), ("e", self.pixels[30:])):
            (folder / "ingested" / name).mkdir(parents=True)
            np.save(folder / "ingested" / name / store.PIXELS, part)
        model.save(folder / "model", network, NAMES, 32, {}, [], CELLS.describe(), CELLS.arrays())
        self.told = network.predict(self.pixels, verbose=0)
        write_scores(folder / "scores", self.rows, self.told)

    def run(self, out: Path, clean: Path | None = None, scores: Path | None = None) -> Path:
        given = [clean or self.folder / "clean", self.folder / "ingested", self.folder / "model"]
        stage.main(EXPLAIN, *given, scores or self.folder / "scores", out)
        return out


def write_scores(folder: Path, rows: pd.DataFrame, predicted: np.ndarray) -> None:
    """A predictions of the test rows, answered as `told` of all rows says."""
    test = np.flatnonzero(rows["split"] == "test")
    predicted, rows = (
        predicted[test],
        rows.loc[test, ["id", "split_group", "delivery", "source", "label"]].reset_index(drop=True),
    )
    rows = rows.assign(predicted=np.array(NAMES)[predicted.argmax(axis=1)], confidence=predicted.max(axis=1))
    rows = rows.assign(acquisition_batch="grey", sharpness="1", ood_score=0.0, why="")
    rows = rows.join(pd.DataFrame(predicted, columns=[f"p_{name}" for name in NAMES]))
    corruptions = pd.DataFrame({predictions.MIXED: predicted.argmax(axis=1).astype(np.uint8)})
    predictions.write(folder, predictions.Predictions(tuple(NAMES), rows, corruptions))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, table, colours) -> Project:
    return Project(tmp_path_factory.mktemp("explain"), table, colours(gain=50.0))


@pytest.fixture(scope="module")
def out(project: Project) -> Path:
    return project.run(project.folder / "examples")


def test_the_wrong_labels_are_on_the_list_and_nothing_else(out: Path, project: Project) -> None:
    predicted = pd.read_csv(out / "label_issues.csv", dtype={"id": str}, keep_default_na=False)
    assert list(predicted.columns) == [
        "rank", "id", "delivery", "source", "split", "label", "suggested", "self_confidence", "p_suggested", "image",
    ]  # fmt: skip
    assert set(predicted["id"]) == {f"{k:02}" for k in MISLABELLED}
    for row in predicted.itertuples():
        k = int(row.id)
        assert (row.label, row.suggested) == (MISLABELLED[k], NAMES[k % 3])
        assert (row.delivery, row.split) == tuple(project.rows.loc[k, ["delivery", "split"]])
    figures = json.loads((out / "label_issues.json").read_text())
    assert {name: figures[name] for name in ("rows", "label_issues", "shown")} == {
        "rows": 60,
        "label_issues": 3,
        "shown": 2,
    }


def test_those_shown_have_their_image_and_the_others_none(out: Path, project: Project) -> None:
    predicted = pd.read_csv(out / "label_issues.csv", dtype={"id": str}, keep_default_na=False)
    assert (predicted["image"] != "").tolist() == [True, True, False]
    assert sorted(str(file.relative_to(out)) for file in (out / "label_issues").iterdir()) == sorted(
        predicted["image"][:2]
    )
    for row in predicted[:2].itertuples():
        assert (np.asarray(Image.open(out / row.image)) == project.pixels[int(row.id)]).all()


def test_kept_images_that_are_out_of_distribution_are_listed_and_stay(out: Path, project: Project) -> None:
    found = pd.read_csv(out / "suspects.csv", dtype={"id": str}, keep_default_na=False)
    first = found.head(len(FOREIGN))
    assert first["id"].tolist() == [f"{k:02}" for k in FOREIGN]
    assert first[["rank", "split", "label"]].values.tolist() == [[1, "train", "blue"], [2, "val", "blue"]]
    assert first["ood_score"].tolist() == pytest.approx([np.log(3**-0.5 * 2**0.5)] * 2, abs=0.5)
    assert (np.asarray(Image.open(out / found["image"][0])) == project.pixels[20]).all()
    figures = json.loads((out / "suspects.json").read_text())
    assert (figures["rows"], figures["suspects"]) == (60, len(found))
    assert found["ood_score"].min() > figures["above"] < figures["largest_score"] == pytest.approx(np.log(0.35))


def test_wrong_answers_are_those_that_differ_from_the_label(out: Path) -> None:
    wrong = json.loads((out / "examples.json").read_text())["wrong"]
    assert {(entry["id"], entry["label"], entry["predicted"]) for entry in wrong} == {
        ("03", "green", "red"), ("31", "blue", "green"),
    }  # fmt: skip
    confidences = [entry["confidence"] for entry in wrong]
    assert confidences == sorted(confidences, reverse=True)


def test_right_answers_are_some_of_each_class(out: Path) -> None:
    right = json.loads((out / "examples.json").read_text())["right"]
    assert [entry["label"] for entry in right] == ["blue", "blue", "green", "green", "red", "red"]
    assert all(entry["label"] == entry["predicted"] for entry in right)


def test_every_example_has_its_image_beside_its_map(out: Path, project: Project) -> None:
    predicted = json.loads((out / "examples.json").read_text())
    entries = predicted["wrong"] + predicted["right"]
    assert {file.name for file in (out / "cam").iterdir()} == {f"{entry['id']}.png" for entry in entries}
    for entry in entries:
        both = np.asarray(Image.open(out / entry["image"])).astype(int)
        assert both.shape == (24, 48, 3)
        # What the answer follows from is the patch: there the map covers the image most.
        change = np.abs(both[:, 24:] - both[:, :24]).sum(axis=-1)
        assert change[7:11, 13:17].mean() > 3 * change[15:].mean()


def test_the_same_inputs_give_the_same_bytes(out: Path, project: Project) -> None:
    again = project.run(project.folder / "again")
    files = sorted(file.relative_to(out) for file in out.rglob("*") if file.is_file())
    assert files == sorted(file.relative_to(again) for file in again.rglob("*") if file.is_file())
    assert all((out / file).read_bytes() == (again / file).read_bytes() for file in files)


def test_without_errors_and_suspects_the_lists_are_empty(project: Project, tmp_path: Path) -> None:
    right = project.rows.assign(label=[NAMES[k % 3] for k in range(60)])
    store.write_rows(tmp_path / "clean", right)
    write_scores(tmp_path / "scores", right, project.told)
    project.run(tmp_path / "out", tmp_path / "clean", tmp_path / "scores")
    assert json.loads((tmp_path / "out" / "examples.json").read_text())["wrong"] == []
    assert len((tmp_path / "out" / "label_issues.csv").read_text().splitlines()) == 1
    assert json.loads((tmp_path / "out" / "label_issues.json").read_text())["label_issues"] == 0


def test_scores_of_rows_that_are_not_kept_are_an_error(project: Project, tmp_path: Path) -> None:
    store.write_rows(tmp_path / "clean", project.rows[project.rows["split"] != "test"])
    with pytest.raises(
        ValueError, match="expected every row of the predictions among those that are kept, got 0 of 15"
    ):
        project.run(tmp_path / "out", tmp_path / "clean")
