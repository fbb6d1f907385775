"""What came of a retraining, in a sentence and on a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from operations.deliveries import holds
from operations.settings import params_file

Outcome = Literal["promoted", "kept", "unchanged", "collapsed"]
STATES: dict[Outcome, str] = {"unchanged": "Unchanged", "collapsed": "Collapsed"}
"""Names of the states in which such runs end; the others end as Completed."""
HELD = "Held"
"""Name of the state of a run that put a delivery on hold, whatever else it did."""
SHOWN = 8


@dataclass
class Retraining:
    """A retraining, filled in as it goes on. As text: a sentence."""

    record: str
    """id of the run's record"""
    outcome: Outcome = "kept"
    why: str = ""
    """the reason for the outcome, in words that follow on a colon"""
    champion: str | None = None
    """tag of the champion at the end"""
    fresh: list[str] = field(default_factory=list)
    """deliveries that no retraining had seen through before"""
    drift: str = ""
    """about them, Markdown"""
    gate: str = ""
    """the gate's sentence and table, Markdown"""
    commit: str | None = None
    left: list[str] = field(default_factory=list)
    """paths that are changed in the checkout and were not the run's to commit"""
    pushed: list[str] = field(default_factory=list)
    """what was pushed where, in words"""
    not_backed_up: list[str] = field(default_factory=list)
    """what exists here alone, in words"""
    held: dict[str, str] = field(default_factory=dict)
    """deliveries that this run put on hold, each with the reason in words: rate, the champion's rate, test and p"""
    settings: dict[str, Any] = field(default_factory=dict)
    """those that differed from params.yaml, by their paths there"""
    experiment: str | None = None
    """name of that which keeps them"""
    audit: str = ""
    """what the champion said of new deliveries' labels, Markdown"""

    def __str__(self) -> str:
        heads = {
            "promoted": f"{self.champion} is the model of this run",
            "kept": f"kept {self.champion}" if self.champion else "there is no champion yet",
            "unchanged": "nothing to train on",
            "collapsed": "left to another run",
        }
        held = [f"; held {name}: {why}; to take it back: {holds.command(name)}" for name, why in self.held.items()]
        return f"{heads[self.outcome]}: {self.why}{self._tried()}{''.join(held)}"

    @property
    def state(self) -> str:
        """Name of the state in which the flow run ends."""
        return HELD if self.held else STATES.get(self.outcome, "Completed")

    def markdown(self, stages: str = "") -> str:
        """The run in a page, the sentence first; `stages` is what the stages did, Markdown."""
        sentence = str(self)
        parts = [
            f"**{sentence[0].upper()}{sentence[1:]}.**",
            "\n".join(f"- {line}" for line in self._facts()),
            f"## The gate\n\n{self.gate}" if self.gate else "",
            f"## On hold\n\n{self._on_hold()}" if self.held else "",
            f"## What the champion says of the labels\n\n{self.audit}" if self.audit else "",
            f"## What came\n\n{self.drift}" if self.drift else "",
            stages,
        ]
        return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"

    def _tried(self) -> str:
        """What became of settings of its own."""
        if self.experiment is None:
            return ""
        text = listed(self.settings)
        if self.outcome == "promoted":
            return f"; {params_file.FILE} has {text} now"
        return f"; {text} is kept as experiment {self.experiment}: `hemaflow apply {self.experiment}`"

    def _on_hold(self) -> str:
        """What of it is on hold, and what a person may do."""
        lines = [f"- `{name}`: {why}. `{holds.command(name)}` takes it back" for name, why in self.held.items()]
        about = "Listed, and out of the dataset; `hemaflow remove NAME` takes one out for good."
        return "\n".join([about, "", *lines])

    def _facts(self) -> list[str]:
        lines = [f"New deliveries: {_listed(self.fresh)}", f"Run: `hemaflow explain {self.record}` tells it"]
        if self.commit:
            lines.append(f"Commit: `{self.commit[:12]}`")
        if self.settings:
            lines.append(f"Settings: {listed(self.settings)}")
        if self.left:
            lines.append(f"Changed, and not the run's to commit: {_listed(self.left)}")
        if self.pushed:
            lines.append(f"Pushed: {', '.join(self.pushed)}")
        return lines + [f"Not backed up: {what}" for what in self.not_backed_up]


def listed(settings: Mapping[str, Any]) -> str:
    """Settings in a line."""
    return ", ".join(f"{path}={value}" for path, value in settings.items())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "none") + more
