"""Uses of an alignment, and the accuracy that each needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from alignx.evaluation.accuracy import Accuracy

__all__ = ["Use", "judged_uses", "wilson_interval"]


@dataclass(frozen=True)
class Use:
    """One use of an alignment, and whether its accuracy is enough for it.

    Attributes
    ----------
    name : str
        The use, in plain words.
    good : bool
        Whether the figure reaches the threshold.
    reason : str
        The figure, the threshold, and the result.
    """

    name: str
    good: bool
    reason: str


class _Need(NamedTuple):
    """Least accuracy for a use: P@1 or P@5, of CSLS where the use takes the vectors themselves."""

    name: str
    level: int
    least: float
    meaning: str
    by_csls: bool = False


# The first two thresholds are measured, the others say how much of the work is left to people.
NEEDS = (
    # Maps that failed reached up to 8 %, those that worked 22 % and more, and self-learning from
    # their pairs improved them: see `Validation.failed` and benchmarks/README.md.
    _Need("Find more word pairs, to align again", 1, 0.2, "what failed maps never reached", True),
    # At 39 % (English to German, Procrustes) a classifier of topics lost 4 points to one with
    # labels of the target, and at 67 % (Spanish) 2: benchmarks/README.md, "Classifying texts".
    _Need(
        "Classify texts with labels of the other language",
        1,
        0.35,
        "the least with which we have seen it work",
        True,
    ),
    _Need("Guess the topic of a text from its words", 1, 0.5, "every second word is right"),
    _Need(
        "Propose five translations, for a lexicographer to choose from",
        5,
        0.7,
        "the list holds a right one for 7 of 10 words",
    ),
    _Need("Publish a dictionary after review", 1, 0.7, "the reviewer replaces fewer than 3 of 10"),
    _Need("Publish a dictionary without review", 1, 0.95, "19 of 20 entries are right"),
)


def judged_uses(best: Accuracy, by_csls: Accuracy, words: str) -> tuple[Use, ...]:
    """Judge all uses by the lower ends of 95 % intervals.

    Parameters
    ----------
    best, by_csls : Accuracy
        Of the best ranking, and of CSLS. A level that is NaN is not judged.
    words : str
        Set of words that they were measured on.

    Examples
    --------
    >>> from alignx.evaluation.accuracy import Accuracy
    >>> import numpy as np
    >>> once = Accuracy.of_ranks(np.ones(1))
    >>> print(judged_uses(once, once, "test words")[-1].reason)
    P@1 is 100.0 % on 1 test words, at least 20.7 %; needed: 95 %, 19 of 20 entries are right
    """
    uses = []
    for need in NEEDS:
        accuracy = by_csls if need.by_csls else best
        share = accuracy.precision[need.level]
        if share != share:  # NaN
            continue
        low, _ = wilson_interval(share, accuracy.n)
        reason = (
            f"P@{need.level} is {100 * share:.1f} % on {accuracy.n:,} {words}, at least "
            f"{100 * low:.1f} %; needed: {100 * need.least:.0f} %, {need.meaning}"
        )
        uses.append(Use(need.name, low >= need.least, reason))
    return tuple(uses)


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n, by Wilson's score; (0, 1) if n is 0.

    Examples
    --------
    >>> [round(end, 3) for end in wilson_interval(1.0, 1)]
    [0.207, 1.0]
    """
    if not n:
        return 0.0, 1.0
    from scipy.stats import binomtest  # takes half a second to load

    low, high = binomtest(round(share * n), n).proportion_ci(method="wilson")
    return float(low), float(high)
