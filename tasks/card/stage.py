"""card: the page with the verdict on a model and what it rests on, and the model's card."""

from pathlib import Path

from tasks import command
from tasks.card import floors, material, model_card, page
from tasks.card.settings import Card
from tasks.card.verdict import verdict
from tasks.gate.decide import decide
from tasks.gate.settings import Gate


def main(
    card: Card, gate: Gate, clean: Path, model: Path, scores: Path, examples: Path, out_page: Path, out_card: Path
) -> None:
    """Write the page, one HTML file that needs nothing else, and the card, Markdown after Mitchell et al. (2019)."""
    found = material.read(clean, model, scores, examples)
    decision = decide(None, found.evaluation.record, gate)
    said = verdict(found.evaluation, decision, int(found.examples.suspected.get("suspects") or 0))
    table = floors.table(decision)
    html = page.render(found, said, table, card.shown)
    out_page.write_text(html, encoding="utf-8")
    out_card.write_text(model_card.render(found, card, said, table), encoding="utf-8")
    print(f"card: {said.answer}. {said.why} {len(html) >> 10:,} KiB")


if __name__ == "__main__":
    command.run(main, Card, Gate)
