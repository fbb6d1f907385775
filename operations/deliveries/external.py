"""What is asked of an external delivery, on which models are judged (`tasks.evaluate.external`), and none made of."""

from pathlib import Path

from operations.deliveries import waiting
from operations.project import listing
from tasks.delivery.intake import Intake


def check_labelled(path: Path, taken: Intake) -> None:
    """Raise ValueError for one in which no image has a class."""
    if not any(count for name, count in taken.classes.items() if name):
        raise ValueError(
            f"{path}: none of its {taken.images} images has a class, and models are judged by an external delivery's "
            "classes"
        )


def check_use(root: Path, name: str, external: bool) -> None:
    """Raise ValueError where the delivery `name` is external and its content is handed in as one to learn from, or the
    other way round."""
    is_external = waiting.is_external if name in waiting.names(root) else _is_listed
    if is_external(root, name) != external:
        here, wanted = ("one to learn from", "external") if external else ("external", "one to learn from")
        raise ValueError(
            f"the same images are here already, as {name!r}, which is {here}: `hemaflow remove {name}` comes before "
            f"adding them as {wanted}"
        )


def _is_listed(root: Path, name: str) -> bool:
    return name in listing.external(root)
