import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from operations.project import listing
from operations.retraining import decided
from tasks import params
from tasks.train import provenance
from tasks.train.settings import Train
from tests.support import crowning

HERE = Path(__file__).parents[3]


def test_the_dataset_s_digest_is_that_of_a_training(tmp_path: Path, table: Any) -> None:
    """The same rows in another order, and rows that were dropped, change nothing; a label or a split does."""
    names = [f"{k:03}" for k in range(50)]
    split = [("train", "val", "test")[k % 3] for k in range(50)]
    rows = table(names, split=split).assign(label=[("ig", "platelet")[k % 2] for k in range(50)])
    rows.loc[7, "kept"] = False
    digests = [both(tmp_path, each) for each in variants(rows)]
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests)) == 3


def variants(rows: pd.DataFrame) -> list[pd.DataFrame]:
    shuffled = rows.sample(frac=1, random_state=random.Random(0).randrange(99))
    relabelled, moved = rows.copy(), rows.copy()
    relabelled.loc[3, "label"] = "ig"
    moved.loc[3, "split"] = "val"
    return [rows, shuffled, rows.assign(label=rows["label"].where(rows["kept"], "other")), relabelled, moved]


def both(folder: Path, rows: pd.DataFrame) -> str:
    rows.to_parquet(folder / "rows.parquet")
    found = provenance.facts(params.load(Train, HERE / "params.yaml"), folder, HERE / "data/pretrained")["dataset"]
    assert decided.dataset(folder / "rows.parquet") == found
    return str(found)


def test_a_model_is_open_until_something_is_noted_about_it(toy: Path) -> None:
    assert decided.is_of_these_rows(toy)
    assert not decided.is_decided(toy)
    digest = json.loads((toy / "data/model/model.json").read_text())["digest"]
    decided.note(toy, "another", "kept")
    assert not decided.is_decided(toy)
    decided.note(toy, digest, "kept")
    assert decided.is_decided(toy)


def test_the_champion_needs_no_note(toy: Path) -> None:
    digest = json.loads((toy / "data/model/model.json").read_text())["digest"]
    crowning.named(toy, digest)
    assert decided.is_decided(toy)


def test_rows_that_changed_are_no_model_s(toy: Path) -> None:
    rows = pd.read_parquet(toy / decided.ROWS)
    rows.iloc[1:].to_parquet(toy / decided.ROWS)
    assert not decided.is_of_these_rows(toy)


def test_without_a_model_nothing_is_decided(toy: Path) -> None:
    (toy / "data/model/model.json").unlink()
    assert (decided.is_of_these_rows(toy), decided.is_decided(toy)) == (False, False)


def test_fresh_deliveries(toy: Path) -> None:
    """Those that no retraining has seen through; where none has left a note, those that the model has not learnt."""
    listing.append(toy, "copies")
    assert decided.fresh(toy) == ["copies"]
    decided.note_deliveries(toy, ["demo", "copies"])
    listing.append(toy, "smears")
    assert decided.fresh(toy) == ["smears"]


@pytest.mark.parametrize("text", ["", "[1]", "null", '{"models":'])
def test_notes_that_cannot_be_read_are_none(toy: Path, text: str) -> None:
    (toy / decided.FILE).parent.mkdir(parents=True, exist_ok=True)
    (toy / decided.FILE).write_text(text)
    assert not decided.is_decided(toy)
    decided.note(toy, "one", "kept")
    assert decided.fresh(toy) == []
