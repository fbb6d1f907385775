"""A hook of MkDocs: README.md is the site's first page, so that its text has one home."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

LINK = re.compile(r"\[([^]]*)\]\(([^):]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add index.md, made of README.md."""
    text = (Path(config.config_file_path).parent / "README.md").read_text()
    files.append(File.generated(config, "index.md", content=LINK.sub(_within_docs, text)))
    return files


def _within_docs(link: re.Match[str]) -> str:
    """The link as docs/ sees it; of one that leads out of docs/ only its text, as code."""
    text, target = link.groups()
    return f"[{text}]({target.removeprefix('docs/')})" if target.startswith("docs/") else f"`{text}`"
