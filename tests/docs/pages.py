"""README.md and the pages of docs/, and the commands that they show."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FILES = (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
PAGES = {str(file.relative_to(ROOT)): file.read_text() for file in _FILES}
WRITTEN = {name: text for name, text in PAGES.items() if name != "docs/command-line.md"}
"""Those that are not generated."""


def commands(text: str) -> list[str]:
    """What the console blocks of a text show after `$`, without comments."""
    return [command for block in blocks(text) for command in block]


def blocks(text: str) -> list[list[str]]:
    """The same, by block."""
    found = [block.splitlines() for block in re.findall(r"```console\n(.*?)```", text, re.S)]
    return [[line[2:].split(" #")[0].strip() for line in lines if line.startswith("$ ")] for lines in found]


def section(page: str, heading: str) -> str:
    """The text of a page below a heading, up to the next heading."""
    return PAGES[page].split(f"\n{heading}\n")[1].split("\n#")[0]
