"""`predict`. A stand-in judges: its answer is told by the middle pixel, red, green and blue."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from hemaflow.__main__ import app
from operations import predict as module
from tests.support import crowning

CELLS = {"a.png": (230, 0, 0), "b.png": (10, 0, 0), "c.png": (130, 0, 0), "d.png": (230, 200, 0)}
EXPECTED = """\
file,class,best_guess,p_ig,p_ne,abstained,why
a.png,ig,ig,0.901961,0.098039,false,
b.png,ne,ne,0.039216,0.960784,false,
c.png,,ig,0.509804,0.490196,true,"unsure: probability 0.51 of the best guess, an answer needs at least 0.7"
d.png,,ig,0.901961,0.098039,true,"ood: score 0.784, a cell has at most 0.5"
"""


class Model:
    """Class ig by red, out of distribution as far as it is green."""

    classes, image_size, crop = ("ig", "ne"), 32, 24
    thresholds = {"least_confidence": 0.7, "largest_score": 0.5}  # noqa: RUF012

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []
        self.tta: set[int] = set()

    def predict(self, images: np.ndarray, tta: int = 1) -> SimpleNamespace:
        self.seen.extend(images)
        self.tta.add(tta)
        red, green, _ = images[:, 16, 16].T / np.float32(255)
        chances = np.stack([red, 1 - red], axis=1)
        why = np.where(green > 0.5, "ood", np.where(chances.max(axis=1) < 0.7, "unsure", ""))
        return SimpleNamespace(probabilities=chances, score=green, why=why)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """The stand-in, loaded in the place of any model; `folders` are those that were asked for."""
    stand_in = Model()
    stand_in.folders = []

    def load(folder: Path) -> Model:
        stand_in.folders.append(folder.resolve())
        return stand_in

    monkeypatch.setitem(sys.modules, "tasks.selective.selective_classifier", SimpleNamespace(load=load))
    return stand_in


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model, and a folder of four images."""
    root = tmp_path / "project"
    for name in ("data/model", "cells", "empty", "data.csv"):
        (root / name).mkdir(parents=True)
    (root / "data/model/model.json").touch()
    (root / "dvc.yaml").touch()
    for name, colour in CELLS.items():
        (root / "cells" / name).write_bytes(png(colour))
    monkeypatch.chdir(root)
    return root


def png(colour: tuple[int, int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(stream, "PNG")
    return stream.getvalue()


def run(*words: str):
    return CliRunner().invoke(app, ["predict", *words])


def zipped(root: Path) -> str:
    with zipfile.ZipFile(root / "cells.zip", "w") as archive:
        for name in reversed(CELLS):
            archive.write(root / "cells" / name, name)
    return "cells.zip"


def taped(root: Path) -> str:
    with tarfile.open(root / "cells.tar.gz", "w:gz") as archive:
        for name in reversed(CELLS):
            archive.add(root / "cells" / name, name)
    return "cells.tar.gz"


@pytest.mark.parametrize(
    "given",
    [lambda root: "cells", zipped, taped, lambda root: str(root / "cells")],
    ids=["folder", "zip", "tar", "absolute"],
)
def test_every_form_of_the_same_images_gives_the_same_rows(root: Path, model: Model, given) -> None:
    done = run(given(root), "-o", "out.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "4 files by data/model: 2 answered, 1 unsure, 1 ood, 0 unreadable -> out.csv\n"
    assert (root / "out.csv").read_text() == EXPECTED
    assert model.folders == [root / "data/model"]


def test_without_out_rows_go_to_standard_output_and_all_else_to_standard_error(root: Path, model: Model) -> None:
    done = run("cells")
    assert (done.exit_code, done.stdout) == (0, EXPECTED)
    assert done.stderr == "4 files by data/model: 2 answered, 1 unsure, 1 ood, 0 unreadable\n"


def test_an_npz_needs_no_labels(root: Path, model: Model) -> None:
    np.savez(root / "x.npz", images=np.stack([np.full((16, 16, 3), colour, np.uint8) for colour in CELLS.values()]))
    expected = EXPECTED
    for row, name in enumerate(CELLS):
        expected = expected.replace(name, f"x.npz#{row}")
    assert run("x.npz").stdout == expected


def test_a_file_that_cannot_be_read_is_a_row_and_an_exit_code(root: Path, model: Model) -> None:
    (root / "cells/aa.txt").write_text("notes")
    (root / "cells/.DS_Store").touch()
    done = run("cells", "--out", "out.csv")
    assert done.exit_code == 3
    assert done.stdout.endswith("1 ood, 1 unreadable; left out as the system's own: 1 -> out.csv\n")
    table = pd.read_csv(root / "out.csv", keep_default_na=False)
    assert table["file"].tolist() == ["a.png", "aa.txt", "b.png", "c.png", "d.png"]
    assert table["why"][1] == "unreadable: UnidentifiedImageError: cannot identify image file"
    assert (table.loc[1, ["class", "best_guess", "p_ig"]] == "").all()
    assert "\n".join(line for line in (root / "out.csv").read_text().split("\n") if "aa.txt" not in line) == EXPECTED


def test_a_single_image_and_its_views(root: Path, model: Model) -> None:
    assert run("cells/b.png", "--tta", "8").stdout.splitlines()[1:] == [EXPECTED.splitlines()[2]]
    assert model.tta == {8}


def test_which_model(root: Path, model: Model) -> None:
    assert run("cells").exit_code == 0
    champion = crowning.named(root)
    (root / "other").mkdir()
    for folder in (champion, root / "other"):
        (folder / "model.json").touch()
    for words in ([], ["--model", "data/model"], ["--model", "other"]):
        assert run("cells", *words).exit_code == 0
    assert model.folders == [root / "data/model", champion, root / "data/model", root / "other"]


def test_one_champion_throughout_a_switch(root: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def load(folder: Path) -> Model:
        found.append((folder / "model.json").read_text())
        (crowning.named(root, tag="champion/2") / "model.json").write_text("champion/2")
        found.append((folder / "model.json").read_text())
        return model

    (crowning.named(root) / "model.json").write_text("champion/1")
    monkeypatch.setitem(sys.modules, "tasks.selective.selective_classifier", SimpleNamespace(load=load))
    assert run("cells").exit_code == 0
    assert found == ["champion/1", "champion/1"]
    assert run("cells").exit_code == 0
    assert found[2:] == ["champion/2", "champion/2"]


def test_an_error_names_the_champion_s_file(root: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    file = crowning.named(root) / "model.json"
    file.touch()

    def load(folder: Path) -> Model:
        raise ValueError(f"{folder / 'model.json'}: damaged or edited")

    monkeypatch.setitem(sys.modules, "tasks.selective.selective_classifier", SimpleNamespace(load=load))
    name = file.parent.relative_to(root)
    for words in ([], ["--model", str(name)]):
        assert run("cells", *words).stderr == f"{name}/model.json: damaged or edited\n"


def empty_zip(root: Path) -> None:
    zipfile.ZipFile(root / "x.zip", "w").close()


def npz(images: np.ndarray) -> Callable[[Path], None]:
    return lambda root: np.savez(root / "x.npz", images=images)


def climbing(root: Path) -> None:
    with zipfile.ZipFile(root / "x.zip", "w") as archive:
        archive.writestr("../x.png", b"")


def foreign_table(root: Path) -> None:
    (root / "out.csv").write_text("name,age\n")


def no_model(root: Path) -> None:
    (root / "data/model/model.json").unlink()


def never_trained(root: Path) -> None:
    no_model(root)
    (root / "data/model").rmdir()


def broken_champion(root: Path) -> None:
    crowning.named(root)


def pointer_alone(root: Path) -> None:
    shutil.rmtree(crowning.named(root))


def former_layout(root: Path) -> None:
    crowning.named(root)
    crowning.former(root)


MISTAKES = {
    "no such input": (None, ["nowhere"], "nowhere: no such file or folder"),
    "empty folder": (None, ["empty"], "empty: holds no file, expected at least one image"),
    "empty zip": (empty_zip, ["x.zip"], "x.zip: holds no file"),
    "zip that climbs out": (climbing, ["x.zip"], "x.zip: holds '../x.png', which leads out of the archive"),
    "npz of no numbers": (npz(np.zeros((2, 8, 8, 3)) * 1j), ["x.npz"], "x.npz: images.npy must be integers or floats"),
    "npz of a single image": (npz(np.zeros((8, 8, 3))), ["x.npz"], "x.npz: images.npy must have the shape N x H x W"),
    "depth that is none": (None, ["cells", "--depth", "7"], "depth: expected 8 to 32 bits or 0..1, got '7'"),
    "crop that is none": (None, ["cells", "--crop", "1"], "crop: Input should be greater than or equal to 8, got 1"),
    "no model there": (None, ["cells", "--model", "empty"], "no model in empty: model.json is missing"),
    "no model folder": (None, ["cells", "--model", "nowhere"], "no model in nowhere: model.json is missing"),
    "no model yet": (
        never_trained,
        ["cells"],
        "no champion, no model in data/model yet",
    ),
    "half a model": (no_model, ["cells"], "no model in data/model: model.json is missing"),
    "half a champion": (broken_champion, ["cells"], "no model in data/champions/1-"),
    "champion not here": (pointer_alone, ["cells"], "data/champion.dvc names data/champions/1-"),
    "champion of the former layout": (former_layout, ["cells"], "the champion lies as an older version had it"),
    "no folder for out": (None, ["cells", "-o", "new/out.csv"], "new: no such folder to write out.csv into"),
    "out is no csv": (None, ["cells", "-o", "out.txt"], "expected the path of a CSV, as predictions.csv, got out.txt"),
    "out is the input": (None, ["cells/a.png", "-o", "cells/a.png"], "expected the path of a CSV"),
    "out is the input, a csv": (foreign_table, ["out.csv", "-o", "out.csv"], "out.csv lies in the input"),
    "out lies in the input": (None, ["cells", "-o", "cells/out.csv"], "cells/out.csv lies in the input"),
    "out is a folder": (None, ["cells", "-o", "data.csv"], "data.csv exists and is no table"),
    "out is another table": (foreign_table, ["cells", "-o", "out.csv"], "out.csv exists and is no table"),
}


@pytest.mark.parametrize(("spoil", "words", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_line_and_exit_code_1_before_a_model_is_loaded(
    root: Path, model: Model, spoil, words: list[str], message: str
) -> None:
    if spoil:
        spoil(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    done = run(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert model.folders == []


def test_nothing_heavy_is_loaded_before_an_image_is_judged(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from operations.predict import predict\n"
        "try: predict(Path.cwd(), Path('empty'), None, None, 1)\n"
        "except ValueError: print(*sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert not {"tensorflow", "keras", "prefect", "dvc"} & set(done.stdout.split())
    assert "numpy" in done.stdout.split()


def test_an_earlier_table_is_replaced_when_the_new_one_is_whole(root: Path, model: Model) -> None:
    for _ in range(2):
        assert run("cells", "-o", "out.csv").exit_code == 0
    images = np.zeros((200, 4, 4, 3), np.uint8)
    np.savez(root / "x.npz", images=images)
    content = bytearray((root / "x.npz").read_bytes())
    content[content.index(bytes(1000)) + 900] ^= 1
    (root / "x.npz").write_bytes(content)
    done = run("x.npz", "-o", "out.csv")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "damaged or cut short" in done.stderr
    assert (root / "out.csv").read_text() == EXPECTED
    assert [path.name for path in root.iterdir() if path.name.startswith(".")] == []
