"""Whether a model contradicts a delivery's labels far more often than those of its own test rows.

A contradiction is a label issue in the sense of confident learning (Northcutt, Jiang and Chuang, arXiv:1911.00068): the
model did not refuse the image as out-of-distribution, predicts another class than the label, and gives it at least
the probability that its own test rows of that class get on average. Not counted are labels that the model does not
know.

A delivery is mislabelled where two things hold. Its rate is above the model's own by Fisher's exact test, one-sided, at
`level` over the number of deliveries looked at (Bonferroni). And it is large: at least `times` the own rate and at
least `least`, for with enough rows any difference is significant, and another day's cells are a little harder.

Images from elsewhere are contradicted too, and not for their labels. What tells them apart is that the model refuses
them: where the share of out-of-distribution ones is above the own one by the same test, and at least `ood`, the
delivery is called out-of-distribution, and its labels are not judged.

The figures in params.yaml were chosen on a model of 70 % of PBC's cells (contradicted: 0.005 of its test rows), with
deliveries drawn from the other 30 % (0.006). Of 4,000 clean ones of 50 to 500 cells none was held at `least` 0.1 and
all of 800 shuffled ones were; with a fifth shuffled 0.94 of those of 50 cells and all of 250, with a tenth 0.24 and
0.03, with a twentieth none. Two laboratories with other stains are out-of-distribution (refused: 0.74 and 0.20).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom

from tasks.audit.settings import Audit
from tasks.params import Classes

OOD = "ood"
Verdict = Literal["agrees", "mislabelled", "out-of-distribution", "too few rows"]


@dataclass(frozen=True)
class Count:
    """Of `rows` images whose label is a known class: `ood` were refused, `contradicted` are of the others."""

    rows: int
    ood: int
    contradicted: int

    @property
    def judged(self) -> int:
        """Those that were not refused."""
        return self.rows - self.ood

    @property
    def rate(self) -> float:
        """Share of the judged that is contradicted, 0 to 1."""
        return self.contradicted / self.judged if self.judged else 0.0

    @property
    def strange(self) -> float:
        """Share that is out-of-distribution, 0 to 1."""
        return self.ood / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Finding:
    """What came of one delivery. As text: a sentence without the delivery's name."""

    delivery: str
    verdict: Verdict
    count: Count
    own: Count
    unknown: int
    """rows of classes that the model does not know"""
    p: float
    """of the test on contradictions; of that on out-of-distribution images where it is out-of-distribution"""
    level: float
    """what it was compared with"""
    minimum: float
    """the share that is needed besides"""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        here, own, test = self.count, self.own, f"Fisher's exact test: p = {self.p:.2g}, below {self.level:.2g}"
        if self.verdict == "out-of-distribution":
            return (
                f"mostly out-of-distribution: {here.ood} of {here.rows} images refused ({here.strange:.3f}, own "
                f"test rows {own.strange:.3f}; {test}), so its labels are not judged"
            )
        if self.verdict == "too few rows":
            unknown = f", {self.unknown} are of classes that the champion does not know" if self.unknown else ""
            return f"no verdict on its labels: {here.judged} new images are too few{unknown}"
        test = f"; {test}" if self.verdict == "mislabelled" else ""
        return (
            f"{here.contradicted} of {here.judged} labels contradicted ({here.rate:.3f}, on the champion's own test "
            f"rows {own.rate:.3f}{test})"
        )


def audit(tables: Mapping[str, pd.DataFrame], own: pd.DataFrame, rules: Audit, least: float) -> list[Finding]:
    """A finding for each delivery of `tables`, in their order.

    Tables have the columns label, predicted, confidence (of that class) and why, of images that the model has not
    learnt; `own`, its test rows, has `p_CLASS` of each class besides.
    """
    limits = thresholds(own)
    former = counted(own, limits)
    counts = {name: counted(table, limits) for name, table in tables.items()}
    looked_at = sum(count.rows >= rules.min_rows for count in counts.values())
    level = rules.level / max(looked_at, 1)
    return [
        _finding(name, count, former, len(tables[name]) - count.rows, rules, level, least)
        for name, count in counts.items()
    ]


def today(table: pd.DataFrame, classes: Classes) -> pd.DataFrame:
    """The table under the names that its classes have by now; probabilities of classes that have one name add up."""
    former, sums = _classes(table), dict[str, pd.Series]()
    for old, name in zip(former, classes.today(former), strict=True):
        sums[f"p_{name}"] = table[f"p_{old}"] + sums.get(f"p_{name}", 0)
    named = {column: classes.today(table[column]) for column in ("label", "predicted")}
    return table.drop(columns=[f"p_{name}" for name in former]).assign(**named, **sums)


def thresholds(own: pd.DataFrame) -> dict[str, float]:
    """Mean probability that the rows of each class are given for it; 1 for a class without rows."""
    of = {name: own.loc[own["label"] == name, f"p_{name}"] for name in _classes(own)}
    return {name: float(mine.mean()) if len(mine) else 1.0 for name, mine in of.items()}


def contradicted(table: pd.DataFrame, limits: Mapping[str, float]) -> NDArray[np.bool_]:
    """Which rows are, bool (n,)."""
    sure = table["confidence"].to_numpy(np.float64) >= table["predicted"].map(limits).to_numpy(np.float64)
    known = table["label"].isin(list(limits)) & (table["why"] != OOD)
    return (known & (table["predicted"] != table["label"])).to_numpy(bool) & sure


def counted(table: pd.DataFrame, limits: Mapping[str, float]) -> Count:
    """The rows whose labels are known classes."""
    known = table[table["label"].isin(list(limits))]
    return Count(len(known), int((known["why"] == OOD).sum()), int(contradicted(known, limits).sum()))


def _classes(table: pd.DataFrame) -> list[str]:
    return [name.removeprefix("p_") for name in map(str, table.columns) if name.startswith("p_")]


def _finding(name: str, count: Count, own: Count, unknown: int, rules: Audit, level: float, least: float) -> Finding:
    def found(verdict: Verdict, p: float, minimum: float) -> Finding:
        return Finding(name, verdict, count, own, unknown, p, level, minimum)

    strange = exceeds(count.ood, count.rows, own.ood, own.rows)
    if count.rows >= rules.min_rows and strange <= level and count.strange >= rules.ood:
        return found("out-of-distribution", strange, rules.ood)
    minimum = max(least, rules.times * own.rate)
    p = exceeds(count.contradicted, count.judged, own.contradicted, own.judged)
    if count.judged < rules.min_rows:
        return found("too few rows", p, minimum)
    return found("mislabelled" if p <= level and count.rate >= minimum else "agrees", p, minimum)


def exceeds(here: int, rows: int, own: int, own_rows: int) -> float:
    """P value of Fisher's exact test that a share `here / rows` is no larger than `own / own_rows`."""
    return float(hypergeom.sf(here - 1, rows + own_rows, here + own, rows)) if rows else 1.0
