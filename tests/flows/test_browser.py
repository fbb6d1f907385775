"""Prefect's UI as an operator uses it, in Debian's Chromium; skipped where there is none.

With HEMAFLOW_SCREENSHOTS=FOLDER it leaves pictures of the pages there.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from flows.champions import champion
from tests.flows.served import FINAL, Served, serving

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000
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


def _field(page: Page, title: str) -> Locator:
    """The innermost block of the form with that title."""
    label = f"xpath=.//span[starts-with(normalize-space(.), '{title}')]"
    return page.locator(".schema-form-property", has=page.locator(label)).last


def _fill(page: Page, title: str, kind: str, value: str) -> None:
    field = _field(page, title)
    field.get_by_role("button", name=kind, exact=True).click()
    field.locator("input").fill(value)


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


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("HEMAFLOW_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(2000)  # until what moves has come to rest
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_run_from_the_form_its_artifact_and_then_all_cached(page: Page, served: Served) -> None:
    _open_form(page, served, "pipeline")
    _fill(page, "train.batch", "int", "16")
    _picture(page, "form")
    run = _submit(page, served, "pipeline")
    url = f"http://127.0.0.1:{served.port}/runs/flow-run/{run}"
    page.goto(url)
    assert served.await_state(run, *FINAL, seconds=300) == "COMPLETED"
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    assert "batch: 16" in (served.root / "params.yaml").read_text()
    _picture(page, "run")
    _artifact_is_readable(page)
    _open_form(page, served, "pipeline")
    again = _submit(page, served, "pipeline")
    assert served.await_state(again, *FINAL) == "COMPLETED"
    page.goto(f"http://127.0.0.1:{served.port}/runs/flow-run/{again}")
    _tab(page, "Task Runs")
    expect(page.get_by_text("Cached", exact=True)).to_have_count(12)
    _picture(page, "cached")


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tablist").get_by_text(name, exact=True).click()


def _artifact_is_readable(page: Page) -> None:
    _tab(page, "Artifacts")
    page.get_by_text("summary", exact=True).first.click()
    expect(page.get_by_role("heading", name="Stages")).to_be_visible()
    expect(page.get_by_text("12 stages:")).to_be_visible()
    _picture(page, "artifact")


def test_the_form_refuses_nonsense_before_a_run_starts(page: Page, served: Served) -> None:
    _open_form(page, served, "pipeline")
    _fill(page, "train.batch", "int", "0")
    counted = {"flows": {"name": {"any_": ["pipeline"]}}}
    before = served.call("flow_runs/count", counted)
    page.get_by_role("button", name="Submit").click()
    expect(_field(page, "train.batch").get_by_text("0 is not valid")).to_be_visible()
    assert served.call("flow_runs/count", counted) == before


def test_a_person_confirms_a_promotion(page: Page, served: Served) -> None:
    run = served.trigger("retrain", approval="person")
    assert served.await_state(run, "PAUSED", *FINAL, seconds=300) == "PAUSED"
    assert champion.current(served.root) is None
    page.goto(f"http://127.0.0.1:{served.port}/runs/flow-run/{run}")
    page.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Promoted: the first model")).to_be_visible()
    _picture(page, "approval")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog).to_be_visible()  # an empty form is refused
    dialog.locator(".p-select-button__control").press("ArrowDown")  # which opens the list
    page.get_by_text("yes", exact=True).click()
    dialog.locator("textarea").nth(0).fill("Ada")
    dialog.locator("textarea").nth(1).fill("the platelets are fine")
    dialog.get_by_role("button", name="Submit").click()
    assert served.await_state(run, *FINAL, seconds=300) == "COMPLETED"
    now = champion.current(served.root)
    assert now is not None
    assert (now.tag, now.who) == ("champion/1", "Ada")


@pytest.mark.parametrize("name", ["deliver", "retrain", "study", "predict", "promote", "rollback"])
def test_every_deployment_has_a_form_that_tells_what_it_wants(page: Page, served: Served, name: str) -> None:
    _open_form(page, served, name)
    properties = served.deployment(name)["parameter_openapi_schema"]["properties"]
    assert properties
    for title in (facts.get("title", key) for key, facts in properties.items()):
        expect(_field(page, title).first).to_be_visible()
    for facts in properties.values():
        told = " ".join(page.locator("form").inner_text().split())
        assert " ".join(facts["description"].replace("`", "").split()) in told
    _picture(page, f"form-{name}")
