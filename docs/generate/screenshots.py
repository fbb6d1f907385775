"""Screenshots for the docs: `python -m docs.generate.screenshots [URL]`. Wants Chromium.

Without a URL, of the reports that a finished run wrote. With that of the server, http://HOST:PORT, of Prefect's UI: the
longest and the last run of the pipeline, its form, and a run of `retrain` that waits for an answer, if there is one.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from flows.server.api import call

DOCS = Path(__file__).parents[1]
DATA = DOCS.parent / "data"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
REST_MS = 3000  # until what moves has come to rest


def main() -> None:
    """Write evaluation.png, corruptions.png and curation.png into docs/, or the images of the UI."""
    with _opened() as page:
        _ui(page, sys.argv[1]) if len(sys.argv) > 1 else _reports(page)


@contextmanager
def _opened() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser.new_page(viewport={"width": 1200, "height": 900})
        browser.close()


def _reports(page: Page) -> None:
    page.goto((DATA / "evaluation/model_report.html").as_uri())
    page.screenshot(path=DOCS / "evaluation.png")
    page.locator("table.heat", has_text="pixelate").first.screenshot(path=DOCS / "corruptions.png")
    page.set_viewport_size({"width": 1100, "height": 1000})
    page.goto((DATA / "curation/data_report.html").as_uri())
    page.screenshot(path=DOCS / "curation.png")


def _ui(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 1000})
    runs = _runs(url, "pipeline", "COMPLETED")
    _taken(page, f"{url}/runs/flow-run/{max(runs, key=lambda run: run['total_run_time'])['id']}", "flow-run")
    _taken(page, f"{url}/runs/flow-run/{runs[0]['id']}", "run-cached", tab="Task Runs")
    _form(page, f"{url}/deployments/deployment/{runs[0]['deployment_id']}")
    for run in _runs(url, "retrain", "PAUSED")[:1]:
        _taken(page, f"{url}/runs/flow-run/{run['id']}", "approval", button="Resume")


def _runs(url: str, flow: str, state: str) -> list[dict[str, Any]]:
    """The newest first."""
    wanted = {"flows": {"name": {"any_": [flow]}}, "flow_runs": {"state": {"type": {"any_": [state]}}}}
    found: list[dict[str, Any]] = call(
        f"{url}/api", "POST", "flow_runs/filter", {**wanted, "sort": "START_TIME_DESC"}
    ).json
    return found


def _taken(page: Page, url: str, name: str, tab: str = "", button: str = "") -> None:
    page.goto(url)
    if tab:
        page.get_by_role("tablist").get_by_text(tab, exact=True).click()
    if button:
        page.get_by_role("button", name=button).first.click()
    page.wait_for_timeout(REST_MS)
    page.screenshot(path=DOCS / f"{name}.png")


def _form(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    page.get_by_text("backbone", exact=False).first.scroll_into_view_if_needed()
    page.wait_for_timeout(REST_MS)
    page.screenshot(path=DOCS / "run-form.png")


if __name__ == "__main__":
    main()
