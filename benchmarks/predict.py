"""Images a second of `hemaflow predict` on a folder of JPEGs, against the bare network on them in memory.

    python -m benchmarks.predict                                  # the images of data/raw/demo
    python -m benchmarks.predict --cells FOLDER --images 3000   # or any others

`end to end` is all that the verb does once its model is loaded: files found, read, decoded, judged by ONNX Runtime,
rows written. The bare network is Keras', and gets the same number of decoded images in the same batches, `tta` times.
`answers` are those of the complete model in memory: network, calibration, score and thresholds. `one image` is the verb
from the shell on one of the files, imports and model included. Targets: the bare network's rate with DenseNet-121, 1.5
times with EfficientNet-Lite0, whose decoding weighs more; 2 s. JPEGs are copied, other images become JPEGs; the files
are in the system's cache. Rounds alternate, medians are told; besides the rates by the processor's time, of all
threads, which other work on the machine disturbs less.
"""

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.peer import Took, run
from benchmarks.targets import Claim, table
from operations.predict import treated, write
from tasks import model as models
from tasks import model_folder
from tasks.ingest.decode import UnreadableError, decode
from tasks.predict import inputs
from tasks.predict.judge import BATCH
from tasks.selective.selective_classifier import load

ROUNDS, IMAGES = 3, 1024
TARGETS = {"efficientnet_lite0": 1.5, "densenet121": 1.0}
"""End to end, of the bare network's rate, by backbone."""
SECONDS = 2.0
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
    def work() -> None:
        for start in range(0, len(images), BATCH):
            function(images[start : start + BATCH])

    return work


class Rate(NamedTuple):
    """Images a second, and a second of the processor."""

    wall: float
    processor: float


def rates(sides: dict[str, Callable[[], object]], number: int) -> dict[str, Rate]:
    """Median rates of each side, after a round that does not count."""
    figures: dict[str, list[Rate]] = {name: [] for name in sides}
    for count in range(ROUNDS + 1):
        for name, work in sides.items():
            start, before = time.perf_counter(), time.process_time()
            work()
            took = time.perf_counter() - start, time.process_time() - before
            if count:
                figures[name].append(Rate(*(number / each for each in took)))
    return {name: Rate(*map(statistics.median, zip(*each, strict=True))) for name, each in figures.items()}


def measured(model: Path, folder: Path, number: int, tta: int) -> dict[str, Rate]:
    answerer, keras_network = load(model), models.load(model).network
    files = [file.read_bytes() for file in sorted(folder.iterdir())]
    images = np.stack([treated(content, answerer.crop, answerer.image_size) for content in files])
    network = tf.function(lambda batch: keras_network(tf.cast(batch, tf.float32), training=False))
    sides: dict[str, Callable[[], object]] = {
        "network": in_batches(lambda batch: [network(batch).numpy() for _ in range(tta)], images),
        "answers": in_batches(lambda batch: answerer.predict(batch, tta), images),
        "end to end": lambda: write(io.BytesIO(), inputs.find(folder), answerer, tta),
    }
    return rates(sides, number)


def from_the_shell(model: Path, image: Path) -> tuple[Took, Took]:
    """Medians of the verb on one image, and of an import of TensorFlow alone."""
    sides = ["-m", "hemaflow", "predict", str(image), "--model", str(model)], ["-c", "import tensorflow"]
    rounds = [[run([sys.executable, *side]) for side in sides] for _ in range(ROUNDS + 1)][1:]
    verb, peer = (Took(*map(statistics.median, zip(*side, strict=True))) for side in zip(*rounds, strict=True))
    return verb, peer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cells", type=Path, default=Path("data/raw/demo"), help="a folder of images")
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--images", type=int, default=IMAGES, help="at most; whole batches of 64 are fairest")
    parser.add_argument("--tta", type=int, default=1, choices=[1, 4, 8], help="passes of the network, on both sides")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        number = copied(arguments.cells, Path(scratch), arguments.images)
        verb, peer = from_the_shell(arguments.model.resolve(), Path(scratch) / "0.jpg")
        found = measured(arguments.model, Path(scratch), number, arguments.tta)
    print(f"{number} images, batches of {BATCH}, tta: {arguments.tta}")
    for name, rate in found.items():
        print(f"{name:<12}{rate.wall:>9,.0f} images/s{rate.processor:>9,.0f} images/s of the processor")
    whole, network, answers = found["end to end"], found["network"], found["answers"]
    backbone = model_folder.described(arguments.model)["provenance"].get("train", {}).get("backbone", "")
    claims = [
        Claim("end to end / network", whole.wall / network.wall, TARGETS.get(backbone)),
        Claim("the same, by the processor's time", whole.processor / network.processor, None),
        Claim("end to end / answers in memory", whole.wall / answers.wall, None),
        Claim("seconds of one image from the shell", verb.seconds, SECONDS, most=True),
        Claim("the same, of the processor", verb.processor, None),
        Claim("the same / an import of TensorFlow alone", verb.processor / peer.processor, None),
    ]
    print(f"\n{table(claims)}")


if __name__ == "__main__":
    main()
