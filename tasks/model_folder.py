"""A model's folder without its network: what it says of itself, and that its files are as it says. Needs no TensorFlow.

    model.json         classes, sizes, provenance, calibration, the network's layers; digests of the other files
    model.weights.h5   the network's weights
    training_ids.txt   ids of the images that it was trained on and chosen by, sorted, one a line
    arrays.npz         float32 arrays that belong to the calibration, perhaps none

The digests find damage, mix-ups and edits by hand. They are no signature: whoever writes all four files can make them
fit. `tasks.model` writes such a folder, and loads its network.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

DESCRIPTION, WEIGHTS, TRAINING_IDS, ARRAYS = "model.json", "model.weights.h5", "training_ids.txt", "arrays.npz"
FILES = (WEIGHTS, TRAINING_IDS, ARRAYS)
"""What lies beside the description; a folder may hold more, which is no part of the model."""
FORMAT = "hemaflow-model/3"


class Stored(BaseModel):
    """A file beside the description."""

    model_config = ConfigDict(extra="forbid", strict=True)
    sha256: str
    bytes: int


class Description(BaseModel):
    """What model.json holds."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: str
    classes: list[str]
    image_size: int
    crop: int
    provenance: dict[str, Any]
    calibration: dict[str, Any]
    network: dict[str, Any]
    files: dict[str, Stored]
    digest: str


def load(folder: Path) -> Description:
    """The description of the model in `folder`, whose files are as it says.

    Raises FileNotFoundError without one. Raises ValueError, which names the file and what was expected of it, for a
    folder that is incomplete, damaged or edited, or of another format.
    """
    file, document = folder / DESCRIPTION, described(folder)
    if document.get("format") != FORMAT:
        raise ValueError(f"{file}: expected format {FORMAT}, got {document.get('format')!r}")
    if document.get("digest") != taken(document):
        raise ValueError(f"{file}: damaged or edited, expected the content that its digest was taken of")
    try:
        description = Description.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(f"{file}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
    if set(description.files) != set(FILES):
        raise ValueError(f"{file}: expected the digests of {', '.join(FILES)}, got {', '.join(description.files)}")
    check_files(folder, document)
    return description


def described(folder: Path) -> dict[str, Any]:
    """What model.json holds, taken on trust. Raises FileNotFoundError without it, ValueError where it is no JSON."""
    file = folder / DESCRIPTION
    if not file.is_file():
        raise FileNotFoundError(f"no model in {folder}: {DESCRIPTION} is missing")
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file}: expected the JSON of a model, got something else ({error})") from error
    if not isinstance(document, dict):
        raise ValueError(f"{file}: expected the JSON of a model, got {type(document).__name__}")
    return document


def digest(folder: Path) -> str | None:
    """The digest of the model in `folder`, taken on trust; None where there is none."""
    try:
        return str(described(folder)["digest"])
    except (OSError, ValueError, KeyError):
        return None


def training_ids(folder: Path) -> frozenset[str]:
    """Ids of the images that it was trained on and chosen by. Raises FileNotFoundError without the file."""
    file = folder / TRAINING_IDS
    if not file.is_file():
        found = described(folder).get("format")
        raise ValueError(f"{file} is missing: expected a model of the format {FORMAT}, got {found!r}")
    return frozenset(file.read_text().split())


def arrays(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Those of its calibration, by name. Raises ValueError where the file holds something else."""
    try:
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, TypeError, zipfile.BadZipFile) as error:
        problem = str(error).strip().split("\n")[0]
        raise ValueError(f"{folder / ARRAYS}: expected an npz of float32 arrays: {problem}") from error


def check_files(folder: Path, document: Mapping[str, Any]) -> None:
    """Raises ValueError where a file is missing or has other content than `document` says, what model.json holds."""
    try:
        files = {name: Stored.model_validate(facts) for name, facts in dict(document.get("files", {})).items()}
    except (ValueError, TypeError) as error:
        raise ValueError(f"{folder / DESCRIPTION}: files: expected sha256 and bytes of each") from error
    for name, facts in files.items():
        _check_file(folder / name, facts)


def stored(file: Path) -> Stored:
    """The digest and the length of a file."""
    with file.open("rb") as stream:
        return Stored(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), bytes=file.stat().st_size)


def taken(document: Mapping[str, Any]) -> str:
    """The digest over the description as it reads once it was JSON, itself left out, in one spelling."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    plain = json.loads(json.dumps(rest, allow_nan=False))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _check_file(file: Path, expected: Stored) -> None:
    if not file.is_file():
        raise ValueError(f"{file} is missing: expected a file of {expected.bytes} bytes, as {DESCRIPTION} says")
    found = stored(file)
    if found.bytes != expected.bytes:
        raise ValueError(f"{file}: expected {expected.bytes} bytes, as {DESCRIPTION} says, got {found.bytes}")
    if found.sha256 != expected.sha256:
        raise ValueError(
            f"{file}: expected sha256 {expected.sha256}, as {DESCRIPTION} says, got {found.sha256}: "
            "damaged, or of another model"
        )
