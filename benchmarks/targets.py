"""A figure beside what it should reach, as a line of a benchmark's table."""

from typing import NamedTuple


class Claim(NamedTuple):
    """`figure` should be at least `target`, or at most, where `most` says so; no target: it is only told."""

    what: str
    figure: float
    target: float | None
    most: bool = False

    def holds(self) -> bool:
        if self.target is None:
            return True
        return self.figure <= self.target if self.most else self.figure >= self.target


def table(claims: list[Claim]) -> str:
    """A line for each claim: what, figure, target, and whether it holds."""
    width = max(len(claim.what) for claim in claims)
    return "\n".join(f"{claim.what:<{width}}  {_figures(claim)}" for claim in claims)


def _figures(claim: Claim) -> str:
    figure = f"{claim.figure:>10.4g}"
    if claim.target is None:
        return figure
    target = f"{'at most' if claim.most else 'at least'} {claim.target:.4g}"
    return f"{figure}  {target:<16}  {'pass' if claim.holds() else 'MISSED'}"
