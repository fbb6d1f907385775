"""The published packages are no part of the test environment: small ones with their names, API and age stand in."""

import json
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks import published_corruptions
from benchmarks.published import environment, scoring
from benchmarks.published.environment import Published
from benchmarks.published.scoring import CLEAN, IMAGENET_C, MEDMNISTC, OWN, SEVERITIES, Corruption
from tasks import store
from tasks.splits import Part
from tests.support.published_code import FILTER, IMAGENET, KINDS, REGISTRY

NAMES = ["ig", "platelet"]
SIDE = 32

CORRUPT = """
from . import corruptions

def get_corruption_names():
    return ["glass_blur", "impulse_noise", "frost"]

def corrupt(image, severity=1, corruption_name=None):
    return corruptions.np.uint8(getattr(corruptions, corruption_name)(image, severity))
"""
FILES = {
    "numba.py": "def njit(function):\n    return function\n",
    "medmnistc/corruptions/filter.py": FILTER,
    "medmnistc/corruptions/registry.py": REGISTRY,
    "imagecorruptions/__init__.py": CORRUPT,
    "imagecorruptions/corruptions.py": IMAGENET,
    "imagecorruptions/frost.txt": "10",
}


def made(folder: Path, **changed: str) -> Path:
    """An environment with the stand-ins; `changed` replaces a file by its stem."""
    venv.create(folder)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    for name, text in FILES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(changed.get(Path(name).stem, text))
    (site / "tests.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("published") / "venv")


def cells(number: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(60, 200, (number, SIDE, SIDE, 3), np.uint8)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Ten test rows of two classes, and one row that is not test."""
    folder = tmp_path / "project/data/ingested/batch"
    folder.mkdir(parents=True)
    images = cells(11)
    images[::2] //= 4  # what the model goes by
    np.save(folder / store.PIXELS, images)
    rows = pd.DataFrame(
        {"delivery": "batch", "source": [f"{k}.png" for k in range(11)], "id": [f"{k:x}" for k in range(11)]}
    ).assign(label=[NAMES[k % 2] for k in range(11)], row=range(11), kept=True, split="test")
    blank = {"split_group": "", "dropped_by": "", "drop_reason": "", "drop_value": np.nan, "duplicate_of": ""}
    rows.loc[10, "split"] = "train"
    store.write_rows(tmp_path / "project/data/clean", rows.assign(**blank))
    return tmp_path / "project"


class Model:
    """Calls dark cells `ig`."""

    classes, image_size = NAMES, SIDE

    def predict(self, images: NDArray[np.uint8]) -> "Model":
        assert images.dtype == np.uint8
        assert images.shape[1:] == (SIDE, SIDE, 3)
        self.predicted = (images.mean(axis=(1, 2, 3)) > 80).astype(np.int64)
        return self


@pytest.mark.parametrize(
    ("package", "kind"), [("medmnistc", "pixelate"), ("medmnistc", "bubble"), ("imagecorruptions", "glass_blur"),
                          ("imagecorruptions", "impulse_noise")]
)  # fmt: skip
def test_what_is_drawn_follows_from_seed_id_kind_and_severity(prepared: Path, package: str, kind: str) -> None:
    images, ids = cells(3), ["a", "b", "c"]
    with Published(prepared) as code:
        first = code.corrupt(package, kind, 2, images, ids, 0)
        one = code.corrupt(package, kind, 2, images[1:2], ids[1:2], 0)
        others = [code.corrupt(package, kind, 2, images, ids, 1), code.corrupt(package, kind, 2, images, ids[::-1], 0)]
    assert first.dtype == np.uint8
    assert first.shape == images.shape
    assert (first != images).any()
    np.testing.assert_array_equal(one[0], first[1])
    assert all((first != other).any() for other in others)


def test_severities_count_from_one_and_files_of_a_package_are_found(prepared: Path) -> None:
    images = np.full((1, SIDE, SIDE, 3), 100, np.uint8)
    with Published(prepared) as code:
        assert code.kinds == {"medmnistc": KINDS, "imagecorruptions": ["glass_blur", "impulse_noise", "frost"]}
        assert [code.corrupt("imagecorruptions", "frost", s, images, ["a"], 0).max() for s in (1, 5)] == [110, 150]
        assert [code.corrupt("medmnistc", "bubble", s, images, ["a"], 0).max() for s in (1, 5)] == [255, 251]


def test_code_that_fails_is_named_with_its_error(prepared: Path) -> None:
    with (
        Published(prepared) as code,
        pytest.raises(ValueError, match=r"^imagecorruptions failed at frost/2: RuntimeError: too warm$"),
    ):
        code.corrupt("imagecorruptions", "frost", 2, cells(1), ["a"], 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"registry": "raise ImportError('no MagickWand.\\nInstall it')"}, "venv: no MagickWand. Install it$"),
        ({"filter": FILTER.replace("np.fromstring", "np.array")}, "filter is another version than expected: it lacks"),
        ({"registry": "raise RuntimeError('broken')"}, "venv: RuntimeError: broken$"),
    ],
)  # fmt: skip
def test_packages_that_do_not_start_are_one_line(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        Published(made(tmp_path / "venv", **changed))
    assert "\n" not in str(error.value)


def test_preparing_starts_both_packages(
    tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(environment, "_run", commands.append)
    published_corruptions.main(["prepare", "--venv", str(prepared)])
    assert "--no-deps" in commands[1]
    with pytest.raises(SystemExit, match="no environment of the published code"):
        published_corruptions.main(["prepare", "--venv", str(tmp_path)])


def test_an_install_that_fails_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "venv").touch()
    with pytest.raises(ValueError, match=r"^.* -m venv .*venv failed: [^\n]+$"):
        environment.prepare(tmp_path / "venv")


Scored = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture
def scored(
    prepared: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Scored:
    """Figures and what was printed, of `run` with some options."""
    monkeypatch.setattr(published_corruptions, "load", lambda folder: Model())
    monkeypatch.setattr(scoring, "BATCH", 8)

    def run(*options: str) -> tuple[dict[str, Any], str]:
        out = project / "figures.json"
        paths = ["--project", str(project), "--venv", str(prepared), "--out", str(out)]
        published_corruptions.main(["run", *paths, *options])
        return json.loads(out.read_text()), capsys.readouterr().out

    return run


def test_a_model_is_scored_beside_our_own_kinds(scored: Scored) -> None:
    found, printed = scored()
    assert (found["rows"], found["size"], found["clean"]["accuracy"]) == (10, SIDE, 1.0)
    assert list(found[MEDMNISTC]["kinds"]) == KINDS
    assert set(found[OWN]["kinds"]) == set(KINDS)
    frost = found[IMAGENET_C]["kinds"]["frost"]
    errors = {severity: one["balanced_error"] for severity, one in frost["severities"].items()}
    assert errors == {"1": 0.0, "3": 0.0, "5": 0.5}  # dark cells, plus 50, are no longer dark
    assert frost["balanced_error"] == pytest.approx(0.5 / 3)
    assert "| frost | 0.000 | 0.000 | 0.500 | 0.167 | 0.833 |" in printed
    assert "| medmnistc | 1 | 2 | 3 | 4 | 5 | mean | own | accuracy |" in printed


@pytest.mark.parametrize("by", [MEDMNISTC, OWN])
def test_images_are_corrupted_at_another_side_by_the_sets_that_are_asked_for(by: str, scored: Scored) -> None:
    found, printed = scored("--size", "40", "--sets", by)
    assert found["size"] == 40
    assert set(SEVERITIES) & found.keys() == {by}
    assert f"| {by} | 1 | 2 | 3 | 4 | 5 | mean | accuracy |" in printed
    assert printed.count("| mean |  |") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--venv", "nowhere"], r"^published_corruptions: no environment .* in nowhere: `python -m .* prepare --venv"),
        (["--rows", "11"], "rows must be 1 to 10, the test rows there are, got 11"),
        (["--project", "nowhere"], "nowhere/data/clean"),
    ],
)
def test_what_cannot_be_scored_is_one_line(
    prepared: Path, project: Path, options: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_corruptions, "load", lambda folder: Model())
    with pytest.raises(SystemExit, match=message) as error:
        published_corruptions.main(["run", "--project", str(project), "--venv", str(prepared), *options])
    assert "\n" not in str(error.value)


def test_a_model_of_another_side_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, "image_size", 96)
    monkeypatch.setattr(published_corruptions, "load", lambda folder: Model())
    with pytest.raises(SystemExit, match="takes images of 96 pixels, those of .* have 32"):
        published_corruptions.main(["run", "--project", str(project)])


@pytest.mark.parametrize("given", ["0", "-1", "many"])
def test_a_number_is_from_one_on(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        published_corruptions.main(["run", "--rows", given])
    assert f"expected a whole number from 1 on, got '{given}'" in capsys.readouterr().err


def test_a_sample_has_each_class_by_its_share() -> None:
    labels = np.repeat([0, 1], [60, 20])
    part = Part(np.zeros((80, 2), np.int64), labels, [str(k) for k in range(80)])
    some = scoring.sample(part, 20, 0)
    assert np.bincount(some.labels).tolist() == [15, 5]
    assert some.ids == scoring.sample(part, 20, 0).ids != scoring.sample(part, 20, 1).ids
    assert scoring.sample(part, None, 0) is part


def test_figures_are_means_over_severities_then_kinds() -> None:
    truth = np.array([0, 0, 0, 1])
    wrong = {1: [0, 0, 0, 1], 2: [0, 0, 0, 0], 3: [1, 0, 0, 1], 4: [1, 1, 1, 0], 5: [0, 0, 0, 1]}
    answered = {Corruption(CLEAN): truth}
    for by, severities in SEVERITIES.items():
        answered |= {Corruption(by, "jpeg", s): np.array(wrong[s]) for s in severities}
        answered |= {Corruption(by, "bubble", s): truth for s in severities}
    found = scoring.figures(truth, answered)
    assert found[CLEAN] == {"balanced_error": 0.0, "accuracy": 1.0}
    jpeg = found[MEDMNISTC]["kinds"]["jpeg_compression"]
    assert [one["balanced_error"] for one in jpeg["severities"].values()] == pytest.approx([0, 1 / 2, 1 / 6, 1, 0])
    assert jpeg["balanced_error"] == pytest.approx((1 / 2 + 1 / 6 + 1) / 5)
    assert found[MEDMNISTC]["balanced_error"] == pytest.approx(jpeg["balanced_error"] / 2)
    assert found[IMAGENET_C]["accuracy"] == pytest.approx((3 + 2.75) / 6)
