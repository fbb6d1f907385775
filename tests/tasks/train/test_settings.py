from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from tasks import params
from tasks.train.settings import Train

PARAMS = Path(__file__).parents[3] / "params.yaml"


def load(tmp_path: Path, **changes) -> Train:
    document = yaml.safe_load(PARAMS.read_text())
    augment = {**document["train"]["augment"], **changes.pop("augment", {})}
    document["train"] = {**document["train"], **changes, "augment": augment}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(document))
    return params.load(Train, tmp_path / "params.yaml")


def test_the_project_s_own_are_valid() -> None:
    assert params.load(Train, PARAMS).backbone == "efficientnet_lite0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "alexnet"}, r"train.backbone: .*backbone must be one of custom_cnn, .*got 'alexnet'"),
        ({"optimizer": "sgd"}, r"train.optimizer: Input should be 'adam', 'adamw' or 'lion', got 'sgd'"),
        ({"augment": {"recipe": "wild"}}, r"train.augment.recipe: Input should be 'none', .*got 'wild'"),
        ({"augment": {"engine": "torch"}}, r"augment.engine: Input should be 'batched' or 'keras_cv', got 'torch'"),
        ({"augment": {"engine": "keras_cv", "recipe": "base", "rise": 0.5}}, r"rise must be 0 with the engine ker"),
        ({"augment": {"rise": 1.5}}, r"train.augment.rise: .*less than or equal to 1, got 1.5"),
        ({"finetune_blocks": 8}, r"finetune_blocks must be 0 to 7, the blocks of efficientnet_lite0, got 8"),
        ({"backbone": "vgg16", "finetune_blocks": 6}, r"finetune_blocks must be 0 to 5, the blocks of vgg16, got 6"),
        ({"finetune_blocks": -1}, r"train.finetune_blocks: .*greater than or equal to 0, got -1"),
        ({"schedule": "linear"}, r"train.schedule: Input should be 'constant', 'exponential'"),
        ({"imbalance": "focal"}, r"train.imbalance: Input should be 'none', 'class_weights' or 'under_sampling'"),
        ({"monitor": "test_accuracy"}, r"train.monitor: Input should be 'val_corruption_accuracy'"),
        ({"precision": "int8"}, r"train.precision: Input should be 'auto'"),
        ({"ema": 1.0}, r"train.ema: Input should be less than 1"),
        ({"dense": [0]}, r"train.dense.0: Input should be greater than 0, got 0"),
        ({"frozen_epochs": 0, "finetune_epochs": 0}, r"one of frozen_epochs and finetune_epochs must be at least 1"),
        ({"epochs": 3}, r"train.epochs: unknown key"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_wrong_settings_are_named(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(tmp_path, **changes)


def test_the_report_s_recipe_can_be_said(tmp_path: Path) -> None:
    said = load(
        tmp_path, backbone="efficientnet_b2", finetune_blocks=5, optimizer="lion", schedule="exponential", patience=15,
        frozen_epochs=100, finetune_epochs=100, imbalance="class_weights", dense=[256, 128, 64],
        augment={"engine": "keras_cv", "recipe": "randaugment_cutout", "rise": 0.0},
    )  # fmt: skip
    assert said.finetune_layers == "conv"


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        params.load(Train, PARAMS).seed = 1
