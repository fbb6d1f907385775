"""Tables in Markdown, for places that show no HTML."""

from collections.abc import Collection, Iterable, Sequence


def table(head: Sequence[str], lines: Iterable[Sequence[str | int]], texts: Collection[int]) -> str:
    """A table; columns at the positions `texts` hold words, the others figures, which are set to the right."""
    rule = ["---" if column in texts else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in [head, rule, *lines])


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, whatever it holds: names come from outside."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for character in "|*_`[]":
        text = text.replace(character, "\\" + character)
    return " ".join(text.splitlines())


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else escaped(value)
