from pathlib import Path

import pytest
import yaml

from tasks import params
from tasks.study import trial

ROOT = Path(__file__).parents[3]
TRAIN = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]


def load(tmp_path: Path, section: dict) -> trial.Trial:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"ablation": {"transfer": section}, "report": {}}))
    return params.load(trial.kind("ablation", "transfer"), tmp_path / "params.yaml")


def test_a_trial_is_a_share_and_a_whole_recipe(tmp_path: Path) -> None:
    settings = load(tmp_path, {"share": 0.5, "train": TRAIN})
    assert settings.share == 0.5
    assert settings.train.model_dump() == TRAIN


def test_types_of_trials_do_not_mix() -> None:
    kinds = [trial.kind("ablation", "transfer"), trial.kind("blocks", "k3")]
    assert [kind.section for kind in kinds] == ["ablation.transfer", "blocks.k3"]
    assert {kind.file for kind in kinds} == {Path("studies/params.yaml")}


def test_params_yaml_gains_no_section() -> None:
    assert "study" not in params.sections()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        pytest.param(
            {"share": 0.0, "train": TRAIN}, r"ablation.transfer.share: .*greater than 0, got 0.0", id="no share"
        ),
        pytest.param({"share": 1.1, "train": TRAIN}, r"ablation.transfer.share: .*less than or equal to 1", id="more"),
        pytest.param({"train": TRAIN}, r"ablation.transfer.share: missing", id="missing"),
        pytest.param({"share": 1.0, "train": TRAIN, "note": ""}, r"ablation.transfer.note: unknown key", id="unknown"),
        pytest.param(
            {"share": 1.0, "train": {**TRAIN, "batch": 0}}, r"ablation.transfer.train.batch: .*, got 0", id="recipe"
        ),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, section: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(tmp_path, section)


def test_an_unknown_trial_is_named(tmp_path: Path) -> None:
    load(tmp_path, {"share": 1.0, "train": TRAIN})
    with pytest.raises(ValueError, match=r"ablation.nonesuch: missing"):
        params.load(trial.kind("ablation", "nonesuch"), tmp_path / "params.yaml")
