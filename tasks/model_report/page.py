"""The page: one HTML file with the verdict first, which opens without a network."""

from pathlib import Path

from tasks.model_report import charts, corruptions, external, gallery, provenance, scores
from tasks.model_report.evaluation import Evaluation
from tasks.model_report.formatting import percent
from tasks.model_report.material import Material
from tasks.model_report.tables import Table, TableCell, table_cells
from tasks.model_report.verdict import Verdict
from tasks.page import html
from tasks.page.html import plural

TEMPLATES = Path(__file__).parent / "templates"


def render(material: Material, verdict: Verdict, minimums: Table, most: int) -> str:
    """The page as HTML; a list shows `most` images or files at most."""
    evaluation = material.evaluation
    return html.render(
        TEMPLATES,
        verdict=verdict,
        minimums=minimums,
        figures=_figures(evaluation),
        rows=len(evaluation.predictions.rows),
        level=evaluation.level,
        headline=scores.headline(evaluation),
        classes=[scores.per_class(evaluation), scores.confusion(evaluation)],
        corruptions=corruptions.heat(evaluation),
        slices=scores.slices(evaluation),
        external=external.tables(evaluation),
        crossed=scores.crossed(evaluation),
        charts=[charts.risk_coverage(evaluation), charts.reliability(evaluation)],
        abstention=scores.abstention(evaluation),
        ood=scores.ood(evaluation),
        lost=_lost(evaluation, most),
        gallery=[gallery.wrong(material.examples, most), gallery.right(material.examples, most)],
        label_issues=gallery.label_issues(material.examples, most),
        suspects=gallery.suspects(material.examples, most),
        provenance=[provenance.facts(material), provenance.rows(material), provenance.classes(material)],
    )


def _figures(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The few figures that stand at the top, each with what it is."""
    wanted = {
        "accuracy, clean": ("clean", "accuracy"),
        "balanced accuracy, clean": ("clean", "balanced_accuracy"),
        "balanced error, corrupted": ("corrupted", "mean_balanced_error"),
        "coverage, clean": ("abstention", "clean", "coverage"),
        "out-of-distribution images refused": ("ood", "refused"),
    }
    found = {label: evaluation.figure(*path) for label, path in wanted.items()}
    return [(percent(one.value), label) for label, one in found.items() if one]


def _lost(evaluation: Evaluation, most: int) -> Table:
    """Out-of-distribution images that got an answer, by score."""
    found = evaluation.answered_ood.head(most)
    lines = [
        [
            *table_cells(f"{line['delivery']}/{line['source']}", line["drop_reason"], f"{line['ood_score']:.3f}"),
            TableCell(line["id"], code=True),
        ]
        for line in found.to_dict("records")
    ]
    more = len(evaluation.answered_ood) - len(found)
    note = f"{plural(more, 'more image')} {'is' if more == 1 else 'are'} not listed here." if more else ""
    head = ["file", "reason", "score", "id"]
    return Table("lost", "Out-of-distribution images that got an answer", head, lines, texts=(0, 1, 3), note=note)
