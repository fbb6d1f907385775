"""Images a second of `hemaflow predict` on a folder of JPEGs, against the bare network on them in memory.

    python -m benchmarks.predict                                  # the images of data/raw/demo
    python -m benchmarks.predict --cells FOLDER --images 3000   # or any others

Target: 0.9. Missed on 2 cores of a CPU with EfficientNet-Lite0: its 3.7 core milliseconds an image, and 0.9 more to
decode, crop and resize a JPEG of 250 pixels, leave 0.8 at best however the two overlap. End to end is all that the verb
does once its model is loaded: files found, read, decoded, judged, rows written. The bare network gets the same number
of decoded images in the same batches, `tta` times; `answers` are those of the complete model in
memory: network, calibration, score and thresholds. JPEGs are copied, other images become JPEGs; the files are in the
system's cache. Rounds alternate, medians are told.
"""

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.targets import Claim, table
from operations.predict import treated, write
from tasks.ingest.decode import UnreadableError, decode
from tasks.predict import inputs
from tasks.predict.judge import BATCH
from tasks.selective.selective_classifier import load

ROUNDS, IMAGES = 3, 1024
JPEG = b"\xff\xd8\xff"


def copied(cells: Path, folder: Path, number: int) -> int:
    """Write at most `number` of the images, spread over all of them, into `folder`; how many these are."""
    files = sorted(file for file in cells.rglob("*") if file.is_file())
    written = 0
    for file in files[:: max(1, len(files) // number)][:number]:
        content = file.read_bytes()
        with suppress(UnreadableError):
            (folder / f"{written}.jpg").write_bytes(content if content.startswith(JPEG) else _jpeg(decode(content)))
            written += 1
    return written


def _jpeg(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def in_batches(function: Callable[[np.ndarray], object], images: np.ndarray) -> Callable[[], None]:
    def run() -> None:
        for start in range(0, len(images), BATCH):
            function(images[start : start + BATCH])

    return run


def rates(sides: dict[str, Callable[[], object]], number: int) -> dict[str, float]:
    """Median images a second of each side, after a round that does not count."""
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for count in range(ROUNDS + 1):
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            if count:
                figures[name].append(number / (time.perf_counter() - start))
    return {name: statistics.median(each) for name, each in figures.items()}


def measured(model: Path, folder: Path, number: int, tta: int) -> dict[str, float]:
    answerer = load(model)
    files = [file.read_bytes() for file in sorted(folder.iterdir())]
    images = np.stack([treated(content, answerer.crop, answerer.image_size) for content in files])
    network = tf.function(lambda batch: answerer.classifier.network(tf.cast(batch, tf.float32), training=False))
    sides: dict[str, Callable[[], object]] = {
        "network": in_batches(lambda batch: [network(batch).numpy() for _ in range(tta)], images),
        "answers": in_batches(lambda batch: answerer.predict(batch, tta), images),
        "end to end": lambda: write(io.BytesIO(), inputs.find(folder), answerer, tta),
    }
    return rates(sides, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cells", type=Path, default=Path("data/raw/demo"), help="a folder of images")
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--images", type=int, default=IMAGES, help="at most; whole batches of 64 are fairest")
    parser.add_argument("--tta", type=int, default=1, choices=[1, 4, 8], help="passes of the network, on both sides")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        number = copied(arguments.cells, Path(scratch), arguments.images)
        found = measured(arguments.model, Path(scratch), number, arguments.tta)
    print(f"{number} images, batches of {BATCH}, tta: {arguments.tta}")
    for name, rate in found.items():
        print(f"{name:<12}{rate:>9,.0f} images/s")
    claims = [
        Claim("end to end / network", found["end to end"] / found["network"], 0.9),
        Claim("end to end / answers in memory", found["end to end"] / found["answers"], None),
    ]
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
