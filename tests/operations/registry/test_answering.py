"""Which model answers where nobody names one. The champion's turn is tested with `predict`."""

import json
from pathlib import Path

import pytest

from operations.registry import answering

DELIVERIES = 'deliveries:\n- "demo"\n- "real"\ndrawn:\n- "demo"\nheld: []\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/deliveries.yaml").write_text(DELIVERIES)
    return tmp_path


def trained(root: Path, *deliveries: str) -> None:
    (root / "data/model").mkdir()
    (root / "data/model/model.json").write_text(json.dumps({"provenance": {"deliveries": deliveries}}))


def test_a_fresh_clone_is_answered_by_the_model_that_comes_with_it(root: Path) -> None:
    (root / "models/pbc").mkdir(parents=True)
    assert answering.default(root) == (Path("models/pbc"), "models/pbc (comes with hemaflow; no champion yet)")


def test_the_demo_s_model_knows_no_cell(root: Path) -> None:
    trained(root, "demo")
    assert answering.default(root) == (Path("data/model"), "data/model"), "there is no other"
    (root / "models/pbc").mkdir(parents=True)
    folder, name = answering.default(root)
    assert folder == Path("models/pbc")
    assert name == "models/pbc (comes with hemaflow; no champion yet; --model data/model is the demo's)"


@pytest.mark.parametrize("deliveries", [["real"], ["demo", "real"]], ids="+".join)
def test_what_was_trained_here_on_real_cells_goes_first(root: Path, deliveries: list[str]) -> None:
    (root / "models/pbc").mkdir(parents=True)
    trained(root, *deliveries)
    assert answering.default(root) == (Path("data/model"), "data/model")


def test_a_damaged_model_is_not_passed_over(root: Path) -> None:
    (root / "models/pbc").mkdir(parents=True)
    (root / "data/model").mkdir()
    assert answering.default(root)[0] == Path("data/model"), "the error names it once it is opened"


def test_without_any_model_the_error_says_what_to_do(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no model in data/model yet, and none in models/pbc: run `make repro`"):
        answering.default(root)
