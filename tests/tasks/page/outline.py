"""What tests of pages look at: the tags of a page, and text that must not become one."""

from html.parser import HTMLParser

VOID = {"meta", "img", "link", "br", "input"}
EVIL = "<script>alert(1)</script>\"'&"


class Outline(HTMLParser):
    """Tags with their attributes, and whether they nest."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]
