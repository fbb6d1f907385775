"""Prefect's UI as an operator uses it, in Debian's Chromium; skipped where there is none.

With HEMAFLOW_SCREENSHOTS=FOLDER it leaves images of the pages there.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Literal, get_origin

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from operations.registry import champion
from operations.settings import settings_form, settings_model
from tests.support.served import FINAL, Served, serving

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000
INNER = ":scope > .p-label__body > fieldset > * > .p-card-content > .schema-form-properties > .schema-form-property"
expect.set_options(timeout=PATIENCE)

pytestmark = [
    pytest.mark.server,
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must not meet an error of its own, nor ask any other host than the server for anything."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert asked
    assert not [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]


@pytest.fixture(scope="module")
def served(
    made_toy: Path, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], prefect: object
) -> Iterator[Served]:
    root = Path(copytree(made_toy, tmp_path_factory.mktemp("browsed") / "toy", symlinks=True))
    prefect.give_database(root)  # type: ignore[attr-defined]
    for words in (["add", "-A"], ["-c", "user.name=toy", "-c", "user.email=toy", "commit", "-q", "-m", "Toy"]):
        subprocess.run(["git", *words], cwd=root, env=environment, check=True)
    with serving(root, environment) as served:
        yield served


def _open_form(page: Page, served: Served, name: str) -> None:
    page.goto(f"http://127.0.0.1:{served.port}/deployments/deployment/{served.deployment(name)['id']}")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    page.get_by_role("button", name="Submit").wait_for()
    page.locator(".schema-form-property").first.wait_for()  # a click before that does nothing


def _field(page: Page, path: str) -> Locator:
    """The block of the form for a field, which may lie in others."""
    first, *inner = (page.locator(_labelled(name)) for name in path.split("."))
    block = first.first
    for each in inner:
        block = block.locator(INNER).and_(each)
    return block


def _labelled(name: str) -> str:
    label = f".schema-form-property__label:text-matches('^{name}( .Optional.)?$')"
    return f".schema-form-property:has(> .p-label__header > label {label})"


def _fill(page: Page, path: str, value: str) -> None:
    _field(page, path).locator("input").fill(value)


def _submit(page: Page, served: Served, name: str) -> str:
    """The id of the run that the form made."""
    wanted = {"deployments": {"id": {"any_": [served.deployment(name)["id"]]}}, "sort": "START_TIME_DESC"}
    before = {run["id"] for run in served.call("flow_runs/filter", wanted)}
    page.get_by_role("button", name="Submit").click()
    for _ in range(300):
        made = {run["id"] for run in served.call("flow_runs/filter", wanted)} - before
        if made:
            return str(made.pop())
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("body").inner_text())


def _image(page: Page, name: str) -> None:
    folder = os.environ.get("HEMAFLOW_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(2000)  # until what moves has come to rest
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_run_from_the_form_its_artifact_and_then_all_cached(page: Page, served: Served) -> None:
    _open_form(page, served, "pipeline")
    _fill(page, "settings.train.batch", "16")
    _image(page, "form")
    run = _submit(page, served, "pipeline")
    url = f"http://127.0.0.1:{served.port}/runs/flow-run/{run}"
    page.goto(url)
    assert served.await_state(run, *FINAL, seconds=300) == "COMPLETED"
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    assert "train.batch=16" in served.verb("experiments").stdout, "a run with settings of its own is an experiment"
    assert "batch: 16" not in (served.root / "params.yaml").read_text()
    _image(page, "run")
    _artifact_is_readable(page)
    _open_form(page, served, "pipeline")
    again = _submit(page, served, "pipeline")
    assert served.await_state(again, *FINAL) == "COMPLETED"
    page.goto(f"http://127.0.0.1:{served.port}/runs/flow-run/{again}")
    _tab(page, "Task Runs")
    expect(page.get_by_text("Cached", exact=True)).to_have_count(12)
    _image(page, "cached")


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tablist").get_by_text(name, exact=True).click()


def _artifact_is_readable(page: Page) -> None:
    _tab(page, "Artifacts")
    page.get_by_text("summary", exact=True).first.click()
    expect(page.get_by_role("heading", name="Stages")).to_be_visible()
    expect(page.get_by_text("12 stages:")).to_be_visible()
    _image(page, "artifact")


def test_the_form_refuses_nonsense_before_a_run_starts(page: Page, served: Served) -> None:
    _open_form(page, served, "pipeline")
    _fill(page, "settings.train.batch", "0")
    counted = {"flows": {"name": {"any_": ["pipeline"]}}}
    before = served.call("flow_runs/count", counted)
    page.get_by_role("button", name="Submit").click()
    told = page.get_by_text("field 'settings.train.batch'. Failure reason: 0 is less than the minimum")
    expect(told.first).to_be_visible()
    assert served.call("flow_runs/count", counted) == before


def test_the_form_shows_each_setting_with_its_present_value(page: Page, served: Served) -> None:
    """As a plain field: no switch between types."""
    _open_form(page, served, "pipeline")
    fields = dict(settings_model.leaves(settings_form.form(served.root)))
    for path, field in fields.items():
        block, value = _field(page, f"settings.{path}"), field.get_default()
        if isinstance(value, str | int | float) and get_origin(field.annotation) is not Literal:
            kind = "textarea" if isinstance(value, str) else "input"
            if isinstance(value, bool):
                expect(block.locator("input")).to_be_checked(checked=value)
            else:
                expect(block.locator(kind)).to_have_value(f"{value:g}" if isinstance(value, float) else str(value))
        elif isinstance(value, str | int):
            expect(block.locator(".p-select-button__value")).to_have_text(str(value))
        if field.description:
            expect(block.get_by_text(field.description.replace("`", "")).first).to_be_visible()
    expect(page.locator("form").get_by_role("button", name="None", exact=True)).to_have_count(0)


def test_quick_run_sends_no_settings_and_an_old_form_is_refused(page: Page, served: Served) -> None:
    _open_form(page, served, "pipeline")
    file = served.root / "params.yaml"
    text = file.read_text()
    file.write_text(text.replace("\n  patience: ", "\n  patience: 1"))
    run = _submit(page, served, "pipeline")
    assert served.await_state(run, *FINAL) == "FAILED"
    file.write_text(text)
    page.goto(f"http://127.0.0.1:{served.port}/runs/flow-run/{run}")
    expect(page.get_by_text("reload its page").first).to_be_visible()
    page.goto(f"http://127.0.0.1:{served.port}/deployments/deployment/{served.deployment('pipeline')['id']}")
    page.get_by_role("button", name="Run", exact=True).click()
    with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as answer:
        page.get_by_text("Quick run").click()
    made = answer.value.json()
    assert made["parameters"] == {}
    assert served.await_state(made["id"], *FINAL) == "COMPLETED"


def test_a_person_confirms_a_promotion(page: Page, served: Served) -> None:
    run = served.trigger("retrain", approval="person")
    assert served.await_state(run, "PAUSED", *FINAL, seconds=300) == "PAUSED"
    assert champion.current(served.root) is None
    page.goto(f"http://127.0.0.1:{served.port}/runs/flow-run/{run}")
    page.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Promoted: the first model")).to_be_visible()
    _image(page, "approval")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog).to_be_visible()  # an empty form is refused
    dialog.locator(".p-select-button__control").press("ArrowDown")  # which opens the list
    page.get_by_text("yes", exact=True).click()
    dialog.locator("textarea").fill("the platelets are fine")
    dialog.get_by_role("button", name="Submit").click()
    assert served.await_state(run, *FINAL, seconds=300) == "COMPLETED"
    now = champion.current(served.root)
    assert now is not None
    assert (now.tag, now.who) == ("champion/1", "through the UI, unverified")


@pytest.mark.parametrize("name", ["add", "retrain", "study", "predict", "promote", "rollback"])
def test_every_deployment_has_a_form_that_tells_what_it_wants(page: Page, served: Served, name: str) -> None:
    _open_form(page, served, name)
    properties = served.deployment(name)["parameter_openapi_schema"]["properties"]
    assert properties
    for title in (facts.get("title", key) for key, facts in properties.items()):
        expect(_field(page, title).first).to_be_visible()
    for facts in properties.values():
        told = " ".join(page.locator("form").inner_text().split())
        assert " ".join(facts["description"].replace("`", "").split()) in told
    _image(page, f"form-{name}")
