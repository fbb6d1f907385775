"""Against a server as a user starts it: the forms follow params.yaml, and what runs are given."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flows.serving import forms
from operations.settings import params_file
from tests.support.served import FINAL, Served, shared

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Served:
    return shared(request)


@pytest.fixture
def edit(served: Served) -> Iterator[Callable[[str], None]]:
    """Edits params.yaml; it is put back at the end, and so are the forms."""
    file = served.root / "params.yaml"
    # The fixture of the server edits params.yaml too, for the tests of another file that had it before.
    made_from = params_file.digest(params_file.read(served.root))
    _await(lambda: _field(served, "Settings", "made_from")["default"] == made_from)
    text, forms_before = file.read_text(), _sections(served)

    def put(line: str) -> None:
        file.write_text(re.sub(r"\n  patience:[^\n]*", f"\n  {line}", text))

    yield put
    file.write_text(text)
    _await(lambda: _sections(served) == forms_before)


def test_the_forms_follow_params_yaml_and_nothing_else_does(served: Served, edit: Callable[[str], None]) -> None:
    """No schedule, which a person may have switched off; and no deployment without settings."""
    before = {name: _kept(served, name) for name in ("pipeline", "watch")}
    assert _field(served, "Train", "patience")["default"] == 15
    edit("patience: 48  # more of it")
    _await(lambda: _field(served, "Train", "patience")["default"] == 48)
    assert _field(served, "Train", "patience")["description"] == "more of it"
    assert _kept(served, "watch") == before["watch"]
    after = _kept(served, "pipeline")
    assert {key for key in after if after[key] != before["pipeline"][key]} == {"parameter_openapi_schema", "updated"}


def test_a_broken_params_yaml_is_told_once_and_its_last_form_stays(served: Served, edit: Callable[[str], None]) -> None:
    told = served.output.count("the forms stay as they were: params.yaml is not YAML")
    edit("patience: [")
    _await(lambda: served.output.count("the forms stay as they were: params.yaml is not YAML") == told + 1)
    time.sleep(2 * forms.LOOK_SECONDS)
    assert served.output.count("the forms stay as they were") == told + 1
    assert _field(served, "Train", "patience")["default"] == 15


def test_a_run_of_an_older_form_is_refused_and_others_get_no_settings(
    served: Served, edit: Callable[[str], None]
) -> None:
    """A form sends all it shows; a schedule, an event and Quick run send nothing."""
    form = {"train": {"batch": 16}, "made_from": _field(served, "Settings", "made_from")["default"]}
    edit("patience: 33")
    late = served.trigger(settings=form, target="demo")
    quick = served.trigger()
    scheduled = [run for run in served.call("flow_runs/filter", {}) if run["auto_scheduled"]]
    assert served.await_state(late, *FINAL) == "FAILED"
    message = served.run(late)["state"]["message"]
    assert "the form was made from another params.yaml than there is now: reload its page" in message
    assert served.run(quick)["parameters"] == {}
    assert scheduled
    assert all("settings" not in run["parameters"] for run in scheduled)
    assert served.await_state(quick, *FINAL) == "COMPLETED"


def _kept(served: Served, name: str) -> dict[str, Any]:
    """A deployment, without what changes as its runs are looked for."""
    return {key: value for key, value in served.deployment(name).items() if key not in ("status", "last_polled")}


def _sections(served: Served) -> Any:
    return served.deployment("pipeline")["parameter_openapi_schema"]["definitions"]


def _field(served: Served, section: str, name: str) -> Any:
    return _sections(served)[section]["properties"][name]


def _await(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)
