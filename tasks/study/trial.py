"""Settings of one trial of a study. No `settings.py`, for that would make `study` a section of params.yaml."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tasks.params import Section
from tasks.train.settings import Train

FILE = Path("studies/params.yaml")


class Trial(Section):
    """A training: which share of the train rows of each class, and the recipe."""

    file: ClassVar[Path] = FILE
    share: float = Field(gt=0, le=1, description="of the train rows of each class, at least one")
    train: Train


def kind(study: str, trial: str) -> type[Trial]:
    """The type of the settings of a trial, which stand in the section `study.trial`."""
    return type("Trial", (Trial,), {"section": f"{study}.{trial}", "__module__": __name__})
