"""params.yaml as a person keeps it: its values as the stages read them, the comments beside its keys, and edits."""

import hashlib
from collections.abc import Mapping
from functools import reduce
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from operations.process import files
from tasks import params

FILE = "params.yaml"


def read(root: Path) -> dict[str, Any]:
    """The values, empty where there is no file. Raises ValueError for a file that is no mapping of YAML."""
    file = root / FILE
    return parse(file.read_text()) if file.is_file() else {}


def parse(text: str) -> dict[str, Any]:
    """The values in the text of the file. Raises ValueError where it is no mapping of YAML."""
    return params.parse(text)


def digest(values: Mapping[str, Any]) -> str:
    """The same for the same values, whatever the comments say."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:12]


def comments(text: str) -> Any:
    """The text of the file with its comments, for `comment`. Raises ValueError, also for a key that comes twice."""
    return _loaded(YAML(), text)


def comment(section: Any, key: str) -> str | None:
    """What stands behind `key` on its line."""
    tokens = section.ca.items.get(key) if isinstance(section, CommentedMap) else None
    line: str = tokens[2].value.partition("\n")[0] if tokens and tokens[2] else ""
    return line.lstrip("# ").rstrip() or None


def write(root: Path, values: Mapping[str, Any]) -> list[str]:
    """Put values, by their paths, into the file, and return a line for each that changed.

    Comments and order stay. Complete or not at all. Raises ValueError for a path that the file does not have, and
    where it has a key twice.
    """
    file = root / FILE
    editor = YAML()
    editor.preserve_quotes, editor.width = True, 4096
    document = _loaded(editor, file.read_text())
    changes = [line for path, value in values.items() for line in _set(document, path, value)]
    if changes:
        text = StringIO()
        editor.dump(document, text)
        files.replace(file, text.getvalue())
    return changes


def _loaded(editor: YAML, text: str) -> Any:
    try:
        return editor.load(text)
    except YAMLError as error:
        raise ValueError(f"{FILE}: {' '.join(str(error).split('To suppress')[0].split())}") from error


def _set(document: Any, path: str, value: Any) -> list[str]:
    *outer, key = path.split(".")
    section = reduce(lambda inner, name: inner.get(name) if isinstance(inner, dict) else None, outer, document)
    if not isinstance(section, dict) or key not in section:
        raise ValueError(f"{path}: there is no such key in {FILE}, so it cannot be set to {value!r}")
    before = section[key]
    if before == value:
        return []
    section[key] = _node(value)
    return [f"{FILE}: {path} is {value} now, was {before}"]


def _node(value: Any) -> Any:
    """The value, written so that YAML 1.1, which DVC and the stages read, takes it for the same."""
    if isinstance(value, dict):
        node: Any = CommentedMap({key: _node(each) for key, each in value.items()})
    elif isinstance(value, list):
        node = CommentedSeq(map(_node, value))
    else:
        return _number(value) if isinstance(value, float) else _text(value) if isinstance(value, str) else value
    node.fa.set_flow_style()
    return node


def _number(value: float) -> Any:
    """1.0e-05, for 1e-05 is a word to YAML 1.1."""
    mantissa, e, exponent = repr(value).partition("e")
    return YAML().load(f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}") if e else value


def _text(value: str) -> str:
    """In quotes, where it would be read as something else without: off, 1e5, 12:30."""
    try:
        plain = yaml.load(value, params.Loader) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else DoubleQuotedScalarString(value)
