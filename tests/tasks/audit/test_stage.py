"""The audit's command on tiny images, judged by a network that was made by hand."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from tasks import model, reasons, store
from tasks.audit import labels, stage
from tasks.audit.settings import Audit, Least
from tasks.selective.calibration import Calibration
from tasks.selective.detector import Detector, Space
from tasks.selective.temperature import Temperature

SIDE, NUMBER = 16, 100
RED, BLUE, GREEN = (190, 90, 110), (110, 90, 190), (30, 250, 30)
RULES = Audit(level=0.01, min_rows=30, times=5, ood=0.1, least=Least(ahead=0.1, refused=0.05))


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says ig of reddish images and platelet of bluish ones; greenish ones it refuses."""
    inputs = keras.layers.Input((SIDE, SIDE, 3))
    maps = keras.layers.Conv2D(3, 1, use_bias=False, name="maps")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    network = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="probabilities")(pooled))
    network.get_layer("maps").set_weights([np.eye(3, dtype=np.float32)[None, None] / 255])
    network.get_layer("probabilities").set_weights([np.array([[9, -9], [0, 0], [-9, 9]], np.float32), np.zeros(2)])
    space = Space(np.array([0.65, 0.4, 0.65], np.float32), np.array([[0.7071, 0, -0.7071]], np.float32))
    detector = Detector((space,), np.zeros(1, np.float32), np.ones(1, np.float32))
    fitted = Calibration(("maps",), detector, Temperature(0.5413, 0.0, 0.0, 1.0), 0.6, float(np.log(0.35)))
    folder = tmp_path_factory.mktemp("audit") / "champion"
    model.save(folder, network, ["ig", "platelet"], 0, {}, [], fitted.describe(), fitted.arrays())
    return folder


def ingested(folder: Path, table, wrong: int = 0, ood: int = 0) -> Path:
    """A delivery half of red ig, half of blue platelet; of so many the label is the other, so many are green."""
    rng, of = np.random.default_rng(0), np.arange(NUMBER) % 2
    colours = np.array([RED, BLUE])[of]
    colours[NUMBER - ood :] = GREEN
    pixels = np.clip(colours[:, None, None] + rng.normal(0, 12, (NUMBER, SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
    said = np.where(np.arange(NUMBER) < wrong, 1 - of, of)
    rows = table([f"{k:03}.png" for k in range(NUMBER)], label=np.array(["ig", "platelet"])[said])
    rows = reasons.drop(rows, rows["source"] == "050.png", reasons.UNREADABLE)
    store.write_rows(folder / "d", rows)
    np.save(folder / "d" / store.PIXELS, pixels)
    return folder / "d"


def test_it_says_of_each_readable_image_what_the_model_says(champion: Path, table, tmp_path: Path) -> None:
    delivery = ingested(tmp_path, table, wrong=10, ood=5)
    stage.main(delivery, champion, tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / stage.TABLE)
    assert list(found.columns) == ["source", "id", "label", "predicted", "confidence", "why"]
    known = store.read_rows(delivery).query("kept")
    assert found["source"].tolist() == known["source"].tolist()
    assert found["label"].tolist() == known["label"].tolist()
    assert "050.png" not in set(found["source"])
    shown = np.array(["ig", "platelet"])[known["row"] % 2]
    assert (found["predicted"] == shown).to_numpy()[: NUMBER - 6].all()
    assert (found["why"] == "ood").tolist() == [False] * (NUMBER - 6) + [True] * 5
    assert found["confidence"].between(0.5, 1).all()


@pytest.mark.parametrize(
    ("planted", "verdict", "told"),
    [
        pytest.param({}, "agrees", "0 of 99 labels contradicted", id="clean"),
        pytest.param({"wrong": 25}, "mislabelled", "25 of 99 labels contradicted (0.253, ", id="a quarter mislabelled"),
        pytest.param(
            {"wrong": 100, "ood": 40}, "out-of-distribution", "mostly out-of-distribution: 40 of 99 images",
            id="mostly no cells, whatever its labels",
        ),
    ],
)  # fmt: skip
def test_what_the_audit_makes_of_it(
    champion: Path, table, tmp_path: Path, planted: dict[str, int], verdict: str, told: str
) -> None:
    stage.main(ingested(tmp_path, table, **planted), champion, tmp_path / "out")
    answers = pd.read_parquet(tmp_path / "out" / stage.TABLE)
    own = pd.concat([answers.assign(label=answers["predicted"], why="")] * 4, ignore_index=True)
    for name in ("ig", "platelet"):
        own[f"p_{name}"] = np.where(own["predicted"] == name, own["confidence"], 1 - own["confidence"]) * 0.9
    (found,) = labels.audit({"d": answers}, own, RULES, RULES.least.ahead)
    assert (found.verdict, str(found)[: len(told)]) == (verdict, told)


def test_a_delivery_of_which_nothing_can_be_read(champion: Path, table, tmp_path: Path) -> None:
    rows = table(["a.png"])
    store.write_rows(tmp_path / "d", reasons.drop(rows, rows["kept"], reasons.UNREADABLE))
    np.save(tmp_path / "d" / store.PIXELS, np.zeros((1, SIDE, SIDE, 3), np.uint8))
    stage.main(tmp_path / "d", champion, tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / stage.TABLE)
    assert (len(found), list(found.columns)[-2:]) == (0, ["confidence", "why"])


def test_its_command_is_the_one_that_a_retraining_runs(champion: Path, table, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tasks.audit.stage", str(ingested(tmp_path, table)), str(champion)]
    done = subprocess.run([*words, str(tmp_path / "out")], env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / stage.TABLE).is_file()
