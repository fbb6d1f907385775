"""What the model was made from: facts of content, as its folder tells them, and the rows that it learned from."""

from typing import Any

from tasks.model_report.formatting import plain
from tasks.model_report.material import Material
from tasks.model_report.tables import Table, TableCell, table_cells

SPLITS = ("train", "val", "test")


def facts(material: Material) -> Table:
    """The model's own facts, a line each, the nested ones by their path."""
    found = {"classes": list(material.evaluation.predictions.classes)}
    found |= {name: material.model[name] for name in ("image_size", "crop")}
    found |= {f"thresholds.{name}": value for name, value in material.evaluation.figures.get("thresholds", {}).items()}
    lines = [table_cells(name, text) for name, text in flat({**found, **material.model["provenance"]})]
    return Table("facts", "The model", ["fact", "value"], lines, texts=(0, 1))


def flat(facts: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Facts by their path, `train.backbone`, with their values as text."""
    found = []
    for name, value in facts.items():
        path = f"{above}{name}"
        found += flat(value, f"{path}.") if isinstance(value, dict) and value else [(path, _text(value))]
    return found


def rows(material: Material) -> Table:
    """Kept rows by delivery and split."""
    kept = material.rows[material.rows["kept"]]
    return _crossed(material, "delivery", kept["delivery"].unique().tolist(), "Kept rows, by delivery and split")


def classes(material: Material) -> Table:
    """Kept rows by class and split."""
    return _crossed(material, "label", list(material.evaluation.predictions.classes), "Kept rows, by class and split")


def _crossed(material: Material, column: str, names: list[str], title: str) -> Table:
    kept = material.rows[material.rows["kept"]]
    counts = kept.groupby([column, "split"]).size()

    def line(name: str) -> list[TableCell]:
        found = [int(counts.get((name, split), 0)) for split in SPLITS]
        return table_cells(name, *(f"{count:,}" for count in (*found, sum(found))))

    head = ["class" if column == "label" else column, *SPLITS, "all"]
    return Table(f"rows-by-{column}", title, head, [line(name) for name in names])


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, float):
        return plain(value) if abs(value) >= 0.01 else f"{value:g}"
    return "none" if value is None or value == {} or value == "" else str(value)
