"""Judges images with a model of the project, or any other, into a table."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from operations.registry import answering
from operations.shared_depth import SharedDepth
from tasks import atomic, output
from tasks.delivery.formats import Content
from tasks.ingest import workers
from tasks.ingest.decode import decoded, fit
from tasks.model_folder import DESCRIPTION
from tasks.predict import ahead, inputs, judge, table
from tasks.predict.source import Source
from tasks.predict.view import USUAL, View


class Done(NamedTuple):
    """What was made: a sentence, a second one where the input as a whole lies outside, and how many files could not be
    read."""

    sentence: str
    unreadable: int


def predict(root: Path, path: Path, out: Path | None, model: Path | None, tta: int, view: View = USUAL) -> Done:
    """Write a row for each image of `path` to `out`, a CSV that is replaced at once, or to standard output.

    `model` is by default that of `operations.registry.answering`. Raises ValueError or OSError, and then `out` is as it
    was: for a path that holds nothing, no model, an `out` that is no CSV's, lies in the input, or is something else
    than such a table.
    """
    source = inputs.find(path)
    if out:
        _check_out(out, path)
    model, name = (model, str(model)) if model else answering.default(root)
    with _opened(root, model) as folder, atomic.replacing(out) if out else _standard_output() as stream:
        from tasks.selective.selective_classifier import load  # here: what is wrong is said before

        answerer = load(folder)
        counts = write(stream, source, answerer, tta, bar=bool(out) or not sys.stdout.isatty(), view=view)
    sentences = [_sentence(counts, source.litter, name, out), judge.outside(counts)]
    return Done("\n".join(filter(None, sentences)), counts[judge.UNREADABLE])


def write(
    stream: BinaryIO, source: Source, model: Any, tta: int, bar: bool = False, view: View = USUAL
) -> Counter[str]:
    """Have `model` (`tasks.predict.judge.Model`, with its crop and image_size) judge the entries; counts of outcomes.

    An image is treated as `ingest` treats it. With `bar`, standard error shows how far it is, if that is a terminal.
    """
    depth = SharedDepth(source, view.depth)

    def treat(content: Content) -> NDArray[np.uint8]:
        return treated(content, model.crop, model.image_size, view._replace(depth=depth.of(content)))

    with source.opened() as entries:
        images = ahead.images(entries, treat, workers.cores())
        rows: Iterable[judge.Row] = judge.rows(images, model, tta)
        rows = tqdm(rows, "predict", source.number, unit="image", disable=None if bar else True)
        if not source.ordered:
            rows = sorted(rows, key=lambda row: row.file)
        return table.write(stream, model.classes, rows)


def treated(content: Content, crop: int, image_size: int, view: View = USUAL) -> NDArray[np.uint8]:
    """The image as the network knows it, uint8 (image_size, image_size, 3). Raises ValueError for no image."""
    pixels = decoded(content, view.depth).pixels
    return fit(pixels, view.crop or crop, image_size, own=view.crop is not None)


def _standard_output() -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer)


def _check_out(out: Path, path: Path) -> None:
    output.check_name(out, "predictions.csv")
    if path.resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(f"{out} lies in the input, which would hold it from then on: give a path outside")
    output.check_place(out, table.BEGINNING, "table of predictions")


@contextmanager
def _opened(root: Path, model: Path) -> Iterator[Path]:
    """The folder to read the model from; errors name `model`."""
    folder = root / model
    if not (folder / DESCRIPTION).is_file():  # before the engine is loaded
        raise FileNotFoundError(f"no model in {model}: {DESCRIPTION} is missing")
    try:
        yield folder
    except ValueError as error:
        raise ValueError(str(error).replace(f"{folder}/", f"{model}/")) from error


def _sentence(counts: Counter[str], litter: int, model: str, out: Path | None) -> str:
    each = ", ".join(f"{counts[outcome]} {outcome}" for outcome in judge.OUTCOMES)
    left_out = f"; left out as the system's own: {litter}" if litter else ""
    files = f"{counts.total()} file{'s' if counts.total() != 1 else ''}"
    return f"{files} by {model}: {each}{left_out}{f' -> {out}' if out else ''}"
