from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance

from tasks import store
from tasks.dedupe import stage
from tasks.dedupe.settings import Dedupe
from tasks.ingest import stage as ingest
from tasks.ingest.settings import Ingest
from tasks.params import Classes

CLASSES = Classes.model_validate({"ig": [], "platelet": []})
SETTINGS = Dedupe(max_distance=24, max_rmse=15.0, min_contrast=4.0, on_conflict="drop_all")


def smear(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(40, 220, (12, 12, 3), np.uint8)).resize((96, 96), Image.Resampling.BICUBIC)


def ingested(folder: Path, **pictures: Image.Image) -> tuple[Path, Path]:
    for name, picture in pictures.items():
        file = folder / "raw" / "d" / ("platelet" if name.startswith("platelet") else "ig") / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.save(file)
    settings = Ingest(crop=0, image_size=96, hash_size=16)
    ingest.main(CLASSES, settings, folder / "raw" / "d", folder / "ingested" / "d")
    listing = folder / "deliveries.yaml"
    listing.write_text('deliveries:\n- "d"\n')
    return listing, folder / "ingested"


def reasons(folder: Path) -> dict[str, str]:
    rows = store.read_rows(folder / "out")
    return {Path(source).stem: reason for source, reason in zip(rows["source"], rows["reason"], strict=True)}


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


def test_flat_pictures_never_match_by_hash_alone(tmp_path: Path) -> None:
    greys = {f"g{value}": Image.new("RGB", (96, 96), (value,) * 3) for value in (100, 102, 104)}
    paths = ingested(tmp_path, **greys)
    stage.main(SETTINGS, *paths, tmp_path / "out")
    assert set(reasons(tmp_path).values()) == {""}
    stage.main(SETTINGS.model_copy(update={"min_contrast": 0.0}), *paths, tmp_path / "out")
    assert "near-copy" in reasons(tmp_path).values()
