from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from tasks.study import plot, table

TRIALS = ["one", "two", "three"]


def result(clean: float, corrupted: float, **phases: int) -> dict:
    return {
        "val_accuracy": clean, "val_loss": 1.0, "val_corruption_accuracy": corrupted, "val_corruption_loss": 2.0,
        "parameters": {"backbone": 4049571, "whole": 5000000}, "mb": {"backbone": 15.45, "whole": 19.07},
        "phases": {name: {"epochs": epochs, "best": 1} for name, epochs in phases.items()}, "rows": {},
    }  # fmt: skip


RESULTS = {
    "one": {
        **result(0.8, 0.5, frozen=30),
        "families": {"blur": 0.4, "noise": 0.6},
        "left_out": 0.4,
        "external": {"x": 0.5, "y": 0.75},
    },
    "two": result(0.9, 0.625, frozen=30, finetune=8),
    "three": result(0.85, 0.6, finetune=8),
}
RECORDS = {
    "one": {"seconds": 61.2, "frozen": {"images_per_second": 9000.0}},
    "two": {"seconds": 181.0, "frozen": {}, "finetune": {"images_per_second": 72.5}},
}
REPORT = {"two": {"accuracy": 0.68}}


def made(trials=TRIALS, results=RESULTS, records=RECORDS, report=REPORT, steps=True) -> pd.DataFrame:
    return table.table(trials, results, records, report, steps)


def without(trial: str) -> dict:
    return {name: facts for name, facts in RESULTS.items() if name != trial}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("clean", [0.8, 0.9, 0.85]),
        ("corrupted", [0.5, 0.625, 0.6]),
        ("families", [0.5, None, None]),
        ("external", [0.625, None, None]),
        ("left_out", [0.4, None, None]),
        ("gain", [None, 0.125, -0.025]),
        ("report", [None, 0.68, None]),
        ("parameters", [4049571] * 3),
        ("report_parameters", [None] * 3),
        ("mb", [15.45] * 3),
        ("epochs", [30, 38, 8]),
        ("seconds", [61.2, 181.0, None]),
        ("images_per_second", [None, 72.5, None]),
    ],
)
def test_columns(column: str, expected: list) -> None:
    assert [None if pd.isna(value) else round(value, 9) for value in made()[column]] == expected


def test_rows_are_the_trials_in_their_order() -> None:
    assert list(made(["three", "one", "two"]).index) == ["three", "one", "two"]


@pytest.mark.parametrize(
    ("results", "gains"),
    [
        pytest.param(without("two"), [None, None, None], id="none over a missing trial, nor of it"),
        pytest.param(without("one"), [None, None, -0.025], id="the first"),
        pytest.param({}, [None, None, None], id="all"),
    ],
)
def test_a_missing_trial_stays_missing(results: dict, gains: list) -> None:
    found = made(results=results)
    assert [None if pd.isna(gain) else round(gain, 9) for gain in found["gain"]] == gains
    for name in set(TRIALS) - set(results):
        assert found.loc[name, ["clean", "corrupted", "parameters", "mb", "epochs"]].isna().all()
    assert found.loc["two", "report"] == 0.68


def test_trials_that_are_no_steps_have_no_gain() -> None:
    assert made(steps=False)["gain"].isna().all()


@pytest.mark.parametrize("what", ["results", "records", "report"])
def test_what_belongs_to_no_trial_is_an_error(what: str) -> None:
    with pytest.raises(ValueError, match="'four' is no trial of the study, expected one of one, two, three"):
        made(**{what: {"four": {}}})


def test_markdown() -> None:
    assert table.markdown("Study x", made(results=without("three"))) == (
        "## Study x\n"
        "\n"
        "| trial | val accuracy | corruption validation accuracy | mean of families | family left out "
        "| external, balanced | gain | report | parameters | MB | epochs | seconds | images/s |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| one | 0.800 | 0.500 | 0.500 | 0.400 | 0.625 | – | – | 4,049,571 | 15.45 | 30 | 61 | – |\n"
        "| two | 0.900 | 0.625 | – | – | – | +0.125 | 0.68 | 4,049,571 | 15.45 | 38 | 181 | 72 |\n"
        "| three | – | – | – | – | – | – | – | – | – | – | – | – |\n"
        "\n"
        "Mean over 1 families, each left out of one training: 0.400\n"
    )


def test_csv_keeps_all_columns_and_leaves_what_is_missing_empty() -> None:
    head, *lines = table.csv(made(results=without("three"))).splitlines()
    assert head == "trial," + ",".join(table.COLUMNS)
    assert lines[1] == "two,0.9,0.625,,,,0.125,0.68,4049571,,15.45,,38,181.0,72.5"
    assert lines[2] == "three,,,,,,,,,,,,,,"


@pytest.mark.parametrize("steps", [True, False])
def test_the_image_repeats_and_shows_each_series(tmp_path: Path, steps: bool) -> None:
    for name in ("a.png", "b.png"):
        plot.draw(made(), "Study x", steps, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    colours = set(Image.open(tmp_path / "a.png").convert("RGB").get_flattened_data())
    assert {(0x1F, 0x77, 0xB4), (0xFF, 0x7F, 0x0E), (0x7F, 0x7F, 0x7F)} <= colours


def test_a_study_without_any_result_can_be_drawn(tmp_path: Path) -> None:
    plot.draw(made(results={}, records={}, report={}), "Study x", True, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 3000
