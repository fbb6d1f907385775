"""The studies: their settings say what their names say, and DVC caches each trial on its own."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML

from operations.pipeline import plan
from operations.pipeline.trials import FILE as STUDIES_FILE
from tasks import params
from tasks.augment.table import FAMILIES
from tasks.study import table, trial
from tasks.train.settings import Train

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "studies/dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "studies/params.yaml").read_text())
STUDIES = {study: stage["matrix"]["trial"] for study, stage in STAGES.items()}
TRIALS = [(study, name) for study, names in STUDIES.items() for name in names]
ABLATION = ["transfer", "three_blocks", "base_augmentation", "randaugment", "lower_dropout", "cutout"]

EPOCHS = PARAMS["optimizers"]["lion"]["train"]["finetune_epochs"]
"""The budget of all trials that fine-tune a pretrained backbone."""


def flat(study: str, name: str) -> dict[str, Any]:
    """The trial's settings, the keys of what is nested with a dot."""
    section = PARAMS[study][name]
    return {"share": section["share"], **flattened(section["train"])}


def flattened(train: dict[str, Any]) -> dict[str, Any]:
    nested = {f"augment.{key}": value for key, value in train["augment"].items()}
    return {**{key: value for key, value in train.items() if key != "augment"}, **nested}


def difference(before: tuple[str, str], after: tuple[str, str]) -> dict[str, tuple[Any, Any]]:
    old, new = flat(*before), flat(*after)
    assert old.keys() == new.keys()
    return {key: (old[key], new[key]) for key in old if old[key] != new[key]}


@pytest.mark.parametrize(("study", "name"), TRIALS)
def test_every_trial_is_a_whole_recipe(study: str, name: str) -> None:
    settings = params.load(trial.kind(study, name), ROOT / "studies/params.yaml")
    assert settings.model_dump() == PARAMS[study][name]


def test_trials_of_dvc_yaml_and_of_params_yaml_are_the_same() -> None:
    assert {study: sorted(names) for study, names in STUDIES.items()} == {
        study: sorted(trials) for study, trials in PARAMS.items() if study != "report"
    }


def test_dvc_and_the_stages_read_the_merges_alike() -> None:
    assert YAML(typ="safe", pure=True).load((ROOT / "studies/params.yaml").read_text()) == PARAMS


def test_the_report_s_figures_are_of_trials() -> None:
    assert {(study, name) for study, trials in PARAMS["report"].items() for name in trials} <= set(TRIALS)


@pytest.mark.parametrize("name", table.STEPS)
def test_studies_of_steps_exist(name: str) -> None:
    assert name in STUDIES


def test_the_ablation_starts_with_transfer_learning_alone() -> None:
    first = flat("ablation", ABLATION[0])
    assert (first["finetune_epochs"], first["finetune_blocks"], first["augment.recipe"]) == (0, 0, "none")
    assert (first["weights"], first["imbalance"], first["optimizer"]) == ("imagenet", "class_weights", "adam")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("transfer", "three_blocks", {"finetune_epochs": (0, EPOCHS), "finetune_blocks": (0, 3)}),
        ("three_blocks", "base_augmentation", {"augment.recipe": ("none", "base")}),
        ("base_augmentation", "randaugment", {"augment.recipe": ("base", "randaugment")}),
        ("randaugment", "lower_dropout", {"feature_dropout": (0.5, 0.2), "dense_dropout": (0.5, 0.1)}),
        ("lower_dropout", "cutout", {"augment.recipe": ("randaugment", "randaugment_cutout")}),
    ],
)
def test_a_step_of_the_ablation_is_what_its_name_says(before: str, after: str, expected: dict) -> None:
    assert STUDIES["ablation"] == ABLATION
    assert ABLATION.index(after) == ABLATION.index(before) + 1
    assert difference(("ablation", before), ("ablation", after)) == expected


def test_the_final_phase_stands_on_the_ablation_s_last_step() -> None:
    assert difference(("ablation", "cutout"), ("optimizers", "adam")) == {"finetune_blocks": (3, 5)}


def test_each_family_is_left_out_of_one_trial() -> None:
    assert STUDIES["families"] == ["none", *FAMILIES]
    for family in FAMILIES:
        assert difference(("families", "none"), ("families", family)) == {"augment.without": ([], [family])}


def test_the_default_recipe_is_a_trial_of_fewer_epochs() -> None:
    own, found = flattened(params.raw(Train)), flat("strengths", "rising")
    assert {name for name in own if own[name] != found[name]} == {"finetune_epochs"}
    assert difference(("strengths", "flat"), ("strengths", "rising")) == {"augment.rise": (0.0, own["augment.rise"])}
    assert set(difference(("strengths", "rising"), ("strengths", "stronger"))) == {"augment.magnitude"}


@pytest.mark.parametrize(
    ("study", "own"),
    [
        ("blocks", {"finetune_blocks"}),
        ("imbalance", {"imbalance"}),
        ("dropout", {"feature_dropout", "dense_dropout"}),
        ("engines", {"augment.engine"}),
        ("recipes", {"augment.recipe"}),
        ("optimizers", {"optimizer", "weight_decay", "learning_rate", "frozen_learning_rate"}),
    ],
)
def test_trials_of_the_final_phase_differ_in_what_their_study_is_about(study: str, own: set[str]) -> None:
    for name in STUDIES[study]:
        assert set(difference(("optimizers", "lion"), (study, name))) <= own
    same = [name for name in STUDIES[study] if not difference(("optimizers", "lion"), (study, name))]
    assert len(same) == 1, "the final recipe is one of the trials"
    assert len({str(flat(study, name)) for name in STUDIES[study]}) == len(STUDIES[study]), "two trials are the same"


def test_blocks_are_counted_by_their_names() -> None:
    assert {name: flat("blocks", name)["finetune_blocks"] for name in STUDIES["blocks"]} == {
        f"k{k}": k for k in range(8)
    }


@pytest.mark.parametrize("study", ["imbalance", "engines", "recipes", "optimizers"])
def test_a_trial_is_named_by_its_setting(study: str) -> None:
    key = {"engines": "augment.engine", "recipes": "augment.recipe", "optimizers": "optimizer"}.get(study, study)
    assert {name: flat(study, name)[key] for name in STUDIES[study]} == {name: name for name in STUDIES[study]}


def test_adam_and_adamw_are_not_the_same_in_disguise() -> None:
    """Keras' Adam with weight decay is AdamW."""
    assert flat("optimizers", "adam")["weight_decay"] == 0
    assert flat("optimizers", "adamw")["weight_decay"] > 0


@pytest.mark.parametrize("name", STUDIES["backbones"])
def test_backbones_are_frozen_with_the_same_head_but_for_the_one_from_scratch(name: str) -> None:
    changes = difference(("ablation", "transfer"), ("backbones", name))
    assert flat("backbones", name)["backbone"] == name
    if name == "custom_cnn":
        assert changes.keys() - {"backbone", "learning_rate"} == {
            "weights", "frozen_epochs", "finetune_epochs", "finetune_blocks", "feature_dropout", "dense_dropout"
        }  # fmt: skip
    else:
        assert set(changes) <= {"backbone"}


# What the stage would write depends on its section alone, so a stand-in that copies that will do.
STAND_IN = """
import json, pathlib, sys, yaml
study, trial, *_, out, state, record = sys.argv[1:]
section = yaml.safe_load(open("studies/params.yaml"))[study][trial]
pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
pathlib.Path(out).write_text(json.dumps(section))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's studies/ with a stage that stands in, the ablation and the optimizers run once."""
    root = tmp_path_factory.mktemp("studies") / "project"
    for name in ("studies/dvc.yaml", "studies/params.yaml", "studies/.gitignore"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "params.yaml").write_text("classes: {ig: []}\n")
    (root / "dvc.yaml").write_text("stages: {split: {cmd: 'echo x > data/other', outs: [data/other]}}\n")
    for dep in STAGES["ablation"]["deps"]:
        file = root / dep if dep.endswith(".py") else root / dep / "any.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(STAND_IN if dep.endswith("study/stage.py") else "")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        run(root, *command)
    run(root, "dvc", "repro", "studies/dvc.yaml:ablation", "studies/dvc.yaml:optimizers")
    return root


@pytest.fixture(scope="module")
def never(project: Path) -> set[str]:
    """The trials that did not run."""
    found = plan.stale_of(project, STUDIES_FILE)
    assert not found & RAN
    return found


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(project, tmp_path / "project", symlinks=True))


def run(root: Path, *command: str) -> str:
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(root.parent), "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=root, env=path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def edit(root: Path, pattern: str, by: str) -> None:
    file = root / "studies/params.yaml"
    text, count = re.subn(pattern, by, file.read_text(), count=1)
    assert count == 1, pattern
    file.write_text(text)


RAN = {f"{study}@{name}" for study in ("ablation", "optimizers") for name in STUDIES[study]}
FROM_LOWER_DROPOUT = {
    "ablation@lower_dropout",
    "ablation@cutout",
    "optimizers@adam",
    "optimizers@adamw",
    "optimizers@lion",
}


@pytest.mark.parametrize(
    ("pattern", "by", "expected"),
    [
        pytest.param("^", "# a comment\n", set(), id="a comment"),
        pytest.param("accuracy: 0.63", "accuracy: 0.64", set(), id="the report's figures"),
        pytest.param("imbalance: under_sampling", "imbalance: none", set(), id="another study"),
        pytest.param("weight_decay: 0.004", "weight_decay: 0.005", {"optimizers@adamw"}, id="a trial"),
        pytest.param("feature_dropout: 0.2,", "feature_dropout: 0.3,", FROM_LOWER_DROPOUT, id="those built on it too"),
        pytest.param("share 0.25", "share 0.5", RAN, id="the share of all"),
    ],
)
def test_an_edit_makes_the_trials_stale_that_it_changes(
    copy: Path, never: set[str], pattern: str, by: str, expected: set[str]
) -> None:
    edit(copy, pattern, by)
    assert plan.stale_of(copy, STUDIES_FILE) - never == expected


def test_dvc_then_runs_those_and_no_more(copy: Path) -> None:
    edit(copy, "feature_dropout: 0.2,", "feature_dropout: 0.3,")
    output = run(copy, "dvc", "repro", "studies/dvc.yaml:ablation", "studies/dvc.yaml:optimizers")
    assert set(re.findall(r"Running stage 'studies/dvc.yaml:([^']+)'", output)) == FROM_LOWER_DROPOUT


def test_a_setting_put_back_is_restored_without_a_run(copy: Path) -> None:
    for before, after in (("0.004", "0.005"), ("0.005", "0.004")):
        edit(copy, f"weight_decay: {before}", f"weight_decay: {after}")
        output = run(copy, "dvc", "repro", "--single-item", "studies/dvc.yaml:optimizers@adamw")
    assert "is cached - skipping run" in output


def test_dvc_repro_at_the_top_runs_no_study(copy: Path) -> None:
    edit(copy, "share: &share 0.25", "share: &share 0.5")
    output = run(copy, "dvc", "repro")
    assert re.findall(r"Running stage '([^']+)'", output) == ["split"]
    assert run(copy, "git", "status", "--short", "studies/results") == "", "results belong to DVC"
