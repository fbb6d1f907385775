import re
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


LABELS = Classes.model_validate(
    {
        "ig": ["immature granulocyte"],
        "HER2-": [],
        "HER2+": [],
        "NK/T cell": [],
        "Zellkörper": [],
        "platelet": [],
        "?": [],
    }
)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ig", "ig"),
        ("IG", "ig"),
        ("Immature Granulocyte", "ig"),
        ("immature_granulocyte", "ig"),
        ("immature\u00a0granulocyte", "ig"),
        ("HER2+", "HER2+"),
        ("her2-", "HER2-"),
        ("nk/t_cell", "NK/T cell"),
        ("Zellko\u0308rper", "Zellkörper"),
        ("ZELLKÖRPER", "Zellkörper"),
        ("?", "?"),
        ("mast cell", None),
        ("HER2", None),
        ("HER2\u2212", None),
        ("platelet (?)", None),
        ("platelets", None),
        ("immature-granulocyte", None),
        ("immaturegranulocyte", None),
        ("immature  granulocyte", None),
        (" ig", None),
        ("Zellkorper", None),
        ("", None),
        ("!", None),
    ],
)
def test_names_of_classes_compare_by_case_spaces_and_underscores_alone(name: str, label: str | None) -> None:
    assert LABELS.canonical(name) == label


def test_the_project_s_own_classes_go_by_their_aliases() -> None:
    assert params.load(Classes).canonical("Immature Granulocytes") == "ig"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["platelet (?)"], "'platelet (?)' (nearest: 'platelet'), expected ig, HER2-"),
        (["HER2"], "'HER2' (nearest: 'HER2"),
        (["immature-granulocyte"], "(nearest: 'immature granulocyte')"),
        (["xyz", "plateletes"], "'xyz', 'plateletes' (nearest: 'platelet'), expected"),
    ],
)
def test_a_near_miss_is_told_the_nearest_name(names: list[str], said: str) -> None:
    assert said in LABELS.unknown(names)


WORDS = [
    *(
        "yes",
        "No",
        "on",
        "off",
        "y",
        "true",
        "False",
        "null",
        "~",
        "0",
        "1",
        "007",
        "0o17",
        "0x1F",
        "0b1",
        "1e3",
        "1.5",
    ),
    *("24e1117", ".inf", ".nan", "2024-01-01", "12:30", "1_000", "+1", "-1", "="),
]


@pytest.mark.parametrize("quote", ["{}", "'{}'", '"{}"'], ids=["plain", "single", "double"])
@pytest.mark.parametrize("word", WORDS)
def test_a_class_is_the_word_that_is_written(tmp_path: Path, word: str, quote: str) -> None:
    (tmp_path / "params.yaml").write_text(f"classes:\n  {quote.format(word)}: [{quote.format(word + '2')}]\n  ig: []\n")
    classes = params.load(Classes, tmp_path / "params.yaml")
    assert classes.names == [word, "ig"]
    assert classes.canonical(word) == classes.canonical(f"{word}2") == word


@pytest.mark.parametrize("word", WORDS)
def test_an_alias_is_the_word_that_is_written(tmp_path: Path, word: str) -> None:
    (tmp_path / "params.yaml").write_text(f"classes: {{ig: [{word}]}}\n")
    assert params.load(Classes, tmp_path / "params.yaml").canonical(word) == "ig"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("classes: {ig: [], ig: [x]}", "has the key ig twice in one section"),
        ("classes: {yes: [], 'yes': []}", "has the key yes twice"),
        ("classes: {' ': []}", "a name without a letter, ' '"),
        ("classes: {ig: ['']}", "a name without a letter, ''"),
        ("classes: [ig]", "classes: .*got"),
        ("classes: {ig: }", "classes.ig: .* valid list"),
        ("classes: [", "is not YAML"),
    ],
)
def test_wrong_classes_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        params.load(Classes, tmp_path / "params.yaml").canonical("ig")


def test_one_alias_for_two_classes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("classes: {ig: [granulocyte], neutrophil: [Granulocyte]}")
    with pytest.raises(ValueError, match="'Granulocyte' stands for both ig and neutrophil"):
        params.load(Classes, file).canonical("ig")


def test_classes_keep_their_order() -> None:
    assert params.load(Classes).names[:4] == ["basophil", "eosinophil", "erythroblast", "ig"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((text, 3e-5) for text in ("3e-05", "3e-5", "3E-5", "3.0e-05", "0.00003", ".3e-4", "+3e-5", "0.3e-4")),
        *((text, 100.0) for text in ("1e2", "1e+2", "1E2", "1.e2", "100.0", "100.", "1_0e1", "1_00.0")),
        *((text, 12) for text in ("12", "+12", "0o14", "0xC", "0b1100", "1_2")),
        *((text, -0.5) for text in ("-.5", "-0.5", "-5e-1")),
        *((text, text[1:-1]) for text in ("'3e-05'", '"1"')),
        *((text, text) for text in ("1e", "e5", "1e5x", "0o9", "1.2.3", "-", ".", "1-2")),
    ],
)
def test_numbers_are_those_of_yaml_1_1_and_1_2(written: str, value: object) -> None:
    (read,) = params.parse(f"train: {{learning_rate: {written}}}")["train"].values()
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("written", ["014", "-064", "0_64", "1:04", "1:04.5", "!!int 064"])
def test_a_number_that_yaml_1_2_reads_otherwise_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"^params.yaml, line 2: .* is one number in YAML 1.1 and not in 1.2"):
        params.parse(f"train:\n  batch: {written}")


@pytest.mark.parametrize("content", ["train: 1".encode("utf-16"), b"train: 1 # \xe9"], ids=["UTF-16", "Latin-1"])
def test_another_encoding_is_told_with_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(ValueError, match=r"params.yaml: expected text in UTF-8: .* at byte"):
        params.read(tmp_path / "params.yaml")


@pytest.mark.parametrize(("classes", "message"), [("IG: []", "'ig' stands for both IG and ig"), ("'': []", "a letter")])
def test_classes_are_checked_with_all_sections(tmp_path: Path, classes: str, message: str) -> None:
    text = re.sub(r"^classes:.*", f"\\g<0>\n  {classes}", params.FILE.read_text())
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        params.check(tmp_path / "params.yaml")


def test_every_wrong_section_is_told_and_a_missing_one_is_not(tmp_path: Path) -> None:
    text = re.sub(r"(?s)\nsplit:.*?\n\n", "\n\n", params.FILE.read_text())
    text = re.sub(r"\n  learning_rate: \S+", "\n  learning_rate: fast", text.replace("crop: 200", "crop: -1"))
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match="crop") as refused:
        params.check(tmp_path / "params.yaml")
    ingest, train = str(refused.value).splitlines()
    assert ingest.startswith("ingest.crop: Input should be greater than or equal to 0, got -1")
    assert train.startswith("train.learning_rate: Input should be a valid number, got 'fast'")
    params.check()
