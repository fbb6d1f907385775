"""The models that come with the project are whole, small, and hold no image."""

import re
from pathlib import Path

import numpy as np
import pytest

from tasks import model_folder
from tasks.selective.selective_classifier import load

ROOT = Path(__file__).parents[1]
MODELS = sorted(path for path in (ROOT / "models").iterdir() if path.is_dir())
PAGES = {"model_report.html", "model_card.md", "metrics.json"}
MOST = 40 * 2**20

pytestmark = pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)


def test_it_is_whole_and_nothing_else_lies_there(folder: Path) -> None:
    model_folder.load(folder)
    assert {path.name for path in folder.iterdir()} == {model_folder.DESCRIPTION, *model_folder.FILES, *PAGES}


def test_it_is_small_enough_for_a_repository(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST


def test_no_page_holds_an_image(folder: Path) -> None:
    for name in PAGES:
        text = (folder / name).read_text()
        assert not re.search(r"<img|<image|<canvas|data:\s*image|!\[|\burl\(", text), name
        assert not re.search(r"[A-Za-z0-9+/]{400,}", text), f"{name} holds something encoded"


def test_no_array_is_an_image(folder: Path) -> None:
    """All arrays of the calibration together hold fewer numbers than one image as the model takes it."""
    arrays = model_folder.arrays(folder)
    assert sum(values.size for values in arrays.values()) < 3 * model_folder.load(folder).image_size ** 2
    ids = (folder / model_folder.TRAINING_IDS).read_text().splitlines()
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


def test_the_card_is_of_this_model_and_names_the_licences(folder: Path) -> None:
    card = (folder / "model_card.md").read_text()
    provenance = model_folder.described(folder)["provenance"]
    assert provenance["dataset"] in card
    assert all(f"| {name} |" in card for name in provenance["deliveries"])
    assert "as stated by who delivered it" not in card, "a licence is not named"
    text = (ROOT / "models/README.md").read_text()
    assert f"`{folder.name}/`" in text
    assert "Licence" in text


def test_it_answers_and_refuses_what_is_no_cell(folder: Path) -> None:
    classifier = load(folder)
    noise = np.random.default_rng(0).integers(0, 256, (4, classifier.image_size, classifier.image_size, 3), np.uint8)
    found = classifier.predict(noise)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    assert found.probabilities.shape == (4, len(classifier.classes))
    assert set(found.why) == {"ood"}
