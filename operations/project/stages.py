"""The stages as dvc.yaml has them: their names, what each is for, and which of them reads what another makes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

FILE = Path("dvc.yaml")
HERE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Stage:
    """A stage of a project: `dedupe`, or `ingest@demo` of those that run for each delivery."""

    name: str
    about: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its name in dvc.yaml, without the delivery."""
        return self.name.partition("@")[0]

    def reads(self, other: "Stage") -> bool:
        """Whether it reads what the other makes, or a part of that, or a folder around it."""
        return any(
            Path(dep).is_relative_to(out) or Path(out).is_relative_to(dep) for dep in self.deps for out in other.outs
        )


def stages(root: Path, lists: Mapping[str, Sequence[str]]) -> list[Stage]:
    """The stages of the project in `root`, in the order of its dvc.yaml.

    `lists` are those that a `foreach` runs over: `{"deliveries": [...], "drawn": [...], "external": [...]}`.
    """
    return [stage for key, body in _parsed(root).items() for stage in _of(key, body, lists)]


def edges(found: Sequence[Stage]) -> dict[str, list[str]]:
    """By stage, in their order, the stages that make what it reads. Raises ValueError where one stands above such."""
    names = [stage.name for stage in found]
    made = {each.name: [other.name for other in found if other is not each and each.reads(other)] for each in found}
    for position, (name, sources) in enumerate(made.items()):
        if late := [source for source in sources if names.index(source) > position]:
            raise ValueError(f"{FILE}: {name} reads what {late[0]} makes, so it has to stand below that")
    return made


def _of(key: str, body: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> Iterator[Stage]:
    about = str(body.get("desc", ""))
    if "foreach" not in body:
        yield Stage(key, about, tuple(body["deps"]), tuple(body["outs"]))
        return
    for item in lists[str(body["foreach"]).strip("${}")]:
        each = {part: tuple(path.replace("${item}", item) for path in body["do"][part]) for part in ("deps", "outs")}
        yield Stage(f"{key}@{item}", str(body["do"].get("desc", "")), **each)


def _parsed(root: Path) -> dict[str, Any]:
    document = yaml.safe_load((root / FILE).read_text())
    return dict(document["stages"])


STAGES = tuple(_parsed(HERE))
"""Names of the stages, in the order in which they run."""
SINGLE = tuple(name for name, body in _parsed(HERE).items() if "foreach" not in body)
"""Those of them that run once, whatever deliveries there are."""
LAST = STAGES[-1]

if TYPE_CHECKING:
    Target = str
else:
    Target = Literal[STAGES]
"""The last stage that is wanted of a run."""
