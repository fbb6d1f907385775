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
from typing import Any

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
    r"finetune_epochs: \d+": "finetune_epochs: 3",
    r"finetune_blocks: \d+": "finetune_blocks: 1",
    r"recipe: \w+": "recipe: base",
}


def start(project: Path, *command: str, **more: str) -> "subprocess.Popen[str]":
    """A command of this environment, at the head of a process group, its errors among its output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Without what an import of `flows` in another test has set: Prefect's folder would be this checkout's.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "HEMAFLOW_"))}
    return subprocess.Popen(
        command,
        cwd=project,
        env={**own, "PATH": path, "DVC_NO_ANALYTICS": "1", **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(project: Path, *command: str, **more: str) -> str:
    """Its whole output; it must succeed."""
    started = start(project, *command, **more)
    output, _ = started.communicate()
    assert started.returncode == 0, output
    return output


def killed_at(started: "subprocess.Popen[str]", beginning: str) -> str:
    """What it printed until such a line, at which its group is killed."""
    assert started.stdout is not None
    lines = []
    for line in started.stdout:
        lines.append(line)
        if line.startswith(beginning):
            break
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
    assert lines[-1].startswith(beginning), "".join(lines)
    return "".join(lines)


def ran(output: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", output))


def set_params(project: Path, changes: dict[str, str]) -> None:
    text = (project / "params.yaml").read_text()
    for pattern, replacement in changes.items():
        text, count = re.subn(rf"\b{pattern}", replacement, text, count=1)
        assert count == 1, pattern
    (project / "params.yaml").write_text(text)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A copy of what git knows of this project, with fewer cells and epochs, and its pipeline run once by DVC.

    The run is killed in training, and DVC is called again: with the project comes what either said.
    """
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
    killed = killed_at(start(copy, "dvc", "repro"), "finetune 2/3")
    assert len(list((copy / "data/.state").glob("train-*"))) == 1
    return copy, killed, run(copy, "dvc", "repro")


@pytest.fixture
def project(made: tuple[Path, str, str]) -> Path:
    return made[0]


@pytest.fixture
def reporting(prefect: Any) -> dict[str, str]:
    """Variables with which flows report to a server that runs already."""
    return {"PREFECT_API_URL": prefect.api, "PREFECT_HOME": str(prefect.home)}


def test_dvc_runs_every_stage_and_resumes_a_training_that_was_killed(made: tuple[Path, str, str]) -> None:
    project, killed, resumed = made
    assert ran(killed) | ran(resumed) == set(STAGES)
    assert ran(killed) & ran(resumed) == {"train"}
    # The line of an epoch is printed before its state is written, so the kill may come in between.
    assert re.search(r"finetune: resumed after epoch [12] of 3", resumed), resumed
    assert "frozen 1/" not in resumed
    assert list((project / "data/.state").glob("train-*")) == []


@pytest.mark.long
def test_a_resumed_training_gives_the_bytes_of_one_that_ran_through(project: Path) -> None:
    resumed = {file.name: file.read_bytes() for file in (project / "data/network").glob("model.*")}
    assert "frozen 1/" in run(project, "dvc", "repro", "--force", "--single-item", "train")
    assert {file.name: file.read_bytes() for file in (project / "data/network").glob("model.*")} == resumed


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


def test_the_flow_after_dvc_finds_nothing_to_do(project: Path, reporting: dict[str, str]) -> None:
    assert "12 stages: 12 unchanged" in run(project, sys.executable, "-m", "hemaflow", "pipeline", **reporting)


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


def test_a_changed_setting_runs_what_it_changes_and_no_more(project: Path, reporting: dict[str, str]) -> None:
    words = ["pipeline", "--keep", "--set", "on_conflict=keep_first", "--target", "split"]
    output = run(project, sys.executable, "-m", "hemaflow", *words, **reporting)
    assert ran(output) == {"dedupe", "outliers", "split"}
    assert "label-conflict" not in set(clean(project)["drop_reason"])
    status = run(project, "dvc", "status")
    assert "split:" not in status
    assert "train:" in status


def test_a_setting_put_back_is_restored_without_a_run(project: Path) -> None:
    set_params(project, {"on_conflict: keep_first": "on_conflict: drop_all"})
    output = run(project, "dvc", "repro")
    assert "Running stage" not in output
    assert "label-conflict" in set(clean(project)["drop_reason"])


def test_a_new_delivery_decodes_hashes_and_embeds_its_own_images_alone(
    project: Path, reporting: dict[str, str]
) -> None:
    before = clean(project).set_index(["delivery", "source"])
    drawn = np.random.default_rng(0).integers(0, 256, (24, 6, 6, 3), np.uint8)
    new = project / "new"
    for index, small in enumerate(drawn):
        file = new / "ig" / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC).save(file)
    shutil.copy(new / "ig" / "0.png", new / "ig" / "copy.png")
    run(project, sys.executable, "-m", "hemaflow", "add", "new", "--name", "second")
    output = run(project, sys.executable, "-m", "hemaflow", "pipeline", "--target", "split", **reporting)
    assert ran(output) == {"ingest@second", "embed@second", "dedupe", "outliers", "split"}
    assert re.findall(r"(\w+): (\d+) (?:files decoded|images embedded)", output) == [
        ("second", "25"),
        ("second", "24"),
    ]
    after = pd.read_parquet(project / "data/clean/rows.parquet").set_index(["delivery", "source"])
    assert len(after) == len(before) + 25
    assert (after.loc[before.index, "split"] == before["split"]).all()
