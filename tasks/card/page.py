"""The page: one HTML file with the verdict first, which opens without a network."""

from pathlib import Path

from tasks.card import charts, distortions, provenance, scores, sheets
from tasks.card.evaluation import Evaluation
from tasks.card.material import Material
from tasks.card.tables import Cell, Table, cells
from tasks.card.verdict import Verdict
from tasks.card.words import percent
from tasks.page import html
from tasks.page.html import plural

TEMPLATES = Path(__file__).parent / "templates"


def render(material: Material, verdict: Verdict, floors: Table, most: int) -> str:
    """The page as HTML; a list shows `most` pictures or files at most."""
    evaluation = material.evaluation
    return html.render(
        TEMPLATES,
        verdict=verdict,
        floors=floors,
        figures=_figures(evaluation),
        rows=len(evaluation.record.rows),
        level=evaluation.level,
        headline=scores.headline(evaluation),
        classes=[scores.per_class(evaluation), scores.confusion(evaluation)],
        suite=distortions.heat(evaluation),
        slices=scores.slices(evaluation),
        crossed=scores.crossed(evaluation),
        charts=[charts.risk_coverage(evaluation), charts.reliability(evaluation)],
        abstention=scores.abstention(evaluation),
        foreign=scores.foreign(evaluation),
        lost=_lost(evaluation, most),
        sheets=[sheets.wrong(material.examples, most), sheets.right(material.examples, most)],
        suspects=sheets.suspects(material.examples, most),
        provenance=[provenance.facts(material), provenance.rows(material), provenance.classes(material)],
    )


def _figures(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The few figures that stand at the top, each with what it is."""
    wanted = {
        "accuracy, clean": ("clean", "accuracy"),
        "balanced accuracy, clean": ("clean", "balanced_accuracy"),
        "balanced error, distorted": ("distorted", "mean_balanced_error"),
        "answered, clean": ("abstention", "clean", "answered"),
        "foreign pictures refused": ("foreign", "refused"),
    }
    found = {label: evaluation.figure(*path) for label, path in wanted.items()}
    return [(percent(one.value), label) for label, one in found.items() if one]


def _lost(evaluation: Evaluation, most: int) -> Table:
    """Foreign pictures that got an answer, by score."""
    found = evaluation.answered_foreign.head(most)
    lines = [
        [
            *cells(f"{line['delivery']}/{line['source']}", line["reason"], f"{line['score']:.3f}"),
            Cell(line["id"], code=True),
        ]
        for line in found.to_dict("records")
    ]
    more = len(evaluation.answered_foreign) - len(found)
    note = f"{plural(more, 'more picture')} {'is' if more == 1 else 'are'} not listed here." if more else ""
    head = ["file", "reason", "score", "id"]
    return Table("lost", "Foreign pictures that got an answer", head, lines, texts=(0, 1, 3), note=note)
