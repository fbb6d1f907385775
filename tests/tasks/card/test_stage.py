import pytest

from tasks.card import material
from tasks.card.stage import main
from tasks.gate.settings import Gate
from tests.tasks.card import fabricated

EACH = dict.fromkeys(("clean", "distorted", "worst", "mix", "recall"), 0.5)
GATE = {"seed": 0, "resamples": 200, "level": 0.95, "min_rows": 20, "allowed": {**EACH, "slices": 0.5},
        "wanted": {"clean": 0.0, "distorted": 0.0, "mix": 0.0}, "floors": EACH}  # fmt: skip


def test_it_writes_page_and_card(made, tmp_path, capsys) -> None:
    page, card = tmp_path / "report.html", tmp_path / "model_card.md"
    main(fabricated.CARD, Gate.model_validate(GATE), *made.values(), page, card)
    assert page.read_text().startswith("<!doctype html>")
    assert "Good enough, by every floor" in page.read_text()
    assert card.read_text().startswith("# Model card")
    assert capsys.readouterr().out.startswith("card: Good enough, by every floor. Each of 12 floors is reached.")


def test_the_floors_are_those_of_the_settings(made, tmp_path) -> None:
    gate = Gate.model_validate({**GATE, "floors": {**EACH, "worst": 0.99}})
    main(fabricated.CARD, gate, *made.values(), tmp_path / "a", tmp_path / "b")
    assert "Not good enough" in (tmp_path / "a").read_text()
    assert "1 of 12 floors not reached" in (tmp_path / "b").read_text()


@pytest.mark.parametrize("name", ["figures.json", "suite.csv", "predictions.parquet", "foreign.parquet"])
def test_a_file_of_the_scores_that_is_missing_is_named(folders, name) -> None:
    (folders["scores"] / name).unlink()
    with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
        material.read(**folders)


def test_a_folder_that_holds_no_model_is_an_error(folders) -> None:
    fabricated.edit(folders["model"] / "model.json", lambda held: held.pop("crop"))
    with pytest.raises(ValueError, match="expected the description of a model, crop is missing"):
        material.read(**folders)
