"""The demo at tiny size, by `dvc repro` and by the Prefect flow, in a copy of this project."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.docs.pages import blocks, section

ROOT = Path(__file__).parents[2]
STAGES = [
    "demo@demo", "ingest@demo", "embed@demo", "dedupe", "outliers", "split", "data_report", "train", "calibrate",
    "evaluate", "explain", "model_report",
]  # fmt: skip
SMALLER = {
    r"cells: \d+": "cells: 240",
    r"frozen_epochs: \d+": "frozen_epochs: 5",
    r"finetune_epochs: \d+": "finetune_epochs: 1",
    r"finetune_blocks: \d+": "finetune_blocks: 1",
}


def run(project: Path, *command: str) -> str:
    """Standard output and error of a command of this environment, which must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Without what an import of `flows` in another test has set: Prefect's folder would be this checkout's.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "HEMAFLOW_"))}
    done = subprocess.run(
        command,
        cwd=project,
        env={**own, "PATH": path, "DVC_NO_ANALYTICS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def set_params(project: Path, changes: dict[str, str]) -> None:
    text = (project / "params.yaml").read_text()
    for pattern, replacement in changes.items():
        text, count = re.subn(rf"\b{pattern}", replacement, text, count=1)
        assert count == 1, pattern
    (project / "params.yaml").write_text(text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows of this project, with fewer cells and epochs, its pipeline run once by DVC."""
    copy = tmp_path_factory.mktemp("project")
    listed = run(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.strip("\0").split("\0"):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    run(copy, "git", "init", "-q")
    run(copy, "git", "add", "-A")
    run(copy, "git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", "Copy")
    set_params(copy, SMALLER)
    output = run(copy, "dvc", "repro")
    assert all(f"Running stage '{stage}'" in output for stage in STAGES)
    return copy


def clean(project: Path) -> pd.DataFrame:
    truth = pd.read_csv(project / "data/truth/demo.csv", keep_default_na=False)[["source", "kind"]]
    return pd.read_parquet(project / "data/clean/rows.parquet").merge(truth, on="source", how="outer", validate="1:1")


def test_every_delivered_file_is_in_the_cleaned_table(project: Path) -> None:
    files = [path for path in (project / "data/raw/demo").rglob("*") if path.is_file()]
    rows = clean(project)
    assert len(rows) == len(files)
    assert rows["kind"].notna().all()
    assert (rows["kept"] == (rows["drop_reason"] == "")).all()


def test_planted_dirt_is_gone_and_the_cells_stay(project: Path) -> None:
    rows = clean(project)
    kept = rows[rows["kept"]]
    assert set(kept["kind"]) <= {"cell", "exact", "near"}
    assert not kept["split_group"].duplicated().any()
    cells = rows[rows["kind"] == "cell"]
    assert (cells["drop_reason"] == "outlier").sum() <= 1
    assert kept["split_group"].nunique() >= cells["id"].nunique() - 3


def test_the_model_is_scored_on_the_test_rows(project: Path) -> None:
    figures = json.loads((project / "data/evaluation/scores/metrics.json").read_text())
    rows = clean(project)
    assert figures["rows"] == (rows["kept"] & (rows["split"] == "test")).sum()
    assert figures["accuracy"] > 0.4  # eight classes by chance: 0.2 for the largest
    assert (project / "data/evaluation/scores/confusion.png").stat().st_size > 5000


def test_the_page_s_commands_on_a_finished_run_work(project: Path) -> None:
    [look, export] = blocks(section("docs/data.md", "## What became of each image"))[0]
    assert re.search(r"dedupe +label-conflict +\d+", run(project, *shlex.split(look)))
    run(project, sys.executable, "-m", *shlex.split(export))
    with np.load(project / "cleaned.npz", allow_pickle=False) as exported:
        assert len(exported["images"]) == clean(project)["kept"].sum()


def test_dvc_then_finds_nothing_to_do(project: Path) -> None:
    assert "Data and pipelines are up to date" in run(project, "dvc", "repro")


def test_the_flow_after_dvc_finds_nothing_to_do(project: Path) -> None:
    assert "12 stages: 12 unchanged" in run(project, sys.executable, "-m", "hemaflow", "pipeline")


@pytest.mark.long
def test_a_setting_of_its_own_makes_an_experiment_and_the_workspace_stays(project: Path) -> None:
    files = [project / name for name in ("params.yaml", "dvc.lock", ".git/index", "data/model/model.json")]
    before = [file.read_bytes() for file in files]
    output = run(project, sys.executable, "-m", "hemaflow", "pipeline", "--set", "finetune_epochs=2")
    assert "12 stages: 7 unchanged, 5 ran" in output
    assert [file.read_bytes() for file in files] == before
    listed = run(project, sys.executable, "-m", "hemaflow", "experiments")
    assert "train.finetune_epochs=2" in listed
    assert "accuracy 0." in listed
    assert "finetune_epochs" in run(project, "dvc", "exp", "show", "--csv")


def test_a_changed_setting_runs_what_it_changes_and_no_more(project: Path) -> None:
    output = run(
        project,
        sys.executable,
        "-m",
        "hemaflow",
        "pipeline",
        "--keep",
        "--set",
        "on_conflict=keep_first",
        "--target",
        "split",
    )
    ran = set(re.findall(r"Running stage '([^']+)'", output))
    assert ran == {"dedupe", "outliers", "split"}
    assert "label-conflict" not in set(clean(project)["drop_reason"])
    status = run(project, "dvc", "status")
    assert "split:" not in status
    assert "train:" in status


def test_a_setting_put_back_is_restored_without_a_run(project: Path) -> None:
    set_params(project, {"on_conflict: keep_first": "on_conflict: drop_all"})
    output = run(project, "dvc", "repro")
    assert "Running stage" not in output
    assert "label-conflict" in set(clean(project)["drop_reason"])


def test_a_new_delivery_decodes_hashes_and_embeds_its_own_images_alone(project: Path) -> None:
    before = clean(project).set_index(["delivery", "source"])
    drawn = np.random.default_rng(0).integers(0, 256, (24, 6, 6, 3), np.uint8)
    new = project / "new"
    for index, small in enumerate(drawn):
        file = new / "ig" / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC).save(file)
    shutil.copy(new / "ig" / "0.png", new / "ig" / "copy.png")
    run(project, sys.executable, "-m", "hemaflow", "add", "new", "--name", "second")
    output = run(project, sys.executable, "-m", "hemaflow", "pipeline", "--target", "split")
    assert set(re.findall(r"Running stage '([^']+)'", output)) == {
        "ingest@second", "embed@second", "dedupe", "outliers", "split"
    }  # fmt: skip
    assert re.findall(r"(\w+): (\d+) (?:files decoded|images embedded)", output) == [
        ("second", "25"),
        ("second", "24"),
    ]
    after = pd.read_parquet(project / "data/clean/rows.parquet").set_index(["delivery", "source"])
    assert len(after) == len(before) + 25
    assert (after.loc[before.index, "split"] == before["split"]).all()


def test_a_training_killed_in_mid_epoch_is_resumed_by_the_next_repro(project: Path) -> None:
    set_params(project, {"finetune_epochs: 1": "finetune_epochs: 3"})
    killed = subprocess.Popen(
        [Path(sys.executable).with_name("dvc"), "repro", "train"],
        cwd=project,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert any(line.startswith("finetune 2/3") for line in killed.stdout)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    (state,) = (project / "data/.state").glob("train-*")
    output = run(project, "dvc", "repro", "train")
    # The line of an epoch is printed before its state is written, so the kill may come in between.
    assert re.search(r"finetune: resumed after epoch [12] of 3", output), output
    assert "frozen 1/" not in output
    assert not state.exists()
    resumed = {file.name: file.read_bytes() for file in (project / "data/network").glob("model.*")}
    assert "frozen 1/" in run(project, "dvc", "repro", "--force", "--single-item", "train")
    assert {file.name: file.read_bytes() for file in (project / "data/network").glob("model.*")} == resumed
