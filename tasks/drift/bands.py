"""What counts as drift: a size that matters, and evidence that it is no chance.

Evidence alone says little. Any two smears differ somehow, and with enough images every difference is significant;
size alone says little where few images came. So drift is told where a permutation test rejects at ALPHA *and* the
size reaches a band of its measure:

| kind | size | slight | marked | source |
| --- | --- | ---: | ---: | --- |
| class shares | population stability index, less what chance gives | 0.1 | 0.25 | Siddiqi 2006 |
| colour | largest standardised mean difference | 0.2 | 0.8 | Cohen 1988: small, large |
| embeddings | AUC of a classifier, new against training images | 0.556 | 0.714 | Rice and Harris 2005 |

The last are the AUC of two normal distributions that lie 0.2 and 0.8 standard deviations apart. With three tests at
0.01 a delivery that is like the training set raises a false alarm in at most 3 % of cases.

Images count as independent. Cells of one smear are not quite, which is one more reason to ask for a size.
"""

from dataclasses import dataclass

NONE, SLIGHT, MARKED = WORDS = ("none", "slight", "marked")
ALPHA = 0.01
"""Of each test; three of them are made."""
LEAST = 10
"""New images, and training images, below which nothing is tested: no difference but a gross one could show."""


@dataclass(frozen=True)
class Bands:
    """Sizes from which a shift is slight, and from which it is marked."""

    slight: float
    marked: float

    def word(self, size: float, p: float) -> str:
        """One of WORDS for a shift of that size, with the p-value of its test."""
        if p > ALPHA or size < self.slight:
            return NONE
        return MARKED if size >= self.marked else SLIGHT


SHARES = Bands(0.1, 0.25)
COLOUR = Bands(0.2, 0.8)
EMBEDDINGS = Bands(0.556, 0.714)
