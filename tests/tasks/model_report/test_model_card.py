import re

import pandas as pd
import pytest

from tasks import predictions
from tasks.model_report.settings import ModelReport
from tests.tasks.model_report import fabricated

PARTS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
    "Quantitative analyses", "Ethical considerations", "Caveats and recommendations", "Provenance",
]  # fmt: skip


@pytest.fixture(scope="module")
def card(rendered, made) -> str:
    return rendered(made)[1]


def part(card: str, title: str) -> str:
    return card.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_parts_of_mitchell_et_al_in_their_order(card) -> None:
    assert re.findall(r"^## (.*)$", card, re.M) == PARTS
    assert "arXiv:1810.03993" in card


def test_the_verdict_stands_first(card) -> None:
    assert card.splitlines()[2].startswith("**Meets every minimum.** Each of 1 minimum is met.")


@pytest.mark.parametrize("caveat", ["no patient ids", "One laboratory and one stain", "Not a medical device"])
def test_what_must_be_said(card, caveat) -> None:
    assert caveat in part(card, "Caveats and recommendations")


def test_a_licence_is_known_from_the_settings_or_from_nobody(card) -> None:
    licences = re.findall(r"^\| (\w+) \| ([a-z ]+) \|$", part(card, "Training data"), re.M)
    assert ("demo", "drawn by this project") in licences
    assert ("smears", "as stated by who delivered it") in licences


def test_a_class_without_a_test_image_is_untested(rendered, folders, card) -> None:
    assert "Untested" not in card
    file = folders["scores"] / predictions.PREDICTIONS
    table = pd.read_parquet(file)
    table.assign(label=table["label"].replace("ig", "platelet")).to_parquet(file)
    fabricated.edit(folders["scores"] / "figures.json", lambda held: held["per_class"].update({"ig": {"support": 0}}))
    page, told = rendered(folders)
    assert "- **Untested**, without a test image: ig." in told
    assert re.search(r"^\| ig \| untested \| – \|", part(told, "Quantitative analyses"), re.M)
    assert "Untested, without a test row: ig." in page


def test_laboratory_and_contact(rendered, made, card) -> None:
    assert "Laboratory, stain and camera are not stated." in card
    assert "Whom to ask: not stated." in card
    told = rendered(made, ModelReport(shown=3, laboratory="Basel, *May-Grünwald*", contact="a_b@c", data_licence={}))[1]
    assert "Where the images come from: Basel, \\*May-Grünwald\\*." in told
    assert "Whom to ask: a\\_b@c." in told


def test_rows_by_delivery_and_class(card) -> None:
    assert "| smears | 40 | 40 | 40 | 120 |" in part(card, "Evaluation data")
    assert (
        sum(map(int, re.findall(r"^\| \w+ \| (\d+) \| \d+ \| \d+ \| \d+ \|$", part(card, "Training data"), re.M)))
        == 200
    )


def test_tables_are_whole(card) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", card, re.M):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1
        assert re.fullmatch(r"[|:\- ]+", block.splitlines()[1])


def test_nothing_of_the_machine_is_in_it(card) -> None:
    assert not re.search(r"\d\d:\d\d|/home|/tmp|CPU|GPU|numpy|keras", card)


def test_names_of_the_model_s_provenance_stay_text(rendered, folders) -> None:
    fabricated.edit(folders["model"] / "model.json", lambda held: held["provenance"].update({"a|b": "*<i>"}))
    assert "| a\\|b | \\*&lt;i> |" in rendered(folders)[1]
