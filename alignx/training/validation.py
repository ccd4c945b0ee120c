"""What nothing can be learned from, said before fastText tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import FormatError

if TYPE_CHECKING:
    from alignx.training.corpus_writer import CorpusReport, WordCounts
    from alignx.training.parameters import Parameters

__all__ = ["covered", "require_learnable"]

# fastText goes on until it has seen `epoch` times as many words as the text has, but counts only
# those that have a vector: with hardly any of them it would go through the text for ever.
_LEAST_COVERED = 0.05


def covered(report: CorpusReport, counts: WordCounts, least: int) -> float:
    """Share of a text that words with a vector make up, as fastText counts.

    Parameters
    ----------
    report : CorpusReport
        What was found in the text.
    counts : WordCounts
        Of its words.
    least : int
        Rarer words have no vector.

    Returns
    -------
    float
        In [0, 1]; line ends are words, too.
    """
    kept = sum(count for count in counts.counts.values() if count >= least)
    ends = report.sentences
    return (kept + (ends if ends >= least else 0)) / max(report.tokens + ends, 1)


def require_learnable(
    report: CorpusReport, counts: WordCounts, words: int, parameters: Parameters
) -> None:
    """Refuse a corpus that fastText would fail on, never end with, or learn nothing from.

    Parameters
    ----------
    report : CorpusReport
        What was found in the text.
    counts : WordCounts
        Of its words.
    words : int
        How many of them are frequent enough.
    parameters : Parameters
        What fastText will be told.

    Raises
    ------
    FormatError
        Names the files, and says what to do.
    """
    least = parameters.minCount
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
    elif (share := covered(report, counts, least)) < _LEAST_COVERED:
        problem = (
            f"the words that occur {least} times, as minCount asks, are {share:.1%} of the text, "
            f"and must be {_LEAST_COVERED:.0%}; give more text, or lower minCount"
        )
    if problem:
        raise FormatError(", ".join(report.files), problem)
