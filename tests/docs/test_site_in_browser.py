"""The site read in Debian's Chromium, from a server and from the disk: it asks for nothing but its own files."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000

pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def read(page: Page, site: Path, base: str) -> tuple[list[str], list[str]]:
    """Open every page to its end; what was asked for, and what failed."""
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    for file in sorted({*site.glob("*.html")} - {site / "404.html"}):  # a server's, with paths from its root
        page.goto(f"{base}/{file.name}")
        expect(page.locator("h1").first).to_be_visible()
        page.keyboard.press("End")
        page.wait_for_load_state("networkidle")
    return asked, failed


def test_from_a_server(site: Path, page: Page) -> None:
    with serving(site) as base:
        asked, failed = read(page, site, base)
        page.goto(f"{base}/index.html?q=calibration")
        expect(page.locator(".md-search-result__link").first).to_be_attached(timeout=PATIENCE)
        page.keyboard.press("Escape")
        page.locator("label[for=__palette_1]").first.click()
        page.wait_for_load_state("networkidle")
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith((base, "data:", "blob:"))] == []
    assert failed == []


def test_from_the_disk(site: Path, page: Page) -> None:
    asked, _ = read(page, site, site.as_uri())
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith((site.as_uri(), "data:", "blob:"))] == []
