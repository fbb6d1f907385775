"""Classes without an image, or with too few: what that means for a model, and what to edit."""

from collections.abc import Mapping, Sequence

SPLITS = 3
"""Train, val and test."""
EDIT = "under `classes` in params.yaml"


def told(counts: Mapping[str, int], names: Sequence[str]) -> list[str]:
    """A line about the classes of `names` that have no image, and one about each that has fewer than there are splits.

    `counts` are of images by class.
    """
    none = [name for name in names if not counts.get(name)]
    few = {name: counts[name] for name in names if 0 < counts.get(name, 0) < SPLITS}
    lines = [without(none)] if none else []
    return lines + [
        f"class {name}: {count} image{'s' * (count != 1)}, fewer than the {SPLITS} splits: all go to train, so it "
        f"stays untested; add more, or remove its line {EDIT}"
        for name, count in few.items()
    ]


def without(names: Sequence[str]) -> str:
    """A line about classes that a model cannot learn."""
    return (
        f"class{'es' * (len(names) != 1)} {', '.join(names)}: no image, so a model will not know "
        f"{'it' if len(names) == 1 else 'them'}; add some, or remove the line{'s' * (len(names) != 1)} {EDIT}"
    )
