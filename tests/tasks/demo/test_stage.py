import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.demo import files

ROOT = Path(__file__).parents[3]
CLASSES = "classes: {" + ", ".join(f"{kind}: []" for kind in files.PREVALENCE) + "}\n"


def run(folder: Path, demo: str, classes: str = CLASSES) -> subprocess.CompletedProcess:
    (folder / "params.yaml").write_text(f"{classes}demo: {demo}\n")
    command = [sys.executable, "-m", "tasks.demo.stage", "raw/demo", "truth/demo.csv"]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)


def contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_writes_each_image_and_a_row_of_truth_for_it(tmp_path):
    done = run(tmp_path, "{seed: 7, cells: 48}")
    assert done.stdout == "demo: drew 48 cells and planted 13 faults among them\n", done.stderr
    with (tmp_path / "truth/demo.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["source", "label", "kind", "of", "acquisition_batch"]
    assert [row["source"] for row in rows] == list(contents(tmp_path / "raw/demo"))
    assert all(row["source"].split("/")[0] == row["label"] for row in rows)
    assert {row["of"] for row in rows} - {""} <= {row["source"] for row in rows}
    outliers = [row["label"] for row in rows if row["kind"] == "outlier"]
    assert sorted(outliers) == sorted([*files.PREVALENCE, "monocyte"])
    assert b"\r" not in (tmp_path / "truth/demo.csv").read_bytes()


def test_a_second_run_replaces_the_first_with_the_same_bytes(tmp_path):
    run(tmp_path, "{seed: 7, cells: 16}")
    first = contents(tmp_path / "raw"), contents(tmp_path / "truth")
    (tmp_path / "raw/demo/platelet/stray.png").touch()
    run(tmp_path, "{seed: 7, cells: 16}")
    assert (contents(tmp_path / "raw"), contents(tmp_path / "truth")) == first


def test_another_seed_draws_other_images(tmp_path):
    drawn = []
    for seed in (7, 8):
        run(tmp_path, f"{{seed: {seed}, cells: 16}}")
        drawn.append(set(contents(tmp_path / "raw").values()))
    assert not drawn[0] & drawn[1]


@pytest.mark.parametrize(
    ("demo", "classes", "message"),
    [
        pytest.param("{seed: -1, cells: 48}", CLASSES, "demo: demo.seed: .*got -1", id="negative seed"),
        pytest.param("{seed: 7, cells: 8}", CLASSES, "demo: demo.cells: .*got 8", id="too few cells"),
        pytest.param(
            "{seed: 7, cells: 48}", "classes: {ig: []}\n", "demo: classes: .* basophil, got ig", id="no class"
        ),
    ],
)
def test_bad_settings_are_one_line_and_write_nothing(tmp_path, demo, classes, message):
    done = run(tmp_path, demo, classes)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert re.match(message, done.stderr)
    assert not contents(tmp_path / "raw")
