"""Screenshots of the reports that a finished run wrote: `python -m docs.generate.screenshots`. Wants Chromium."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parents[1]
DATA = DOCS.parent / "data"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> None:
    """Write evaluation.png, corruptions.png and curation.png into docs/."""
    model, data = DATA / "evaluation/model_report.html", DATA / "curation/data_report.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(model.as_uri())
        page.screenshot(path=DOCS / "evaluation.png")
        page.locator("table.heat", has_text="pixelate").first.screenshot(path=DOCS / "corruptions.png")
        page.set_viewport_size({"width": 1100, "height": 1000})
        page.goto(data.as_uri())
        page.screenshot(path=DOCS / "curation.png")
        browser.close()


if __name__ == "__main__":
    main()
