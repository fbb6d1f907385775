from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from tasks import store
from tasks.dedupe import stage
from tasks.dedupe.settings import Dedupe
from tasks.ingest import stage as ingest
from tasks.ingest.settings import Ingest
from tasks.params import Classes
from tests.support import recording

CLASSES = Classes.model_validate({"ig": [], "platelet": []})
SETTINGS = Dedupe(
    max_distance=24,
    orientations=True,
    max_rmse=15.0,
    min_contrast=4.0,
    neighbours=3,
    max_shift=0.125,
    max_recropped_rmse=10.0,
    on_conflict="drop_all",
)


def smear(seed: int, side: int = 96) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(40, 220, (12, 12, 3), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)


def ingested(folder: Path, crop: int = 0, **images: Image.Image) -> list[Path]:
    for name, image in images.items():
        file = folder / "raw" / "d" / ("platelet" if name.startswith("platelet") else "ig") / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file)
    settings = Ingest(crop=crop, image_size=96, hash_size=16)
    ingest.main(
        CLASSES, settings, folder / "raw" / "d", recording.nothing(folder / "d.yaml"), folder / "ingested" / "d"
    )
    (folder / "deliveries.yaml").write_text('deliveries:\n- "d"\n')
    (folder / "review.csv").write_text("delivery,source,id,review_decision,who,why\n")
    embed(folder)
    return [folder / name for name in ("deliveries.yaml", "review.csv", "ingested", "embedded")]


def embed(folder: Path) -> None:
    """Features that hardly change where an image is shifted: its colours, coarsely."""
    pixels = np.load(folder / "ingested" / "d" / store.PIXELS).astype(np.float32)
    features = np.stack([np.histogram(one[..., c], 16, (0, 256))[0] for one in pixels for c in range(3)])
    (folder / "embedded" / "d").mkdir(parents=True)
    np.save(folder / "embedded" / "d" / store.FEATURES, features.reshape(len(pixels), -1).astype(np.float32))


def reasons(folder: Path) -> dict[str, str]:
    rows = store.read_rows(folder / "out")
    return {Path(source).stem: reason for source, reason in zip(rows["source"], rows["drop_reason"], strict=True)}


def test_copies_are_found_from_the_pixels_up(tmp_path: Path) -> None:
    one, two = smear(1), smear(2)
    paths = ingested(
        tmp_path,
        a=one,
        b=one,
        bright=ImageEnhance.Brightness(one).enhance(1.05),
        other=two,
        platelet_x=smear(3),
        z=smear(3),
    )
    stage.main(SETTINGS, *paths, tmp_path / "out")
    found = reasons(tmp_path)
    assert sorted((found["a"], found["b"], found["bright"])) != ["", "", ""]
    assert [found[name] for name in ("a", "b", "bright")].count("") == 1
    assert found["other"] == ""
    assert found["platelet_x"] == found["z"] == "label-conflict"
    assert len(pd.read_parquet(tmp_path / "out" / "pairs.parquet")) == 1


def cell(seed: int) -> Image.Image:
    """248 pixels a side, in the colours of a stain: a pale ground, dark purple where it takes."""
    taken = np.asarray(smear(seed, 248).convert("L"))[..., None] / 255
    return Image.fromarray((taken * [90, 30, 140] + (1 - taken) * [240, 215, 205]).astype(np.uint8))


def resized(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


def exchanged(image: Image.Image, order: tuple[int, int, int]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.asarray(image)[..., order]))


def annotated(image: Image.Image, *boxes: tuple[float, float, float, float], colour: str = "black") -> Image.Image:
    image = image.copy()
    for box in boxes:
        ImageDraw.Draw(image).rectangle([share * image.width for share in box], fill=colour)
    return image


OTHER_LOOKS = {
    "twice as large": lambda image: resized(image, 2),
    "half as large": lambda image: resized(image, 0.5),
    "of the set's size, uncropped": lambda image: image.resize((96, 96)),
    "grey": lambda image: image.convert("L"),
    "grey, larger and turned": lambda image: resized(image.convert("L"), 1.37).rotate(90),
    "BGR": lambda image: exchanged(image, (2, 1, 0)),
    "GBR": lambda image: exchanged(image, (1, 2, 0)),
}
ANNOTATED = {
    "scale bar": lambda image: annotated(image, (0.7, 0.92, 0.95, 0.95), (0.75, 0.86, 0.85, 0.91)),
    "caption": lambda image: annotated(image, (0, 0.88, 1, 1), colour="white"),
    "both, larger": lambda image: annotated(resized(image, 2), (0.05, 0.93, 0.3, 0.95), (0, 0, 0.6, 0.1)),
}


@pytest.mark.parametrize("look", [*OTHER_LOOKS.values(), *ANNOTATED.values()], ids=[*OTHER_LOOKS, *ANNOTATED])
def test_a_copy_that_looks_otherwise_gives_way_to_the_usual_clean_image(tmp_path: Path, look: Callable) -> None:
    cells = {f"cell{seed}": cell(seed) for seed in range(8)}
    paths = ingested(tmp_path, crop=200, copy=look(cells["cell3"]), **cells)
    stage.main(SETTINGS, *paths, tmp_path / "out")
    assert reasons(tmp_path) == {"copy": "near-copy", **dict.fromkeys(cells, "")}


def test_a_copy_cropped_before_it_came_is_one(tmp_path: Path) -> None:
    cells = {f"cell{seed}": cell(seed) for seed in range(8)}
    cropped = cells["cell3"].crop((24, 24, 224, 224)).resize((96, 96), Image.Resampling.BICUBIC)
    paths = ingested(tmp_path, crop=200, copy=cropped, **cells)
    stage.main(SETTINGS, *paths, tmp_path / "out")
    assert reasons(tmp_path) == {"copy": "near-copy", **dict.fromkeys(cells, "")}


@pytest.mark.parametrize("min_contrast", [4.0, 0.0])
def test_flat_images_never_match_by_hash_alone(tmp_path: Path, min_contrast: float) -> None:
    greys = {f"g{value}": Image.new("RGB", (96, 96), (value,) * 3) for value in (100, 102, 104)}
    paths = ingested(tmp_path, **greys)
    settings = {"min_contrast": min_contrast, "neighbours": 0}
    stage.main(SETTINGS.model_copy(update=settings), *paths, tmp_path / "out")
    assert set(reasons(tmp_path).values()) == {""}


def test_an_image_turned_or_mirrored_is_a_copy_unless_switched_off(tmp_path: Path) -> None:
    one = smear(1)
    paths = ingested(tmp_path, a=one, turned=one.rotate(90), mirrored=one.transpose(Image.Transpose.FLIP_TOP_BOTTOM))
    stage.main(SETTINGS, *paths, tmp_path / "out")
    assert sorted(reasons(tmp_path).values()) == ["", "near-copy", "near-copy"]
    found = pd.read_parquet(tmp_path / "out" / "pairs.parquet")
    assert set(found["kind"]) == {"near"}
    assert 0 not in set(found["orientation"])
    stage.main(SETTINGS.model_copy(update={"orientations": False}), *paths, tmp_path / "out")
    assert set(reasons(tmp_path).values()) == {""}


def test_an_image_cropped_anew_is_a_copy_unless_switched_off(tmp_path: Path) -> None:
    wide = smear(1, 120)
    others = {f"other{seed}": smear(seed) for seed in range(2, 8)}
    crops = {"a": wide.crop((10, 10, 106, 106)), "b": wide.crop((16, 5, 112, 101))}
    paths = ingested(tmp_path, **crops, **others)
    stage.main(SETTINGS, *paths, tmp_path / "out")
    found = reasons(tmp_path)
    assert sorted((found["a"], found["b"])) == ["", "recropped-copy"]
    assert {found[name] for name in others} == {""}
    pair = pd.read_parquet(tmp_path / "out" / "pairs.parquet").iloc[0]
    assert abs(pair["dy"]) == 5
    assert abs(pair["dx"]) == 6
    assert pair["dy"] * pair["dx"] < 0
    assert pair["distance"] > SETTINGS.max_distance
    stage.main(SETTINGS.model_copy(update={"neighbours": 0}), *paths, tmp_path / "out")
    assert set(reasons(tmp_path).values()) == {""}


def test_a_verdict_in_the_review_wins(tmp_path: Path) -> None:
    paths = ingested(tmp_path, a=smear(1), b=smear(1), c=smear(2))
    paths[1].write_text(
        "delivery,source,id,review_decision,who,why\nd,ig/b.png,,keep,me,sharper\nd,ig/c.png,,drop,me,no cell\n"
    )
    stage.main(SETTINGS, *paths, tmp_path / "out")
    assert reasons(tmp_path) == {"a": "exact-copy", "b": "", "c": "review-drop"}
    assert store.read_rows(tmp_path / "out")["review_decision"].tolist() == ["", "keep", "drop"]
