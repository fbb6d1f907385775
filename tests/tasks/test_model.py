import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tasks import model


def network() -> keras.Model:
    keras.utils.clear_session()  # automatic names, which are in the file, start anew
    keras.utils.set_random_seed(1)
    inputs = keras.layers.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def test_a_saved_model_predicts_the_same(tmp_path: Path) -> None:
    saved = network()
    model.save(tmp_path / "m", saved, ["ig", "platelet"])
    loaded = model.load(tmp_path / "m")
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.float32)
    assert loaded.classes == ["ig", "platelet"]
    assert loaded.image_size == 8
    assert (loaded.network(pictures).numpy() == saved(pictures).numpy()).all()


def test_the_same_model_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("x", "y"):
        saved = network()
        model.save(tmp_path / name, saved, ["ig", "platelet"])
    assert (tmp_path / "x" / model.WEIGHTS).read_bytes() == (tmp_path / "y" / model.WEIGHTS).read_bytes()


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model in .*model.json is missing"):
        model.load(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / model.DESCRIPTION).write_text(json.dumps({"format": "pickle"}))
    with pytest.raises(ValueError, match="expected format hemaflow-model/1, got 'pickle'"):
        model.load(tmp_path)
