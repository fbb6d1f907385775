"""Small projects with deliveries whose drift is known: images of 16 x 16 pixels, features of 24 dimensions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks import store
from tasks.drift import measure, sample, shares
from tasks.drift.drift import Drift

SIDE, DIMENSIONS = 16, 24
CLASSES = "abcd"


@dataclass(frozen=True)
class Project:
    """The folders that `measure` reads."""

    root: Path

    def measure(self, *names: str, seed: int = 0) -> Drift:
        return measure.measure(self.root / "clean", self.root / "ingested", self.root / "embedded", names, seed)


def images(labels: Sequence[str], colour: float, rng: np.random.Generator) -> np.ndarray:
    """Classes differ by 40 grey levels, images of a class by 6, pixels by 10."""
    level = 60 + 40 * np.array([CLASSES.index(label) for label in labels])[:, None] + colour
    means = (level + rng.normal(0, 6, (len(labels), 3)))[:, None, None]
    return (means + rng.normal(0, 10, (len(labels), SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)


def features(labels: Sequence[str], shift: float, rng: np.random.Generator) -> np.ndarray:
    """Non-negative; classes differ in dimensions of their own, and `shift` acts on the last one."""
    values = rng.gamma(4, 0.25, (len(labels), DIMENSIONS))
    values[range(len(labels)), [CLASSES.index(label) for label in labels]] += 4
    values[:, -1] += shift
    return values.astype(np.float32)


def write(root: Path, name: str, pixels: np.ndarray, embedded: np.ndarray) -> None:
    for folder, file, array in (("ingested", store.PIXELS, pixels), ("embedded", store.FEATURES, embedded)):
        (root / folder / name).mkdir(parents=True, exist_ok=True)
        np.save(root / folder / name / file, array)


@pytest.fixture(scope="session")
def rows(table) -> Callable[..., pd.DataFrame]:
    """Builds the rows of a delivery: `rows("new", "aabb", dropped={3: ("outlier", "")})`, all in train."""

    def build(name: str, labels: Sequence[str], dropped=None, split="train") -> pd.DataFrame:
        found = table([f"{name}{k}" for k in range(len(labels))], delivery=name, label=list(labels), split=split)
        for k, (reason, partner) in (dropped or {}).items():
            found.loc[k, ["kept", "dropped_by", "drop_reason", "duplicate_of"]] = [False, "some", reason, partner]
        return found

    return build


@pytest.fixture
def project(tmp_path: Path, rows) -> Callable[..., Project]:
    """Writes a project: a name, labels, and what of colour, shift, dropped, split differs, for each delivery."""

    def build(*deliveries: tuple, seed: int = 0) -> Project:
        tables, rng = [], np.random.default_rng(seed)
        for name, labels, facts in deliveries:
            facts = dict(facts)
            colour, shift = facts.pop("colour", 0), facts.pop("shift", 0)
            write(tmp_path, name, images(labels, colour, rng), features(labels, shift, rng))
            tables.append(rows(name, labels, **facts))
        store.write_rows(tmp_path / "clean", pd.concat(tables, ignore_index=True))
        return Project(tmp_path)

    return build


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer permutations; enough for a level of 0.01."""
    monkeypatch.setattr(sample, "PERMUTATIONS", 199)
    monkeypatch.setattr(shares, "PERMUTATIONS", 499)
