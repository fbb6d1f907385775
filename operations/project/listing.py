"""Reads and edits data/deliveries.yaml, the append-only list of deliveries that dvc.yaml runs over.

An edit adds or takes out a line and leaves all others as they are, comments included. (ruamel.yaml's round trip ties
the comment above `drawn` to the last delivery, and loses it with that one.) Names are written quoted, so that YAML
does not take 007 for a number nor null for nothing.
"""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import SequenceNode

from operations.process import files
from tasks.delivery.names import check

FILE = Path("data/deliveries.yaml")
KEYS = ("deliveries", "drawn", "held")


def names(root: Path) -> list[str]:
    """The deliveries, in the order in which they came. Raises ValueError for a file of another form."""
    return _read(root / FILE)["deliveries"]


def drawn(root: Path) -> list[str]:
    """Those of them that `dvc repro` draws by itself."""
    return _read(root / FILE)["drawn"]


def held(root: Path) -> list[str]:
    """Those of them that are on hold: listed, and out of the dataset."""
    return _read(root / FILE)["held"]


def append(root: Path, name: str) -> None:
    """Add a delivery at the end of the list. Raises ValueError for a bad name or one that is listed."""
    lists = _read(root / FILE)
    check(name)
    if name in lists["deliveries"]:
        raise ValueError(f"{FILE}: {name!r} is listed already")
    _append(root, lists, "deliveries", name)


def remove(root: Path, name: str) -> None:
    """Take a delivery off all lists. Raises ValueError where it is not listed."""
    lists = _read(root / FILE)
    _check_listed(lists, name)
    text = (root / FILE).read_text()
    for key in KEYS:
        if name in lists[key]:
            text = _without_line(text, key, lists[key].index(name))
            lists[key].remove(name)
    _replace(root / FILE, text, lists)


def hold(root: Path, name: str) -> None:
    """Put a delivery on hold. Raises ValueError where it is not listed, or on hold already."""
    lists = _read(root / FILE)
    _check_listed(lists, name)
    if name in lists["held"]:
        raise ValueError(f"{FILE}: {name!r} is on hold already")
    _append(root, lists, "held", name)


def release(root: Path, name: str) -> None:
    """Take a delivery off hold. Raises ValueError where it is not on hold."""
    lists = _read(root / FILE)
    _check_listed(lists, name)
    if name not in lists["held"]:
        raise ValueError(f"{FILE}: {name!r} is not on hold, expected one of {', '.join(lists['held']) or 'none'}")
    text = _without_line((root / FILE).read_text(), "held", lists["held"].index(name))
    lists["held"].remove(name)
    _replace(root / FILE, text, lists)


def _append(root: Path, lists: dict[str, list[str]], key: str, name: str) -> None:
    lists[key].append(name)
    _replace(root / FILE, _with_line((root / FILE).read_text(), key, name), lists)


def _check_listed(lists: dict[str, list[str]], name: str) -> None:
    if name not in lists["deliveries"]:
        raise ValueError(f"{FILE}: {name!r} is not listed, expected one of {', '.join(lists['deliveries']) or 'none'}")


def _read(path: Path) -> dict[str, list[str]]:
    document = _parsed(path.read_text())
    if not isinstance(document, dict) or "deliveries" not in document or not set(document) <= set(KEYS):
        raise ValueError(f"{FILE}: expected the keys {', '.join(KEYS)}, got {_keys(document)}")
    lists = {key: document.get(key, []) for key in KEYS}
    for key, found in lists.items():
        _check_list(key, found)
    for key in KEYS:
        for name in lists[key]:
            if name not in lists["deliveries"]:
                raise ValueError(f"{FILE}: {key}: {name!r} is not among the deliveries")
    return lists


def _check_list(key: str, found: object) -> None:
    if not isinstance(found, list):
        raise ValueError(f"{FILE}: {key}: expected a list ([] for none), got {found!r}")
    for name in found:
        if not isinstance(name, str):
            raise ValueError(f"{FILE}: {key}: expected names in quotes, got {name!r}, which YAML takes for no text")
        try:
            check(name)
        except ValueError as error:
            raise ValueError(f"{FILE}: {key}: {error}") from error
        if found.count(name) > 1:
            raise ValueError(f"{FILE}: {key}: {name!r} is listed twice")


def _parsed(text: str) -> object:
    try:
        return _yaml().load(text)
    except YAMLError as error:
        raise ValueError(f"{FILE}: not YAML: {error}") from error


def _yaml() -> YAML:
    """DVC reads the file by the same rules, YAML 1.2."""
    return YAML(typ="safe", pure=True)


def _keys(document: object) -> str:
    return ", ".join(map(str, document)) if isinstance(document, dict) else type(document).__name__


def _node(text: str, key: str) -> SequenceNode:
    """Where in the text the list is."""
    node: SequenceNode = next(value for name, value in _yaml().compose(text).value if name.value == key)
    return node


def _with_line(text: str, key: str, name: str) -> str:
    if key not in _parsed(text):  # type: ignore[operator]  # it was read as a mapping
        return f'{text.rstrip()}\n{key}:\n- "{name}"\n'
    node = _node(text, key)
    if node.flow_style:
        return _replaced(text, node, [item.value for item in node.value] + [name])
    lines = text.splitlines(keepends=True)
    last = node.value[-1].end_mark.line
    lines[last] = lines[last].rstrip("\n") + "\n"
    lines.insert(last + 1, f'{" " * node.start_mark.column}- "{name}"\n')
    return "".join(lines)


def _without_line(text: str, key: str, position: int) -> str:
    node = _node(text, key)
    if node.flow_style or len(node.value) == 1:
        return _replaced(text, node, [item.value for at, item in enumerate(node.value) if at != position])
    lines = text.splitlines(keepends=True)
    del lines[node.value[position].start_mark.line]
    return "".join(lines)


def _replaced(text: str, node: SequenceNode, names: list[str]) -> str:
    """The text with the whole list written anew: a list in brackets, or one that loses its last name."""
    end = node.end_mark.index if node.flow_style else node.value[-1].end_mark.index
    before, after = text[: node.start_mark.index], text[end:]
    if not names:
        # Behind the key, or in a line of its own where a comment stands there.
        return f"{before.rstrip()} []{after}" if before.rstrip().endswith(":") else f"{before.rstrip()}\n  []{after}"
    block = "".join(f'\n- "{name}"' for name in names)
    return f"{before.rstrip()}{block}{after}"


def _replace(path: Path, text: str, expected: dict[str, list[str]]) -> None:
    """Put the text in the file's place at once, after a look that it says what it should."""
    document = _parsed(text)
    if not isinstance(document, dict) or {key: document.get(key, []) for key in KEYS} != expected:
        raise ValueError(f"{FILE}: cannot edit its form, expected a name to the line, each behind a dash")
    files.replace(path, text)
