"""Classes of which the split leaves nothing to test, or nothing to learn."""

from typing import Any

from tasks.page.html import plural


def told(summary: dict[str, Any]) -> list[str]:
    """A line about each class with images, from `summary`, of which none is kept in train or none in test."""
    return [line for label in summary["classes"] if label for line in _line(summary["splits"], label)]


def _line(splits: dict[str, dict[str, int]], label: str) -> list[str]:
    kept = {split: counts.get(label, 0) for split, counts in splits.items()}
    if not kept.get("train"):
        return [f"Class {label}: no image of it is kept in train, so a model will not know it."]
    if kept.get("test"):
        return []
    where = "train" if kept["train"] == sum(kept.values()) else "train and val"
    count = plural(sum(kept.values()), "kept image")
    return [f"Class {label} is untested: {count}, in {where} only. Add more, or remove it from classes in params.yaml."]
