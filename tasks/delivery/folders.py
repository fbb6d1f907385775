"""What the folders on an image's path say of it: the split that its delivery gives it, and its class."""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from tasks.delivery import litter

SPLITS = {
    **{"train": "train", "training": "train", "test": "test", "testing": "test"},
    **{"val": "val", "valid": "val", "validation": "val"},
}
"""Names of folders, in any case, and the splits that they stand for."""
UNLABELLED = ("unlabelled", "unlabeled")
"""Names of a folder whose images have no class."""
NO_PART_OF_A_NAME = '/\\:*?"<>|%'
"""Characters that some system does not take in the name of a folder, and that which stands before their codes."""
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever comes after a dot."""


def split_of(folder: str) -> str:
    """The split that a folder's name stands for, "" for none."""
    return SPLITS.get(folder.casefold(), "")


def splits_of(names: Sequence[str]) -> list[str]:
    """The splits that names stand for, "" for none; names of which not one is a split's are about something else.

    Raises ValueError for a name that stands for none where others do.
    """
    found = [split_of(name.strip()) for name in names]
    for name, split in zip(names, found, strict=True):
        if any(found) and name.strip() and not split:
            raise ValueError(f"{name!r} is no split, expected one of {', '.join(SPLITS)}")
    return found


def pooled(files: Sequence[str]) -> bool:
    """Whether all folders are those of splits, with folders inside: a level above the classes."""
    folders = [name.split("/")[:-1] for name in files if "/" in name]
    return bool(folders) and all(split_of(parts[0]) for parts in folders) and any(len(parts) > 1 for parts in folders)


def written(label: str) -> str:
    """The name of a class as that of a folder on any system: `NK/T cell` is `NK%2FT cell`, `CON` is `%43ON`.

    Coded too is the end of a name that Windows cuts off (a dot or space), and the beginning of one that is hidden, a
    device's, or means something else to `read` (`unlabelled`) or to who reads the folders (`.git`).
    """
    codes = [_code(each) if each in NO_PART_OF_A_NAME or unicodedata.category(each) == "Cc" else each for each in label]
    if label[-1:] in (".", " "):
        codes[-1] = _code(label[-1])
    if label.startswith(".") or RESERVED.match(label) or label.casefold() in UNLABELLED or litter.is_litter(label):
        codes[0] = _code(label[0])
    return "".join(codes)


def _code(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def read(folder: str) -> str:
    """The delivery's name of the class whose folder that is, "" for a folder of images without one."""
    if folder.casefold() in UNLABELLED:
        return ""
    try:
        return unquote(folder, errors="strict")
    except UnicodeDecodeError:
        return folder
