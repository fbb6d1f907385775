from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from flows import settings_form
from flows.settings_form import Settings
from tasks.backbones import table
from tasks.params import Section

HERE = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["batch=16"], {"train.batch": 16}, id="whole number"),
        pytest.param(["learning_rate=1e-5"], {"train.learning_rate": 1e-5}, id="number"),
        pytest.param([" on_conflict = keep_first "], {"dedupe.on_conflict": "keep_first"}, id="word"),
        pytest.param(["seed=0", "batch=1"], {"train.seed": 0, "train.batch": 1}, id="zero counts as given"),
        pytest.param(["magnitude=0.5"], {"train.augment.magnitude": 0.5}, id="in a section of a section"),
        pytest.param(["views=4"], {"evaluate.views": 4}, id="one of some numbers"),
    ],
)
def test_parse(pairs: list[str], expected: dict[str, object]) -> None:
    assert settings_form.parse(pairs).values() == expected


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        pytest.param("batch", "expected a setting as NAME=VALUE, got 'batch'", id="no value"),
        pytest.param("bacth=3", "bacth: no such setting, expected one of on_conflict, ", id="unknown"),
        pytest.param("batch=0", "batch: .* greater than or equal to 1, got '0'", id="out of bounds"),
        pytest.param("batch=many", "batch: .* valid integer.*, got 'many'", id="no number"),
        pytest.param("learning_rate=nan", "learning_rate: .* got 'nan'", id="not finite"),
        pytest.param("views=2", "views: Input should be 1, 4 or 8, got 2", id="none of some numbers"),
        pytest.param("views=four", "views: Input should be 1, 4 or 8, got 'four'", id="a word for a number"),
        pytest.param("finetune_blocks=8", "finetune_blocks: .* less than or equal to 7", id="more than any has"),
        pytest.param("on_conflict=ask", "on_conflict: .*'drop_all' or 'keep_first', got 'ask'", id="no choice"),
    ],
)
def test_parse_refuses(pair: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_form.parse([pair])


def test_write_changes_values_and_nothing_else(toy: Path) -> None:
    before = (toy / "params.yaml").read_text()
    changes = settings_form.write(toy, Settings(on_conflict="keep_first", learning_rate=1e-5, batch=32))
    assert changes == [
        "params.yaml: dedupe.on_conflict is keep_first now, was drop_all",
        "params.yaml: train.learning_rate is 1e-05 now, was 0.0001",
    ]
    after = (toy / "params.yaml").read_text()
    assert after == before.replace("drop_all   #", "keep_first #").replace("1.0e-4   #", "1.0e-05  #")
    assert yaml.safe_load(after)["train"]["learning_rate"] == 1e-5


@pytest.mark.parametrize(
    "settings", [Settings(), Settings(batch=32, on_conflict="drop_all")], ids=["nothing given", "as they are"]
)
def test_write_leaves_the_file_alone(toy: Path, settings: Settings) -> None:
    before = _stat(toy)
    assert settings_form.write(toy, settings) == []
    assert _stat(toy) == before


@pytest.mark.parametrize("lost", ["  batch: 32\n", "train:"], ids=["key", "section"])
def test_a_path_that_is_not_there_changes_nothing(toy: Path, lost: str) -> None:
    text = (toy / "params.yaml").read_text().replace(lost, "" if "batch" in lost else "other:")
    (toy / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"^train.batch: there is no such key in params.yaml"):
        settings_form.write(toy, Settings(on_conflict="keep_first", batch=16))
    assert (toy / "params.yaml").read_text() == text


def test_write_into_a_section_of_a_section(toy: Path) -> None:
    text = _in_train(toy, "  augment: {recipe: heavy, magnitude: 0.3}  # of the pictures\n")
    changes = settings_form.write(toy, Settings(magnitude=0.5, recipe="heavy"))
    assert changes == ["params.yaml: train.augment.magnitude is 0.5 now, was 0.3"]
    assert (toy / "params.yaml").read_text() == text.replace("magnitude: 0.3", "magnitude: 0.5")


@pytest.mark.parametrize(
    "section", ["", "  augment: heavy\n", "  augment:\n", "  augment: {recipe: heavy}\n"],
    ids=["no section", "a word", "empty", "no such key"],
)  # fmt: skip
def test_a_path_in_a_section_that_is_not_there(toy: Path, section: str) -> None:
    text = _in_train(toy, section)
    with pytest.raises(ValueError, match=r"^train.augment.magnitude: there is no such key in params.yaml"):
        settings_form.write(toy, Settings(magnitude=0.5))
    assert (toy / "params.yaml").read_text() == text


@pytest.mark.parametrize("name", Settings.model_fields)
class TestGuard:
    """The form against params.yaml and the types that the stages read it by."""

    def test_described_and_in_params_yaml(self, name: str) -> None:
        field = Settings.model_fields[name]
        assert field.description
        assert field.is_required() is False
        value: Any = yaml.safe_load((HERE / "params.yaml").read_text())
        for key in str(field.title).split("."):
            value = value[key]
        assert Settings.model_validate({name: value}).values() == {field.title: value}

    def test_bounds_are_those_of_the_stage(self, name: str) -> None:
        mine = _bounds(Settings, name)
        section, _, key = str(Settings.model_fields[name].title).rpartition(".")
        stage = _bounds(_sections()[section], key)
        assert mine["type"] == stage["type"]
        assert mine.get("enum") == stage.get("enum")
        both = {bound for bound in BOUNDS if bound in mine and bound in stage}
        assert {bound: mine[bound] for bound in both} == {bound: stage[bound] for bound in both}
        assert {bound for bound in BOUNDS if bound in stage} <= set(mine), (
            "the form lets through what the stage refuses"
        )
        assert "enum" in mine or len([bound for bound in BOUNDS if bound in mine]) == 2


def test_blocks_that_the_form_offers_are_those_of_the_largest_backbone() -> None:
    assert _bounds(Settings, "finetune_blocks")["maximum"] == max(len(table.blocks(name)) for name in table.NAMES)


BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _sections() -> dict[str, type[Section]]:
    """Every section's type by its path in params.yaml."""
    for file in sorted((HERE / "tasks").glob("*/settings.py")):
        import_module(f"tasks.{file.parent.name}.settings")
    return {kind.section: kind for kind in Section.__subclasses__() if _is_a_stage_s(kind)}


def _is_a_stage_s(kind: type[Section]) -> bool:
    """Not one that another test made up."""
    return hasattr(kind, "section") and kind.__module__.startswith("tasks.")


def _bounds(model: type[BaseModel], name: str) -> dict[str, Any]:
    """The JSON schema of a field, of which `None` is left out."""
    schema = model.model_json_schema()["properties"][name]
    return next((each for each in schema.get("anyOf", []) if each["type"] != "null"), schema)


def _in_train(root: Path, lines: str) -> str:
    """The text of params.yaml once the section `train` has these lines too."""
    text = (root / "params.yaml").read_text().replace("\ntrain:\n", f"\ntrain:\n{lines}")
    (root / "params.yaml").write_text(text)
    return text


def _stat(root: Path) -> tuple[int, int, bytes]:
    file = root / "params.yaml"
    return file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes()
