"""The champion: the model that answers for the project, versioned by DVC, with a commit and a tag of git for each.

    data/champion.dvc                    the pointer: which of the folders it is, and in `meta` all of its champion.json
    data/champions/2-1f0c2a9b/           a champion: the model's files, and
        evaluation/                      its scores when it was promoted
        decision.json                    what the gate said, with all comparisons
        provenance.json                  the record of its run
        champion.json                    who it is

A folder's content never changes: a reader asks for `current` once and reads its `folder`. `recover` finishes what a
killed process began; `promote` and `rollback` call it.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations.git import git, repository
from operations.history import provenance
from operations.person import person
from operations.pipeline import plan
from operations.process import lock
from operations.project.champion_names import FOLDER, POINTER, TAGS
from operations.registry import candidate as candidates
from operations.registry import champion_data, origin, switch
from operations.registry.candidate import assemble, discard
from operations.registry.champion_record import Back, Champion, current, facts, parsed, pointer, rendered
from operations.registry.champion_story import describe, history
from operations.registry.switch import recover

if TYPE_CHECKING:
    from tasks.gate.decision import Decision

__all__ = [
    "POINTER", "Champion", "Unset", "assemble", "current", "describe", "discard", "history", "present", "promote",
    "promote_latest", "recover", "rollback",
]  # fmt: skip


class Unset(Enum):
    """For a parameter to which None means something."""

    UNSET = auto()


def present(root: Path) -> Champion | None:
    """Who is the champion, with its folder, brought from DVC's cache or the remote if absent. Hold the project's lock.

    Raises OSError where it cannot be had.
    """
    now = current(root)
    if now and not (root / now.folder).is_dir():
        champion_data.bring(root, pointer(root) or "")
    return now


def promote(
    root: Path, candidate: Path, why: str, who: str | None = None, expected: str | Unset | None = Unset.UNSET
) -> Champion:
    """Make the candidate that `assemble` gave the champion: folder, pointer, commit, tag; waits for the project's lock.

    `expected` is the tag of the champion that the decision was made against, None for no champion. `who` is by default
    the person at work. Raises ValueError or OSError, and then all is as it was: where the champion is
    another one by now, or nothing can be committed.
    """
    why, who = _one_line("why", why), _one_line("who", who or person(root))
    with lock.held(root, f"promote {candidate.name}"):
        former = _ready(root)
        _check_expected(former, expected)
        made = {
            "tag": _next_tag(root, former), "since": _now(), "why": why, "who": who,
            "replaced": former.tag if former else None, **candidates.about(candidate),
        }  # fmt: skip
        with switch.building(root) as place:
            _complete(root, candidate, place / champion_data.PLACE.name, made)
            text = champion_data.add(root, made)
        switch.make(root, text)
        discard(candidate)
        return parsed(text)


def promote_latest(
    root: Path, why: str, who: str | None, decide: "Callable[[], Decision]", although: str | None = None
) -> Champion:
    """Make the model that was trained last the champion, if the gate lets it; waits for the project's lock.

    `although` is the reason to promote it against the gate, and is told with `why`. `decide` is asked under the lock.
    Raises ValueError where model or scores are not up to date, where the model is the champion, where the gate refused.
    """
    with lock.held(root, "promote the model that was trained last"):
        former = _ready(root)
        _check_latest(root, former)
        decision = decide()
        if not decision.promote and not (although or "").strip():
            raise ValueError(f"{decision.sentence()}. To promote it all the same, say why with --although")
        if not decision.promote:
            why = f"{why}, although the gate refused: {although}"
        made = origin.maker(root, origin.read(root / candidates.MODEL))
        candidate = assemble(root, decision.to_dict(), provenance.place(root, made["id"]) if made else None)
        try:
            return promote(root, candidate, why, who, former.tag if former else None)
        finally:
            discard(candidate)


def rollback(root: Path, to: str | None, why: str, who: str | None = None) -> Champion:
    """Put an earlier champion in its place again, from DVC's cache or remote, with a commit; waits for the lock.

    `to` is its tag, by default that of the one that the present champion replaced. Raises ValueError or OSError, and
    then all is as it was.
    """
    why, who = _one_line("why", why), _one_line("who", who or person(root))
    with lock.held(root, "rollback"):
        now = _ready(root)
        if now is None:
            raise ValueError("there is no champion yet, so none to go back from")
        text = _earlier(root, now, to)
        champion_data.bring(root, text)
        back = Back(_now(), who, why, now.tag)
        switch.make(root, rendered(text, facts(parsed(text)), back))
        return parsed(text)


def _ready(root: Path) -> Champion | None:
    """The champion, where another can take its place."""
    repository.check(root)
    if not git.succeeds(root, "check-ignore", "--quiet", "--", f"{FOLDER}/1"):
        raise ValueError(f"git does not ignore {FOLDER}, which DVC has: `hemaflow migrate` puts it in .gitignore")
    recover(root)
    return current(root)


def _check_expected(former: Champion | None, expected: str | Unset | None) -> None:
    there = former.tag if former else None
    if expected is not Unset.UNSET and expected != there:
        raise ValueError(
            f"the decision was made against {expected or 'no champion'}, and the champion is {there or 'none'} by now: "
            "compare anew"
        )


def _check_latest(root: Path, former: Champion | None) -> None:
    digest = candidates.check_model(root / candidates.MODEL)
    if former and former.model == digest:
        raise ValueError(f"the model that was trained last is the champion already: {former}")
    if "evaluate" in plan.stale(root):
        raise ValueError(f"{candidates.SCORES} is not up to date, evaluate would run again: `make repro` first")


def _earlier(root: Path, now: Champion, to: str | None) -> str:
    """The text of the pointer in the commit of the champion to go back to."""
    known = repository.tags(root, TAGS)
    others = ", ".join(tag for tag in known if tag != now.tag) or "none"
    if to is None and now.replaced is None:
        raise ValueError(f"{now.tag} replaced no champion: name one with --to; there are {others}")
    to = to or now.replaced
    if to == now.tag:
        raise ValueError(f"{to} is the champion; others are {others}")
    text = repository.show(root, to, POINTER) if to in known else None
    if text is None:
        raise ValueError(f"no champion {to!r}; there are {others}")
    return text.decode()


def _complete(root: Path, candidate: Path, place: Path, made: dict[str, Any]) -> None:
    """Copy the candidate, with its run's record as it is by now."""
    shutil.copytree(candidate, place, copy_function=shutil.copyfile)
    record = root / "data/runs" / f"{made['run']}.json"
    if made["run"] and record.exists():
        shutil.copyfile(record, place / candidates.PROVENANCE)
    candidates.write(place / candidates.ABOUT, made)


def _next_tag(root: Path, now: Champion | None) -> str:
    """After all tags that are here, and after those that the pointer names, which a clone may lack."""
    named = [now.tag, now.back.instead if now.back else now.tag] if now else []
    numbers = [tag.partition("/")[2] for tag in [*repository.tags(root, TAGS), *named]]
    return f"champion/{max([int(number) for number in numbers if number.isdecimal()], default=0) + 1}"


def _one_line(what: str, words: str) -> str:
    text = " ".join(words.split())
    if not text:
        raise ValueError(f"expected {'the reason' if what == 'why' else 'who says so'} in words, got {words!r}")
    return text


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
