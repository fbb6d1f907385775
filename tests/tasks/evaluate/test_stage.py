"""The whole stage on forty tiny images, judged by a network that was made by hand."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from tasks import model, predictions, store
from tasks.corruptions import benchmark
from tasks.evaluate import stage
from tasks.evaluate.settings import Evaluate
from tasks.params import Classes
from tasks.selective.calibration import Calibration
from tasks.selective.detector import Detector, Space
from tasks.selective.temperature import Temperature

SIDE, ROWS, OOD = 32, 40, 6
CLASSES = Classes.model_validate({"ig": [], "platelet": []})
SETTINGS = Evaluate(batch=16, seed=0, tta=1, resamples=200, level=0.9, min_rows=12)


def red_or_blue() -> keras.Model:
    """Says ig of reddish images and platelet of bluish ones; the maps hold the three colours."""
    inputs = keras.layers.Input((SIDE, SIDE, 3))
    maps = keras.layers.Conv2D(3, 1, use_bias=False, name="maps")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    network = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="probabilities")(pooled))
    network.get_layer("maps").set_weights([np.eye(3, dtype=np.float32)[None, None] / 255])
    network.get_layer("probabilities").set_weights([np.array([[9, -9], [0, 0], [-9, 9]], np.float32), np.zeros(2)])
    return network


def no_external(folder: Path) -> tuple[Path, Path]:
    """An empty list of external deliveries, and the folder of none."""
    (folder / "none").mkdir(exist_ok=True)
    (folder / "none.yaml").write_text("external: []\n")
    return folder / "none.yaml", folder / "none"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, table) -> Path:
    """Half of the images are red, half blue, three red ones under the wrong label; some of no cell are green."""
    folder = tmp_path_factory.mktemp("evaluate")
    rng = np.random.default_rng(0)
    colours = np.array([(190, 90, 110), (110, 90, 190), (30, 250, 30)])
    of = np.repeat([0, 1, 2], [ROWS // 2, ROWS // 2, OOD])
    pixels = np.clip(colours[of][:, None, None] + rng.normal(0, 12, (len(of), SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
    (folder / "ingested/d").mkdir(parents=True)
    np.save(folder / "ingested/d" / store.PIXELS, pixels)
    labels = np.array(["ig", "platelet", "ig"])[of]
    labels[:3] = "platelet"
    reason = np.where(of == 2, "outlier", "")
    rows = table(
        [f"{k:03}" for k in range(len(of))], label=labels, split="test", acquisition_batch="grey", drop_reason=reason
    )
    store.write_rows(
        folder / "clean", rows.assign(kept=reason == "", dropped_by=np.where(reason == "", "", "outliers"))
    )
    space = Space(np.array([0.65, 0.4, 0.65], np.float32), np.array([[0.7071, 0, -0.7071]], np.float32))
    detector = Detector((space,), np.zeros(1, np.float32), np.ones(1, np.float32))
    fitted = Calibration(("maps",), detector, Temperature(0.5413, 0.0, 0.0, 1.0), 0.6, float(np.log(0.35)))
    model.save(folder / "model", red_or_blue(), ["ig", "platelet"], 0, {}, [], fitted.describe(), fitted.arrays())
    stage.main(
        CLASSES,
        SETTINGS,
        folder / "clean",
        folder / "ingested",
        *no_external(folder),
        folder / "model",
        folder / "scores",
    )
    return folder


def read(made: Path, name: str) -> dict:
    return json.loads((made / "scores" / name).read_text())


def test_figures_are_those_of_the_answers(made: Path) -> None:
    flat, figures = read(made, "metrics.json"), read(made, "figures.json")
    assert flat["rows"] == figures["rows"] == figures["groups"] == ROWS
    assert flat["accuracy"] == pytest.approx(37 / 40)
    assert flat["balanced_accuracy"] == pytest.approx((1 + 20 / 23) / 2)
    assert figures["clean"]["accuracy"]["low"] < 37 / 40 < figures["clean"]["accuracy"]["high"]
    assert figures["per_class"]["platelet"]["support"] == 23
    assert figures["per_class"]["ig"]["precision"]["value"] == pytest.approx(17 / 20)
    assert {key for key, value in flat.items() if value is None} == set()


def test_green_images_are_refused_and_cells_are_not(made: Path) -> None:
    figures = read(made, "figures.json")["ood"]
    assert figures["by_reason"] == {"outlier": {"rows": OOD, "refused": OOD}}
    assert figures["refused"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert figures["auroc"] == 1
    assert figures["ood_false_positive_rate"]["value"] == 0
    assert (pd.read_parquet(made / "scores/ood.parquet")["why"] == "ood").all()


def test_the_record_holds_every_row_under_every_cell(made: Path) -> None:
    found = predictions.read(made / "scores")
    assert len(found.rows) == ROWS
    assert found.kinds == benchmark.KINDS
    assert len(found.corruption_names) == len(benchmark.KINDS) * 5
    assert found.rows["sharpness"].value_counts().tolist() == [10] * 4
    assert (found.predicted == found.truth).sum() == 37


def test_the_suite_s_table_agrees_with_the_record(made: Path) -> None:
    found, table = predictions.read(made / "scores"), pd.read_csv(made / "scores/corruptions.csv")
    assert len(table) == len(found.corruption_names) + 2
    for row in table[~table["kind"].isin(["clean", "mixed"])].itertuples():
        predicted = found.under(f"{row.kind}/{row.severity}")
        recalls = [(predicted[found.truth == k] == k).mean() for k in (0, 1)]
        assert row.balanced_error == pytest.approx(1 - np.mean(recalls), abs=1e-6)
        assert row.low <= row.balanced_error <= row.high
    inside = table[~table["kind"].isin(["clean", "mixed"])].groupby("kind")["balanced_error"].mean()
    figures = read(made, "figures.json")["corrupted"]
    assert figures["mean_balanced_error"]["value"] == pytest.approx(inside.mean())
    assert figures["worst_balanced_error"]["value"] == pytest.approx(inside.max())
    assert inside[figures["worst_kind"]] == inside.max()


def test_slices_and_curves_are_written(made: Path) -> None:
    slices = pd.read_csv(made / "scores/slices.csv")
    assert set(slices["slice"]) == {"class", "delivery", "acquisition_batch", "sharpness"}
    assert slices.loc[slices["slice"] == "sharpness", "note"].str.contains("10 rows, fewer than 12").all()
    assert pd.read_csv(made / "scores/confusion.csv")["rows"].tolist() == [17, 0, 3, 20]
    assert set(pd.read_csv(made / "scores/reliability.csv")["set"]) == {"clean", "mixed"}
    curve = pd.read_csv(made / "scores/risk_coverage.csv").query("set == 'clean'")
    assert curve["coverage"].iloc[-1] == 1
    assert curve["risk"].iloc[-1] == pytest.approx(3 / 40)


def test_the_same_again_has_the_same_bytes(made: Path) -> None:
    stage.main(CLASSES, SETTINGS, made / "clean", made / "ingested", *no_external(made), made / "model", made / "again")
    files = sorted(file.name for file in (made / "scores").iterdir())
    assert files == sorted(file.name for file in (made / "again").iterdir())
    for name in files:
        assert (made / "scores" / name).read_bytes() == (made / "again" / name).read_bytes(), name


def test_without_out_of_distribution_images_their_figures_are_null(made: Path, tmp_path: Path) -> None:
    rows = store.read_rows(made / "clean")
    store.write_rows(tmp_path / "clean", rows[rows["kept"]])
    stage.main(
        CLASSES,
        SETTINGS,
        tmp_path / "clean",
        made / "ingested",
        *no_external(made),
        made / "model",
        tmp_path / "scores",
    )
    flat = json.loads((tmp_path / "scores/metrics.json").read_text())
    assert (flat["ood_rows"], flat["ood_refused"], flat["ood_auroc"]) == (0, None, None)
    assert len(pd.read_parquet(tmp_path / "scores/ood.parquet")) == 0


def test_a_model_of_an_earlier_list_of_classes_is_judged_on_what_it_knows(made: Path, tmp_path: Path, capsys) -> None:
    """Its ig is called granulocyte by now, and five of those are monocytes, which it never heard of."""
    rows = store.read_rows(made / "clean")
    rows = rows.assign(
        label=rows["label"].replace("ig", "granulocyte").mask(rows["id"].between("010", "014"), "monocyte")
    )
    store.write_rows(tmp_path / "clean", rows)
    today = Classes.model_validate({"monocyte": [], "platelet": [], "granulocyte": ["ig"], "basophil": []})
    stage.main(
        today, SETTINGS, tmp_path / "clean", made / "ingested", *no_external(made), made / "model", tmp_path / "scores"
    )
    found, before = predictions.read(tmp_path / "scores"), predictions.read(made / "scores")
    assert found.classes == ("granulocyte", "platelet")
    assert found.rows["label"].value_counts().to_dict() == {"platelet": 23, "granulocyte": 12}
    same = before.rows[~before.rows["id"].between("010", "014")]
    assert found.probabilities == pytest.approx(same[["p_ig", "p_platelet"]].to_numpy(), abs=1e-6)
    assert found.rows["sharpness"].tolist() == same["sharpness"].tolist(), "that of all test rows, as others have it"
    figures = json.loads((tmp_path / "scores/figures.json").read_text())
    assert (figures["rows"], figures["unknown"], figures["untested"]) == (35, {"monocyte": 5}, [])
    assert figures["unlearnt"] == ["monocyte", "basophil"]
    assert "left out, of classes that the model does not know: monocyte 5 test images" in capsys.readouterr().out


def test_a_class_without_a_test_row_is_untested(made: Path, tmp_path: Path, capsys) -> None:
    rows = store.read_rows(made / "clean")
    store.write_rows(tmp_path / "clean", rows[rows["label"] == "platelet"])
    stage.main(
        CLASSES,
        SETTINGS,
        tmp_path / "clean",
        made / "ingested",
        *no_external(made),
        made / "model",
        tmp_path / "scores",
    )
    figures = json.loads((tmp_path / "scores/figures.json").read_text())
    assert figures["untested"] == ["ig"]
    assert figures["per_class"]["ig"] == {"support": 0, "precision": None, "recall": None, "f1": None, "auc": None}
    assert figures["clean"]["balanced_accuracy"]["value"] == pytest.approx(20 / 23)
    table = pd.read_csv(tmp_path / "scores/slices.csv").set_index(["slice", "value"])
    assert table.loc[("class", "ig"), "note"] == "no test row: untested"
    assert "untested, without a test row: ig" in capsys.readouterr().out


def elsewhere(made: Path, table, tmp_path: Path, **columns: object) -> tuple[Path, Path]:
    """Thirty images of another laboratory, of ig, ten of them blue, and ten green ones, which are refused."""
    folder = tmp_path / "external"
    (folder / "jtsc").mkdir(parents=True)
    pixels = np.load(made / "ingested/d" / store.PIXELS)
    chosen = pixels[np.concatenate([np.arange(20), np.arange(20, 30), np.repeat([40, 41], 5)])]
    np.save(folder / "jtsc" / store.PIXELS, chosen)
    names = [f"x{k:02}" for k in range(len(chosen))]
    store.write_rows(folder / "jtsc", table(names, delivery="jtsc", label="ig").assign(**columns))
    (tmp_path / "external.yaml").write_text('external: ["jtsc"]\n')
    return tmp_path / "external.yaml", folder


def test_external_deliveries_are_judged_beside_the_test_rows(made: Path, table, tmp_path: Path, capsys) -> None:
    paths = (made / "clean", made / "ingested", *elsewhere(made, table, tmp_path), made / "model", tmp_path / "scores")
    stage.main(CLASSES, SETTINGS, *paths)
    figures = json.loads((tmp_path / "scores/figures.json").read_text())
    found = figures["external"]["jtsc"]
    assert (found["files"], found["rows"], found["left_out"], list(found["recall"])) == (40, 40, {}, ["ig"])
    right = (predictions.read(tmp_path / "scores").external["predicted"] == "ig").mean()
    assert found["balanced_accuracy"]["value"] == pytest.approx(right)
    assert found["balanced_accuracy"]["low"] < right < found["balanced_accuracy"]["high"]
    assert found["refused"]["value"] == pytest.approx(0.25)
    assert found["coverage"]["value"] == pytest.approx(0.75)
    flat = json.loads((tmp_path / "scores/metrics.json").read_text())
    assert flat["external_balanced_accuracy"] == flat["external_jtsc_balanced_accuracy"] == pytest.approx(right)
    assert flat["external_jtsc_refused"] == pytest.approx(0.25)
    assert "on 40 images, 25.0% refused as out-of-distribution" in capsys.readouterr().out
    without = {name: value for name, value in flat.items() if not name.startswith("external")}
    assert without == json.loads((made / "scores/metrics.json").read_text())
