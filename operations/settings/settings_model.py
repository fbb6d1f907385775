"""The type of all settings that a run may be given, made from `tasks/*/settings.py` and the present params.yaml.

A field has the bounds of the section's type, the present value as its default, and the comment beside it in params.yaml
as its description. Left out are `classes`, for others need other labels, and what no run reads (`NO_RUN_S`).
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from operations.settings import params_file
from tasks import params
from tasks.params import Section, is_section

STAMP = "made_from"
"""The field that says which params.yaml a form was made from."""

NO_RUN_S = {"classes", "landing"}
"""Sections about the project: whoever may start a run must not name folders that are emptied."""


@cache
def sections() -> dict[str, type[Section]]:
    """The type of each section that a run may change, by its key; those inside others are part of them."""
    mine = [kind for kind in params.kinds() if kind.file == params.FILE and "." not in kind.section]
    return {kind.section: kind for kind in mine if kind.section not in NO_RUN_S}


def made(values: Mapping[str, Any], notes: Any = None) -> type[BaseModel]:
    """The type of all settings, for the `values` of params.yaml; `notes` are its `params_file.comments`."""
    present = {key: values[key] for key in values if key in sections() and isinstance(values[key], dict)}
    fields: dict[str, Any] = {key: _section(sections()[key], present[key], notes, key) for key in present}
    fields[STAMP] = (
        str,
        Field(
            params_file.digest(values),
            title=STAMP,
            description="Which params.yaml these values come from; a run refuses those of another. Leave it as it is.",
        ),
    )
    return create_model("Settings", __config__=ConfigDict(extra="forbid", strict=True), **fields)


def leaves(kind: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """The fields that hold values, with their paths in params.yaml."""
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{prefix}{name}.")
        elif prefix:
            yield prefix + name, field


def given(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values that were given, with their paths in params.yaml."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name not in settings.model_fields_set:
            continue
        if isinstance(value, BaseModel):
            yield from given(value, f"{prefix}{name}.")
        elif prefix:
            yield prefix + name, value


def full(name: str, paths: Sequence[str]) -> str:
    """The path that `name` is, or is the end of after a dot; of several that of `train` itself: batch is train.batch.

    Raises ValueError for none, and for several.
    """
    found = [path for path in paths if f".{path}".endswith(f".{name}")]
    of_train = [path for path in found if path in (name, f"train.{name}")]
    if len(found) == 1 or of_train:
        return (of_train or found)[0]
    if found:
        raise ValueError(f"{name}: which of {', '.join(found)}?")
    ends = [path.rpartition(".")[2] for path in paths]
    near = get_close_matches(name, [*paths, *ends], n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected SECTION.KEY as in {params_file.FILE}"
    raise ValueError(f"{name}: no such setting, {hint}")


def is_text(annotation: Any) -> bool:
    """Whether its values are words alone, which then need no reading as YAML."""
    return annotation is str or (
        get_origin(annotation) is not None and all(isinstance(a, str) for a in get_args(annotation))
    )


def _section(kind: type[Section], values: Mapping[str, Any], notes: Any, key: str) -> tuple[Any, Any]:
    inner = notes.get(key) if isinstance(notes, dict) else None
    known = {name: value for name, value in values.items() if name in kind.model_fields}
    fields: dict[str, Any] = {
        name: _field(kind.model_fields[name], value, inner, name) for name, value in known.items()
    }
    about = params_file.comment(notes, key) or (kind.__doc__ or "").partition("\n")[0]
    model = create_model(kind.__name__, __config__=ConfigDict(extra="forbid", strict=True), __doc__=about, **fields)
    return model, Field(default_factory=model, title=key, description=about)


def _field(info: FieldInfo, value: Any, notes: Any, key: str) -> tuple[Any, Any]:
    if is_section(info.annotation) and isinstance(value, dict):
        return _section(info.annotation, value, notes, key)  # type: ignore[arg-type]
    about = params_file.comment(notes, key) or info.description
    return Annotated[(info.annotation, *info.metadata, Field(title=key, description=about))], value
