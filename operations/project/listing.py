"""Reads and edits data/deliveries.yaml, the append-only list of deliveries that dvc.yaml runs over.

Beside it data/external.yaml lists those on which models are judged, and of which none is made. It is a file of its
own, so that one more runs no curation again, for that reads the former.

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
EXTERNAL = Path("data/external.yaml")
KEYS = {FILE: ("deliveries", "drawn", "held"), EXTERNAL: ("external",)}
"""The lists in each file. Names in a file are among those of its first list."""


def names(root: Path) -> list[str]:
    """The deliveries, in the order in which they came. Raises ValueError for a file of another form."""
    return _read(root, FILE)["deliveries"]


def drawn(root: Path) -> list[str]:
    """Those of them that `dvc repro` draws by itself."""
    return _read(root, FILE)["drawn"]


def held(root: Path) -> list[str]:
    """Those of them that are on hold: listed, and out of the dataset."""
    return _read(root, FILE)["held"]


def external(root: Path) -> list[str]:
    """The external deliveries, in the order in which they came; none where the file is missing."""
    return _read(root, EXTERNAL)["external"] if (root / EXTERNAL).is_file() else []


def everything(root: Path) -> list[str]:
    """The names of all deliveries, the external ones last. Raises ValueError for one that is on both lists."""
    own, others = names(root), external(root)
    for name in others:
        if name in own:
            raise ValueError(
                f"{EXTERNAL}: {name!r} is listed in {FILE} too, and no model may be judged on what it is made of"
            )
    return [*own, *others]


def append(root: Path, name: str, file: Path = FILE) -> None:
    """Add a delivery at the end of the list in `file`. Raises ValueError for a bad name or one that is listed."""
    check(name)
    if name in everything(root):
        raise ValueError(f"{EXTERNAL if name in external(root) else FILE}: {name!r} is listed already")
    _append(root, file, _read(root, file), KEYS[file][0], name)


def remove(root: Path, name: str) -> None:
    """Take a delivery off all lists. Raises ValueError where it is not listed."""
    file = EXTERNAL if name in external(root) else FILE
    lists = _read(root, file)
    if file == FILE:
        _check_listed(lists, name)
    text = (root / file).read_text()
    for key in KEYS[file]:
        if name in lists[key]:
            text = _without_line(text, key, lists[key].index(name))
            lists[key].remove(name)
    _replace(root, file, text, lists)


def hold(root: Path, name: str) -> None:
    """Put a delivery on hold. Raises ValueError where it is not listed, or on hold already."""
    lists = _holdable(root, name)
    if name in lists["held"]:
        raise ValueError(f"{FILE}: {name!r} is on hold already")
    _append(root, FILE, lists, "held", name)


def release(root: Path, name: str) -> None:
    """Take a delivery off hold. Raises ValueError where it is not on hold."""
    lists = _holdable(root, name)
    if name not in lists["held"]:
        raise ValueError(f"{FILE}: {name!r} is not on hold, expected one of {', '.join(lists['held']) or 'none'}")
    text = _without_line((root / FILE).read_text(), "held", lists["held"].index(name))
    lists["held"].remove(name)
    _replace(root, FILE, text, lists)


def _append(root: Path, file: Path, lists: dict[str, list[str]], key: str, name: str) -> None:
    lists[key].append(name)
    _replace(root, file, _with_line((root / file).read_text(), key, name), lists)


def _holdable(root: Path, name: str) -> dict[str, list[str]]:
    """The lists, where the delivery may be held or released."""
    if name in external(root):
        raise ValueError(f"{EXTERNAL}: {name!r} is external, in no dataset: there is nothing to hold or release")
    lists = _read(root, FILE)
    _check_listed(lists, name)
    return lists


def _check_listed(lists: dict[str, list[str]], name: str) -> None:
    if name not in lists["deliveries"]:
        raise ValueError(f"{FILE}: {name!r} is not listed, expected one of {', '.join(lists['deliveries']) or 'none'}")


def _read(root: Path, file: Path) -> dict[str, list[str]]:
    document, keys = _parsed((root / file).read_text(), file), KEYS[file]
    if not isinstance(document, dict) or keys[0] not in document or not set(document) <= set(keys):
        raise ValueError(f"{file}: expected the keys {', '.join(keys)}, got {_keys(document)}")
    lists = {key: document.get(key, []) for key in keys}
    for key, found in lists.items():
        _check_list(file, key, found)
    for key in keys:
        for name in lists[key]:
            if name not in lists[keys[0]]:
                raise ValueError(f"{file}: {key}: {name!r} is not among the deliveries")
    return lists


def _check_list(file: Path, key: str, found: object) -> None:
    if not isinstance(found, list):
        raise ValueError(f"{file}: {key}: expected a list ([] for none), got {found!r}")
    for name in found:
        if not isinstance(name, str):
            raise ValueError(f"{file}: {key}: expected names in quotes, got {name!r}, which YAML takes for no text")
        try:
            check(name)
        except ValueError as error:
            raise ValueError(f"{file}: {key}: {error}") from error
        if found.count(name) > 1:
            raise ValueError(f"{file}: {key}: {name!r} is listed twice")


def _parsed(text: str, file: Path) -> object:
    try:
        return _yaml().load(text)
    except YAMLError as error:
        raise ValueError(f"{file}: not YAML: {error}") from error


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
    if key not in _yaml().load(text):
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


def _replace(root: Path, file: Path, text: str, expected: dict[str, list[str]]) -> None:
    """Put the text in the file's place at once, after a look that it says what it should."""
    document = _parsed(text, file)
    if not isinstance(document, dict) or {key: document.get(key, []) for key in KEYS[file]} != expected:
        raise ValueError(f"{file}: cannot edit its form, expected a name to the line, each behind a dash")
    files.replace(root / file, text)
