"""The diagram `stages.svg`: the stages of dvc.yaml one below the other, and who reads what.

A stage that reads its upper neighbour's output has an arrow from it; what is read further down runs on a rail at the
left, one for each stage whose output it is.
"""

from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROW, BOX, GAP, RAIL = 50, (132, 32), 26, 15
"""Pixels: of a row; of a box, width and height; from the rails to the boxes; between rails."""
COLOURS = ("#4263b8", "#b8572a", "#2f8a57", "#8a4fa8", "#a8892a", "#2a8fa8", "#a84f6e")
FONT = "font-family='system-ui, sans-serif'"
MONO = "font-family='ui-monospace, monospace'"


class Stage(NamedTuple):
    """A stage: `outs` and `reads` are paths of data; NAME stands for each delivery's."""

    name: str
    outs: list[str]
    reads: list[str]


def stages(pipeline: Path) -> list[Stage]:
    """The stages of a dvc.yaml in its order."""
    return [_stage(name, entry) for name, entry in yaml.safe_load(pipeline.read_text())["stages"].items()]


def edges(found: list[Stage]) -> list[tuple[int, int]]:
    """Pairs of positions (maker, reader), by the data that the one writes and the other reads."""
    pairs = [(a, b) for b, reader in enumerate(found) for a, maker in enumerate(found)]
    return [(a, b) for a, b in pairs if a != b and any(_meets(o, r) for o in found[a].outs for r in found[b].reads)]


def svg(pipeline: Path) -> str:
    """The diagram, as the text of an SVG file with a line for each element."""
    found = stages(pipeline)
    pairs = edges(found)
    rails = {maker: place for place, maker in enumerate(sorted({a for a, b in pairs if b - a != 1}))}
    left = GAP + RAIL * len(rails)
    width, height = left + BOX[0] + 24 + max(_wide(*_beside(stage, found)) for stage in found), ROW * len(found) + 8
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'>",
        "<title>The stages of dvc.yaml and what each reads</title>",
        f"<rect width='{width}' height='{height}' rx='6' fill='#ffffff'/>",
        "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='6' markerHeight='6' orient='auto'>"
        "<path d='M0 0 L8 4 L0 8 z' fill='context-stroke'/></marker></defs>",
        *(_rail(maker, place, pairs, left) for maker, place in rails.items()),
        *(_arrow(a, left) for a, b in pairs if b - a == 1),
        *(_box(place, stage, found, left) for place, stage in enumerate(found)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _stage(name: str, entry: dict[str, Any]) -> Stage:
    each = "foreach" in entry
    entry = entry.get("do", entry)
    outs = [str(out).replace("${item}", "NAME") for out in entry["outs"]]
    reads = [str(dep).replace("${item}", "NAME") for dep in entry["deps"] if str(dep).startswith("data/")]
    return Stage(f"{name}@NAME" if each else name, outs, reads)


def _meets(out: str, read: str) -> bool:
    """Whether a stage that reads `read` reads of `out`: the same path, or one that holds the other."""
    return out == read or out.startswith(f"{read}/") or read.startswith(f"{out}/")


def _middle(place: int) -> int:
    return 4 + ROW * place + ROW // 2


def _entry(maker: int, reader: int, pairs: list[tuple[int, int]]) -> int:
    """Where the rail of `maker` meets the box of `reader`, so that rails that come in together lie apart."""
    far = sorted(a for a, b in pairs if b == reader and b - a != 1)
    step = (BOX[1] - 8) // max(len(far), 1)
    return _middle(reader) - step * (len(far) - 1) // 2 + step * far.index(maker)


def _rail(maker: int, place: int, pairs: list[tuple[int, int]], left: int) -> str:
    colour, x, start = COLOURS[place % len(COLOURS)], 12 + RAIL * place, _middle(maker) + BOX[1] // 2 - 5
    ends = [_entry(maker, b, pairs) for a, b in pairs if a == maker and b - a != 1]
    lines = [f"<path d='M{left} {start} H{x} V{max(ends)}'/>"]
    lines += [f"<path d='M{x} {y} H{left}' marker-end='url(#tip)'/>" for y in ends]
    return f"<g fill='none' stroke='{colour}' stroke-width='1.3'>{''.join(lines)}</g>"


def _arrow(maker: int, left: int) -> str:
    x, top, bottom = left + BOX[0] // 2, _middle(maker) + BOX[1] // 2, _middle(maker + 1) - BOX[1] // 2
    return f"<path d='M{x} {top} V{bottom}' fill='none' stroke='#333' stroke-width='1.5' marker-end='url(#tip)'/>"


def _box(place: int, stage: Stage, found: list[Stage], left: int) -> str:
    outs, note = _beside(stage, found)
    y, right, (width, height) = _middle(place), left + BOX[0] + 14, BOX
    look = "rx='5' fill='#eef1f8' stroke='#333'"
    lines = [
        f"<rect x='{left}' y='{y - height // 2}' width='{width}' height='{height}' {look}/>",
        _text(left + width // 2, y + 5, stage.name, f"text-anchor='middle' {FONT} font-size='14'"),
        _text(right, y + (0 if note else 4), outs, f"{MONO} font-size='12'"),
    ]
    if note:
        lines.append(_text(right, y + 14, note, f"{FONT} font-size='11' fill='#666'"))
    return "\n".join(lines)


def _beside(stage: Stage, found: list[Stage]) -> tuple[str, str]:
    """What stands at the right of a box: what the stage writes, and what it reads that no stage makes."""
    made = [out for each in found for out in each.outs]
    given = [read for read in stage.reads if not any(_meets(out, read) for out in made)]
    return ", ".join(_short(stage.outs)), f"reads {', '.join(given)}" if given else ""


def _wide(outs: str, note: str) -> int:
    """Pixels that the two lines take at most: monospaced at 12, the other at 11 of a wide font."""
    return round(max(7.6 * len(outs), 6.6 * len(note)))


def _text(x: int, y: int, text: str, style: str) -> str:
    return f"<text x='{x}' y='{y}' {style}>{escape(text)}</text>"


def _short(outs: list[str]) -> list[str]:
    """Paths, each but the first without the folders that it shares with the first."""
    first, *rest = outs
    folder = first.rpartition("/")[0]
    return [first, *(path.removeprefix(f"{folder}/") for path in rest)]
