"""The champion: the model that answers for the project, versioned by DVC, with a commit and a tag of git for each.

    data/champion/model.json ...     the model's files
    data/champion/evaluation/        its scores when it was promoted
    data/champion/decision.json      what the gate said, with all comparisons
    data/champion/provenance.json    the record of its run
    data/champion/champion.json      `Champion`, which data/champion.dvc has under `meta`, so that git alone can tell

A reader uses `pinned`, and sees one champion throughout. `recover` finishes what a killed process began; `promote` and
`rollback` call it.
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from operations.git import repository
from operations.history import provenance
from operations.person import person
from operations.pipeline import plan
from operations.process import lock
from operations.project.champion_names import POINTER, TAGS
from operations.registry import candidate as candidates
from operations.registry import champion_data, origin, switch
from operations.registry.candidate import assemble, discard
from operations.registry.champion_record import Champion, current, parsed, pinned, pointed
from operations.registry.champion_story import describe, history
from operations.registry.switch import CHAMPION, recover

if TYPE_CHECKING:
    from tasks.gate.decision import Decision

__all__ = [
    "CHAMPION", "POINTER", "Champion", "Unset", "assemble", "current", "describe", "discard", "history", "pinned",
    "pointed", "promote", "promote_latest", "recover", "rollback",
]  # fmt: skip


class Unset(Enum):
    """For a parameter to which None means something."""

    UNSET = auto()


def promote(
    root: Path, candidate: Path, why: str, who: str | None = None, expected: str | Unset | None = Unset.UNSET
) -> Champion:
    """Make the candidate that `assemble` gave the champion: folder, commit and tag; waits for the project's lock.

    `expected` is the tag of the champion that the decision was made against, None for no champion. `who` is by default
    the person at work. Raises ValueError or OSError, and then all is as it was: where the champion is
    another one by now, or nothing can be committed.
    """
    why, who = _one_line("why", why), _one_line("who", who or person(root))
    with lock.held(root, f"promote {candidate.name}"):
        _ready(root)
        former = _agreed(root)
        _check_expected(former, expected)
        replaced = former.tag if former else None
        made = Champion(_next_tag(root, replaced), _now(), why, who, replaced, **candidates.about(candidate))
        with switch.building(root) as place:
            _complete(root, candidate, place / CHAMPION.name, made)
            pointer = champion_data.add(root, asdict(made))
            message = f"Promote {made.tag}: {why}\n\n{_body(made)}"
            switch.make(root, switch.Switch(made.tag, pointer, message, message))
        discard(candidate)
        return made


def promote_latest(
    root: Path, why: str, who: str | None, decide: "Callable[[], Decision]", although: str | None = None
) -> Champion:
    """Make the model that was trained last the champion, if the gate lets it; waits for the project's lock.

    `although` is the reason to promote it against the gate, and is told with `why`. `decide` is asked under the lock.
    Raises ValueError where model or scores are not up to date, where the model is the champion, where the gate refused.
    """
    with lock.held(root, "promote the model that was trained last"):
        _ready(root)
        former = _agreed(root)
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
        _ready(root)
        now = current(root)
        if now is None:
            raise ValueError("there is no champion yet, so none to go back from")
        pointer = _earlier(root, now, to)
        target = parsed(pointer)
        with switch.building(root) as place:
            champion_data.bring(root, pointer, target.tag)
            if switch.named(place / CHAMPION.name) != target.tag:
                raise ValueError(f"expected {target.tag} in what {POINTER} names in that commit, got something else")
            message = f"Roll back to {target.tag} from {now.tag}: {why}\n\nby: {who}\n"
            switch.make(root, switch.Switch(target.tag, pointer, message, None))
        return target


def _ready(root: Path) -> None:
    repository.check(root)
    if repository.is_tracked(root, CHAMPION):
        raise ValueError(f"git has files of {CHAMPION}, which DVC is to have: `git rm -r --cached {CHAMPION}` first")
    recover(root)


def _agreed(root: Path) -> Champion | None:
    """The champion, where folder and `.dvc` file say the same."""
    now, named = current(root), pointed(root)
    if now != named and (root / CHAMPION).is_dir():
        raise ValueError(
            f"{CHAMPION} holds {now.tag if now else None}, and {POINTER} names {named.tag if named else None}: "
            f"`dvc checkout {POINTER}` or `git checkout {POINTER}` first"
        )
    return now


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
    """The text of data/champion.dvc for the champion to go back to."""
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


def _complete(root: Path, candidate: Path, place: Path, made: Champion) -> None:
    """Copy the candidate, with its run's record as it is by now."""
    shutil.copytree(candidate, place, copy_function=shutil.copyfile)
    record = root / "data/runs" / f"{made.run}.json"
    if made.run and record.exists():
        shutil.copyfile(record, place / candidates.PROVENANCE)
    candidates.write(place / switch.ABOUT, asdict(made))


def _next_tag(root: Path, now: str | None) -> str:
    """After all tags that are here, and after the champion's, whose tag a clone may lack."""
    numbers = [tag.partition("/")[2] for tag in [*repository.tags(root, TAGS), now or ""]]
    return f"champion/{max([int(number) for number in numbers if number.isdecimal()], default=0) + 1}"


def _body(made: Champion) -> str:
    return (
        f"replaces: {made.replaced or 'none'}\nrun: {made.run or 'none'}\nmodel: {made.model}\n"
        f"by: {made.who}\nsince: {made.since}\n"
    )


def _one_line(what: str, words: str) -> str:
    text = " ".join(words.split())
    if not text:
        raise ValueError(f"expected {'the reason' if what == 'why' else 'who says so'} in words, got {words!r}")
    return text


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
