import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from operations.history import provenance, training_rows
from operations.history.provenance import recording
from operations.registry import champion, champion_data, switch
from operations.registry.lineage import lineage
from tasks import splits
from tests.support import crowning

MODEL = Path("data/model")
HERE = Path(__file__).parents[3]
WHO = "git -c user.name=a -c user.email=a@b "


@pytest.fixture(scope="module")
def made(made_toy: Path, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], api: None) -> Path:
    """A toy that is committed, and in which a flow has trained with other settings; copy it, do not write to it."""
    from flows.pipeline import pipeline
    from operations.settings.settings_form import parse

    root = Path(shutil.copytree(made_toy, tmp_path_factory.mktemp("made") / "toy", symlinks=True))
    subprocess.run(f"git add . && {WHO}commit -qm x", shell=True, cwd=root, env=environment, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        pipeline("calibrate", parse(["batch=16"]), keep=True)
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """One's own copy."""
    return Path(shutil.copytree(made, tmp_path / "toy", symlinks=True))


def _digest(folder: Path) -> str:
    return str(json.loads((folder / "model.json").read_text())["digest"])


def _line(text: str, beginning: str) -> str:
    [found] = [line for line in text.splitlines() if line.startswith(beginning)]
    return found


def test_of_a_model_that_a_flow_made(made: Path, environment: dict[str, str]) -> None:
    text = lineage(made, MODEL)
    run = provenance.runs(made)[-1]
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=made, env=environment, text=True, capture_output=True
    ).stdout
    described = json.loads((made / MODEL / "model.json").read_text())
    assert text.splitlines()[0] == f"data/model: model {described['digest'][:12]}"
    assert f"Made by pipeline {run}, completed" in text
    assert _line(text, "  commit ").startswith(f"  commit      {head[:12]}")
    assert "train.seed = 1" in _line(text, "  seeds ")
    assert _line(text, "  train ").endswith(": train.batch: 32 -> 16")
    assert _line(text, "  calibrate ").endswith(": data/network changed")
    dataset = described["provenance"]["dataset"]
    assert f"Dataset {dataset[:12]}; data/clean here is that dataset" in text


def test_its_rows(made: Path, tmp_path: Path) -> None:
    """By delivery, split and class, and one a line in the CSV."""
    text = lineage(made, MODEL, tmp_path / "rows.csv")
    rows = pd.read_parquet(made / "data/clean/rows.parquet")
    learnt = rows[rows["kept"] & rows["split"].isin(["train", "val"])]
    taught, chose = ((learnt["split"] == split).sum() for split in ("train", "val"))
    assert _line(text, "  demo ").split() == ["demo", "2", str(taught), str(chose), _md5(made)]
    for name, of_class in learnt.groupby("label"):
        counts = [str((of_class["split"] == split).sum()) for split in ("train", "val")]
        assert _line(text, f"  {name} ").split() == [name, *counts]
    assert f"\n{len(learnt)} images seen: all are found here.\n" in text
    assert text.endswith(f"{len(learnt)} rows -> {tmp_path / 'rows.csv'}")
    expected = learnt.rename(columns={"label": "class"})[["id", "delivery", "source", "class", "split"]]
    written = pd.read_csv(tmp_path / "rows.csv")
    pd.testing.assert_frame_equal(
        written, expected.sort_values("id", ignore_index=True), check_dtype=False, check_exact=True
    )


def _md5(root: Path) -> str:
    return str(provenance.read(root)["deliveries"][0]["md5"])[:12]


def test_of_a_network_and_of_a_copy_elsewhere(project: Path, tmp_path: Path) -> None:
    run = provenance.runs(project)[-1]
    assert f"Made by pipeline {run}" in lineage(project, Path("data/network"))
    shutil.copytree(project / MODEL, tmp_path / "copy")
    shutil.rmtree(project / MODEL)
    assert lineage(project, tmp_path / "copy").splitlines()[0].startswith(f"{tmp_path / 'copy'}: model ")
    assert f"Made by pipeline {run}" in lineage(project, tmp_path / "copy")


def test_of_a_model_that_no_run_made(made_toy: Path) -> None:
    text = lineage(made_toy, MODEL)
    assert "No run on record in data/runs made it" in text
    assert _line(text, "  demo ").split()[1::3] == ["unknown", "unknown"]
    assert "all are found here" in text


def test_the_run_that_made_it_comes_before_those_that_found_it(project: Path) -> None:
    """Of several runs with the same model; and its network may come from an earlier one."""
    digest, before = _digest(project / MODEL), provenance.runs(project)
    shutil.rmtree(project / provenance.FOLDER)
    for flow, train, calibrate in (
        ("first", "ran", ("ran", "another model")),
        ("second", "unchanged", ("restored", digest)),
        ("third", "unchanged", ("ran", digest)),
        ("fourth", "unchanged", ("unchanged", digest)),
    ):
        with recording(project, flow) as recorder:
            recorder.stage("train", train, [], 1, output={"path": "data/network", "md5": "aa.dir"}, model="a network")
            recorder.note(commit=flow * 3, decision={"sentence": f"Promoted by {flow}"})
            recorder.stage("calibrate", calibrate[0], [], 1, output={"md5": "bb.dir"}, model=calibrate[1])
    text = lineage(project, MODEL)
    known = provenance.runs(project)
    assert len(before) == 1
    assert f"Made by third {known[2]}, completed" in text
    assert f"Its network was trained by first {known[0]}, completed" in text
    assert "  committed   thirdthirdthird\n  gate        Promoted by third\n" in text


def _champion(project: Path) -> Path:
    """The model as a promotion leaves it, with its run's record from before the run's end."""
    run = provenance.read(project)
    folder = crowning.named(project, _digest(project / MODEL), run=run["id"])
    shutil.copytree(project / MODEL, folder, dirs_exist_ok=True)
    (folder / "provenance.json").write_text(json.dumps({**run, "end": None, "outcome": "running"}))
    return folder


def test_of_a_champion(project: Path) -> None:
    _champion(project)
    run = provenance.runs(project)[-1]
    text = lineage(project)
    assert _line(text, "  champion ") == "  champion    champion/1 since 2024-11-25T02:00:00Z, by Ada: better"
    assert f"Made by pipeline {run}, completed" in text
    shutil.rmtree(project / provenance.FOLDER)
    text = lineage(project)
    assert f"Made by pipeline {run}, running" in text
    assert _line(text, "  demo ").split()[1] == "2"


def test_a_champion_that_a_person_promoted_is_of_the_same_run_in_both_answers(project: Path) -> None:
    """As promotions of before left it, that named no run."""
    (_champion(project) / "provenance.json").unlink()
    crowning.named(project, _digest(project / MODEL))
    run = provenance.runs(project)[-1]
    assert f"Made by pipeline {run}, completed" in lineage(project)
    assert f", run {run}, the first" in champion.describe(project)


def test_of_a_champion_by_its_tag(project: Path, environment: dict[str, str]) -> None:
    folder = _champion(project)
    expected = lineage(project).partition("\n")[2]
    with switch.building(project) as place:
        folder.rename(place / "champion")
        text = champion_data.add(project, json.loads((place / "champion/champion.json").read_text()))
    (project / champion.POINTER).write_text(text)
    commands = f"git add {champion.POINTER}; {WHO}commit -qm x; git tag champion/1"
    subprocess.run(commands, shell=True, cwd=project, env=environment, check=True)
    subprocess.run(["rm", "-rf", "data/champions", "data/champion.dvc"], cwd=project, check=True)
    text = lineage(project, Path("champion/1"))
    assert text.partition("\n")[0] == f"champion/1: model {_digest(project / MODEL)[:12]}"
    assert text.partition("\n")[2] == expected
    with pytest.raises(ValueError, match=r"^no champion 'champion/2', expected one of champion/1$"):
        lineage(project, Path("champion/2"))
    shutil.rmtree(project / ".dvc/cache")
    with pytest.raises(ValueError, match=r"^champion/1 is neither in DVC's cache nor in a remote: "):
        lineage(project, Path("champion/1"))
    assert list((project / "data/.state").glob("tmp*")) == []


def test_with_another_dataset_here(project: Path, tmp_path: Path) -> None:
    """Rows that are gone from the cleaned set are looked for among the ingested ones; the rest is counted."""
    file = project / "data/clean/rows.parquet"
    rows = pd.read_parquet(file)
    seen_before = rows[rows["kept"] & (rows["split"] == "train")]
    gone, ingested = seen_before["id"].iloc[:3].tolist(), seen_before.iloc[:1]
    file.unlink()
    rows[~rows["id"].isin(gone)].to_parquet(file)
    (project / "data/ingested/demo").mkdir(exist_ok=True)
    ingested.assign(label="platelet")[["delivery", "source", "id", "label"]].to_parquet(
        project / "data/ingested/demo/rows.parquet"
    )
    text = lineage(project, MODEL, tmp_path / "rows.csv")
    assert "; data/clean here is another, " in text
    assert " images seen: 2 are in no table here; their classes and splits are those of the tables here" in text
    written = pd.read_csv(tmp_path / "rows.csv", dtype=str, keep_default_na=False).set_index("id")
    assert written.loc[gone[0]].tolist() == ["demo", ingested["source"].iloc[0], "platelet", ""]
    assert written.loc[gone[1]].tolist() == written.loc[gone[2]].tolist() == [""] * 4
    assert (written["delivery"] != "").sum() == len(written) - 2


def test_without_any_table(project: Path) -> None:
    shutil.rmtree(project / "data/clean")
    text = lineage(project, MODEL)
    assert "data/clean here does not exist" in text
    ids = (project / MODEL / "training_ids.txt").read_text().split()
    assert f"{len(ids)} images seen: {len(ids)} are in no table here" in text


def test_a_model_that_counts_other_rows_than_the_tables_says_so(project: Path) -> None:
    described = json.loads((project / MODEL / "model.json").read_text())
    described["provenance"]["rows"]["val"] += 1
    (project / MODEL / "model.json").unlink()
    (project / MODEL / "model.json").write_text(json.dumps(described))
    assert "; but the model counts {'train': " in lineage(project, MODEL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param("rm data/model/model.json", "no model in .*data/model: model.json is missing", id="no model"),
        pytest.param("rm -r data/model", "no model in .*data/model: model.json is missing", id="no folder"),
        pytest.param(
            "rm data/model/training_ids.txt", "training_ids.txt is missing: expected a file of", id="a file is missing"
        ),
        pytest.param(
            "rm data/model/training_ids.txt; echo x > data/model/training_ids.txt",
            "training_ids.txt: expected [0-9]+ bytes",
            id="an edited file",
        ),
        pytest.param(
            "rm data/model/model.json; echo > data/model/model.json", "expected the JSON of a model", id="no JSON"
        ),
    ],
)
def test_of_no_whole_model(project: Path, change: str, message: str) -> None:
    subprocess.run(change, shell=True, cwd=project, check=True)
    with pytest.raises((ValueError, OSError), match=message):
        lineage(project, MODEL)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("rows.txt", "expected the path of a CSV", id="another ending"),
        pytest.param("nonesuch/rows.csv", "no such folder to write rows.csv into", id="no folder"),
        pytest.param("notes.csv", "exists and is no table of rows", id="somebody's table"),
        pytest.param("folder.csv", "exists and is no table of rows", id="a folder"),
    ],
)
def test_where_rows_may_not_go(made: Path, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises((ValueError, OSError), match=message):
        lineage(made, MODEL, tmp_path / name)
    assert (tmp_path / "notes.csv").read_text() == "a,b\n"


def test_rows_replace_such_a_table(made: Path, tmp_path: Path) -> None:
    lineage(made, MODEL, tmp_path / "rows.csv")
    before = (tmp_path / "rows.csv").read_bytes()
    (tmp_path / "rows.csv").write_bytes(before[:100])
    lineage(made, MODEL, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_bytes() == before


def test_of_copies_the_kept_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/deliveries.yaml").write_text("deliveries: []\n")
    rows = pd.DataFrame({"delivery": ["a", "b", "a", "b"], "source": ["1", "2", "3", "4"], "id": ["x", "x", "y", "y"]})
    rows = rows.assign(label="ig", split="train", kept=[False, True, False, False])
    found = training_rows.of(tmp_path, {"x", "y"}, rows)
    assert found.to_dict("list") == {
        "id": ["x", "y"], "delivery": ["b", "a"], "source": ["2", "3"], "class": ["ig"] * 2, "split": ["train"] * 2,
    }  # fmt: skip


def test_the_dataset_s_digest_is_the_one_that_a_training_notes(tmp_path: Path) -> None:
    from tasks import params
    from tasks.train.provenance import facts
    from tasks.train.settings import Train

    rows = pd.DataFrame({"delivery": "a", "source": ["1", "2", "3"], "id": ["z", "x", "y"], "label": ["ig", "é", "ig"]})
    rows = rows.assign(split=["train", "val", "test"], kept=[True, True, False])
    rows.to_parquet(tmp_path / "rows.parquet")
    noted = facts(params.load(Train, HERE / "params.yaml"), tmp_path, tmp_path)["dataset"]
    assert splits.digest(rows) == noted
    assert splits.digest(rows.iloc[::-1]) == noted
    assert splits.digest(rows.assign(split="train")) != noted


def test_it_loads_no_network_and_no_prefect(made: Path, environment: dict[str, str]) -> None:
    code = "import sys; from pathlib import Path; from operations.registry.lineage import lineage; "
    code += "lineage(Path.cwd(), Path('data/model')); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=made, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"tensorflow", "keras", "prefect", "dvc"} & set(done.stdout.split())
