"""What the folders on an image's path say of it: the split that its delivery gives it, and its class."""

from collections.abc import Sequence
from urllib.parse import quote, unquote

SPLITS = {
    **{"train": "train", "training": "train", "test": "test", "testing": "test"},
    **{"val": "val", "valid": "val", "validation": "val"},
}
"""Names of folders, in any case, and the splits that they stand for."""
UNLABELLED = ("unlabelled", "unlabeled")
"""Names of a folder whose images have no class."""
NO_PART_OF_A_NAME = '/\\:*?"<>|%'
"""Characters that some system does not take in the name of a folder, and that which stands before their codes."""


def split_of(folder: str) -> str:
    """The split that a folder's name stands for, "" for none."""
    return SPLITS.get(folder.casefold(), "")


def pooled(files: Sequence[str]) -> bool:
    """Whether all folders are those of splits, with folders inside: a level above the classes."""
    folders = [name.split("/")[:-1] for name in files if "/" in name]
    return bool(folders) and all(split_of(parts[0]) for parts in folders) and any(len(parts) > 1 for parts in folders)


def written(label: str) -> str:
    """The name of a class as that of a folder: `NK/T cell` is `NK%2FT cell`."""
    codes = {each: quote(each, safe="") for each in NO_PART_OF_A_NAME}
    return "".join(codes.get(each, each) for each in label)


def read(folder: str) -> str:
    """The delivery's name of the class whose folder that is, "" for a folder of images without one."""
    if folder.casefold() in UNLABELLED:
        return ""
    try:
        return unquote(folder, errors="strict")
    except UnicodeDecodeError:
        return folder
