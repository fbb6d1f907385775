"""Draws the demo delivery: `python -m tasks.demo.stage data/raw/demo data/truth/demo.csv`."""

import csv
from pathlib import Path

from tasks import command
from tasks.demo import dirt, files
from tasks.demo.settings import Demo
from tasks.params import Classes

CROWDED = "monocyte"
"""The kind of cell among which the second outlier is planted."""


def main(classes: Classes, demo: Demo, out_images: Path, out_truth: Path) -> None:
    """Draw the cells, plant the dirt, and write the images and the table that tells them apart."""
    folder = files.folders(classes)
    cells = files.draw(demo.seed, demo.cells, folder)
    delivery = dirt.plant(demo.seed, cells, folder[CROWDED])
    sources = files.names(demo.seed, delivery)
    write_images(out_images, delivery, sources)
    write_truth(out_truth, files.truth(delivery, sources))
    print(f"demo: drew {len(cells)} cells and planted {len(delivery) - len(cells)} faults among them")


def write_images(folder: Path, delivery: list[files.File], sources: list[str]) -> None:
    """Each file at its source below `folder`."""
    for file, source in zip(delivery, sources, strict=True):
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)


def write_truth(path: Path, rows: list[dict[str, str]]) -> None:
    """`rows` as CSV with a header, line ends `\\n`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, files.TRUTH, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    command.run(main, Classes, Demo)
