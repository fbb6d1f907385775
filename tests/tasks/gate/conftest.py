from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.gate.settings import Gate
from tasks.predictions import Predictions

COLUMNS = ("clean", "blur/1", "blur/2", "jpeg/1", "mixed")
GIVEN = {"delivery": "x", "acquisition_batch": "blue", "sharpness": "1, least sharp"}
RULES = {
    "seed": 0,
    "resamples": 200,
    "level": 0.95,
    "min_rows": 4,
    "non_inferiority_margins": dict.fromkeys(
        ("clean", "corrupted", "worst", "mixed", "recall", "slices", "external"), 0.1
    ),
    "superiority_margins": dict.fromkeys(("clean", "corrupted", "mixed"), 0.02),
    "minimums": dict.fromkeys(("clean", "corrupted", "worst", "mixed", "recall"), 0.5),
}


@pytest.fixture(scope="session")
def predictions() -> Callable[..., Predictions]:
    """Builds records: `predictions("aabb", {"clean": [0], "mixed": [0, 1]}, column=values)`, right answers unless
    listed."""

    def build(truth: str, wrong: Mapping[str, Sequence[int]] = {}, classes: str = "abc", **columns: Any) -> Predictions:
        labels = np.array([classes.index(name) for name in truth])
        answers = {name: labels.astype(np.uint8) for name in COLUMNS}
        for name, rows in wrong.items():
            answers[name][list(rows)] = (labels[list(rows)] + 1) % len(classes)
        ids = [f"{k:03}" for k in range(len(truth))]
        rows = pd.DataFrame({"id": ids, "split_group": ids, "source": ids, "label": list(truth)}).assign(**GIVEN)
        rows["predicted"] = np.array(list(classes))[answers.pop("clean")]
        rows = rows.assign(confidence=0.9, ood_score=0.0, why="", **{f"p_{name}": 0.0 for name in classes})
        return Predictions(tuple(classes), rows.assign(**columns), pd.DataFrame(answers))

    return build


@pytest.fixture(scope="session")
def rules() -> Callable[..., Gate]:
    """Builds rules: `rules(seed=1, non_inferiority_margins={"recall": 0.3})`; what is not named is as in RULES."""

    def build(**changes: Any) -> Gate:
        nested = {
            key: {**RULES[key], **changes.pop(key, {})}
            for key in ("non_inferiority_margins", "superiority_margins", "minimums")
        }
        return Gate.model_validate({**RULES, **changes, **nested})

    return build
