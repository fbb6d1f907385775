import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import yaml

from operations.pipeline import plan
from operations.project.stages import SINGLE, STAGES

BELOW = {
    "demo@demo": {"demo@demo", "ingest@demo", "embed@demo", *SINGLE},
    "embed@demo": {"embed@demo", *SINGLE[1:]},
    "dedupe": set(SINGLE),
    "split": set(SINGLE[2:]),
    "train": set(SINGLE[4:]),
}
EVERYTHING = BELOW["demo@demo"]
B = "echo '- \"b\"' | sed -i '/^deliveries/r /dev/stdin' data/deliveries.yaml; mkdir data/raw/b; echo b > data/raw/b/b;"
B += " touch data/deliveries/b.yaml;"
OUTSIDE = "echo 'external: [\"x\"]' > data/external.yaml; mkdir data/raw/x; echo x > data/raw/x/x; "
OUTSIDE += "touch data/deliveries/x.yaml"
Made = Callable[..., Path]
TAKEN_IN = B + "dvc add -q data/raw/b; dvc repro -q; chmod -R u+w data/raw/b;"


@pytest.fixture(scope="module")
def made_after(made_toy: Path, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Made:
    """A toy with studies of its own, in which commands have run, which takes seconds; copy it, do not write to it."""

    @cache
    def made(commands: str, studies: str = "") -> Path:
        root = Path(shutil.copytree(made_toy, tmp_path_factory.mktemp("after") / "toy", symlinks=True))
        if studies:
            (root / "studies/dvc.yaml").write_text(studies)
        subprocess.run(commands, shell=True, cwd=root, env=environment, check=True)
        return root

    return made


@pytest.fixture
def toy_after(made_after: Made, tmp_path: Path) -> Made:
    """One's own copy of it."""
    return lambda *what: Path(shutil.copytree(made_after(*what), tmp_path / "after", symlinks=True))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param("true", set(), id="nothing"),
        pytest.param("echo '# hello' >> params.yaml", set(), id="a comment in params.yaml"),
        pytest.param("sed -i s/drop_all/keep_first/ params.yaml", BELOW["dedupe"], id="a setting"),
        pytest.param("sed -i 's/toy.py split/toy.py  split/' dvc.yaml", BELOW["split"], id="a command"),
        pytest.param("echo >> toy.py", EVERYTHING, id="code"),
        pytest.param("echo x >> data/clean/made.txt", BELOW["split"], id="an output that was edited"),
        pytest.param("echo x >> data/clean/more.txt", BELOW["split"], id="an output that was added to"),
        pytest.param("rm -r data/clean", BELOW["split"], id="an output that was removed"),
        pytest.param("rm data/evaluation/model_report.html", {"model_report"}, id="the last output removed"),
        pytest.param("rm dvc.lock", EVERYTHING, id="nothing ever ran"),
        pytest.param("rm -r .dvc/cache", EVERYTHING, id="an empty cache"),
        pytest.param(B, {"ingest@b", "embed@b"} | BELOW["dedupe"], id="a new delivery"),
        pytest.param(OUTSIDE, {"external@x", "evaluate", "explain", "model_report"}, id="a new external delivery"),
        pytest.param("echo x > data/x; dvc add -q data/x; rm data/x", set(), id="a .dvc file that nothing reads"),
    ],
)
def test_stale(toy: Path, environment: dict[str, str], change: str, expected: set[str]) -> None:
    subprocess.run(change, shell=True, cwd=toy, env=environment, check=True)
    assert plan.stale(toy) == expected


@pytest.mark.parametrize("change", ["echo x >> data/raw/b/b", "rm -r data/raw/b"], ids=["edited", "removed"])
def test_a_delivery_that_was_changed_by_hand_is_an_error(toy_after: Made, change: str) -> None:
    toy = toy_after(TAKEN_IN)
    assert plan.stale(toy) == set()
    subprocess.run(change, shell=True, cwd=toy, check=True)
    with pytest.raises(ValueError, match=r"data/raw/b is not as it was delivered: `dvc checkout data/raw/b.dvc`"):
        plan.plan(toy)


def test_a_delivery_without_a_record_is_an_error_that_names_the_way_out(toy: Path) -> None:
    (toy / "data/deliveries/demo.yaml").unlink()
    with pytest.raises(ValueError, match=r"no record of 'demo' in data/deliveries: .*`hemaflow migrate`"):
        plan.plan(toy)


def test_an_edited_record_makes_the_delivery_stale(toy: Path) -> None:
    (toy / "data/deliveries/demo.yaml").write_text("crop: 100\n")
    assert plan.stale(toy) == BELOW["demo@demo"] - {"demo@demo"}


def test_a_broken_dvc_yaml_is_an_error(toy: Path) -> None:
    (toy / "dvc.yaml").write_text("stages: [")
    with pytest.raises(ValueError, match=r"^dvc: .*dvc\.yaml"):
        plan.plan(toy)


STUDIES = """
stages:
  ablation:
    matrix: {cell: [one, two]}
    wdir: ..
    cmd: cp data/clean/made.txt studies/${item.cell}.txt
    deps: [data/clean, data/raw/x]
    outs: ['studies/${item.cell}.txt']
"""
STUDIED = "echo x > data/raw/x; dvc add -q data/raw/x; dvc repro -q studies/dvc.yaml:ablation;"


@pytest.mark.parametrize(
    ("before", "change", "expected", "cells"),
    [
        pytest.param("true", "true", set(), {"ablation@one", "ablation@two"}, id="cells that never ran"),
        pytest.param(STUDIED, "true", set(), set(), id="all ran"),
        pytest.param(STUDIED, "rm studies/one.txt", set(), {"ablation@one"}, id="a cell's output removed"),
        pytest.param(
            STUDIED, "echo y > data/raw/x", set(), {"ablation@one", "ablation@two"}, id="a .dvc of theirs alone"
        ),
        pytest.param(STUDIED, "echo >> toy.py", EVERYTHING, set(), id="code: cells compare with data as it is"),
        pytest.param(
            STUDIED, "echo x >> data/clean/made.txt", BELOW["split"], {"ablation@one", "ablation@two"}, id="their data"
        ),
    ],
)
def test_stages_of_another_dvc_yaml_are_no_stages_of_the_pipeline(
    toy_after: Made, before: str, change: str, expected: set[str], cells: set[str]
) -> None:
    toy = toy_after(before, STUDIES)
    subprocess.run(change, shell=True, cwd=toy, check=True)
    assert plan.stale(toy) == expected
    assert plan.stale_of(toy, Path("studies/dvc.yaml")) == cells


def test_target_bounds_what_is_wanted(toy: Path) -> None:
    todo = plan.plan(toy, "dedupe")
    wanted = [name for name in ("ingest@demo", "embed@demo", "dedupe", "outliers", "train") if todo.wants(name)]
    assert wanted == ["ingest@demo", "embed@demo", "dedupe"]


def test_records_are_those_of_dvc_lock(toy: Path) -> None:
    lock = yaml.safe_load((toy / "dvc.lock").read_text())["stages"]
    found = plan.records(toy)
    assert set(found) == EVERYTHING
    assert found["split"] == plan.Record("data/clean", lock["split"]["outs"][0]["md5"])


def test_no_records_before_the_first_run(tmp_path: Path) -> None:
    assert plan.records(tmp_path) == {}


def test_status_says_what_is_wrong(toy: Path) -> None:
    subprocess.run("rm -r data/clean; sed -i s/drop_all/keep_first/ params.yaml", shell=True, cwd=toy, check=True)
    todo = plan.plan(toy, "split")
    assert todo.stale == {"dedupe", "outliers", "split"}
    assert todo.status["dedupe"] == [{"changed deps": {"params.yaml": {"dedupe": "modified"}}}]
    assert {"changed outs": {"data/clean": "deleted"}} in todo.status["split"]
    assert todo.status["outliers"] == []
    assert todo.entries["split"]["cmd"].startswith("python toy.py split ")


WHOLE = """\
schema: '2.0'
stages:
  first:
    cmd: a
    outs:
    - path: a
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 3
      nfiles: 1
  second:
    cmd: b
"""


def test_an_entry_that_dvc_is_writing_counts_once_its_hash_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "WRITE_SECONDS", -1.0)
    found = {}
    for length in range(len(WHOLE) + 1):
        (tmp_path / "dvc.lock").write_text(WHOLE[:length])
        with suppress(ValueError):
            found[length] = plan.written(tmp_path, "first")["outs"][0]["md5"]
    assert set(found.values()) == {"0123456789abcdef0123456789abcdef.dir"}
    assert min(found) > WHOLE.index("size:")
    assert max(found) == len(WHOLE)


def test_an_entry_comes_once_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(WHOLE[:60])
    timer = threading.Timer(0.3, (tmp_path / "dvc.lock").write_text, [WHOLE])
    timer.start()
    assert plan.written(tmp_path, "first")["cmd"] == "a"
    timer.join()


def test_an_entry_that_never_comes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "WRITE_SECONDS", 0.1)
    (tmp_path / "dvc.lock").write_text(WHOLE)
    with pytest.raises(ValueError, match=r"^dvc.lock: expected a whole entry of second, "):
        plan.written(tmp_path, "second")


def test_names_of_the_stages_are_the_keys_of_dvc_yaml() -> None:
    project = Path(__file__).parents[3]
    assert tuple(yaml.safe_load((project / "dvc.yaml").read_text())["stages"]) == STAGES
