"""Settings that a run may be given: the form in Prefect's UI, and the options of `python -m flows pipeline`.

params.yaml stays the one home of values. A setting that is given is written there before the stages run, so that
`dvc repro` at a desk afterwards finds the same settings, and git shows what was changed.
"""

from collections.abc import Iterable
from functools import reduce
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML

from flows import files

FILE = "params.yaml"

Value = str | int | float


class Settings(BaseModel):
    """Values for params.yaml; what is left empty stays as it is there. A title is a path in that file.

    In the order of the stages. Bounds are those of `tasks/*/settings.py`: the form refuses what the stage would.
    """

    model_config = ConfigDict(extra="forbid")

    on_conflict: Literal["drop_all", "keep_first"] | None = Field(
        None,
        title="dedupe.on_conflict",
        description="The same picture under two labels: drop all of them, or keep the one that came first",
    )
    false_alarm: float | None = Field(
        None,
        title="outliers.false_alarm",
        gt=0,
        lt=1,
        description="Probability that a set without foreign pictures loses any; more of it finds more of them",
    )

    seed: int | None = Field(
        None, title="train.seed", ge=0, lt=2**31, description="Seed of first weights, shuffling and augmentation"
    )
    batch: int | None = Field(None, title="train.batch", ge=1, le=4096, description="Pictures a training step")
    imbalance: Literal["none", "class_weights", "under_sampling"] | None = Field(
        None, title="train.imbalance", description="What is done about classes of unequal size"
    )
    feature_dropout: float | None = Field(
        None, title="train.feature_dropout", ge=0, lt=1, description="Dropout after the backbone"
    )
    dense_dropout: float | None = Field(
        None, title="train.dense_dropout", ge=0, lt=1, description="Dropout after each dense layer"
    )
    label_smoothing: float | None = Field(
        None, title="train.label_smoothing", ge=0, lt=1, description="Share of a label that goes to all classes"
    )
    cutmix: float | None = Field(
        None, title="train.cutmix", ge=0, le=10, description="Alpha of CutMix; 0 switches it off"
    )
    mixup: float | None = Field(None, title="train.mixup", ge=0, le=10, description="Alpha of MixUp; 0 switches it off")

    recipe: Literal["none", "base", "randaugment", "randaugment_cutout", "heavy"] | None = Field(
        None, title="train.augment.recipe", description="Which augmentation, from none to the heaviest"
    )
    operations: int | None = Field(
        None, title="train.augment.operations", ge=0, le=10, description="Operations that change each picture"
    )
    magnitude: float | None = Field(
        None, title="train.augment.magnitude", ge=0, le=1, description="Strength of these operations"
    )
    cutout: float | None = Field(
        None,
        title="train.augment.cutout",
        ge=0,
        lt=1,
        description="Largest side of the square that is cut out, as a share of the picture's",
    )

    frozen_epochs: int | None = Field(
        None, title="train.frozen_epochs", ge=0, le=1000, description="Epochs with the backbone frozen, at most"
    )
    finetune_epochs: int | None = Field(
        None, title="train.finetune_epochs", ge=0, le=1000, description="Epochs of fine-tuning after that, at most"
    )
    finetune_blocks: int | None = Field(
        None,
        title="train.finetune_blocks",
        ge=0,
        le=7,
        description="Blocks of the backbone that are fine-tuned, counted from its end",
    )
    patience: int | None = Field(
        None, title="train.patience", ge=1, le=1000, description="Epochs without a better score before a phase ends"
    )
    optimizer: Literal["adam", "adamw", "lion"] | None = Field(
        None, title="train.optimizer", description="Optimizer; Lion wants a learning rate of a tenth of Adam's"
    )
    learning_rate: float | None = Field(
        None, title="train.learning_rate", gt=0, le=1, description="Learning rate of fine-tuning, at its start"
    )
    weight_decay: float | None = Field(None, title="train.weight_decay", ge=0, le=1, description="Weight decay")
    schedule: Literal["constant", "exponential", "cosine", "plateau"] | None = Field(
        None, title="train.schedule", description="Course of the learning rate"
    )
    decay: float | None = Field(
        None,
        title="train.decay",
        gt=0,
        le=1,
        description="Factor of the learning rate: an epoch (exponential), or at each plateau",
    )
    ema: float | None = Field(
        None,
        title="train.ema",
        ge=0,
        lt=1,
        description="Momentum of the moving average of the weights; 0 switches it off",
    )

    wanted_accuracy: float | None = Field(
        None,
        title="calibrate.wanted_accuracy",
        gt=0,
        le=1,
        description="Accuracy that is wanted of what the model answers; it abstains from the rest",
    )
    refused: float | None = Field(
        None,
        title="calibrate.refused",
        ge=0,
        lt=1,
        description="Share of clean cells that may be refused as foreign",
    )
    views: Literal[1, 4, 8] | None = Field(
        None, title="evaluate.views", description="Orientations that each picture is judged in"
    )

    @field_validator("views", mode="before")
    @classmethod
    def _as_number(cls, value: Any) -> Any:
        """The command line has words alone."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    def values(self) -> dict[str, Value]:
        """What is given, by its path in params.yaml."""
        fields = type(self).model_fields
        given = self.model_dump(exclude_none=True)
        return {str(fields[name].title): value for name, value in given.items()}


def parse(pairs: Iterable[str]) -> Settings:
    """Settings from words like `batch=16`. Raises ValueError that names the setting and what it may be."""
    given = dict(_pair(text) for text in pairs)
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise ValueError("\n".join(_sentence(problem) for problem in error.errors())) from error


def write(root: Path, settings: Settings) -> list[str]:
    """Put `settings` into the params.yaml below `root`, and return a line for each value that changed.

    Comments and order stay. Complete or not at all. Raises ValueError for a path that the file does not have.
    """
    file = root / FILE
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    document = yaml.load(file.read_text())
    changes = [line for path, value in settings.values().items() for line in _set(document, path, value)]
    if changes:
        text = StringIO()
        yaml.dump(document, text)
        files.replace(file, text.getvalue())
    return changes


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"expected a setting as NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()


def _sentence(problem: Any) -> str:
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such setting, expected one of {', '.join(Settings.model_fields)}"
    return f"{name}: {problem['msg']}, got {problem['input']!r}"


def _set(document: Any, path: str, value: Value) -> list[str]:
    *outer, key = path.split(".")
    section = reduce(lambda inner, name: inner.get(name) if isinstance(inner, dict) else None, outer, document)
    if not isinstance(section, dict) or key not in section:
        raise ValueError(f"{path}: there is no such key in {FILE}, so it cannot be set to {value!r}")
    before = section[key]
    if before == value:
        return []
    section[key] = _scalar(value)
    return [f"{FILE}: {path} is {value} now, was {before}"]


def _scalar(value: Value) -> Any:
    """A number written so that YAML 1.1 takes it for one too: 1.0e-05, for 1e-05 is a word to it, and to PyYAML."""
    mantissa, e, exponent = repr(value).partition("e")
    if not isinstance(value, float) or not e:
        return value
    return YAML().load(f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}")
