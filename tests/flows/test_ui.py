"""The flows that Prefect's UI starts, called in this process; what the verbs themselves do is tested beside them."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from flows import events
from operations.history import provenance
from operations.landing import outbox
from operations.process import lock
from operations.project import listing

pytestmark = pytest.mark.usefixtures("api")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the deliveries of which an event was emitted."""
    names: list[str] = []
    monkeypatch.setattr(events, "accepted", lambda delivered: names.append(delivered.name))
    return names


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A delivery for the toy."""
    for number, label in enumerate(("ig", "platelet")):
        folder = tmp_path / "New Cells" / label
        folder.mkdir(parents=True)
        Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)).save(folder / "a.png")
    return tmp_path / "New Cells"


def test_deliver(in_toy: Path, cells: Path, sent: list[str]) -> None:
    state = _run("add", path=str(cells))
    assert (state.type, state.message) == ("COMPLETED", "added 'new-cells': 2 images (ig 1, platelet 1)")
    assert listing.names(in_toy) == ["demo", "new-cells"]
    assert sent == ["new-cells"]
    record = provenance.read(in_toy)
    assert (record["flow"], record["outcome"], record["facts"]) == (
        "add",
        "completed",
        {"delivered": ["new-cells"]},
    )
    assert [each["flow"] for each in record["prefect"]] == ["add"]
    assert "## Add\n\nadded 'new-cells': 2 images" in _artifact("add")


def test_deliver_what_is_there_already(in_toy: Path, cells: Path, sent: list[str]) -> None:
    """Emits no event, so nothing is trained for it."""
    _run("add", path=str(cells), name="first")
    state = _run("add", path=str(cells), name="second")
    assert state.message == "nothing to do: the same 2 images are here already, as 'first'"
    assert (listing.names(in_toy), sent) == (["demo", "first"], ["first"])
    assert provenance.read(in_toy)["facts"] == {}


def test_hold_release_and_remove(in_toy: Path, cells: Path, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ada@lab.org")
    _run("add", path=str(cells))
    state = _run("hold", name="new-cells", why="labels look shuffled")
    assert state.message.startswith("'new-cells' is on hold: it stays listed")
    assert listing.held(in_toy) == ["new-cells"]
    assert "new-cells', which is on hold" in _run("add", path=str(cells), name="again").message
    state = _run("release", name="new-cells", why="looked at")
    assert "by Ada <ada@lab.org>: labels look shuffled" in state.message
    assert _run("remove", name="new-cells").type == "COMPLETED"
    assert (listing.names(in_toy), listing.held(in_toy)) == (["demo"], [])
    assert provenance.read(in_toy)["flow"] == "remove"


def test_an_event_that_cannot_be_sent_is_kept(in_toy: Path, cells: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_delivered: Any) -> None:
        raise OSError("no API")

    monkeypatch.setattr(events, "accepted", away)
    state = _run("add", path=str(cells))
    assert state.type == "COMPLETED", "the delivery is listed, so the run did what it was asked for"
    assert listing.names(in_toy) == ["demo", "new-cells"]
    assert outbox.noted(in_toy) == ["new-cells"]


@pytest.mark.parametrize(
    ("verb", "parameters", "message"),
    [
        pytest.param("add", {"path": "/nonesuch"}, "/nonesuch", id="no delivery"),
        pytest.param("add", {"path": ".", "name": "x.dvc"}, "bad name 'x.dvc', expected", id="no name"),
        pytest.param("hold", {"name": "gone", "why": "so"}, "'gone' is not listed", id="nothing to hold"),
        pytest.param("release", {"name": "demo", "why": "so"}, "'demo' is not on hold", id="nothing to release"),
        pytest.param("remove", {"name": "gone"}, "no delivery 'gone'", id="nothing to remove"),
        pytest.param("predict", {"path": "/nonesuch", "out": "x.csv"}, "/nonesuch", id="nothing to judge"),
        pytest.param("predict", {"path": "toy.py", "out": "/nonesuch/x.csv"}, "", id="nowhere to write"),
    ],
)
def test_mistakes_end_the_run_with_a_line(in_toy: Path, verb: str, parameters: dict[str, str], message: str) -> None:
    state = _run(verb, **parameters)
    assert state.type == "FAILED"
    assert message in state.message
    assert "\n" not in state.message
    assert "Traceback" not in state.message
    assert "exception" not in state.message
    assert listing.names(in_toy) == ["demo"]
    record = provenance.read(in_toy)
    assert (record["flow"], record["outcome"]) == (verb, "failed")
    assert record["error"]


def test_an_error_of_the_program_is_no_mistake(in_toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect's own message then, and its log has where it came from."""

    def broken(*_args: Any, **_more: Any) -> None:
        raise KeyError("nonesuch")

    monkeypatch.setattr("operations.predict.predict", broken)
    state = _run("predict", path="toy.py", out="x.csv")
    assert state.type == "FAILED"
    assert "encountered an exception: KeyError" in state.message


class Done(NamedTuple):
    """As `operations.predict.predict` returns it."""

    sentence: str
    unreadable: int


@pytest.mark.parametrize(
    ("verb", "parameters", "function", "expected", "held"),
    [
        pytest.param(
            "predict", {"path": "a", "out": "b.csv"}, "predict.predict",
            (Path("a"), Path("b.csv"), None, 1, (None, None)), False, id="predict",
        ),
        pytest.param(
            "predict", {"path": "a", "out": "b.csv", "model": "m", "tta": 8, "depth": "12", "crop": 120},
            "predict.predict", (Path("a"), Path("b.csv"), Path("m"), 8, (12, 120)), False, id="predict with a model",
        ),
        pytest.param("promote", {"why": "because"}, "promotion.promote", ("because", None), True, id="promote"),
        pytest.param(
            "promote", {"why": "w", "although": "few rows"}, "promotion.promote", ("w", "few rows"),
            True, id="promote against the gate",
        ),
        pytest.param("rollback", {"why": "worse"}, "promotion.rollback", (None, "worse"), True, id="rollback"),
        pytest.param(
            "rollback", {"why": "worse", "to": "champion/2"}, "promotion.rollback",
            ("champion/2", "worse"), True, id="rollback to one",
        ),
    ],
)  # fmt: skip
def test_what_the_verb_is_given(
    in_toy: Path, monkeypatch: pytest.MonkeyPatch, verb: str, parameters: Any, function: str, expected: Any, held: bool
) -> None:
    """Empty texts stand for what a verb's option is without a word; who writes holds the lock, who reads does not."""
    seen: list[Any] = []

    def stand_in(root: Path, *given: Any) -> Any:
        seen.append((root, given, lock.holder(root) is not None))
        return Done("done, all of it", 0)._replace() if verb == "predict" else "done, all of it\nand more"

    _replace(monkeypatch, function, stand_in)
    state = _run(verb, **parameters)
    assert (state.type, state.message) == ("COMPLETED", "done, all of it")
    assert seen == [(in_toy, expected, held)]
    assert f"## {verb.capitalize()}\n\ndone, all of it" in _artifact(verb)
    assert provenance.read(in_toy)["outcome"] == "completed"


@pytest.mark.parametrize(
    ("function", "given"),
    [
        pytest.param("predict.predict", (Path("a"), Path("b.csv"), None, 1), id="predict"),
        pytest.param("promotion.promote", ("why", None), id="promote"),
        pytest.param("promotion.rollback", (None, "why"), id="rollback"),
    ],
)
def test_the_verbs_take_what_they_are_given(function: str, given: tuple[Any, ...]) -> None:
    """So that the stand-ins above are of the shape of what they stand for."""
    module, name = function.split(".")
    inspect.signature(getattr(import_module(_place(module)), name)).bind(Path(), *given)


def _replace(monkeypatch: pytest.MonkeyPatch, function: str, stand_in: Callable[..., Any]) -> None:
    module, name = function.split(".")
    made = ModuleType(_place(module))
    setattr(made, name, stand_in)
    monkeypatch.setitem(sys.modules, _place(module), made)


def _place(module: str) -> str:
    return "operations.retraining.promotion" if module == "promotion" else f"operations.{module}"


def _run(verb: str, **parameters: Any) -> Any:
    from flows import ui

    return getattr(ui, verb)(**parameters, return_state=True)


def _artifact(key: str) -> str:
    from prefect.artifacts import Artifact

    return str(Artifact.get(key).data)
