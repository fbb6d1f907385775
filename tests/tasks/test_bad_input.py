"""Deliveries and review files that are odd or wrong, through the real stages from files to splits.

The features are a coarse copy of the image, so no network is needed. A warning of numpy's or pandas' fails a test.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from tasks import params, store
from tasks.dedupe import stage as dedupe
from tasks.dedupe.settings import Dedupe
from tasks.ingest import stage as ingest
from tasks.ingest.settings import Ingest
from tasks.outliers import stage as outliers
from tasks.outliers.settings import Outliers
from tasks.split import stage as split
from tasks.split.settings import Split
from tests.support import recording

pytestmark = pytest.mark.filterwarnings("error")

PARAMS = Path(__file__).parents[2] / "params.yaml"
HEADER = "delivery,source,id,review_decision,who,why\n"
Files = Mapping[str, bytes]


class Project:
    """A folder of deliveries and what the stages make of them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.names: list[str] = []
        self.classes = params.load(params.Classes, PARAMS)

    def add(self, name: str, files: Files) -> None:
        """List a delivery, ingest it and give it features."""
        for source, content in files.items():
            file = self.folder / "raw" / name / source
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        ingested, embedded = self.folder / "ingested" / name, self.folder / "embedded" / name
        told = recording.written(self.folder / "deliveries" / f"{name}.yaml", self.folder / "raw" / name, self.classes)
        ingest.main(self.classes, params.load(Ingest, PARAMS), self.folder / "raw" / name, told, ingested)
        pixels = np.load(ingested / store.PIXELS).astype(np.float32)
        embedded.mkdir(parents=True)
        coarse = pixels.reshape(len(pixels), 8, 12, 8, 12, 3).mean(axis=(2, 4))
        np.save(embedded / store.FEATURES, coarse.reshape(len(pixels), -1))
        assert len(store.read_rows(ingested)) == len(files)
        self.names.append(name)

    def rows(self, review: str = "") -> pd.DataFrame:
        """The table that comes of all deliveries, by key, with as many rows as files came, each with its reason."""
        (self.folder / "deliveries.yaml").write_text(yaml.safe_dump({"deliveries": self.names}))
        (self.folder / "review.csv").write_text(review if review.startswith("delivery") else HEADER + review)
        given = [self.folder / name for name in ("deliveries.yaml", "review.csv", "ingested", "embedded")]
        out = [self.folder / name for name in ("deduped", "inliers", "clean")]
        dedupe.main(params.load(Dedupe, PARAMS), *given, out[0])
        lenient = params.load(Outliers, PARAMS).model_copy(update={"false_alarm": 1e-9})  # real ones among so few
        outliers.main(lenient, out[0], given[3], out[1])
        split.main(self.classes, params.load(Split, PARAMS), out[1], out[0], out[2])
        rows = store.read_rows(out[2])
        came = {(name, source) for name in self.names for source in _files(self.folder / "raw" / name)}
        assert set(rows[store.KEY].itertuples(index=False, name=None)) == came
        assert set(rows.loc[rows["kept"], "split"]) <= {"train", "val", "test"}
        return rows.set_index(store.KEY)


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def png(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "png")
    return stream.getvalue()


def cell(seed: int, side: int = 96) -> np.ndarray:
    """A smooth image of its own, uint8 (side, side, 3)."""
    coarse = np.random.default_rng(seed).integers(60, 200, (side // 12, side // 12, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def noisy(image: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(-3, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def images(count: int, first: int = 0, label: str = "") -> dict[str, bytes]:
    """Files of `count` images, of two classes in turn or of one."""
    labels = [label] if label else ["ig", "platelet"]
    return {f"{labels[k % len(labels)]}/{k:02}.png": png(cell(first + k)) for k in range(count)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def good(project: Project) -> Project:
    """The same, with a delivery of 24 images that nothing is wrong with."""
    project.add("good", images(24))
    return project


def test_nothing_is_wrong_with_the_good_one(good: Project) -> None:
    rows = good.rows()
    assert rows["kept"].all(), rows["drop_reason"].value_counts()


def test_duplicates_of_each_other(good: Project) -> None:
    good.add("twins", {f"ig/{k}.png": png(cell(100)) for k in range(6)})
    twins = good.rows().loc["twins"]
    assert twins["drop_reason"].tolist() == ["", *["exact-copy"] * 5]
    assert twins["duplicate_of"].tolist() == ["", *["twins/ig/0.png"] * 5]
    assert twins["split"].nunique() == twins["id"].nunique() == 1


def test_duplicates_of_each_other_alone(project: Project) -> None:
    project.add("twins", {f"ig/{k}.png": png(cell(100)) for k in range(6)})
    rows = project.rows()
    assert rows.loc[rows["kept"], "split"].tolist() == ["train"]


def test_duplicates_of_an_earlier_delivery(good: Project) -> None:
    before = good.rows()
    good.add("again", images(24))
    after = good.rows()
    pd.testing.assert_frame_equal(after.loc[["good"]], before)
    assert set(after.loc["again", "drop_reason"]) == {"exact-copy"}
    assert after.loc["again", "duplicate_of"].tolist() == [f"good/{source}" for source in after.loc["again"].index]
    assert after.loc["again", "split"].tolist() == before["split"].tolist()


def test_one_class(project: Project) -> None:
    project.add("one", images(12, label="ig"))
    assert project.rows()["kept"].all()


def test_one_image(good: Project) -> None:
    before = good.rows()
    good.add("one", images(1, first=200))
    after = good.rows()
    assert after.loc["one", "kept"].tolist() == [True]
    assert after.loc["good", "split"].tolist() == before["split"].tolist()


def test_one_image_alone(project: Project) -> None:
    project.add("one", images(1))
    assert project.rows()["split"].tolist() == ["train"]


BROKEN = {
    "ig/empty.png": b"",
    "ig/text.png": b"no image",
    "platelet/cut.png": png(cell(0))[:900],
    "platelet/cut_again.png": png(cell(0))[:900],
}


def test_nothing_readable(good: Project) -> None:
    before = good.rows()
    good.add("broken", BROKEN)
    after = good.rows()
    pd.testing.assert_frame_equal(after.loc[["good"]], before)
    assert set(after.loc["broken", "drop_reason"]) == {"unreadable"}
    assert (after.loc["broken", "detail"] != "").all()
    assert after.loc["broken", ["outlier_score", "drop_value"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (BROKEN, "of 4 images that came, all were dropped .unreadable 4"),
        ({f"reticulocyte/{k}.png": png(cell(k)) for k in range(4)}, "of 4 .* all were dropped .unlisted-class 4"),
        ({f"ig/{k}.png": png(np.full((96, 96, 3), 90 + k, np.uint8)) for k in range(4)}, "all were dropped .blank 4"),
        ({**BROKEN, "reticulocyte/a.png": png(cell(1))}, "of 5 .* all were dropped .unreadable 4, unlisted-class 1"),
    ],
    ids=["unreadable", "unlisted-class", "blank", "mixed"],
)
def test_nothing_of_use_alone(project: Project, files: Files, told: str) -> None:
    project.add("useless", files)
    with pytest.raises(ValueError, match=told):
        project.rows()


def test_shuffled_labels_change_conflicts_and_nothing_else(tmp_path: Path) -> None:
    content = [png(cell(k)) for k in [*range(24), *range(4)]]
    labels = ["ig", "platelet"] * 14
    shuffled = np.random.default_rng(0).permutation(labels).tolist()
    kept, conflicts = [], []
    for name, given in (("one", labels), ("two", shuffled)):
        project = Project(tmp_path / name)
        files = zip(given, content, strict=True)
        project.add("d", {f"{label}/{k:02}.png": image for k, (label, image) in enumerate(files)})
        rows = project.rows()
        kept.append({*rows.loc[rows["kept"], "id"]})
        conflicts.append({*rows.loc[rows["drop_reason"] == "label-conflict", "id"]})
    assert [len(ids) for ids in conflicts] == [0, 1]
    assert len(kept[0]) == 24
    assert kept[1] == kept[0] - conflicts[1]


def test_the_same_file_names_twice(good: Project) -> None:
    good.add("namesake", images(24, first=300))
    rows = good.rows()
    assert rows["kept"].all()
    assert rows.loc["good"].index.tolist() == rows.loc["namesake"].index.tolist()
    assert not {*rows.loc["good", "id"]} & {*rows.loc["namesake", "id"]}


@pytest.mark.parametrize(
    ("review", "told"),
    [
        (
            "delivery,file,id,verdict,who,why\n",
            "expected the columns delivery,source,id,review_decision,who,why, got delivery,",
        ),
        ("good,ig/99.png,,keep,me,so\n", r"line 2 \(keep good/ig/99.png\): no row of the listed deliveries is that"),
        (",,0123,drop,me,so\n", r"line 2 \(drop 0123\): no row of the listed deliveries is that"),
        (
            "good,ig/00.png,,keep,me,so\ngood,ig/00.png,,drop,me,so\n",
            r"line 3 \(drop good/ig/00.png\): contradicts line 2, which says keep",
        ),
        ("good,ig/00.png,,maybe,me,so\n", "line 2: review_decision must be keep, drop or label CLASS, got 'maybe'"),
        ("good,ig/00.png,keep,me\n", "line 2: expected 6 fields .*, got 4"),
    ],
    ids=["column", "unknown-row", "unknown-id", "contradiction", "verdict", "fields"],
)
def test_a_wrong_review_file(good: Project, review: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        good.rows(review)


def test_a_line_about_a_withdrawn_delivery_waits(good: Project) -> None:
    line = "late,ig/00.png,,drop,me,so\n"
    assert good.rows(line)["kept"].all()
    good.add("late", images(2, first=400))
    assert good.rows(line).loc["late", "drop_reason"].tolist() == ["review-drop", ""]


def test_a_verdict_moves_no_other_row(project: Project) -> None:
    """Not even one that takes the middle out of a chain of copies."""
    brightness = [0.6, 0.78, 1.0]
    chain = {f"ig/c{k}.png": png((cell(7) * gain).astype(np.uint8)) for k, gain in enumerate(brightness)}
    project.add("d", {**images(24, first=500), **chain})
    before = project.rows()
    assert before["split_group"].nunique() == 25
    after = project.rows("d,ig/c1.png,,drop,me,so\n")
    pd.testing.assert_series_equal(after["split"], before["split"])
    pd.testing.assert_series_equal(after["split_group"], before["split_group"])


def test_copies_in_a_later_delivery_move_no_earlier_row(project: Project) -> None:
    """Not even where they crowd two croppings of one image out of each other's neighbourhood."""
    whole = cell(1, 120)
    crops = {"a": whole[:96, :96], "b": whole[5:101, 5:101]}
    project.add("one", {**images(24, first=500), **{f"ig/{k}.png": png(crop) for k, crop in crops.items()}})
    before = project.rows()
    assert set(before["drop_reason"]) == {"", "recropped-copy"}
    copies = {f"ig/{k}{n}.png": png(noisy(crop, n)) for k, crop in crops.items() for n in range(6)}
    project.add("two", copies)
    facts = ["kept", "drop_reason", "split_group", "split"]
    pd.testing.assert_frame_equal(project.rows().loc[["one"], facts], before[facts])
