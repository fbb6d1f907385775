"""Fixtures that several folders of tests share."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

pytest_plugins = ["tests.support.fixtures"]

Table = Callable[..., pd.DataFrame]

# How long an example takes says something about the machine's load alone. CI draws the same examples each time.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

# A run that a shell's `&` started ignores SIGINT, and hands that on to every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cells() -> Path:
    """The real cells, a folder per class; the test skips where they are absent."""
    folder = Path(os.environ.get("HEMAFLOW_CELLS", "../shared/data/pbc"))
    if not folder.is_dir():
        pytest.skip(f"the real cells are not at {folder}: set HEMAFLOW_CELLS to their folder")
    return folder.resolve()


@pytest.fixture(scope="session")
def table() -> Table:
    """Builds tables that keep the row contract: `table(names, column=values, ...)`, all rows kept unless said."""

    def build(names: Sequence[str], delivery: str = "d", **columns: Any) -> pd.DataFrame:
        rows = pd.DataFrame({"delivery": delivery, "source": list(names), "id": list(names), "label": "ig"})
        rows = rows.assign(
            row=range(len(rows)), split_group=rows["id"], kept=True, dropped_by="", drop_reason="", drop_value=np.nan
        )
        return rows.assign(duplicate_of="").assign(**columns)

    return build
