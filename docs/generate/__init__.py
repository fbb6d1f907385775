"""Files of the documentation that are generated from the code: `python -m docs.generate` writes them."""

from pathlib import Path

from docs.generate import command_line, stage_graph

DOCS = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """The text of each generated file, by its path."""
    return {
        DOCS / "stages.svg": stage_graph.svg(DOCS.parent / "dvc.yaml"),
        DOCS / "command-line.md": command_line.page(),
    }
