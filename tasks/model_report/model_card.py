"""The model card, in Markdown.

Its parts are those of Mitchell et al., Model Cards for Model Reporting (2019, arXiv:1810.03993), in their order.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.model_report import corruptions, external, provenance, scores
from tasks.model_report.formatting import joined, ranged
from tasks.model_report.material import Material
from tasks.model_report.settings import ModelReport
from tasks.model_report.tables import Table, table_cells
from tasks.model_report.verdict import Verdict
from tasks.page.html import plural
from tasks.page.markdown import escaped

TEMPLATES = Path(__file__).parent / "templates"
UNNAMED = "as stated by who delivered it"


def render(material: Material, model_report: ModelReport, verdict: Verdict, minimums: Table) -> str:
    """The model card as Markdown."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # Markdown, in which the filter `text` escapes what comes from outside
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["text"] = escaped
    evaluation = material.evaluation
    facts = dict(provenance.flat(material.model["provenance"]))
    return environment.get_template("model_card.md").render(
        verdict=verdict,
        minimums=minimums,
        model_report=model_report,
        classes=joined(list(evaluation.predictions.classes)),
        untested=joined(evaluation.predictions.untested),
        unlearnt=joined(evaluation.figures.get("unlearnt", [])),
        image_size=material.model["image_size"],
        crop=material.model["crop"],
        backbone=facts.get("train.backbone", "not stated"),
        deliveries=deliveries(material, model_report),
        rows=plural(len(evaluation.predictions.rows), "test image"),
        groups=f"{evaluation.figures['groups']:,}",
        level=evaluation.level,
        kinds=plural(len(evaluation.kinds), "kind"),
        refused=ranged(evaluation.figure("ood", "refused")),
        headline=scores.headline(evaluation),
        per_class=scores.per_class(evaluation),
        slices=scores.slices(evaluation),
        external=external.tables(evaluation),
        crossed=scores.crossed(evaluation),
        corruptions=corruptions.heat(evaluation),
        abstention=scores.abstention(evaluation),
        ood=scores.ood(evaluation),
        by_delivery=provenance.rows(material),
        by_class=provenance.classes(material),
        facts=provenance.facts(material),
    )


def deliveries(material: Material, model_report: ModelReport) -> Table:
    """Each delivery with what is known of its licence."""
    names = material.rows["delivery"].unique().tolist()
    lines = [table_cells(name, model_report.data_licence.get(name, UNNAMED)) for name in names]
    return Table("licences", "Licence of the data", ["delivery", "licence"], lines, texts=(0, 1))
