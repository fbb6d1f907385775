"""Which model answers where nobody names one."""

from pathlib import Path

from operations.project import listing
from operations.project.champion_names import POINTER
from operations.registry.champion_record import current
from tasks import model_folder

TRAINED = Path("data/model")
SHIPPED = Path("models/pbc")
"""What comes with the repository: see `models/README.md`."""


def default(root: Path) -> tuple[Path, str]:
    """Its folder, and how a sentence names it.

    The champion; without one what was trained last, unless on drawn images alone; else `SHIPPED`. Raises
    FileNotFoundError where the champion is not here, and where there is no model at all.
    """
    if champion := current(root):
        if not (root / champion.folder).is_dir():
            raise FileNotFoundError(
                f"{POINTER} names {champion.folder}, which is not here: `dvc pull {POINTER}` brings it, "
                f"--model {TRAINED} is what was trained last"
            )
        return champion.folder, str(champion.folder)
    trained, shipped = (root / TRAINED).is_dir(), (root / SHIPPED).is_dir()
    if trained and not (shipped and _of_drawn(root)):
        return TRAINED, str(TRAINED)
    if shipped:
        demo = f"; --model {TRAINED} is the demo's" if trained else ""
        return SHIPPED, f"{SHIPPED} (comes with hemaflow; no champion yet{demo})"
    raise FileNotFoundError(f"no champion, no model in {TRAINED} yet, and none in {SHIPPED}: run `make repro`")


def _of_drawn(root: Path) -> bool:
    """Whether the model trained last has seen images of deliveries alone that the project draws: no cell is in them."""
    try:
        deliveries = model_folder.described(root / TRAINED)["provenance"]["deliveries"]
        return set(deliveries) <= set(listing.drawn(root))
    except (OSError, ValueError, KeyError, TypeError):
        return False  # whatever is wrong with it is said when it is opened
