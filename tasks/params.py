"""Reads params.yaml, strictly: an unknown, missing or mistyped key is an error that names the key's path.

Each stage declares its own section in `tasks/<verb>/settings.py`. The types are not gathered in one module because
DVC re-runs a stage when a module that it imports changes: a new key of train must not re-run ingest.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

FILE = Path("params.yaml")

RENAMED = {
    "report": "data_report",
    "card": "model_report",
    "train.frozen_views": "train.frozen_augmentations",
    "calibrate.refused": "calibrate.ood_false_positive_rate",
    "calibrate.distorted_weight": "calibrate.corruption_weight",
    "calibrate.wanted_accuracy": "calibrate.target_accuracy",
    "evaluate.views": "evaluate.tta",
    "explain.cells": "explain.map_size",
    "audit.foreign": "audit.ood",
    "gate.allowed": "gate.non_inferiority_margins",
    "gate.allowed.distorted": "gate.non_inferiority_margins.corrupted",
    "gate.allowed.mix": "gate.non_inferiority_margins.mixed",
    "gate.wanted": "gate.superiority_margins",
    "gate.wanted.distorted": "gate.superiority_margins.corrupted",
    "gate.wanted.mix": "gate.superiority_margins.mixed",
    "gate.floors": "gate.minimums",
    "gate.floors.distorted": "gate.minimums.corrupted",
    "gate.floors.mix": "gate.minimums.mixed",
}
"""Settings of older projects, and what they are called today."""


CLASS_ORDER = ("landing", "class_order")
"""The other list of classes in params.yaml."""
TWOFOLD = re.compile(r"[-+]?0[0-9_]*[1-9][0-9_]*|[-+]?[0-9][0-9_]*:[0-9_:.]+")
"""Numbers of YAML 1.1 to the base of 8 or 60, which YAML 1.2, and so DVC, takes for decimals or words."""
MERGE, WORD = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"


class Loader(yaml.SafeLoader):
    """YAML 1.1 with the numbers of YAML 1.2, in whose form DVC writes them: 3e-05, 1E5, -.5, 0o17."""


for _tag, _form in {
    "float": r"[-+]?(\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+)",
    "int": r"0o[0-7]+",
}.items():
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^{_form}$"), list("-+.0123456789"))


class Section(BaseModel):
    """Base of every section's type; `section` is its key in `file`, of one inside another `outer.inner`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    section: ClassVar[str]
    file: ClassVar[Path] = FILE


class Classes(Section):
    """The classes in the order of their indices in npz deliveries, each with the other names that it goes by."""

    section: ClassVar[str] = "classes"
    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, list[str]]

    @property
    def names(self) -> list[str]:
        """The classes in the order of their indices."""
        return list(self.__pydantic_extra__)

    def canonical(self, name: str) -> str | None:
        """The class that goes by `name`, None where none does.

        Names compare by Unicode NFC, in any case, spaces and underscores alike, and by nothing else: `HER2+` is not
        `HER2-`, nor is `pre-B` `pre B`.
        """
        return self._lookup().get(_folded(name))

    def today(self, names: Iterable[str]) -> list[str]:
        """What classes of an earlier list are called by now; one that no name or alias stands for keeps its own."""
        return [self.canonical(name) or name for name in names]

    def unknown(self, names: Iterable[str]) -> str:
        """Says of names that stand for no class which class each comes near, and which there are."""
        return f"{', '.join(map(self._near, names))}, expected {', '.join(self.names)}"

    def _near(self, name: str) -> str:
        known = {_folded(each): each for each in self._spellings()}
        near = get_close_matches(_folded(name), known, n=1)
        return f"{name!r} (nearest: {known[near[0]]!r})" if near else repr(name)

    def _spellings(self) -> Iterator[str]:
        for label, aliases in self.__pydantic_extra__.items():
            yield from (label, *aliases)

    def check_names(self) -> None:
        """Raise ValueError for a name or alias that stands for two classes, or is empty."""
        self._lookup()

    def _lookup(self) -> dict[str, str]:
        lookup: dict[str, str] = {}
        for label, aliases in self.__pydantic_extra__.items():
            for alias in (label, *aliases):
                if not alias.strip():
                    raise ValueError(f"classes: a name without a letter, {alias!r} ({FILE})")
                other = lookup.setdefault(_folded(alias), label)
                if other != label:
                    raise ValueError(f"classes: the name {alias!r} stands for both {other} and {label} ({FILE})")
        return lookup


T = TypeVar("T", bound=Section)


def load(kind: type[T], file: Path | None = None) -> T:
    """The section that `kind` describes. Raises ValueError for what is wrong, FileNotFoundError without the file."""
    file = file or kind.file
    return _validated(kind, raw(kind, file), file)


def check(file: Path = FILE) -> None:
    """Raise ValueError for what is wrong in any section of params.yaml that is there, a line for each problem.

    A stage reads its own section alone, so without this a wrong setting is told when those above it have run.
    """
    document, problems = read(file), []
    for kind in kinds():
        if kind.file == FILE and kind.section in document:
            try:
                found = _validated(kind, document[kind.section], file)
                if isinstance(found, Classes):
                    found.check_names()
            except ValueError as error:
                problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))


def kinds() -> list[type[Section]]:
    """The types of all sections, those inside others too."""
    names = sorted(file.parent.name for file in Path(__file__).parent.glob("*/settings.py"))
    found = [vars(import_module(f"tasks.{name}.settings")).values() for name in names]
    return [Classes, *(kind for values in found for kind in values if is_section(kind))]


def is_section(kind: Any) -> bool:
    """Whether it is the type of a section, as those of sections inside others are."""
    return isinstance(kind, type) and issubclass(kind, Section) and hasattr(kind, "section")


def raw(kind: type[Section], file: Path | None = None) -> Any:
    """What stands in the section that `kind` describes, unchecked; None where it is missing."""
    values: Any = read(file or kind.file, checked=kind.file == FILE)
    for key in kind.section.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def read(file: Path = FILE, *, checked: bool = True) -> dict[str, Any]:
    """The whole file; `checked`: its top-level keys must be those of params.yaml."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: expected text in UTF-8: {error.reason} at byte {error.start}") from error
    document = parse(text, file)
    unknown = sorted(set(map(str, document)) - sections())
    if checked and (former := [_former(name, file) for name in unknown if name in RENAMED]):
        raise ValueError(former[0])
    if unknown and checked:
        raise ValueError(f"{unknown[0]}: unknown section, expected one of {', '.join(sorted(sections()))} ({file})")
    return document


def parse(text: str, file: Path = FILE) -> dict[str, Any]:
    """The values in the text of a settings file.

    Keys, and all of `classes` and `landing.class_order`, are the words as written: YAML 1.1 takes a class `no` for
    false and `0` for a number, and DVC writes both without the quotes that a person gave them. Raises ValueError where
    it is no mapping of YAML, for a key that comes twice, and for a number that is another one in YAML 1.2.
    """
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        document = loader.construct_document(_with_words(node, file)) if node else None
    except yaml.YAMLError as error:
        raise ValueError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    finally:
        loader.dispose()
    if not isinstance(document, dict):
        raise ValueError(f"{file}: expected a mapping of sections, got {type(document).__name__}")
    return document


def sections() -> set[str]:
    """The keys that params.yaml may have: the classes, and a section for each stage that has settings."""
    return {"classes"} | {path.parent.name for path in Path(__file__).parent.glob("*/settings.py")}


def _validated(kind: type[T], values: Any, file: Path) -> T:
    if values is None:
        raise ValueError(f"{kind.section}: missing ({file})")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ValueError("\n".join(_sentences(kind.section, error.errors(), file))) from error


def _with_words(document: yaml.Node, file: Path) -> yaml.Node:
    _keys_as_words(document, file)
    for key, value in document.value if isinstance(document, yaml.MappingNode) else ():
        if key.value == Classes.section:
            _all_as_words(value)
        for inner, names in value.value if isinstance(value, yaml.MappingNode) else ():
            if (key.value, inner.value) == CLASS_ORDER:
                _all_as_words(names)
    _check_numbers(document, file)
    return document


def _check_numbers(node: yaml.Node, file: Path) -> None:
    if isinstance(node, yaml.ScalarNode):
        if node.tag.endswith((":int", ":float")) and TWOFOLD.fullmatch(node.value):
            where = f"{file}, line {node.start_mark.line + 1}"
            raise ValueError(f"{where}: {node.value} is one number in YAML 1.1 and not in 1.2, write it as a decimal")
        return
    for each in node.value:
        for inner in each if isinstance(each, tuple) else (each,):
            _check_numbers(inner, file)


def _keys_as_words(node: yaml.Node, file: Path) -> None:
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _keys_as_words(each, file)
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
            key.tag = WORD
        _keys_as_words(value, file)
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"{file} has the key {key} twice in one section")


def _all_as_words(node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode):
        node.tag = WORD if node.value else node.tag
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _all_as_words(each)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            _all_as_words(value)


def _folded(name: str) -> str:
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return "".join(" " if each == "_" or unicodedata.category(each) == "Zs" else each for each in composed)


def _sentences(section: str, problems: list[Any], file: Path) -> list[str]:
    """A line for each problem; where a setting has its name of before, that line alone."""
    paths = [
        ".".join(map(str, (section, *problem["loc"]))) for problem in problems if problem["type"] == "extra_forbidden"
    ]
    former = [_former(path, file) for path in paths if path in RENAMED]
    return former[:1] or [_sentence(section, problem, file) for problem in problems]


def _former(path: str, file: Path) -> str:
    return f"{file}: {path} is {RENAMED[path]} now: `hemaflow migrate` renames it"


def _sentence(section: str, problem: Any, file: Path) -> str:
    path = ".".join(map(str, (section, *problem["loc"])))
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key ({file})"
    if problem["type"] == "missing":
        return f"{path}: missing ({file})"
    return f"{path}: {problem['msg']}, got {problem['input']!r} ({file})"
