"""The decision: promote the challenger, or keep the champion.

A challenger takes the champion's place where it is not worse in any comparison, and better in one that counts.

Not worse is non-inferiority (ICH E9, 3.3.2 and 5.5; E10, 1.5.1.1; EMEA/CPMP/EWP/2158/99): the upper bound of the
increase of the error is at most a margin stated beforehand. The bound is one-sided at (1 + level) / 2, as these want
it: 97.5 % at a level of 95 %. That no difference was found shows nothing: too little evidence is a refusal, and `why`
tells it from evidence of harm.

Many comparisons. All of them must pass, so promotion is an intersection-union test (Berger 1982, Technometrics
24:295): whichever of them is truly worse by its margin, the challenger is let through with a probability of (1 - level)
/ 2 at most, without correction, as far as that one's interval keeps its level. That it is better is a union of three
tests, so each has a third of that (Bonferroni; Holm's procedure finds something exactly where Bonferroni's does). The
price is power: a model that is truly as good may fail one of thirty comparisons by chance. So margins of classes and
slices are wider than those of the whole.

Few rows. A slice in fewer than `min_rows` split groups is listed, with no test. A class is tested however few rows it
has, as a rare class is what a gate is for. Where rows differ its interval is wide, and evidence lacks: a class in which
2 % of the answers become wrong and 2 % right, truly as good, passes a margin of 0.05 with 0.98 at 300 rows, 0.94 at
200, 0.76 at 100 (1,000 simulations each). Where few answers differ, percentile intervals are too narrow, and where none
does they have no width: a class truly worse by 0.05, 6 % of the answers become wrong and 1 % right, passes with 0.04 at
300 rows, 0.06 at 200, 0.08 at 100, 0.15 at 30, not with the 0.025 that holds for many rows (2,000 each). `why` says
what error too few rows may hide.

Monotone: where one wrong answer of the challenger becomes right, clean or under any corruption, no promotion becomes a
refusal. The draws follow from groups, classes and seed alone, not from answers. In each, every error of the challenger
is a nondecreasing function of the set of its wrong answers: a sum of those with whole weights of at least 0, over a sum
that no answer enters; then means and, for the worst kind, a maximum over all kinds, whichever kind that is. The
champion's errors stay. So each resampled difference stays or falls, so do its order statistics and the estimate, so
does each interval's upper bound, of which alone `passed` is made, and with it falls what stands against a promotion.
Rounding keeps it: sums are of whole numbers, and division, addition in a fixed order and maximum round monotonely.

Other classes. Where one model knows a class that the other does not, all of the above is over the test rows of the
classes that both know; each model answers with all it knows, so calling such a row by another class is wrong. A class
that the challenger alone knows is judged as those of a first model: its recall must reach the minimum. And on its rows
the champion is always wrong, so one recall that is shown to lie above `superiority_margins.clean` is superiority too,
where the bound is no better than the rule of three has it. The union has one test more for each such class, and each a
smaller level. A class that the champion alone knows has no test row today; the decision names it.

External deliveries. On each in at least `min_external_rows` groups the challenger's balanced error must be non-inferior
too, by a margin of its own; none counts as superiority. A model may be better on all own test rows and worse in another
laboratory. Many answers differ there, so the margin is wide: where 20 % of them do, a model truly as good passes 0.08
with 0.86 at 300 rows and 0.46 at 100, one truly worse by 0.075 with 0.05 and 0.04; a margin of 0.03 would let the
former through with 0.22 (2,000 simulations each, normal intervals, five classes alike). A smaller delivery is listed,
and the sentence says that it was not tested.

No test row. A class without any is listed as untested. It stands against no promotion and speaks for none.

What it does not see. Each promotion may cost a margin somewhere, and a chain of them more ("biocreep", D'Agostino et
al. 2003): compare with an older champion now and then. The more challengers are tried on the same test rows, the less
the level holds (Dwork et al. 2015, Science 349:636). Whether the model answers at all, and its calibration, are no
part of it: an answer is the most probable class, also where the model abstains.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from tasks.gate import bootstrap, external
from tasks.gate.comparison import Comparison
from tasks.gate.comparisons import Figures, minimums, newcomers, non_inferiority, superiority
from tasks.gate.decision import Decision
from tasks.gate.errors import Errors
from tasks.gate.known import Known, known, only
from tasks.gate.same import check_complete, check_same
from tasks.gate.settings import Gate
from tasks.predictions import Predictions


def decide(champion: Predictions | None, challenger: Predictions, rules: Gate) -> Decision:
    """Whether `challenger` may take the place of `champion`; None where there is none yet.

    A first model passes where it reaches every minimum, with the lower bound of its interval. Raises ValueError for
    predictions of other rows, another benchmark or no class in common, saying what differs, and for incomplete ones.
    """
    check_complete(challenger)
    sides = Known(challenger.classes, (), ()) if champion is None else known(champion, challenger)
    comparisons = tuple(_alone(challenger, rules) if champion is None else _both(champion, challenger, sides, rules))
    wanted = [c.passed for c in comparisons if c.rule == "superiority"]
    harmless = all(c.passed is not False for c in comparisons if c.rule != "superiority")
    promote = harmless and any(wanted or [True])
    return Decision(promote, comparisons, rules.level, rules.resamples, rules.seed, sides.new, sides.gone)


def _alone(challenger: Predictions, rules: Gate) -> Iterator[Comparison]:
    return minimums(_figures(None, challenger, rules, challenger.classes), rules)


def _both(champion: Predictions, challenger: Predictions, sides: Known, rules: Gate) -> Iterator[Comparison]:
    old, new = only(champion, sides.both), only(challenger, sides.both)
    check_complete(new)
    check_same(old, new)
    figures = _figures(old, new, rules, sides.both)
    yield from chain(non_inferiority(figures, rules), superiority(figures, rules, len(sides.new)))
    for elsewhere in external.figures(old, new, rules):
        yield from non_inferiority(elsewhere, rules)
    if sides.new:
        yield from newcomers(_figures(None, challenger, rules, challenger.classes), sides.new, rules)


def _figures(champion: Predictions | None, challenger: Predictions, rules: Gate, names: Sequence[str]) -> Figures:
    groups = bootstrap.group(challenger.rows["split_group"].to_numpy(str), challenger.truth)
    new, old = Errors(challenger, groups, names), Errors(champion, groups, names) if champion else None
    blocks = bootstrap.draws(groups.stratum, rules.resamples, rules.seed)
    resampled = [new.under(weights) - (old.under(weights) if old else 0.0) for weights in blocks]
    estimates = (old.estimates() if old else None, new.estimates())
    worst = (new.worst_kind(), *([old.worst_kind()] if old else []))
    return Figures(new.measures, *estimates, np.concatenate(resampled), worst)
