"""Tables, the same for page, model card and summary: table cells of text, those of a heat table with how much they
glow."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tasks.page import markdown


@dataclass(frozen=True)
class TableCell:
    """`heat` from 0 to 1 colours it; `tone` says whether it is `well` or `bad`; `drawn` stands in place of its text."""

    text: str
    heat: float | None = None
    tone: str = ""
    title: str = ""
    drawn: Markup = field(default_factory=Markup)
    code: bool = False  # an id or a file, to copy


@dataclass(frozen=True)
class Table:
    """`head` names the columns, those at the positions `texts` hold words, the others figures."""

    anchor: str
    title: str
    head: Sequence[str]
    lines: Sequence[Sequence[TableCell]]
    texts: Sequence[int] = (0,)
    note: str = ""
    heat: bool = False

    @property
    def markdown(self) -> str:
        """The table in Markdown, without what is drawn; `–` where there is no line."""
        kept = [k for k in range(len(self.head)) if not any(line[k].drawn for line in self.lines)]
        lines = [[line[k].text for k in kept] for line in self.lines] or [["–"] * len(kept)]
        texts = [place for place, k in enumerate(kept) if k in self.texts]
        return markdown.table([self.head[k] for k in kept], lines, texts)


def table_cells(*texts: str) -> list[TableCell]:
    """A line of plain table cells."""
    return [TableCell(text) for text in texts]
