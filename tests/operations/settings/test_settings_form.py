import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from operations.settings import params_file, settings_form, settings_model
from operations.settings.settings_form import Settings
from tasks.params import Section

HERE = Path(__file__).parents[3]
MAPPING = "model_report.data_licence"
"""A value that is a mapping, not a section."""


def _leaves(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and path != MAPPING:
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value


SECTIONS = [key for key in params_file.read(HERE) if key not in ("classes", "landing")]
PRESENT = dict(_leaves({key: each for key, each in params_file.read(HERE).items() if key in SECTIONS}))


@pytest.fixture
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """This checkout, with its params.yaml."""
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["train.batch=16"], {"train.batch": 16}, id="path"),
        pytest.param(["batch=16"], {"train.batch": 16}, id="of several, train's own"),
        pytest.param(["false_alarm=0.5"], {"outliers.false_alarm": 0.5}, id="the only one of its name"),
        pytest.param(
            ["non_inferiority_margins.clean=0.5"], {"gate.non_inferiority_margins.clean": 0.5}, id="end of a path"
        ),
        pytest.param(["learning_rate=1e-5"], {"train.learning_rate": 1e-5}, id="number"),
        pytest.param([" on_conflict = keep_first "], {"dedupe.on_conflict": "keep_first"}, id="word"),
        pytest.param(["orientations=false"], {"dedupe.orientations": False}, id="yes or no"),
        pytest.param(["train.seed=1", "explain.right=0"], {"train.seed": 1, "explain.right": 0}, id="zero is given"),
        pytest.param(["magnitude=0.4"], {"train.augment.magnitude": 0.4}, id="in a section of a section"),
        pytest.param(["tta=4"], {"evaluate.tta": 4}, id="one of some numbers"),
        pytest.param(["dense=[8, 4]"], {"train.dense": [8, 4]}, id="list"),
        pytest.param(["data_licence={demo: CC0}"], {MAPPING: {"demo": "CC0"}}, id="mapping"),
        pytest.param(["contact=12"], {"model_report.contact": "12"}, id="a word that looks like a number"),
        pytest.param(["laboratory=a=b: c"], {"model_report.laboratory": "a=b: c"}, id="a word that looks like YAML"),
        pytest.param(["max_rmse=20"], {"dedupe.max_rmse": 20.0}, id="a whole number for a number"),
        pytest.param(["batch=64", "max_rmse=15"], {}, id="as they are"),
        pytest.param(["batch=16", "train.batch=8"], {"train.batch": 8}, id="the last counts"),
        pytest.param(
            ["shares.train=0.8", "shares.val=0.05"],
            {"split.shares.train": 0.8, "split.shares.val": 0.05},
            id="together",
        ),
    ],
)
def test_parse(in_project: None, pairs: list[str], expected: dict[str, object]) -> None:
    values = settings_form.parse(pairs).values()
    assert values == expected
    assert {path: type(value) for path, value in values.items()} == {key: type(each) for key, each in expected.items()}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        pytest.param("batch", "expected a setting as NAME=VALUE, got 'batch'", id="no value"),
        pytest.param("bacth=3", r"bacth: no such setting, did you mean batch\?", id="unknown"),
        pytest.param("x=3", r"x: no such setting, expected SECTION.KEY as in params.yaml", id="like none"),
        pytest.param("classes.ig=[]", r"classes.ig: no such setting", id="classes"),
        pytest.param("landing.folders=[/]", r"landing.folders: no such setting", id="landing folders"),
        pytest.param("made_from=0", r"made_from: no such setting", id="the form's own"),
        pytest.param("level=0.9", r"level: which of evaluate.level, audit.level, gate.level\?", id="ambiguous"),
        pytest.param("batch=0", "train.batch: .* greater than or equal to 1, got 0", id="out of bounds"),
        pytest.param("batch=", "train.batch: .* valid integer, got ''", id="empty"),
        pytest.param("batch=many", "train.batch: .* valid integer, got 'many'", id="no number"),
        pytest.param("batch=[", r"train.batch: .* valid integer, got '\['", id="no YAML"),
        pytest.param("batch=16.5", "train.batch: .* valid integer, got 16.5", id="no whole number"),
        pytest.param("learning_rate=nan", "train.learning_rate: .* got 'nan'", id="not finite"),
        pytest.param("learning_rate=.nan", "train.learning_rate: .* got nan", id="not a number"),
        pytest.param("tta=2", "evaluate.tta: Input should be 1, 4 or 8, got 2", id="none of some numbers"),
        pytest.param("tta=four", "evaluate.tta: Input should be 1, 4 or 8, got 'four'", id="a word for a number"),
        pytest.param("dense=[8, 0]", "train.dense.1: .* greater than 0, got 0", id="in a list"),
        pytest.param("on_conflict=ask", "dedupe.on_conflict: .*'drop_all' or 'keep_first', got 'ask'", id="no choice"),
        pytest.param("finetune_blocks=8", "train: finetune_blocks must be 0 to 7, the blocks of .*, got 8", id="more"),
        pytest.param("backbone=resnet", "train.backbone: .*resnet", id="no backbone"),
        pytest.param("shares.train=0.8", "split.shares: must add up to 1, got 1.1", id="wrong beside the others"),
    ],
)
def test_parse_refuses(in_project: None, pair: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}") as refused:
        settings_form.parse([pair])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("section", SECTIONS)
class TestEachSetting:
    """All of params.yaml but the classes and the landing folders."""

    def test_is_a_field_with_its_present_value_and_a_description(self, section: str) -> None:
        for path, field in _fields(section).items():
            assert field.get_default() == PRESENT[path], path
            assert field.description, path

    def test_has_the_bounds_of_its_section(self, section: str) -> None:
        whole = settings_form.form(HERE).model_json_schema()
        mine = _resolved(whole, whole["properties"][section])
        its = settings_model.sections()[section].model_json_schema()
        assert _bounds(whole, mine) == _bounds(its, its)

    def test_may_be_set_on_the_command_line(self, in_project: None, section: str) -> None:
        words = {path: PRESENT[path] for path in _fields(section)}
        pairs = [f"{path}={word if isinstance(word, str) else json.dumps(word)}" for path, word in words.items()]
        assert settings_form.parse(pairs).values() == {}


def test_no_field_but_these() -> None:
    assert list(_fields()) == list(PRESENT)
    assert set(settings_model.sections()) == set(SECTIONS)


def test_the_description_is_the_comment_else_that_of_the_type(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("explain:  # the page\n  right: 2  # one, of # a class \n  wrong: 48\n")
    form = settings_form.form(tmp_path)
    fields = dict(settings_model.leaves(form))
    assert form.model_fields["explain"].description == "the page"
    assert fields["explain.right"].description == "one, of # a class"
    assert fields["explain.wrong"].description == "misclassified images to show, most confident first"


def test_plain_types_give_plain_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    class Made(Section):
        """A section with a field that may be empty."""

        section = "made"
        some: int | None
        plain: int

    assert "anyOf" not in str(settings_form.form(HERE).model_json_schema())
    monkeypatch.setattr(settings_model, "sections", lambda: {"made": Made})
    schema = settings_model.made({"made": {"some": None, "plain": 1}}).model_json_schema()["$defs"]["Made"][
        "properties"
    ]
    assert "anyOf" in schema["some"]
    assert schema["plain"] == {"type": "integer", "default": 1, "title": "plain"}


def test_a_form_sends_everything_and_only_what_differs_counts(in_project: None) -> None:
    sent = settings_form.form(HERE)().model_dump()
    assert Settings(sent).values() == {}
    sent["train"]["batch"], sent["gate"]["minimums"]["clean"], sent["dedupe"]["max_rmse"] = 16, 0.5, 15
    assert Settings(sent).values() == {"train.batch": 16, "gate.minimums.clean": 0.5}


def test_values_are_those_of_when_it_was_given(in_toy: Path) -> None:
    """A run may wait for hours for another."""
    settings = Settings({"train": {"batch": 16}})
    settings_form.write(in_toy, settings)
    assert settings.values() == {"train.batch": 16}


def test_a_form_of_another_params_yaml_is_refused(in_toy: Path) -> None:
    sent = settings_form.form(in_toy)().model_dump()
    text = (in_toy / "params.yaml").read_text()
    (in_toy / "params.yaml").write_text(text.replace("batch: 32", "batch: 33"))
    with pytest.raises(ValidationError, match="the form was made from another params.yaml .*: reload its page"):
        Settings(sent)
    assert Settings({"train": {"batch": 16}}).values() == {"train.batch": 16}  # not of a form
    (in_toy / "params.yaml").write_text(text.replace("# of Lion", "# of the optimizer"))
    assert Settings(sent).values() == {}


def test_what_was_wrong_before_is_for_the_stage_to_tell(in_toy: Path) -> None:
    """So that a setting may be the cure; a toy's sections have unknown keys, too."""
    text = (in_toy / "params.yaml").read_text()
    (in_toy / "params.yaml").write_text(text.replace("level: 0.5", "level: 5"))
    assert Settings({"gate": {"seed": 1}}).values() == {"gate.seed": 1}
    assert Settings({"gate": {"level": 0.5}}).values() == {"gate.level": 0.5}
    with pytest.raises(ValidationError, match="gate.level: .* got 7"):
        Settings({"gate": {"level": 7}})


@pytest.mark.parametrize(
    "text", ["- 1\n", "a: [\n", "embed: {}\nembed: {}\n"], ids=["no mapping", "no YAML", "a key twice"]
)
def test_a_broken_params_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^params.yaml"):
        settings_form.parse(["batch=1"])
    assert Settings().values() == {}


def test_write_changes_values_and_nothing_else(in_toy: Path) -> None:
    before = (in_toy / "params.yaml").read_text()
    changes = settings_form.write(
        in_toy, Settings({"dedupe": {"on_conflict": "keep_first"}, "train": {"learning_rate": 1e-5, "batch": 32}})
    )
    assert changes == [
        "params.yaml: dedupe.on_conflict is keep_first now, was drop_all",
        "params.yaml: train.learning_rate is 1e-05 now, was 0.0001",
    ]
    after = (in_toy / "params.yaml").read_text()
    assert after == before.replace("drop_all   #", "keep_first #").replace("0.0001   #", "1.0e-05  #")


@pytest.mark.parametrize(
    "given", [{}, {"train": {"batch": 32}, "dedupe": {"on_conflict": "drop_all"}}], ids=["nothing given", "as they are"]
)
def test_write_leaves_the_file_alone(in_toy: Path, given: dict[str, Any]) -> None:
    before = _stat(in_toy)
    assert settings_form.write(in_toy, Settings(given)) == []
    assert _stat(in_toy) == before


@pytest.mark.parametrize(
    ("lost", "put"), [(r"\n  patience: [^\n]*", ""), (r"\ntrain:", "\nother:")], ids=["key", "section"]
)
def test_a_path_that_is_not_there_changes_nothing(in_toy: Path, lost: str, put: str) -> None:
    settings = Settings({"dedupe": {"on_conflict": "keep_first"}, "train": {"patience": 16}})
    text, count = re.subn(lost, put, (in_toy / "params.yaml").read_text())
    assert count == 1
    (in_toy / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"^train.patience: there is no such key in params.yaml"):
        settings_form.write(in_toy, settings)
    assert (in_toy / "params.yaml").read_text() == text


@pytest.mark.parametrize(
    "value", [1e-5, 1e-10, 5e22, 0.1, "off", "1e5", "12:30", "null", "", "a: b", "a #b", "- x", "ä"]
)
def test_what_is_written_is_read_as_the_same_by_yaml_1_1(tmp_path: Path, value: Any) -> None:
    """That is what the stages and DVC read."""
    before = (HERE / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(before)
    values = {"train.patience": value, "train.dense": [value, value], MAPPING: {"demo": value}}
    params_file.write(tmp_path, values)
    after = (tmp_path / "params.yaml").read_text()
    assert dict(_leaves(yaml.safe_load(after))).items() >= values.items()
    assert sum(old != new for old, new in zip(before.splitlines(), after.splitlines(), strict=True)) == len(values)


def test_write_into_a_section_of_a_section(in_toy: Path) -> None:
    text = (in_toy / "params.yaml").read_text()
    settings = Settings({"train": {"augment": {"magnitude": 0.9, "recipe": "broad"}}})
    assert settings_form.write(in_toy, settings) == ["params.yaml: train.augment.magnitude is 0.9 now, was 0.5"]
    assert (in_toy / "params.yaml").read_text() == text.replace("magnitude: 0.5", "magnitude: 0.9")


def _fields(section: str = "") -> dict[str, Any]:
    return {
        path: field
        for path, field in settings_model.leaves(settings_form.form(HERE))
        if path.startswith(f"{section}." if section else "")
    }


def _resolved(whole: Any, part: Any) -> Any:
    return whole["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _bounds(whole: Any, part: Any) -> dict[str, Any]:
    """What a schema allows, by field, without its words and defaults."""
    fields = {name: _resolved(whole, field) for name, field in part["properties"].items()}
    words = ("title", "description", "default")
    return {
        name: _bounds(whole, field)
        if "properties" in field
        else {key: value for key, value in field.items() if key not in words}
        for name, field in fields.items()
    }


def _stat(root: Path) -> tuple[int, int, bytes]:
    file = root / "params.yaml"
    return file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes()
