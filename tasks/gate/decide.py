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

What it does not see. Each promotion may cost a margin somewhere, and a chain of them more ("biocreep", D'Agostino et
al. 2003): compare with an older champion now and then. The more challengers are tried on the same test rows, the less
the level holds (Dwork et al. 2015, Science 349:636). Whether the model answers at all, and its calibration, are no
part of it: an answer is the most probable class, also where the model abstains.
"""

from itertools import chain

import numpy as np

from tasks.gate import bootstrap
from tasks.gate.comparisons import Figures, minimums, non_inferiority, superiority
from tasks.gate.decision import Decision
from tasks.gate.errors import Errors
from tasks.gate.same import check_complete, check_same
from tasks.gate.settings import Gate
from tasks.predictions import Predictions


def decide(champion: Predictions | None, challenger: Predictions, rules: Gate) -> Decision:
    """Whether `challenger` may take the place of `champion`; None where there is none yet.

    A first model passes where it reaches every minimum, with the lower bound of its interval. Raises ValueError for
    predictions of other rows, another benchmark or other classes, saying what differs, and for incomplete predictions.
    """
    check_complete(challenger)
    if champion is not None:
        check_same(champion, challenger)
    figures = _figures(champion, challenger, rules)
    made = (
        minimums(figures, rules)
        if champion is None
        else chain(non_inferiority(figures, rules), superiority(figures, rules))
    )
    comparisons = tuple(made)
    wanted = [c.passed for c in comparisons if c.rule == "superiority"]
    harmless = all(c.passed is not False for c in comparisons if c.rule != "superiority")
    return Decision(harmless and any(wanted or [True]), comparisons, rules.level, rules.resamples, rules.seed)


def _figures(champion: Predictions | None, challenger: Predictions, rules: Gate) -> Figures:
    groups = bootstrap.group(challenger.rows["split_group"].to_numpy(str), challenger.truth)
    new, old = Errors(challenger, groups), Errors(champion, groups) if champion else None
    blocks = bootstrap.draws(groups.stratum, rules.resamples, rules.seed)
    resampled = [new.under(weights) - (old.under(weights) if old else 0.0) for weights in blocks]
    estimates = (old.estimates() if old else None, new.estimates())
    worst = (new.worst_kind(), *([old.worst_kind()] if old else []))
    return Figures(new.measures, *estimates, np.concatenate(resampled), worst)
