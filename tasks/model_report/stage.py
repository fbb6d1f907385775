"""model_report: the page with the verdict on a model and what it rests on, and the model card."""

from pathlib import Path

from tasks import command
from tasks.gate.decide import decide
from tasks.gate.settings import Gate
from tasks.model_report import material, minimums, model_card, page
from tasks.model_report.settings import ModelReport
from tasks.model_report.verdict import verdict


def main(
    model_report: ModelReport,
    gate: Gate,
    clean: Path,
    model: Path,
    scores: Path,
    examples: Path,
    out_page: Path,
    out_card: Path,
) -> None:
    """Write the page, one HTML file that needs nothing else, and the model card, Markdown after Mitchell et al.
    (2019)."""
    found = material.read(clean, model, scores, examples)
    decision = decide(None, found.evaluation.predictions, gate)
    outcome = verdict(found.evaluation, decision, int(found.examples.label_issue_facts.get("label_issues") or 0))
    table = minimums.table(decision)
    html = page.render(found, outcome, table, model_report.shown)
    out_page.write_text(html, encoding="utf-8")
    out_card.write_text(model_card.render(found, model_report, outcome, table), encoding="utf-8")
    print(f"model_report: {outcome.answer}. {outcome.why} {len(html) >> 10:,} KiB")


if __name__ == "__main__":
    command.run(main, ModelReport, Gate)
