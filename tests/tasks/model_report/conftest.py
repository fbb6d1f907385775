"""An evaluation made up once, and copies of it to spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.gate.comparison import Comparison
from tasks.gate.decision import Decision
from tasks.model_report import evaluation, material, minimums, model_card, page
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.settings import ModelReport
from tasks.model_report.verdict import verdict
from tests.tasks.model_report import fabricated


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders clean, model, scores and examples; not to be written to."""
    return fabricated.write(tmp_path_factory.mktemp("made"), count=200)


@pytest.fixture
def folders(made: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """A copy of them to spoil."""
    return {name: Path(shutil.copytree(path, tmp_path / name)) for name, path in made.items()}


@pytest.fixture(scope="session")
def found(made: dict[str, Path]) -> Evaluation:
    return evaluation.read(made["scores"])


@pytest.fixture(scope="session")
def minimum() -> Callable[..., Comparison]:
    """Builds how a model stands to one minimum, from accuracies rather than errors."""

    def build(right: float | None, least: float | None, best: float | None, at: float, **changes: Any) -> Comparison:
        error, low, high = (None if value is None else 1 - value for value in (right, best, least))
        values = {"rule": "minimum", "name": "clean", "slice": "", "rows": 90, "champion": None, "challenger": error}
        values |= {"difference": None, "low": low, "high": high, "margin": 1 - at, "why": "because"}
        values["passed"] = None if high is None else high <= 1 - at
        return Comparison(**{**values, **changes})

    return build


@pytest.fixture(scope="session")
def decision() -> Callable[..., Decision]:
    """Builds a decision from comparisons."""

    def build(*comparisons: Comparison) -> Decision:
        return Decision(all(c.passed is not False for c in comparisons), comparisons, 0.95, 1000, 0)

    return build


@pytest.fixture(scope="session")
def rendered(minimum, decision) -> Callable[..., tuple[str, str]]:
    """Builds page and model card from folders."""

    def build(
        folders: dict[str, Path], model_report: ModelReport = fabricated.CARD, right: float = 0.97
    ) -> tuple[str, str]:
        read = material.read(**folders)
        decided = decision(minimum(right, right - 0.02, right + 0.02, 0.9))
        outcome, table = (
            verdict(read.evaluation, decided, read.examples.label_issue_facts["label_issues"]),
            minimums.table(decided),
        )
        return page.render(read, outcome, table, model_report.shown), model_card.render(
            read, model_report, outcome, table
        )

    return build
