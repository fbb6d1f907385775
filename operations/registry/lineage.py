"""From a model back to the run that made it, its settings, its dataset, its deliveries and its rows."""

import re
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from operations.git import repository
from operations.history import explain, provenance, training_rows
from operations.project.champion_names import POINTER, TAGS
from operations.registry import origin
from operations.registry.champion_record import current
from operations.registry.origin import Model
from tasks import splits

STATE = Path("data/.state")
WIDTH = 118
SHORT = 12
"""Digits of a digest that are shown, as many as git wants of a commit."""

FACTS = {"commit": "committed", "decision": "gate", "promoted": "promoted"}
"""Of a run's record, with the words for them here."""

_TAG = re.compile(r"champion/\d+")


def lineage(root: Path, model: Path | None = None, rows: Path | None = None) -> str:
    """A model's origin in words; `model` is a folder with a model.json, or a champion's tag; by default the champion.

    `rows` is a CSV to write, with id, delivery, source, class and split of each row that the model was trained on.
    Raises ValueError or OSError for no model, a damaged one, a tag that there is not, and a path that is none for a
    CSV.
    """
    model = model or _champion(root)
    with _folder(root, model) as folder:
        read = origin.read(folder)
    clean = training_rows.clean(root)
    table = training_rows.of(root, read.ids, clean)
    if rows:
        training_rows.write(table, rows)
    dataset = None if clean is None else splits.digest(clean)
    made = origin.maker(root, read)
    data = [*_dataset(read, dataset), *_deliveries(read, made or {}, table), "", *_classes(table)]
    found = _found(read, table, dataset == read.facts.get("dataset"))
    written = [f"{len(table):,} rows -> {rows}"] if rows else []
    return "\n\n".join([_model(str(model), read), _runs(root, made), "\n".join(data), found, *written])


def _champion(root: Path) -> Path:
    now = current(root)
    if now is None:
        raise ValueError("there is no champion yet: name a model's folder, such as data/model")
    if not (root / now.folder).is_dir():
        raise FileNotFoundError(f"{now.folder} is not here: `dvc pull {POINTER}` brings it")
    return now.folder


@contextmanager
def _folder(root: Path, model: Path) -> Iterator[Path]:
    """The model's folder."""
    if (root / model).is_dir() or not _TAG.fullmatch(str(model)):
        yield root / model
    else:
        (root / STATE).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root / STATE) as scratch:
            yield _fetched(root, str(model), Path(scratch) / "model")


def _fetched(root: Path, tag: str, to: Path) -> Path:
    """The champion of that tag, out of DVC's cache or the remote."""
    known = repository.tags(root, TAGS)
    text = repository.show(root, tag, POINTER) if tag in known else None
    if text is None:
        raise ValueError(f"no champion {tag!r}, expected one of {', '.join(known) or 'none yet'}")
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException

    place = POINTER.parent / yaml.safe_load(text)["outs"][0]["path"]
    try:
        DVCFileSystem(str(root), rev=tag).get(str(place), str(to), recursive=True)
    except (DvcException, OSError) as error:
        raise ValueError(f"{tag} is neither in DVC's cache nor in a remote: {str(error) or place}") from error
    return to


def _model(name: str, model: Model) -> str:
    about, facts = model.about, model.facts
    lines = [f"{name}: model {model.digest[:SHORT]}"]
    if about:
        lines += [_line("champion", f"{about['tag']} since {about['since']}, by {about['who']}: {about['why']}")]
    settings = {key: value for part in ("train", "calibrate") for key, value in _flat(facts.get(part, {}), f"{part}.")}
    lines += [_line("classes", ", ".join(model.description.get("classes", [])))]
    lines += [_line("settings", ", ".join(f"{key} = {value}" for key, value in settings.items()) or "unknown")]
    return "\n".join([*lines, *([_line("weights", facts["weights"][:SHORT])] if facts.get("weights") else [])])


def _runs(root: Path, made: Mapping[str, Any] | None) -> str:
    """The run that made the model, and the one that trained its network where that was another."""
    if not made:
        return f"No run on record in {provenance.FOLDER} made it: `dvc repro` alone keeps no record."
    trained = origin.trainer(root, made)
    return "\n".join([_run("Made by", made), *([_run("Its network was trained by", trained)] if trained else [])])


def _run(what: str, record: Mapping[str, Any]) -> str:
    work = [entry for entry in record["stages"] if entry["name"] in ("train", "calibrate")]
    lines = [f"{what} {record['flow']} {record['id']}, {record['outcome']}"]
    lines += [_line("commit", explain.commit(record["git"]))]
    lines += [_line("seeds", ", ".join(f"{key} = {seed}" for key, seed in record["seeds"].items()) or "none")]
    lines += [_line(entry["name"], explain.outcome(entry)) for entry in work]
    facts = [(label, record["facts"].get(name)) for name, label in FACTS.items()]
    return "\n".join([*lines, *(_line(label, explain.fact(value)) for label, value in facts if value)])


def _dataset(model: Model, here: str | None) -> list[str]:
    wanted = str(model.facts.get("dataset", "unknown"))
    what = "is that dataset" if here == wanted else f"is another, {here[:SHORT]}" if here else "does not exist"
    return [f"Dataset {wanted[:SHORT]}; {training_rows.CLEAN} here {what}"]


def _deliveries(model: Model, made: Mapping[str, Any], table: pd.DataFrame) -> Iterator[str]:
    """A line each: its images and digest as the run noted them, how many rows taught and how many chose."""
    noted = {each["name"]: each for each in made.get("deliveries", [])}
    found = {name: (taught, chose) for name, taught, chose in training_rows.counts(table, "delivery").itertuples()}
    yield f"  {'delivery':<20}{'images':>10}{'train':>10}{'val':>10}  digest"
    for name in dict.fromkeys([*model.facts.get("deliveries", []), *found]):
        each, (taught, chose) = noted.get(name, {}), found.get(name, (0, 0))
        number = each.get("images", each.get("pictures"))  # the older name, in records of older models
        images = "unknown" if number is None else f"{number:,}"
        digest = str(each.get("digest") or each.get("md5") or "unknown")
        yield f"  {name:<20}{images:>10}{taught:>10,}{chose:>10,}  {digest[:SHORT]}"


def _classes(table: pd.DataFrame) -> Iterator[str]:
    yield f"  {'class':<30}{'train':>10}{'val':>10}"
    for name, taught, chose in training_rows.counts(table, "class").itertuples():
        yield f"  {name:<30}{taught:>10,}{chose:>10,}"


def _found(model: Model, table: pd.DataFrame, same: bool) -> str:
    """Whether the tables here know all that the model was trained on, and as many of each split as it counts."""
    if not model.ids:
        return "It keeps no ids of what it has seen (no training_ids.txt)."
    lost = int((table["delivery"] == "").sum())
    text = f"{len(model.ids):,} images seen: " + (f"{lost:,} are in no table here" if lost else "all are found here")
    if not same:
        return f"{text}; their classes and splits are those of the tables here, not of its own dataset."
    counted = {split: int((table["split"] == split).sum()) for split in splits.LEARNT}
    wanted = model.facts.get("rows")
    return f"{text}." if counted == wanted else f"{text}; but the model counts {wanted}, the tables {counted}."


def _flat(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _line(name: str, text: str) -> str:
    return textwrap.fill(f"  {name:<11} {text}", WIDTH, subsequent_indent=" " * 14, break_on_hyphens=False)
