from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from tasks import params
from tasks.params import Classes, Section
from tasks.split.settings import Split


class Dedupe(Section):
    section: ClassVar[str] = "dedupe"
    max_distance: int = Field(ge=0, le=64)
    names: list[str]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dedupe: {max_distance: 99, names: []}", "dedupe.max_distance: .* less than or equal to 64, got 99"),
        ("dedupe: {max_distance: 4, names: [], colour: red}", "dedupe.colour: unknown key"),
        ("dedupe: {names: []}", "dedupe.max_distance: missing"),
        ("dedupe: {max_distance: '4', names: []}", "dedupe.max_distance: .* valid integer, got '4'"),
        ("dedupe: {max_distance: 4, names: [1]}", "dedupe.names.0: .* valid string, got 1"),
        ("split: {}", "dedupe: missing"),
        ("dedup: {}", "dedup: unknown section, expected one of .*dedupe"),
        ("- dedupe", "expected a mapping of sections, got list"),
    ],
    ids=["range", "unknown-key", "missing-key", "text-for-number", "in-a-list", "no-section", "typo", "no-mapping"],
)
def test_a_wrong_file_is_refused_with_the_path_of_the_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        params.load(Dedupe, file)


def test_the_project_s_own_file_satisfies_every_section() -> None:
    names = params.sections() - {"classes"}
    assert names == set(params.read()) - {"classes"}


def test_shares_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("split: {seed: 0, shares: {train: 0.7, val: 0.2, test: 0.2}}")
    with pytest.raises(ValueError, match=r"split.shares: .*must add up to 1, got 1.1"):
        params.load(Split, file)


@pytest.mark.parametrize(
    ("name", "label"),
    [("ig", "ig"), ("Immature Granulocytes", "ig"), ("immature_granulocyte", "ig"), ("IG", "ig"), ("mast cell", None)],
)
def test_a_class_goes_by_its_aliases(name: str, label: str | None) -> None:
    assert params.load(Classes).canonical(name) == label


def test_one_alias_for_two_classes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("classes: {ig: [granulocyte], neutrophil: [Granulocyte]}")
    with pytest.raises(ValueError, match="'Granulocyte' stands for both ig and neutrophil"):
        params.load(Classes, file).canonical("ig")


def test_classes_keep_their_order() -> None:
    assert params.load(Classes).names[:4] == ["basophil", "eosinophil", "erythroblast", "ig"]
