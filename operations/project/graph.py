"""The pipeline's part of DVC's graph: the stages of the project's dvc.yaml, and the `.dvc` files that they read.

DVC's own graph has every stage of the repository, so the trials of studies/dvc.yaml and data/champion.dvc too. No run
of the pipeline makes or reads those: whoever asks what a run needs, asks here.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from operations.project.stages import STAGES

TOP = "dvc.yaml"


def stages(repo: Any) -> set[Any]:
    """The pipeline's stages. A `.dvc` file that no stage reads is none of them."""
    graph = repo.index.graph  # an edge goes from a stage to what it reads
    made = {stage for stage in graph if stage.path_in_repo == TOP}
    return made | {read for stage in made for read in graph.successors(stage) if not read.cmd}


def status(repo: Any, root: Path) -> Mapping[str, Any]:
    """What DVC says is the matter with them, by `addressing`."""
    found: Mapping[str, Any] = repo.status([str(root / TOP)], with_deps=True)
    return found


def with_dependents(repo: Any, changed: Iterable[str]) -> set[Any]:
    """The pipeline's stages among these, by `addressing`, with all of its stages that follow from them."""
    from networkx import ancestors

    own, names = stages(repo), set(changed)
    graph = repo.index.graph.subgraph(own)
    found = {stage for stage in own if stage.addressing in names}
    return found.union(*(ancestors(graph, stage) for stage in found))


def name(stage: Any) -> str:
    """The stage's name in dvc.yaml, the path of a `.dvc` file. (DVC's `addressing` depends on where one stands.)"""
    return str(stage.name if stage.path_in_repo == TOP else stage.path_in_repo)


def position(name: str) -> int:
    """Place of a stage of the pipeline in STAGES; a `.dvc` file has the first, since deliveries feed everything."""
    key = name.partition("@")[0]
    return STAGES.index(key) if key in STAGES else 0


def is_within(name: str, target: str) -> bool:
    """Whether a stage of the pipeline comes no later than the target."""
    return position(name) <= position(target)
