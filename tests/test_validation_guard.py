"""The corruptions that choose a model are of another kind than what it trains on and what it is tested on last.

By name, and by what they do: no colour map and no blur, sharpening or shift of the image, nor one per channel, makes
of an image what they make of it. test_suite_guard.py holds the like of the benchmark that a model is tested on.
"""

import ast
import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from tasks.augment import table
from tasks.corruptions import benchmark
from tasks.corruptions.kind import FAMILIES
from tasks.corruptions.validation import KINDS, TABLE, corrupt

ROOT = Path(__file__).parents[1]
TRAINING = [
    "identity", "flip", "rotate", "rotation", "shear", "shear_x", "shear_y", "zoom", "translate", "translation",
    "translate_x", "translate_y", "brightness", "contrast", "saturation", "color", "hue", "channel_shift", "grey",
    "sharpness", "posterize", "solarize", "equalize", "autocontrast", "gaussian_blur", "gaussian_noise", "cutout",
    "grid_mask", "mixup", "cutmix",
]  # fmt: skip
CORRUPTIONS = list(benchmark.KINDS)
UNNAMED = ["stain_deposit", "bubble", "defocus", "motion_blur", "pixelate", "jpeg"]
"""Those that no augmentation shares a name with; brightness, contrast and saturation differ in form."""


def shared(names: Iterable[str], kinds: Sequence[str] = KINDS) -> set[str]:
    """Those of `names` that say a kind, however they are written: zoom_blur, ZoomBlur, RandomZoomBlurs, ..."""
    return {name for name in names if any(_letters(kind) in _letters(name) for kind in kinds)}


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def said(folder: Path) -> set[str]:
    """Names of functions, classes, attributes and imports below `folder`, and strings of one word."""
    found: set[str] = set()
    for node in (node for file in folder.rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            found.add(node.value)
        found |= {getattr(node, field) for field in ("name", "attr", "id") if isinstance(getattr(node, field, 0), str)}
    return found


@pytest.mark.parametrize("names", [TRAINING, CORRUPTIONS], ids=["training", "corruptions"])
def test_no_kind_has_the_name_of_an_augmentation_or_of_a_test_s_corruption(names: list[str]) -> None:
    assert not shared(names)


@pytest.mark.parametrize("name", ["zoom_blur", "ZoomBlur", "random-elastic", "RandomElasticTransform", "SHOT_NOISE"])
def test_a_name_is_known_however_it_is_written(name: str) -> None:
    assert shared([name, "gaussian_blur", "zoom", "blur"]) == {name}


@pytest.mark.parametrize(("module", "tuple_"), [("table", "RECIPES"), ("randaugment", "OPERATIONS")])
def test_no_kind_is_an_operation_of_the_training(module: str, tuple_: str) -> None:
    if not (ROOT / "tasks" / "augment" / f"{module}.py").is_file():
        pytest.skip(f"tasks/augment has no {module}.py")
    operations = getattr(importlib.import_module(f"tasks.augment.{module}"), tuple_, None)
    if operations is None:
        pytest.skip(f"tasks.augment.{module} has no {tuple_}")
    names = [str(getattr(one, "name", getattr(one, "__name__", one))) for one in operations]
    assert names
    assert not shared(names)


@pytest.mark.parametrize("package", ["augment", "train"])
def test_the_code_of_the_training_says_no_kind(package: str) -> None:
    assert len(said(ROOT / "tasks" / package)) > 20
    assert not shared(said(ROOT / "tasks" / package), [*KINDS, *UNNAMED])


def test_the_corruptions_and_the_augmentation_know_nothing_of_each_other() -> None:
    imports = {
        package: {
            module
            for file in (ROOT / "tasks" / package).rglob("*.py")
            for module in re.findall(r"^\s*(?:from|import)\s+([\w.]+)", file.read_text(), re.MULTILINE)
        }
        for package in ("augment", "corruptions")
    }
    assert not {module for module in imports["augment"] if module.startswith("tasks.corruptions")}
    assert {module.split(".")[0] for module in imports["corruptions"]} <= {
        "collections", "functools", "io", "typing", "numpy", "scipy", "PIL", "tasks",
    }  # fmt: skip
    own = {module for module in imports["corruptions"] if module.startswith("tasks")}
    assert own == {"tasks.corruptions", "tasks.corruptions.kind"}


def test_the_validation_has_two_kinds_of_every_family_of_the_augmentation() -> None:
    assert set(FAMILIES) == set(table.FAMILIES)
    families = [kind.family for kind in TABLE.values()]
    assert min(families.count(family) for family in FAMILIES) >= 2


def drawn(seed: int, side: int = 64) -> np.ndarray:
    """A cell with grain and soft edges, uint8 (side, side, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side / 2
    inside = (np.hypot(y, x) < 0.3 * side)[..., None]
    grain = ndimage.gaussian_filter(rng.normal(size=(side, side, 3)), (1.5, 1.5, 0)) * np.where(inside, 60, 20)
    return np.rint(ndimage.gaussian_filter(np.where(inside, (120, 80, 150), (215, 190, 180)) + grain, (0.7, 0.7, 0)))


CELLS = np.stack([drawn(seed) for seed in range(4)]).clip(0, 255).astype(np.uint8)
KNOWN: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "brightness": (0, lambda cell: 0.8 * cell + 10),
    "contrast": (0, lambda cell: 0.7 * (cell - 128.0) + 128),
    "saturation": (0, lambda cell: 0.6 * cell + 0.4 * cell.mean(axis=2, keepdims=True)),
    "channel shift": (0, lambda cell: cell + np.array([9.0, -9.0, 0.0])),
    "translation": (2, lambda cell: np.roll(cell, (1, 2), axis=(0, 1))),
    "gaussian blur": (2, lambda cell: ndimage.gaussian_filter(cell.astype(float), (1, 1, 0), truncate=2)),
    "motion blur": (2, lambda cell: ndimage.uniform_filter1d(cell.astype(float), 5, axis=1)),
}


def explained(k: int, changed: np.ndarray, reach: int) -> float:
    """The share of the change of CELLS[k], at most 1, that the best linear filter and a constant reproduce.

    Least squares over all channels in a window of `reach` pixels to each side: with 0, all affine colour maps, thus
    brightness, contrast, saturation, channel shift and grey; with 2, also translation, sharpness and any small blur.
    """
    before, after = (_inner(image, reach) for image in (CELLS[k], changed))
    basis = _basis(k, reach)
    left = after - basis @ (basis.T @ after)
    return float(1 - np.square(left).sum() / np.square(after - before).sum())


def _inner(image: np.ndarray, reach: int) -> np.ndarray:
    inner = slice(reach, len(image) - reach)
    return image[inner, inner].reshape(-1, 3).astype(float)


@lru_cache
def _basis(k: int, reach: int) -> np.ndarray:
    """Orthonormal, spans all that filters of that reach make of the cell."""
    width = 2 * reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(CELLS[k].astype(float), (width, width), axis=(0, 1))
    return np.linalg.qr(np.pad(windows.reshape(-1, 3 * width**2), ((0, 0), (0, 1)), constant_values=1)).Q


@pytest.mark.parametrize("name", KNOWN)
def test_the_measure_sees_through_what_is_known(name: str) -> None:
    reach, change = KNOWN[name]
    for k, cell in enumerate(CELLS):
        assert explained(k, np.rint(change(cell)), reach) > 0.97


POINTWISE = ("colour", "tone")
"""Families of curves: a cell of two tones does not tell them from straight lines; test_benchmark_guard.py does."""


@pytest.mark.parametrize("reach", [0, 2], ids=["colour-map", "filter"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if TABLE[kind].family not in POINTWISE])
def test_no_colour_map_and_no_filter_does_what_a_kind_does(kind: str, reach: int) -> None:
    rounds = [corrupt(CELLS, kind, 3, np.arange(4 * k, 4 * k + 4, dtype=np.uint64)) for k in range(5)]
    shares = [explained(k, changed, reach) for corrupted in rounds for k, changed in enumerate(corrupted)]
    assert max(shares) < 0.9  # of what is known, more than 0.97


def noise_in_bright_over_dark(cell: np.ndarray, noisy: np.ndarray) -> float:
    """Mean squared change of the bright pixels of one colour, divided by that of the dark ones."""
    change = np.square(noisy.astype(float) - cell)
    return float(change[cell > 170].mean() / change[cell < 100].mean())


def test_shot_noise_follows_the_light_as_gaussian_noise_does_not() -> None:
    for k, cell in enumerate(CELLS):
        gaussian = np.rint(cell + np.random.default_rng(k).normal(0, 20, cell.shape))
        shot = corrupt(cell[None], "shot_noise", 2, np.array([k], np.uint64))[0]
        assert noise_in_bright_over_dark(cell[..., 1], gaussian[..., 1]) == pytest.approx(1, abs=0.25)
        assert noise_in_bright_over_dark(cell[..., 1], shot[..., 1]) > 1.6


def test_impulse_noise_leaves_most_pixels_as_they_are() -> None:
    noisy = corrupt(CELLS, "impulse_noise", 5, np.arange(4, dtype=np.uint64))
    assert (noisy == CELLS).mean() > 0.8
    assert np.isin(noisy[noisy != CELLS], [0, 255]).all()
