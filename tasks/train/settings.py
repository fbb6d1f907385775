"""Settings of train."""

from typing import ClassVar, Literal

from pydantic import Field

from tasks.params import Section


class Augment(Section):
    """Changes that a training picture undergoes, anew in each epoch."""

    section: ClassVar[str] = "train.augment"
    operations: int = Field(ge=0, le=10, description="RandAugment: operations a picture; 0 switches it off")
    magnitude: float = Field(ge=0, le=1, description="RandAugment: strength of the operations")
    cutout: float = Field(
        ge=0, lt=1, description="cutout: largest side of the square as a share of the picture's; 0 switches it off"
    )


class Train(Section):
    """The recipe. Epochs end early where the monitored score does not rise for `patience` of them."""

    section: ClassVar[str] = "train"
    seed: int = Field(ge=0, lt=2**31)
    batch: int = Field(ge=1, le=4096, description="pictures a step")
    dense: list[int] = Field(description="widths of the head's dense layers")
    feature_dropout: float = Field(ge=0, lt=1, description="after the backbone")
    dense_dropout: float = Field(ge=0, lt=1, description="after each dense layer")
    class_weights: Literal["none", "balanced"]
    frozen_epochs: int = Field(ge=1, le=1000, description="epochs of the head alone")
    frozen_learning_rate: float = Field(gt=0, le=1)
    finetune_epochs: int = Field(ge=0, le=1000, description="epochs with the last blocks unfrozen")
    finetune_blocks: int = Field(ge=0, le=18, description="parts of the backbone to unfreeze, counted from its end")
    learning_rate: float = Field(gt=0, le=1, description="of fine-tuning, at its start")
    decay: float = Field(gt=0, le=1, description="factor of the learning rate from epoch to epoch")
    weight_decay: float = Field(ge=0, le=1)
    patience: int = Field(ge=1, le=1000)
    monitor: Literal["val_accuracy", "val_loss"]
    augment: Augment
