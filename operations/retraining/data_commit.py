"""Commits what a retraining took in and made, and nothing else that lies changed in the checkout.

That is the list of deliveries as the run read it, that of the external ones, the log of holds, the `.dvc` files of
those deliveries, dvc.lock, and the .gitignore files that DVC writes. Settings, verdicts and code that a person edits
are that person's to commit.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from operations.deliveries import holds
from operations.git import git, repository
from operations.pipeline import plan
from operations.project import dvc_file, listing, records

BRANCH = "retrain"


def commit(root: Path, deliveries: bytes, fresh: Sequence[str], held: Sequence[str], run: str) -> str:
    """Commit the run's files on HEAD, with `deliveries` as the list of them; the commit, HEAD where nothing changed.

    `fresh` are the deliveries that are new in this run, `held` those that it put on hold. Hold the project's lock.
    """
    files: dict[str, bytes | None] = {str(listing.FILE): deliveries}
    files |= {str(path): (root / path).read_bytes() for path in _made(root) if (root / path).is_file()}
    files |= {str(path): None for path in _removed(root)}
    return repository.commit(root, files, _message(root, fresh, held, run))


def left(root: Path) -> list[str]:
    """What differs from HEAD after the commit: a person's."""
    return repository.changed(root)


def push_for_review(root: Path, day: date, remote: str = "origin") -> str:
    """Push HEAD as `retrain/DATE`, or with the next free `-n` behind it; the branch's name.

    Nothing is pushed where such a branch is at HEAD already. Raises OSError with git's words.
    """
    here, there = repository.head(root), _branches(root, remote)
    known = next((name for name, revision in there.items() if revision == here), None)
    if known:
        return known
    stem = f"{BRANCH}/{day:%Y-%m-%d}"
    branch = next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, 10_000))) if name not in there)
    repository.push_branch(root, here, branch, remote)
    return branch


def _made(root: Path) -> list[Path]:
    """Files that the run may have changed, and that belong in git."""
    names = listing.everything(root)
    outs = {Path(out["path"]) for entry in plan.entries(root).values() for out in entry.get("outs", ())}
    folders = {out.parent for out in outs} | {dvc_file.RAW}
    ignores = [folder / ".gitignore" for folder in sorted(folders) if not _is_ignored(root, folder)]
    own = (place(Path(), name) for name in names for place in (dvc_file.place, records.place))
    return [plan.LOCK, holds.FILE, listing.EXTERNAL, *ignores, *own]


def _removed(root: Path) -> list[Path]:
    """The `.dvc` files and records that HEAD has of deliveries that are listed no more."""
    folders = {f"{dvc_file.RAW}/": ".dvc", f"{records.FOLDER}/": ".yaml"}
    tracked = git.run(root, "ls-tree", "-z", "--name-only", "HEAD", "--", *folders).decode().split("\0")
    gone = [Path(path) for path in tracked if path.endswith(tuple(folders.values())) and not (root / path).exists()]
    return [path for path in gone if path.stem not in listing.everything(root)]


def _is_ignored(root: Path, folder: Path) -> bool:
    return git.succeeds(root, "check-ignore", "--quiet", "--", str(folder))


def _branches(root: Path, remote: str) -> dict[str, str]:
    """Commits of the remote's branches for review, by name."""
    lines = git.run(root, "ls-remote", "--heads", remote, f"refs/heads/{BRANCH}/*", limit=60).decode().splitlines()
    return {ref.removeprefix("refs/heads/"): revision for revision, ref in (line.split("\t") for line in lines)}


def _message(root: Path, fresh: Sequence[str], held: Sequence[str], run: str) -> str:
    done = {"Take in": fresh, "hold": held}
    what = ", ".join(f"{verb} {', '.join(names)}" for verb, names in done.items() if names)
    what = what[:1].upper() + what[1:] if what else "Bring the data up to date"
    return f"{what}\n\ndeliveries: {', '.join(listing.names(root)) or 'none'}\nrun: {run}\n"
