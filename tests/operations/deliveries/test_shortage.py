"""What is told of classes after `add`."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from operations.deliveries import shortage, waiting
from tasks.delivery.intake import Intake

EDIT = "under `classes` in params.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Has ten neutrophils, two monocytes under their name of before, and one more that waits."""
    (tmp_path / "params.yaml").write_text("classes: {neutrophil: [], monocyte: [mono], platelet: [], ig: []}")
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/deliveries.yaml").write_text('deliveries:\n- "a"\ndrawn: []\n')
    noted(tmp_path, {"neutrophil": 10, "mono": 1})
    (tmp_path / "staging/content").mkdir(parents=True)
    taken = Intake(tmp_path / "staging/content", "d", 1, {"monocyte": 1}, 0)
    waiting.put(tmp_path, "b", taken, tmp_path / "staging")
    return tmp_path


def noted(root: Path, classes: dict[str, int] | None) -> None:
    meta = {"digest": "d", "classes": classes} if classes else {}
    (root / "data/raw/a.dvc").write_text(yaml.safe_dump({"outs": [{"md5": "m"}], "meta": meta}))


def test_classes_without_an_image_or_with_too_few_are_told_with_what_to_edit(project: Path) -> None:
    assert shortage.told(project).splitlines() == [
        f"note: classes platelet, ig: no image, so a model will not know them; add some, or remove the lines {EDIT}",
        "note: class monocyte: 2 images, fewer than the 3 splits: all go to train, so it stays untested; add "
        f"more, or remove its line {EDIT}",
    ]


def test_where_each_class_has_enough_nothing_is_said(project: Path) -> None:
    noted(project, dict.fromkeys(["neutrophil", "monocyte", "platelet", "ig"], 3))
    assert shortage.told(project) == ""


def test_a_delivery_that_is_drawn_here_counts_once_it_was_ingested(project: Path) -> None:
    noted(project, None)
    assert shortage.told(project) == ""
    (project / "data/ingested/a").mkdir(parents=True)
    labels = ["neutrophil"] * 3 + ["platelet"] * 3 + ["ig"] * 3
    pd.DataFrame({"label": labels}).to_parquet(project / "data/ingested/a/rows.parquet")
    assert shortage.told(project).startswith("note: class monocyte: 1 image, fewer than the 3 splits")
