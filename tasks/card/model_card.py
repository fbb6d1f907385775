"""The model card, in Markdown.

Its parts are those of Mitchell et al., Model Cards for Model Reporting (2019, arXiv:1810.03993), in their order.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.card import distortions, provenance, scores
from tasks.card.material import Material
from tasks.card.settings import Card
from tasks.card.tables import Table, cells
from tasks.card.verdict import Verdict
from tasks.card.words import joined, ranged
from tasks.page.html import plural
from tasks.page.markdown import escaped

TEMPLATES = Path(__file__).parent / "templates"
UNNAMED = "as stated by who delivered it"


def render(material: Material, card: Card, verdict: Verdict, floors: Table) -> str:
    """The card as Markdown."""
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
        floors=floors,
        card=card,
        classes=joined(list(evaluation.record.classes)),
        image_size=material.model["image_size"],
        crop=material.model["crop"],
        backbone=facts.get("train.backbone", "not stated"),
        deliveries=deliveries(material, card),
        rows=plural(len(evaluation.record.rows), "test picture"),
        groups=f"{evaluation.figures['groups']:,}",
        level=evaluation.level,
        kinds=plural(len(evaluation.kinds), "kind"),
        refused=ranged(evaluation.figure("foreign", "refused")),
        headline=scores.headline(evaluation),
        per_class=scores.per_class(evaluation),
        slices=scores.slices(evaluation),
        crossed=scores.crossed(evaluation),
        suite=distortions.heat(evaluation),
        abstention=scores.abstention(evaluation),
        foreign=scores.foreign(evaluation),
        by_delivery=provenance.rows(material),
        by_class=provenance.classes(material),
        facts=provenance.facts(material),
    )


def deliveries(material: Material, card: Card) -> Table:
    """Each delivery with what is known of its licence."""
    names = material.rows["delivery"].unique().tolist()
    lines = [cells(name, card.data_licence.get(name, UNNAMED)) for name in names]
    return Table("licences", "Licence of the data", ["delivery", "licence"], lines, texts=(0, 1))
