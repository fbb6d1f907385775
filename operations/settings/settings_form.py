"""Settings that a run may be given: the form in Prefect's UI, and `--set` of the command line.

params.yaml stays the one home of values, `tasks/*/settings.py` the one home of their types: the form is made from both.
What counts as given is what differs from params.yaml, for a form sends all of its fields.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any

from pydantic import BaseModel, PrivateAttr, RootModel, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from operations.settings import params_file, settings_model
from operations.settings.settings_model import STAMP
from tasks.params import Section

FILE = params_file.FILE

Value = str | int | float | bool | list[Any] | dict[str, Any]

STALE = (
    f"the form was made from another {FILE} than there is now: reload its page, and look at the values again "
    "(with a work pool, `python -m prefect --no-prompt deploy --all` comes first)"
)


class Settings(RootModel[dict[str, Any]]):
    """Values by section and key. They are checked against the params.yaml in the working directory.

    Raises ValueError (pydantic's) for what the stages would refuse, and for a form of another params.yaml.
    """

    root: dict[str, Any] = {}
    _values: dict[str, Value] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> "Settings":
        if self.root:
            self._values = _checked(Path.cwd(), self.root)
        return self

    def values(self) -> dict[str, Value]:
        """What differs from params.yaml as it was when these were given, by its path there."""
        return dict(self._values)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: Any, handler: Any) -> Any:
        """Called by pydantic for the form: that of the present params.yaml."""
        return handler(form(Path.cwd()).__pydantic_core_schema__)


def form(root: Path) -> type[BaseModel]:
    """The type of all settings, for the params.yaml below `root`. Raises ValueError where that is no mapping."""
    file = root / FILE
    return _form(file.read_text()) if file.is_file() else settings_model.made({})


def parse(pairs: Iterable[str]) -> Settings:
    """Settings from words like `train.batch=16`, or `batch=16` for short: see `settings_model.full`.

    Raises ValueError that names the setting and what it may be.
    """
    known = dict(settings_model.leaves(form(Path.cwd())))
    nested: dict[str, Any] = {}
    for name, value in map(_pair, pairs):
        path = settings_model.full(name, list(known))
        _put(nested, path, _read(value, known[path].annotation))
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        raise ValueError("\n".join(str(each["ctx"]["error"]) for each in error.errors())) from error


def again(settings: Settings) -> Settings:
    """The values that were given, held against params.yaml as it is by now. Raises ValueError (pydantic's)."""
    nested: dict[str, Any] = {}
    for path, value in settings.values().items():
        _put(nested, path, value)
    return Settings.model_validate(nested)


def write(root: Path, settings: Settings) -> list[str]:
    """Put `settings` into the params.yaml below `root`, and return a line for each value that changed.

    Comments and order stay. Complete or not at all. Raises ValueError for a path that the file does not have.
    """
    return params_file.write(root, settings.values())


@lru_cache(maxsize=1)
def _form(text: str) -> type[BaseModel]:
    return settings_model.made(params_file.parse(text), params_file.comments(text))


def _checked(root: Path, given: Mapping[str, Any]) -> dict[str, Value]:
    present = params_file.read(root)
    stamp = params_file.digest(present)
    if given.get(STAMP, stamp) != stamp:
        raise ValueError(STALE)
    try:
        settings = form(root).model_validate(given)
    except ValidationError as error:
        raise ValueError("\n".join(map(_sentence, error.errors()))) from error
    values = {path: value for path, value in settings_model.given(settings) if _at(present, path) != value}
    _check_together(present, values)
    return values


def _check_together(present: Mapping[str, Any], values: Mapping[str, Value]) -> None:
    """Check whole sections, for a value may be wrong beside another. What was wrong before is for the stage to tell."""
    after: dict[str, Any] = deepcopy(dict(present))
    for path, value in values.items():
        _put(after, path, value)
    for key in dict.fromkeys(path.partition(".")[0] for path in values):
        kind = settings_model.sections()[key]
        known = _problems(kind, present[key])
        new = [sentence for sentence in _problems(kind, after[key]) if sentence not in known]
        if new:
            raise ValueError("\n".join(new))


def _problems(kind: type[Section], values: Any) -> list[str]:
    try:
        kind.model_validate(values)
    except ValidationError as error:
        return [_sentence(problem, kind.section) for problem in error.errors()]
    return []


def _sentence(problem: Any, *outer: str) -> str:
    path = ".".join(map(str, (*outer, *problem["loc"])))
    if problem["type"] == "extra_forbidden":
        return f"{path}: no such setting"
    if problem["type"] == "missing":
        return f"{path}: missing"
    if problem["type"] == "value_error":
        return f"{path}: {problem['ctx']['error']}"
    return f"{path}: {problem['msg']}, got {problem['input']!r}"


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"expected a setting as NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()


def _read(text: str, annotation: Any) -> Any:
    """A word of the command line as the type wants it: as it is, or read as YAML 1.2, to which 1e-5 is a number."""
    if settings_model.is_text(annotation):
        return text
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text
    return text if value is None else value


def _put(nested: dict[str, Any], path: str, value: Any) -> None:
    *outer, key = path.split(".")
    for name in outer:
        nested = nested.setdefault(name, {})
    nested[key] = value


def _at(nested: Any, path: str) -> Any:
    return reduce(lambda inner, key: inner[key], path.split("."), nested)
