import pytest

from tasks.gate.settings import Gate
from tasks.model_report import material
from tasks.model_report.stage import main
from tests.tasks.model_report import fabricated

EACH = dict.fromkeys(("clean", "corrupted", "worst", "mixed", "recall"), 0.5)
GATE = {"seed": 0, "resamples": 200, "level": 0.95, "min_rows": 20, "non_inferiority_margins": {**EACH, "slices": 0.5},
        "superiority_margins": {"clean": 0.0, "corrupted": 0.0, "mixed": 0.0}, "minimums": EACH}  # fmt: skip


def test_it_writes_page_and_card(made, tmp_path, capsys) -> None:
    page, card = tmp_path / "report.html", tmp_path / "model_card.md"
    main(fabricated.CARD, Gate.model_validate(GATE), *made.values(), page, card)
    assert page.read_text().startswith("<!doctype html>")
    assert "Meets every minimum" in page.read_text()
    assert card.read_text().startswith("# Model card")
    assert capsys.readouterr().out.startswith("model_report: Meets every minimum. Each of 12 minimums is met.")


def test_the_floors_are_those_of_the_settings(made, tmp_path) -> None:
    gate = Gate.model_validate({**GATE, "minimums": {**EACH, "worst": 0.99}})
    main(fabricated.CARD, gate, *made.values(), tmp_path / "a", tmp_path / "b")
    assert "Below a minimum" in (tmp_path / "a").read_text()
    assert "1 of 12 minimums not met" in (tmp_path / "b").read_text()


@pytest.mark.parametrize("name", ["figures.json", "corruptions.csv", "predictions.parquet", "ood.parquet"])
def test_a_file_of_the_scores_that_is_missing_is_named(folders, name) -> None:
    (folders["scores"] / name).unlink()
    with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
        material.read(**folders)


def test_a_folder_that_holds_no_model_is_an_error(folders) -> None:
    fabricated.edit(folders["model"] / "model.json", lambda held: held.pop("crop"))
    with pytest.raises(ValueError, match="expected the description of a model, crop is missing"):
        material.read(**folders)
