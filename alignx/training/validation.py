"""Checks of a corpus for fastText."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import FormatError

if TYPE_CHECKING:
    from alignx.training.corpus_writer import CorpusReport, WordCounts

__all__ = ["covered_share", "require_learnable"]

# fastText trains until it has seen `epoch` times as many words as the text has, but counts only
# those that have a vector: with hardly any of them it would read the text for ever.
_LEAST_COVERED = 0.05


def covered_share(report: CorpusReport, counts: WordCounts, least: int) -> float:
    """Compute the share of a text that words with a vector make up.

    Parameters
    ----------
    report : CorpusReport
        Totals of the text.
    counts : WordCounts
        Counts of its words.
    least : int
        Least count of a word that gets a vector.

    Returns
    -------
    float
        In [0, 1]; as in fastText, line ends are words.
    """
    kept = sum(count for count in counts.counts.values() if count >= least)
    ends = report.sentences
    return (kept + (ends if ends >= least else 0)) / max(report.tokens + ends, 1)


def require_learnable(report: CorpusReport, counts: WordCounts, least: int) -> None:
    """Refuse a corpus on which fastText would fail, never end, or learn nothing.

    Parameters
    ----------
    report : CorpusReport
        Totals of the text.
    counts : WordCounts
        Counts of its words.
    least : int
        Least count of a word that gets a vector.

    Raises
    ------
    FormatError
        Names the files, and says what to do.
    """
    words = len(counts.at_least(least))
    problem = ""
    if not report.bytes:
        problem = "there is no text"
    elif not report.tokens:
        problem = f"no words are left of {report.bytes:,} bytes"
        if report.overlong:
            problem += (
                f", as {report.overlong:,} are too long; a language that writes without spaces "
                "needs a tokenizer"
            )
    elif not words:
        word, count = counts.most_common(1)[0]
        problem = (
            f"no word occurs {least} times, as minCount asks; the count of the most frequent "
            f"one, {word!r}, is {count}; give more text, or lower minCount"
        )
    elif report.tokens == report.sentences:
        problem = "no line has two words, and words are learned from their neighbors"
    elif words + (report.sentences >= least) < 2:
        word, _ = counts.most_common(1)[0]
        problem = f"only {word!r} occurs {least} times, as minCount asks; it has no neighbors"
    elif (share := covered_share(report, counts, least)) < _LEAST_COVERED:
        problem = (
            f"the words that occur {least} times, as minCount asks, are {share:.1%} of the text, "
            f"and must be {_LEAST_COVERED:.0%}; give more text, or lower minCount"
        )
    if problem:
        raise FormatError(", ".join(report.files), problem)
