"""Settings of train."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from tasks.augment.recipes import check_fit
from tasks.augment.table import MOST, Engine, Name, Recipe
from tasks.backbones import table
from tasks.params import Section

Monitor = Literal["val_corruption_accuracy", "val_corruption_loss", "val_accuracy", "val_loss"]


class Augment(Section):
    """Changes that a training image undergoes, anew in each epoch."""

    section: ClassVar[str] = "train.augment"
    engine: Engine = Field(description="keras_cv does not repeat with a seed")
    recipe: Name
    operations: int = Field(ge=0, le=MOST, description="RandAugment: operations per image")
    magnitude: float = Field(ge=0, le=1, description="strength of the operations")
    cutout: float = Field(ge=0, lt=1, description="largest side of the square as a share of the image's")
    rise: float = Field(default=0.0, ge=0, le=1, description="share of fine-tuning over which both grow from 0")
    without: list[str] = Field(default=[], description="families of corruptions that the recipe leaves out")

    @property
    def asked(self) -> Recipe:
        """The augmentation that the settings ask for."""
        facts = self.model_dump(exclude={"rise"})
        return Recipe(**{**facts, "without": tuple(facts["without"])})

    @model_validator(mode="after")
    def _fits(self) -> "Augment":
        check_fit(self.asked)
        if self.rise and self.engine == "keras_cv":
            raise ValueError(f"rise must be 0 with the engine keras_cv, whose strengths do not change, got {self.rise}")
        return self


class Train(Section):
    """The recipe. Epochs end early where the monitored score does not rise for `patience` of them."""

    section: ClassVar[str] = "train"
    seed: int = Field(ge=0, lt=2**31)
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(description="on a GPU; a CPU takes float32")

    backbone: str
    weights: str = Field(description="imagenet, none, or the path of a weights file of that backbone or of a model")
    dense: list[Annotated[int, Field(gt=0)]] = Field(description="widths of the head's dense layers")
    feature_dropout: float = Field(ge=0, lt=1, description="after the backbone")
    dense_dropout: float = Field(ge=0, lt=1, description="after each dense layer")

    batch: int = Field(ge=1, le=4096, description="images per step")
    imbalance: Literal["none", "class_weights", "under_sampling"]
    label_smoothing: float = Field(ge=0, lt=1)
    cutmix: float = Field(ge=0, le=10, description="alpha of CutMix (arXiv:1905.04899); 0 switches it off")
    mixup: float = Field(ge=0, le=10, description="alpha of MixUp (arXiv:1710.09412); 0 switches it off")
    augment: Augment

    frozen_epochs: int = Field(ge=0, le=1000, description="epochs of the head alone")
    frozen_learning_rate: float = Field(gt=0, le=1)
    frozen_augmentations: int = Field(
        ge=0, le=1000, description="augmented copies of an image whose features are cached; 0: the image as it is"
    )

    finetune_epochs: int = Field(ge=0, le=1000, description="epochs with the last blocks unfrozen")
    finetune_blocks: int = Field(ge=0, description="blocks of the backbone to unfreeze, counted from its end")
    finetune_layers: Literal["conv", "all"] = Field(description="of these blocks; batch norm never learns")
    learning_rate: float = Field(gt=0, le=1, description="of fine-tuning, at its start")

    optimizer: Literal["adam", "adamw", "lion"]
    weight_decay: float = Field(ge=0, le=1)
    schedule: Literal["constant", "exponential", "cosine", "plateau"] = Field(description="of the learning rate")
    decay: float = Field(gt=0, le=1, description="exponential: factor an epoch; plateau: factor at each")
    plateau_patience: int = Field(ge=1, le=1000, description="plateau: epochs without a better score")
    ema: float = Field(ge=0, lt=1, description="momentum of the weights' moving average; 0 switches it off")

    patience: int = Field(ge=1, le=1000, description="epochs without improvement before a phase ends (early stopping)")
    monitor: Monitor

    @property
    def start(self) -> Path | None:
        """The folder of the model that the training starts from, None where it starts from a backbone's weights."""
        folder = Path(self.weights)
        return folder if self.weights not in ("imagenet", "none") and folder.is_dir() else None

    @field_validator("backbone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        table.blocks(value)
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Train":
        if not self.frozen_epochs + self.finetune_epochs:
            raise ValueError("one of frozen_epochs and finetune_epochs must be at least 1, got 0 and 0")
        number = len(table.blocks(self.backbone))
        if self.finetune_blocks > number:
            raise ValueError(
                f"finetune_blocks must be 0 to {number}, the blocks of {self.backbone}, got {self.finetune_blocks}"
            )
        return self
