"""The zip that the contest took: its model.py is copied as it stands and imports nothing of this project."""

import zipfile
from pathlib import Path

CODE = Path(__file__).with_name("model.py")
NETWORK = "network"
"""The folder with the SavedModel, as model.py calls it."""


def pack(network: Path, out: Path) -> None:
    """Write the zip `out` of model.py and the SavedModel in the folder `network`."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(CODE, CODE.name)
        for file in sorted(path for path in network.rglob("*") if path.is_file()):
            archive.write(file, f"{NETWORK}/{file.relative_to(network).as_posix()}")
