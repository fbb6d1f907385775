"""The site builds strictly, and nothing in it loads from another machine."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

from tests.docs.conftest import Build

ROOT = Path(__file__).parents[2]
LOADS = {"src", "srcset", "data", "poster", "action", "background"}
EXTERNAL = re.compile(r"^\s*(?:https?:)?//", re.I)
INERT = {
    "https://unpkg.com/mermaid@11/dist/mermaid.min.js": "loaded for a block of Mermaid",
    "https://unpkg.com/resize-observer-polyfill": "loaded by browsers of before 2020",
    "https://api.github.com/": "asked for a repository's stars, where repo_url is set",
    "https://${": "GitLab, the same",
    "https://clipboardjs.com/": "a comment",
    "http://lunrjs.com": "a comment",
    "http://tartarus.org/": "a comment",
    "https://bit.ly/": "a comment",
}
"""Addresses in Material's scripts, and why no page of ours loads them."""


class Loads(HTMLParser):
    """Collects the addresses that a page loads, and the classes of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.classes |= {*given.get("class", "").split(), given.get("data-md-component", "")}
        self.found += [value for name, value in given.items() if name in LOADS]
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev", "alternate"):
            self.found.append(given.get("href", ""))


def read(page: Path) -> Loads:
    loads = Loads()
    loads.feed(page.read_text())
    return loads


def test_every_page_is_there(site: Path) -> None:
    wanted = {"index.html", *(page.with_suffix(".html").name for page in ROOT.glob("docs/*.md"))}
    assert wanted <= {page.name for page in site.glob("*.html")}
    assert "From deliveries of labelled blood cell images" in (site / "index.html").read_text()
    assert not (site / "generate").exists()


def test_no_page_loads_from_another_machine(site: Path) -> None:
    pages = {page.name: read(page) for page in site.rglob("*.html")}
    assert len(pages) > 10
    assert {name: [url for url in page.found if EXTERNAL.match(url)] for name, page in pages.items()} == {
        name: [] for name in pages
    }
    for page in pages.values():
        assert not page.classes & {"mermaid", "source"}, "which would have Material load from elsewhere"
    inline = re.findall(r"(?s)<style>(.*?)</style>", "".join(page.read_text() for page in site.rglob("*.html")))
    assert not [text for text in inline if re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", text)]


def test_no_style_loads_from_another_machine(site: Path) -> None:
    styles = list(site.rglob("*.css"))
    assert styles
    loaded = re.compile(r"(?:@import\s+|url\(\s*)['\"]?\s*(?:https?:)?//[^'\")]*")
    assert [found for style in styles for found in loaded.findall(style.read_text())] == []


def test_scripts_know_no_address_but_those_that_nothing_here_asks_for(site: Path) -> None:
    scripts = [script for script in site.rglob("*.js") if "lunr" not in script.parts]
    assert scripts
    known = {url for script in scripts for url in re.findall(r"https?://[^\s\"'`)]+", script.read_text())}
    assert [url for url in known if not url.startswith(tuple(INERT))] == []


def test_each_broken_link_fails_the_build(build: Build, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "docs/glossary.md").open("a") as page:
        page.write("\n[a](nosuch.md) [b](data.md#no-such-heading) ![c](nosuch.png)\n")
    (tmp_path / "docs/left_out.md").write_text("# Not in the navigation\n")
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode != 0
    for what in ("nosuch.md", "no-such-heading", "nosuch.png", "left_out.md"):
        assert what in done.stderr
