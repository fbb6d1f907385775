"""The section `acquisition` in the text of data/deliveries.yaml: an edit leaves all other lines as they are."""

import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node

from tasks.acquired import KEY, Acquisition

COMMENT = """\
# How a delivery was acquired, where that differs: depth (8 to 32 bits, or "0..1"), and crop (side in its own pixels) or
# scale (pixels per micrometre). A change re-runs ingest of that delivery.
"""


def with_entry(text: str, name: str, acquired: Acquisition) -> str:
    """The text with what is stated of the delivery; the same text where nothing is."""
    if not acquired.stated():
        return text
    node = _section(text)
    if node is None:
        return f"{text.rstrip()}\n{COMMENT}{KEY}:\n{_line(name, acquired.stated())}"
    if not isinstance(node, MappingNode) or node.flow_style or not node.value:
        return _rewritten(text, node, {name: acquired.stated(), **_found(text)})
    first = node.value[0][0].start_mark
    lines = text.splitlines(keepends=True)
    lines.insert(first.line, _line(name, acquired.stated(), first.column))
    return "".join(lines)


def without_entry(text: str, name: str) -> str:
    """The text without what it says of the delivery."""
    found, node = _found(text), _section(text)
    if name not in found or not isinstance(node, MappingNode):
        return text
    key, value = next(pair for pair in node.value if pair[0].value == name)
    if node.flow_style or len(node.value) == 1 or not value.flow_style:
        return _rewritten(text, node, {other: values for other, values in found.items() if other != name})
    lines = text.splitlines(keepends=True)
    del lines[key.start_mark.line : value.end_mark.line + 1]
    return "".join(lines)


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def _section(text: str) -> Node | None:
    return next((value for key, value in _yaml().compose(text).value if key.value == KEY), None)


def _found(text: str) -> dict[str, Any]:
    return _yaml().load(text).get(KEY) or {}


def _rewritten(text: str, node: Node, entries: Mapping[str, Any]) -> str:
    flow = not isinstance(node, MappingNode) or node.flow_style
    end = node.end_mark.index if flow else node.value[-1][1].end_mark.index
    before, after = text[: node.start_mark.index].rstrip(), text[end:].lstrip("\n")
    block = "".join(_line(name, values) for name, values in entries.items())
    return f"{before}\n{block}{after}" if block else f"{before} {{}}\n{after}"


def _line(name: str, values: Mapping[str, Any], column: int = 2) -> str:
    stated = ", ".join(f"{key}: {json.dumps(value)}" for key, value in values.items())
    return f'{" " * column}"{name}": {{{stated}}}\n'
