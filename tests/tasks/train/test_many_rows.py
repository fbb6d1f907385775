"""Memory of a training does not grow with the images: a million rows of a sparse file against ten thousand."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks import store

SIDE, SMALL, LARGE = 96, 10_000, 1_000_000
NAMES = [f"class{k}" for k in range(8)]
STEPS = """
import json, resource, sys
from functools import partial
from pathlib import Path
import numpy as np
from tasks import loader
from tasks import splits
from tasks.train import batches, cached, parts

folder, names = Path(sys.argv[1]), json.loads(sys.argv[2])
arrays, (train, val) = splits.read(folder / "clean", folder / "ingested", names, ["train", "val"])
weights = parts.class_weights(train.labels, names, "class_weights")
order = batches.Order(len(train), 64, 0)
read = partial(batches.training, arrays, lambda rows, epoch: train.places[rows], train.labels, weights, order, None)
for start in (0, order.steps - 20):
    for images, labels, weight in read(range(start, start + 40)):
        assert images.shape == (64, 96, 96, 3)
for images in loader.batches(arrays, val.places, 64).take(30):
    assert images.shape[0] == 64
print(len(train) + len(val), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def delivery(folder: Path, rows: int, table) -> Path:
    """A delivery of as many images, all of them holes in a file, and its cleaned table."""
    (folder / "ingested" / "d").mkdir(parents=True)
    np.lib.format.open_memmap(folder / "ingested/d" / store.PIXELS, "w+", np.uint8, (rows, SIDE, SIDE, 3)).flush()
    places = np.arange(rows)
    split = np.where(places % 10 < 8, "train", "val")
    made = table([f"{k:064x}" for k in places], label=np.array(NAMES)[places % 8], split=split)
    store.write_rows(folder / "clean", made)
    return folder


def measured(folder: Path) -> tuple[int, float]:
    command = [sys.executable, "-c", STEPS, str(folder), json.dumps(NAMES)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    rows, peak = done.stdout.split()[-2:]
    return int(rows), float(peak)


@pytest.mark.long
def test_a_million_rows_take_their_table_and_no_more(tmp_path: Path, table) -> None:
    (few, small), (many, large) = (measured(delivery(tmp_path / str(n), n, table)) for n in (SMALL, LARGE))
    images = (LARGE - SMALL) * SIDE * SIDE * 3 / 2**20
    print(f"{few} rows {small:.0f} MiB, {many} rows {large:.0f} MiB; the images alone: {images:.0f} MiB")
    assert (few, many) == (SMALL, LARGE)
    assert large - small < 0.03 * images
