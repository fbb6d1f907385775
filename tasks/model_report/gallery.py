"""Images to look at: wrong and right answers with what they rest on, label issues, and suspects."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tasks.model_report.formatting import percent, plain
from tasks.model_report.material import Examples
from tasks.model_report.tables import Table, TableCell, table_cells
from tasks.page.html import plural, uri

QUALITY = 82


@dataclass(frozen=True)
class Shown:
    """One image; `source` is its address, empty where there is none."""

    id: str
    source: str
    title: str
    head: str
    note: str
    right: bool


@dataclass(frozen=True)
class Gallery:
    """Images in their order; `more` counts those that are not shown."""

    anchor: str
    title: str
    intro: str
    count: str
    images: list[Shown]
    more: int
    table: Table | None = None


def wrong(examples: Examples, most: int) -> Gallery:
    """Wrong answers, the most confident first."""
    intro = (
        "Each image beside the same one under Grad-CAM: warm is what the answer rests on. The most confident first; "
        "among them look for labels that are wrong."
    )
    return _answers(examples, examples.wrong, most, "wrong", "Wrong answers", intro)


def right(examples: Examples, most: int) -> Gallery:
    """Some right answers of each class."""
    intro = "Some of each class. Where the warm part is not the cell, the answer is right for a wrong reason."
    return _answers(examples, examples.right, most, "right", "Right answers", intro)


def label_issues(examples: Examples, most: int) -> Gallery:
    """Labels that the model, trained without them, contradicts; those without an image in a table."""
    table = examples.label_issues.sort_values("rank")
    pictured = table[table["image"] != ""].head(most)
    left = table[~table["rank"].isin(pictured["rank"])].head(most)
    return Gallery(
        anchor="label-issues",
        title="Label issues",
        intro=_method(examples.label_issue_facts),
        count=plural(int(examples.label_issue_facts.get("label_issues") or len(table)), "label issue"),
        images=[_label_issue(examples, line) for line in _lines(pictured)],
        more=len(table) - len(pictured) - len(left),
        table=_listed_label_issues(left) if len(left) else None,
    )


def suspects(examples: Examples, most: int) -> Gallery:
    """Kept images that are out of distribution for the model; those without an image in a table."""
    table, facts = examples.suspects.sort_values("rank"), examples.suspect_facts
    pictured = table[table["image"] != ""].head(most)
    left = table[~table["rank"].isin(pictured["rank"])].head(most)
    return Gallery(
        anchor="suspects",
        title="Suspects",
        intro=f"Of {plural(facts['rows'], 'kept image')} those with an out-of-distribution score above "
        f"{plain(facts['above'])}, the highest first: perhaps no cells. The model refuses an image above "
        f"{plain(facts['largest_score'])}. Nothing was dropped.",
        count=plural(len(table), "suspect"),
        images=[_suspect(examples, line) for line in _lines(pictured)],
        more=len(table) - len(pictured) - len(left),
        table=_listed_suspects(left) if len(left) else None,
    )


def _method(facts: dict[str, Any]) -> str:
    share, rows = facts.get("estimated_share"), facts.get("rows")
    text = f"Found by {facts['method']}" if facts.get("method") else "Labels that the answers contradict"
    text += f", among {plural(rows, 'label')}" if rows else ""
    estimate = f"; an estimate that errs upwards has {percent(share)} of them wrong" if share is not None else ""
    return f"{text}{estimate}."


def _answers(
    examples: Examples, entries: list[dict[str, Any]], most: int, anchor: str, title: str, intro: str
) -> Gallery:
    shown = [_answer(examples, entry) for entry in entries[:most]]
    return Gallery(anchor, title, intro, plural(len(entries), "image"), shown, len(entries) - len(shown))


def _answer(examples: Examples, entry: dict[str, Any]) -> Shown:
    right = entry["label"] == entry["predicted"]
    head = entry["label"] if right else f"{entry['label']}, called {entry['predicted']}"
    why = {"ood": ", refused as out-of-distribution", "unsure": ", abstained"}.get(entry["why"], "")
    return Shown(
        id=entry["id"],
        source=address(examples.folder, entry["image"]),
        title=f"{entry['delivery']}/{entry['source']}",
        head=head,
        note=f"{percent(entry['confidence'])} confident{why}",
        right=right,
    )


def _label_issue(examples: Examples, line: dict[str, Any]) -> Shown:
    return Shown(
        id=line["id"],
        source=address(examples.folder, line["image"]),
        title=f"{line['delivery']}/{line['source']}",
        head=f"{line['label']}, rather {line['suggested']}",
        note=f"{line['split']}; {percent(line['p_suggested'])} against {percent(line['self_confidence'])}",
        right=False,
    )


def _suspect(examples: Examples, line: dict[str, Any]) -> Shown:
    return Shown(
        id=line["id"],
        source=address(examples.folder, line["image"]),
        title=f"{line['delivery']}/{line['source']}",
        head=line["label"] or "no class",
        note=f"{line['split']}; score {plain(line['ood_score'])}",
        right=False,
    )


def _listed_suspects(table: Any) -> Table:
    return _listed(
        "more-suspects",
        table,
        {"label": lambda line: line["label"] or "no class", "score": lambda line: plain(line["ood_score"])},
    )


def _listed_label_issues(table: Any) -> Table:
    return _listed(
        "more-label-issues",
        table,
        {
            "label": lambda line: line["label"],
            "rather": lambda line: line["suggested"],
            "confidence": lambda line: percent(line["p_suggested"]),
        },
    )


def _listed(anchor: str, table: Any, columns: dict[str, Callable[[dict[str, Any]], str]]) -> Table:
    """Where each row is found, and then `columns`, of which all but the last are texts."""
    lines = [
        [*table_cells(f"{line['rank']:.0f}"), TableCell(line["id"], code=True),
         TableCell(f"{line['delivery']}/{line['source']}"),
         *table_cells(line["split"], *(text(line) for text in columns.values()))]
        for line in _lines(table)
    ]  # fmt: skip
    head = ["rank", "id", "file", "split", *columns]
    return Table(anchor, "Without an image", head, lines, texts=tuple(range(1, len(head) - 1)))


def _lines(table: Any) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_dict("records")
    return found


def address(folder: Path, name: str) -> str:
    """An image as a WebP inside its own address; empty where there is no such file in `folder`."""
    file = folder / name
    if not name or not file.is_file() or folder.resolve() not in file.resolve().parents:
        return ""
    buffer = io.BytesIO()
    with Image.open(file) as image:
        image.convert("RGB").save(buffer, "WEBP", quality=QUALITY, method=4)
    return uri(buffer.getvalue(), "webp")
