from pathlib import Path

import pytest
import yaml

from flows import settings_form
from flows.settings_form import Settings


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["batch=16"], {"train.batch": 16}, id="whole number"),
        pytest.param(["learning_rate=1e-5"], {"train.learning_rate": 1e-5}, id="number"),
        pytest.param([" on_conflict = keep_first "], {"dedupe.on_conflict": "keep_first"}, id="word"),
        pytest.param(["seed=0", "batch=1"], {"train.seed": 0, "train.batch": 1}, id="zero counts as given"),
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


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert str(field.title).count(".") == 1, name


def _stat(root: Path) -> tuple[int, int, bytes]:
    file = root / "params.yaml"
    return file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes()
