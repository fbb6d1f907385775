"""A model under the published code of MedMNIST-C and ImageNet-C, beside our own versions of MedMNIST-C's kinds.

    python -m benchmarks.published_corruptions prepare              # makes the code's own environment, once
    python -m benchmarks.published_corruptions run --out FILE       # the project's test rows and data/model
    python -m benchmarks.published_corruptions run --size 224       # corrupted at 224 pixels, then made small again

medmnistc's kinds for BloodMNIST at all five severities, imagecorruptions' fifteen common kinds at 1, 3 and 5. Told is
the balanced error, the mean over severities and over kinds, which is not divided by AlexNet's. medmnistc's strengths
are meant for 224 pixels: with `--size 224` the images are enlarged first. Targets, at the stored side: 0.06 and 0.15.

Each image follows from the seed, its id, kind and severity, whatever other rows are there; all that the packages draw
is seeded. What a decoder or ImageMagick rounds may differ between versions of their libraries. ImageMagick's own is
needed: `apt-get install libmagickwand-dev`, or the library alone (libmagickwand-6.q16-6 in Debian 12).
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.published import environment, scoring
from benchmarks.published.scoring import CLEAN, IMAGENET_C, MEDMNISTC, OWN, SEVERITIES, Figures, Question
from benchmarks.targets import Claim
from benchmarks.targets import table as claims
from tasks import splits
from tasks.selective.selective_classifier import SelectiveClassifier, load

VENV = Path(".venv-published")


def question(given: argparse.Namespace, model: SelectiveClassifier) -> Question:
    """What the model is asked. Raises ValueError for images of another side than the model's."""
    data = given.project / "data"
    source, [part] = splits.read(data / "clean", data / "ingested", model.classes, ["test"])
    stored = source.shape[0]
    if stored != model.image_size:
        raise ValueError(f"{given.model} takes images of {model.image_size} pixels, those of {data} have {stored}")
    some = scoring.sample(part, given.rows, given.seed)
    return Question(source, some, given.size or stored, model.image_size, given.seed, given.sets)


def answer(model: SelectiveClassifier) -> scoring.Answer:
    def classes(images: NDArray[np.uint8]) -> NDArray[np.int64]:
        return model.predict(images).predicted

    return classes


def tables(found: Figures) -> str:
    """Markdown: a table for each set; that of our own kinds is a column of medmnistc's, if both are there."""
    beside = OWN if {MEDMNISTC, OWN} <= found.keys() else ""
    every = [by for by in SEVERITIES if by in found and by != beside]
    return "\n\n".join(table(found, by, beside if by == MEDMNISTC else "") for by in every)


def table(found: Figures, by: str, beside: str = "") -> str:
    """Markdown: the balanced error of each kind at each severity, on the mean, and of our own version; accuracy."""
    strengths = [str(severity) for severity in SEVERITIES[by]]
    columns = [by, *strengths, "mean", *([beside] if beside else []), "accuracy"]
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    for kind, one in found[by]["kinds"].items():
        each = [one["severities"][severity]["balanced_error"] for severity in strengths]
        other = [found[beside]["kinds"][kind]["balanced_error"]] if beside else []
        lines.append([kind, *map(_number, [*each, one["balanced_error"], *other, one["accuracy"]])])
    other = [found[beside]["balanced_error"]] if beside else []
    ends = [found[by]["balanced_error"], *other, found[by]["accuracy"]]
    lines.append(["mean", *[""] * len(strengths), *map(_number, ends)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float) -> str:
    return f"{value:.3f}"


def headline(found: Figures) -> str:
    wanted = {MEDMNISTC: 0.06, IMAGENET_C: 0.15, OWN: None, CLEAN: None}
    told = [(by, found[by]["balanced_error"], most) for by, most in wanted.items() if by in found]
    return claims([Claim(f"{by}: balanced error", figure, most, most=True) for by, figure, most in told])


def run(given: argparse.Namespace) -> None:
    model = load(given.model)
    asked = question(given, model)
    answered = scoring.ask(asked, answer(model), given.venv, given.processes)
    found = scoring.figures(asked.part.labels, answered)
    print(f"{len(asked.part)} test rows, corrupted at {asked.size} pixels, seed {asked.seed}; balanced error\n")
    print(f"{tables(found)}\n\n{headline(found)}")
    if given.out:
        about = {"rows": len(asked.part), "size": asked.size, "seed": asked.seed, "code": environment.PINNED}
        given.out.write_text(json.dumps({**about, **found}, indent=2) + "\n")


def positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = found.add_subparsers(required=True)
    making = commands.add_parser("prepare", help="make the environment of the published code")
    making.set_defaults(do=lambda given: environment.prepare(given.venv))
    running = commands.add_parser("run", help="score a model")
    running.set_defaults(do=run)
    running.add_argument("--project", type=Path, default=Path(), help="its data/clean and data/ingested are read")
    running.add_argument("--model", type=Path, help="folder of a model, by default data/model of the project")
    running.add_argument("--rows", type=positive, help="so many test rows, stratified by class; default: all")
    running.add_argument("--size", type=positive, help="side at which images are corrupted; default: as stored")
    running.add_argument(
        "--sets", nargs="+", choices=SEVERITIES, default=list(SEVERITIES), help="whose corruptions; default: all"
    )
    running.add_argument("--seed", type=int, default=0)
    running.add_argument("--processes", type=positive, default=2, help="that corrupt at once")
    running.add_argument("--out", type=Path, help="JSON with the figures of each kind and severity")
    for command in (making, running):
        command.add_argument("--venv", type=Path, default=VENV, help=f"the code's environment, by default {VENV}")
    return found


def main(arguments: list[str] | None = None) -> None:
    given = parser().parse_args(arguments)
    if "model" in given and given.model is None:
        given.model = given.project / "data/model"
    try:
        given.do(given)
    except (ValueError, OSError) as error:
        raise SystemExit(f"published_corruptions: {error}") from None


if __name__ == "__main__":
    main()
