"""A training that starts from a model's folder."""

from pathlib import Path

import numpy as np
import pytest

from tasks import model
from tasks.train import training

CLASSES = ["red", "green", "blue"]
HEAD = slice(-2, None)
"""The output's kernel and bias among all weights."""


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights that knows CLASSES."""
    folder = tmp_path_factory.mktemp("start") / "model"
    settings = small.settings()
    *_, network = training.networks(settings, 32, CLASSES, Path())
    model.save(folder, network, CLASSES, 24, {"train": settings.model_dump(mode="json")}, ["seen"])
    return folder


def weights(small, folder: Path, names: list[str], **changes) -> list[np.ndarray]:
    *_, network = training.networks(small.settings(weights=str(folder), **changes), 32, names, Path())
    return network.get_weights()


def test_with_the_same_classes_it_is_that_model(small, folder: Path, capsys: pytest.CaptureFixture) -> None:
    stored = model.load(folder).network.get_weights()
    for mine, theirs in zip(weights(small, folder, CLASSES), stored, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert capsys.readouterr().out == f"train: starts from {folder}, its backbone and the head of 3 of 3 classes\n"


def test_of_other_classes_those_that_both_know_keep_their_outputs(small, folder: Path, capsys) -> None:
    stored = model.load(folder).network.get_weights()
    found = weights(small, folder, ["blue", "grey", "red"])
    for mine, theirs in zip(found[: HEAD.start], stored[: HEAD.start], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(found[HEAD], stored[HEAD], strict=True):
        np.testing.assert_array_equal(mine[..., [0, 2]], theirs[..., [2, 0]])
    assert not np.isin(found[-2][:, 1], stored[-2]).any(), "grey starts from random values"
    assert "head of 2 of 3 classes" in capsys.readouterr().out


def test_a_head_of_other_widths_starts_anew(small, folder: Path, capsys) -> None:
    stored = model.load(folder).network.get_weights()
    found = weights(small, folder, CLASSES, dense=[17])
    head = 4  # two layers, each of kernel and bias
    for mine, theirs in zip(found[:-head], stored[:-head], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert found[-head].shape[-1] == 17
    assert "none of the head" in capsys.readouterr().out


def test_another_backbone_is_an_error(small, folder: Path) -> None:
    with pytest.raises(ValueError, match="holds custom_cnn, expected efficientnet_lite0"):
        weights(small, folder, CLASSES, backbone="efficientnet_lite0")


def test_a_path_without_anything_is_an_error(small, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no weights at .*absent"):
        weights(small, tmp_path / "absent", CLASSES)


def test_a_folder_without_a_model_is_an_error(small, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no model in"):
        weights(small, tmp_path, CLASSES)
