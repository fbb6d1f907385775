"""Types of the flows' parameters, as Prefect's form shows them and its server checks them before a run starts.

An empty text stands for "as usual": a form's field that may be left out would be a choice of two forms to a person.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

STUDIES = Path("studies/dvc.yaml")

Text = Annotated[str, Field(max_length=200)]
Why = Annotated[str, Field(max_length=500, pattern=r"\S")]
SomePath = Annotated[str, Field(max_length=4096, pattern=r"\S")]
NoOrSomePath = Annotated[str, Field(max_length=4096)]
Table = Annotated[str, Field(max_length=4096, pattern=r"^.*[^/]\.[cC][sS][vV]$")]
Delivery = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9._-]{0,99})?$")]
Listed = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Champion = Annotated[str, Field(pattern=r"^(champion/[1-9][0-9]{0,8})?$")]
Experiment = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Whole = Annotated[int, Field(ge=0, le=20000)]
Scale = Annotated[float, Field(ge=0, le=1000)]
Tta = Literal[1, 4, 8]


class Known:
    """Of a parameter's text: the form offers the `names` that there are when the deployment is made.

    Where there are none, or for a run at another time, the flow itself says what it does not know.
    """

    def __init__(self, names: Callable[[], list[str]]):
        self._names = names

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Called by pydantic for the parameter's schema."""
        names = self._names()
        return {**handler(schema), **({"enum": names} if names else {})}


def studies() -> list[str]:
    """Names of the studies of the project in the working directory."""
    return list(_studies())


def trials() -> list[str]:
    """Names of all their trials, each once."""
    return list(dict.fromkeys(trial for study in _studies().values() for trial in study["matrix"]["trial"]))


def _studies() -> dict[str, Any]:
    if not STUDIES.is_file():
        return {}
    stages: dict[str, Any] = yaml.safe_load(STUDIES.read_text())["stages"]
    return stages


Study = Annotated[str, Known(studies)]
Trials = list[Annotated[str, Known(trials)]]
