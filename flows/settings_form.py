"""Settings that a run may be given: the form in Prefect's UI, and the options of `python -m flows pipeline`.

params.yaml stays the one home of values. A setting that is given is written there before the stages run, so that
`dvc repro` at a desk afterwards finds the same settings, and git shows what was changed.
"""

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML

from flows import files

FILE = "params.yaml"

Value = str | int | float


class Settings(BaseModel):
    """Values for params.yaml; what is left empty stays as it is there. A title is a path in that file."""

    model_config = ConfigDict(extra="forbid")

    on_conflict: Literal["drop_all", "keep_first"] | None = Field(
        None,
        title="dedupe.on_conflict",
        description="The same picture under two labels: drop all of them, or keep the one that came first",
    )
    frozen_epochs: int | None = Field(
        None, title="train.frozen_epochs", ge=1, le=1000, description="Epochs with the backbone frozen, at most"
    )
    finetune_epochs: int | None = Field(
        None, title="train.finetune_epochs", ge=0, le=1000, description="Epochs of fine-tuning after that, at most"
    )
    batch: int | None = Field(None, title="train.batch", ge=1, le=4096, description="Pictures a training step")
    learning_rate: float | None = Field(
        None, title="train.learning_rate", gt=0, le=1, description="Learning rate at the start"
    )
    seed: int | None = Field(
        None, title="train.seed", ge=0, le=2**31 - 1, description="Seed of first weights, shuffling and augmentation"
    )

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
    section, key = path.split(".")
    if key not in (document.get(section) or {}):
        raise ValueError(f"{path}: there is no such key in {FILE}, so it cannot be set to {value!r}")
    before = document[section][key]
    if before == value:
        return []
    document[section][key] = _scalar(value)
    return [f"{FILE}: {path} is {value} now, was {before}"]


def _scalar(value: Value) -> Any:
    """A number written so that YAML 1.1 takes it for one too: 1.0e-05, for 1e-05 is a word to it, and to PyYAML."""
    mantissa, e, exponent = repr(value).partition("e")
    if not isinstance(value, float) or not e:
        return value
    return YAML().load(f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}")
