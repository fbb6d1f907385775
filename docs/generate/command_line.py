"""The page `command-line.md`: the help of every command, as `hemaflow COMMAND --help` prints it."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from hemaflow.__main__ import app

NAME = "hemaflow"
WIDTH = 88
"""Characters a line, whatever the terminal."""

HEAD = """# Command line

Generated from the code by `python -m docs.generate`. Run `hemaflow` in the project's folder, with its environment
active (`source .venv/bin/activate`).

Exit codes: 0 success; 1 an error, with one line on standard error; 2 a wrong option or argument; 130 interrupted.
`hemaflow predict` adds 3: some files could not be read.
"""


def page() -> str:
    """The page, in Markdown: the list of commands, then a section for each."""
    top = context(get_command(app), NAME)
    parts = [HEAD, _block(top)]
    for each in _below(top):
        parts += [f"## {each.command_path}\n", _block(each)]
    return "\n".join(parts)


def context(command: Any, name: str, parent: Any = None) -> Any:
    """The context of a command of typer's, which has a click of its own; its help is WIDTH wide."""
    width = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    return command.context_class(command, info_name=name, parent=parent, **width)


def _below(parent: Any) -> Iterator[Any]:
    """Contexts of the commands of a group in the order of its help, each group followed by its own."""
    for name, command in getattr(parent.command, "commands", {}).items():
        found = context(command, name, parent)
        yield found
        yield from _below(found)


def _block(each: Any) -> str:
    return f"```text\n{each.get_help().rstrip()}\n```\n"
