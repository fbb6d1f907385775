"""A checkout with nothing of the data, and what it fetches before stages run."""

import hashlib
import shlex
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml

from operations.pipeline import needed, plan, trials
from operations.pipeline.needed import Lack
from operations.project import dvc_file, listing
from operations.project.stages import SINGLE
from operations.storage import remote
from tests.support import crowning, recording

IDENTITY = {f"GIT_{role}_{what}": "t@t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ALL = ("own", "demo")
CHAMPION = "data/champions/1-d60f131c"
"""Its number, and the hash of its content."""


def run(root: Path, *words: str) -> str:
    return subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout


def add(root: Path, name: str) -> None:
    (root / f"data/raw/{name}/ig").mkdir(parents=True)
    (root / f"data/raw/{name}/ig/0").write_text(name)
    dvc_file.add(root, name)
    recording.nothing(root / f"data/deliveries/{name}.yaml")
    listing.append(root, name)


@pytest.fixture(scope="module")
def made(made_toy: Path, tmp_path_factory, environment) -> Path:
    """A folder with the project, up to date and committed, its remote, and `worker`, a clone without any data."""
    world = tmp_path_factory.mktemp("made")
    root = Path(shutil.copytree(made_toy, world / "project", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, **IDENTITY}.items():
            patch.setenv(name, value)
        add(root, "own")
        run(root, "dvc", "repro", "-q")
        run(root, "dvc", "repro", "-q", "studies/dvc.yaml:ablation@one")
        champion(root)
        (world / "store").mkdir()
        run(root, "dvc", "remote", "add", "-d", "storage", "../store")
        run(root, "dvc", "push", "-q")
        run(root, "git", "add", "-A")
        run(root, "git", "commit", "-qm", "All of it")
        run(world, "git", "clone", "-q", str(root), "worker")
    return world


@pytest.fixture
def worker(made: Path, tmp_path: Path, environment, monkeypatch) -> Path:
    for name, value in {**environment, **IDENTITY}.items():
        monkeypatch.setenv(name, value)
    return Path(shutil.copytree(made, tmp_path / "world", symlinks=True)) / "worker"


def champion(root: Path) -> None:
    """One as a promotion leaves it, by hand."""
    folder = crowning.versioned(root, "champion/1", "a model")
    assert folder == root / CHAMPION


def parts(*states: str, of: tuple[str, ...] = ALL) -> tuple[str, ...]:
    return tuple(sorted(f"data/{state}/{name}" for state in states for name in of))


def edit(file: str, old: str, new: str):
    def does(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))

    return does


def lock_of_other_features(root: Path) -> None:
    """As though somebody had committed a new `embed` and had not run `dedupe`, which reads the folder that it is in."""
    lock = yaml.safe_load((root / "dvc.lock").read_text())
    own, other = (lock["stages"][f"embed@{name}"]["outs"][0] for name in ALL)
    own["md5"] = other["md5"]
    (root / "dvc.lock").write_text(yaml.safe_dump(lock))


JUDGED = ["data/model", "data/evaluation/scores"]
PLACES = [*JUDGED, CHAMPION, "data/clean", *parts("ingested", "raw")]
LONG = pytest.mark.long


@pytest.mark.parametrize(
    ("change", "target", "expected"),
    [
        pytest.param(lambda root: None, "model_report", (), id="nothing to do"),
        pytest.param(
            edit("params.yaml", "seed: 1", "seed: 2"), "model_report", ("data/clean", *parts("ingested")), id="train"
        ),
        pytest.param(edit("params.yaml", "seed: 1", "seed: 2"), "split", (), id="beyond the target"),
        pytest.param(
            edit("params.yaml", "drop_all", "keep_first"),
            "model_report",
            parts("embedded", "ingested"),
            id="dedupe's setting",
        ),
        pytest.param(lambda root: add(root, "new"), "model_report", parts("embedded", "ingested"), id="a new delivery"),
        pytest.param(lambda root: add(root, "new"), "ingest", (), id="its own stage alone"),
        pytest.param(
            edit("params.yaml", "ingest:", "ingest:\n  more: 1"), "model_report", parts("raw"), id="ingest's setting"
        ),
        pytest.param(
            lock_of_other_features, "model_report", parts("embedded", "ingested"), id="a lock that is half new"
        ),
    ],
)
def test_a_worker_lacks_what_the_stages_read_that_run(worker: Path, change, target, expected):
    change(worker)
    assert needed.lacking(worker, target) == Lack(tuple(sorted(expected)), ())


@pytest.mark.long
def test_a_new_delivery_costs_a_worker_its_own_stages_and_no_old_images(worker: Path):
    add(worker, "new")
    expected = parts("embedded", "ingested")
    assert needed.pull_needed(worker) == f"brought here: {', '.join(expected)}"
    assert needed.pull_needed(worker) == "nothing had to be brought here"
    ran = []
    for stage in ("ingest@new", "embed@new", "dedupe", "outliers", "split", "train", "calibrate"):
        said = run(worker, "dvc", "repro", "--single-item", "--pull", stage)
        ran += [stage] if f"Running stage '{stage}'" in said else []
    assert ran == ["ingest@new", "embed@new", "dedupe", "outliers", "split", "train", "calibrate"]
    assert not any((worker / f"data/raw/{name}").exists() for name in ALL)
    images = (worker.parent / "project/data/raw/own/ig/0").read_bytes()
    cached = [file for file in (worker / ".dvc/cache/files").rglob("*") if file.is_file()]
    assert not any(file.read_bytes() == images for file in cached)
    assert needed.lacking(worker, "calibrate") == Lack((), ())
    remote.push(worker)
    assert remote.not_backed_up(worker) == []


@pytest.mark.long
def test_a_stage_that_turns_out_unchanged_is_fetched_and_not_run_again(worker: Path):
    edit("dvc.yaml", "toy.py split", "toy.py  split")(worker)
    needed.pull_needed(worker)
    assert "Running stage 'split'" in run(worker, "dvc", "repro", "--single-item", "--pull", "split")
    assert "Running stage" not in run(worker, "dvc", "repro", "--single-item", "--pull", "train")
    assert (worker / "data/network/made.txt").exists()


def test_what_lies_in_the_cache_is_put_in_its_place_without_the_remote(worker: Path):
    project = worker.parent / "project"
    shutil.rmtree(project / "data/clean")
    assert needed.lacking(project) == Lack((), ("data/clean",))
    assert needed.lacking(project, "outliers") == Lack((), ())
    (worker.parent / "store").rename(worker.parent / "away")
    assert needed.pull_needed(project) == "brought here: data/clean"
    assert (project / "data/clean/made.txt").exists()


def test_what_was_edited_is_no_mere_absence(worker: Path):
    project = worker.parent / "project"
    (project / "data/clean/made.txt").chmod(0o644)
    (project / "data/clean/made.txt").write_text("edited")
    shutil.rmtree(project / "data/network")
    shutil.rmtree(project / ".dvc/cache/files")
    lack = needed.lacking(project)
    assert "data/network" not in lack.elsewhere  # train runs anyway, by what is edited
    assert lack.elsewhere == ()


def forget(world: Path, *places: str) -> None:
    """Have neither the cache nor the remote the contents of these outputs, which are in the project's place."""
    for file in (file for place in places for file in (world / "project" / place).rglob("*") if file.is_file()):
        digest = hashlib.md5(file.read_bytes()).hexdigest()
        for copy in world.rglob(f"files/md5/{digest[:2]}/{digest[2:]}"):
            copy.unlink()
    for entry in yaml.safe_load((world / "project/dvc.lock").read_text())["stages"].values():
        for out in entry["outs"]:
            if out["path"] in places:
                for copy in world.rglob(f"files/md5/{out['md5'][:2]}/{out['md5'][2:]}"):
                    copy.unlink()


def test_outputs_of_studies_and_the_champion_are_nothing_that_a_run_lacks(worker: Path):
    remote.pull(worker)
    for place in ("studies/results", CHAMPION):
        forget(worker.parent, place)
        shutil.rmtree(worker / place)
    todo = plan.plan(worker)
    assert (todo.stale, todo.lean) == (set(), False)
    edit("params.yaml", "seed: 1", "seed: 2")(worker)
    assert needed.lacking(worker) == Lack((), ())


def test_what_is_nowhere_has_to_be_made_again(worker: Path):
    world = worker.parent
    assert plan.plan(worker).stale == set()
    forget(world, "data/curation")
    assert plan.plan(worker).stale == {"data_report"}
    assert needed.lacking(worker) == Lack(("data/clean", "data/deduped", *parts("ingested")), ())
    shutil.rmtree(world / "store/files")
    todo = plan.plan(worker, "split")
    assert todo.stale == {f"{s}@{n}" for s, n in product(["ingest", "embed"], ALL)} | {"demo@demo", *SINGLE[:3]}
    assert needed.lacking(worker, "split") == Lack(("data/raw/own",), ())


def test_a_remote_that_cannot_be_asked_has_lost_nothing(worker: Path):
    (worker.parent / "store").rename(worker.parent / "away")
    assert not plan.plan(worker).stale & {"demo@demo", "ingest@demo", "embed@own"}
    with pytest.raises(OSError, match="store is not there: is it mounted?"):
        needed.pull_needed(worker)


def test_a_study_reads_what_the_remote_has(worker: Path):
    brought = f"brought here: {', '.join(['data/clean', *parts('ingested')])}"
    assert needed.pull_read(worker, trials.FILE, "ablation") == brought
    assert needed.pull_read(worker, trials.FILE, "ablation") == "nothing had to be brought here"
    assert not (worker / "data/embedded/own").exists()


def test_without_a_remote_nothing_is_brought(worker: Path):
    (worker / ".dvc/config").write_text("")
    add(worker, "new")
    assert needed.pull_needed(worker) == "nothing had to be brought here"


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        pytest.param("review demo/trials.txt#1 drop --why blur", ["data/clean"], id="review"),
        pytest.param("preview --out x", ["data/clean", *parts("ingested")], id="preview", marks=LONG),
        pytest.param("predict data/raw -o x", [CHAMPION], id="predict", marks=LONG),
        pytest.param("lineage", [CHAMPION, "data/clean"], id="lineage", marks=LONG),
        pytest.param("export model x --format onnx", ["data/model"], id="export", marks=LONG),
        pytest.param("promote --why no", [*JUDGED, "data/clean", *parts("ingested")], id="promote", marks=LONG),
    ],
)
def test_a_verb_brings_what_it_reads(worker: Path, verb, expected):
    done = subprocess.run(
        [sys.executable, "-m", "hemaflow", *shlex.split(verb)], cwd=worker, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    assert {path for path in PLACES if (worker / path).exists()} == set(expected), done.stderr


@pytest.mark.long
def test_a_worker_s_pipeline(worker: Path, api, monkeypatch):
    from flows.pipeline import pipeline

    def outcomes() -> dict[str, str]:
        return {each.stage: str(each.outcome) for each in pipeline()}

    monkeypatch.chdir(worker)
    assert set(outcomes().values()) == {"unchanged"}
    assert not (worker / "data/clean").exists()
    edit("dvc.yaml", "toy.py split", "toy.py  split")(worker)
    found = outcomes()
    assert (found["outliers"], found["split"], found["train"], found["model_report"]) == (
        "unchanged",
        "ran",
        "restored",
        "restored",
    )
    add(worker, "new")
    old = {f"{stage}@{name}" for stage in ("ingest", "embed") for name in ALL} | {"demo@demo"}
    assert {stage for stage, outcome in outcomes().items() if outcome != "ran"} == old
    assert not any((worker / f"data/raw/{name}").exists() for name in ALL)


@pytest.mark.long
def test_a_study_in_a_worker(worker: Path, api, monkeypatch):
    from flows.study import study

    monkeypatch.chdir(worker)
    assert study("ablation") == {"one": "restored", "two": "ran", "three": "ran"}
    assert (worker / "studies/results/ablation/one.json").exists()
    assert study("ablation", trials=["two"]) == {"two": "unchanged"}
    remote.push(worker)
    assert remote.not_backed_up(worker) == []
