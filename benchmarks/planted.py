"""Builds a delivery of real cells and copies of other sizes, in other colours and annotated, and its truth.

    python -m benchmarks.planted CELLS OUT        # OUT/delivery, a folder a class, and OUT/truth.csv
    hemaflow add OUT/delivery --name planted && hemaflow pipeline --target split
    python -m benchmarks.curation planted --truth OUT/truth.csv

    python -m benchmarks.planted CELLS OUT --share 0 --every 4 --foreign coins.png=40 --foreign ihc.png=10

Each kind of copy is planted as often as `--share` of the cells says, each of another cell. `--foreign` plants patches
of an image that comes with scikit-image or matplotlib, each in a class at random; after the stage `explain`
`benchmarks.curation` says how many of those that curation kept are suspects. No image that this writes may be
committed.
"""

import argparse
import csv
import io
import shutil
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.outliers import images, patches

Change = Callable[[Image.Image, np.random.Generator], Image.Image]
Line = tuple[str, str, str, str]
"""Of the truth: source, kind, the source that it copies, the name of the file that it is from."""
SIDE = 248
"""Of a foreign patch, in pixels: that of most cells."""
COLOURS = ("black", "white")


def resized(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """From 0.4 to 3 times as large."""
    factor = np.exp(rng.uniform(np.log(0.4), np.log(3)))
    return image.resize([round(side * factor) for side in image.size], Image.Resampling.BICUBIC)


def grey(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.convert("L")


def bgr(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return _channels(image, (2, 1, 0))


def exchanged(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Red, green and blue in any other order."""
    return _channels(image, list(permutations(range(3)))[rng.integers(1, 6)])


def together(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Resized, in grey or with channels exchanged, turned or mirrored, and compressed."""
    changed = (grey, exchanged)[rng.integers(2)](resized(image, rng), rng)
    buffer = io.BytesIO()
    changed.transpose(Image.Transpose(rng.integers(7))).save(buffer, "JPEG", quality=int(rng.integers(60, 91)))
    return Image.open(buffer)


def scale_bar(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A bar of 15 to 30 % of the width with its length above it, in a lower corner."""
    (width, height), colour = image.size, COLOURS[rng.integers(2)]
    length, thickness, margin = rng.uniform((0.15, 0.012, 0.04), (0.30, 0.03, 0.08)) * (width, height, height)
    left, top = rng.choice([margin, width - margin - length]), height - margin - max(2, thickness)
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, left + length, height - margin), fill=colour)
    _write(draw, (left + length / 4, top - 0.06 * height - 2), "10 µm", colour, 0.055 * height)
    return image


def caption(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A line of text in a corner, or a band of 7 to 12 % of the height across the foot."""
    (width, height), size = image.size, rng.uniform(0.06, 0.09) * image.height
    draw, colour = ImageDraw.Draw(image), COLOURS[rng.integers(2)]
    if rng.integers(2):
        top = height * (1 - rng.uniform(0.07, 0.12))
        draw.rectangle((0, top, width, height), fill=colour)
        _write(draw, (4, top), f"smear {rng.integers(1000, 9999)}, 100x", "grey", 0.7 * (height - top))
    else:
        corner = [
            (0.03 * width, 0.03 * height),
            (0.03 * width, 0.97 * height - 1.2 * size),
            (0.4 * width, 0.03 * height),
        ]
        _write(draw, corner[rng.integers(3)], f"sample {rng.integers(100, 999)}", colour, size)
    return image


KINDS: dict[str, Change] = {
    "near-resized": resized,
    "near-grey": grey,
    "near-bgr": bgr,
    "near-exchanged": exchanged,
    "near-together": together,
    "near-scale-bar": scale_bar,
    "near-caption": caption,
}


def _channels(image: Image.Image, order: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.asarray(image)[..., list(order)]))


def _write(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str, size: float) -> None:
    draw.text(at, text, fill=colour, font=ImageFont.load_default(size=max(8, size)))


def foreign(given: list[str], classes: list[Path], rng: np.random.Generator) -> list[Line]:
    """Write patches of images, NAME=COUNT each, into the folders of `classes`; their lines of the truth."""
    lines, known = [], images()
    for name, count in (one.split("=") for one in given):
        for place, patch in enumerate(patches(known[name], int(count), SIDE)):
            file = classes[rng.integers(len(classes))] / f"foreign_{Path(name).stem}_{place}.png"
            Image.fromarray(patch).save(file)
            lines.append((f"{file.parent.name}/{file.name}", f"foreign-{name}", "", ""))
    return lines


def build(cells: Path, out: Path, share: float, seed: int, every: int = 1, strange: list[str] | None = None) -> int:
    """Write delivery and truth; the number of files. Copies lie in the class of their cell."""
    rng, delivery = np.random.default_rng(seed), out / "delivery"
    files = [delivery / path.relative_to(cells) for path in sorted(cells.glob("*/[!.]*"))[::every]]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(cells / file.relative_to(delivery), file)
    lines: list[Line] = [(file.relative_to(delivery).as_posix(), "cell", "", file.stem) for file in files]
    lines += foreign(strange or [], sorted({file.parent for file in files}), rng)
    each = round(share * len(files))
    drawn = rng.permutation(len(files))[: each * len(KINDS)].reshape(len(KINDS), each)
    for (kind, change), places in zip(KINDS.items(), drawn, strict=True):
        for place in places:
            file = files[place].with_name(f"{files[place].stem}_{kind}.png")
            change(Image.open(files[place]).convert("RGB"), rng).save(file)
            lines.append((file.relative_to(delivery).as_posix(), kind, lines[place][0], ""))
    with (out / "truth.csv").open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("source", "kind", "of", "name"), *lines])
    return len(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", type=Path, help="a folder of images per class")
    parser.add_argument("out", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--share", type=float, default=0.01, help="copies of each kind, as a share of the cells")
    parser.add_argument("--every", type=int, default=1, help="take a cell of so many")
    parser.add_argument("--foreign", action="append", default=[], metavar="NAME=COUNT", help="patches of an image")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    number = build(given.cells, given.out, given.share, given.seed, given.every, given.foreign)
    print(f"{number:,} files -> {given.out}")


if __name__ == "__main__":
    main()
