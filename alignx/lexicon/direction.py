"""Which way round the pairs of a dictionary are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import DirectionError

if TYPE_CHECKING:
    from alignx.lexicon.lexicon import Lexicon
    from alignx.support.arrays import Double
    from alignx.vectors.embeddings import Embeddings

__all__ = ["require_order"]

FEWEST = 10  # pairs that fit the other way round better
SHARE = 0.1  # of all pairs, where there are fewer
TIMES = 4  # as many as fit as given better
CLEARLY = np.log(10)  # of the product of both ranks
# Where most pairs fit either way, such as names, little is lost.
SHARE_OF_FITTING = 1 / 4

logger = logging.getLogger("alignx")


def require_order(lexicon: Lexicon, source: Embeddings, target: Embeddings) -> None:
    """Refuse a lexicon whose pairs fit the languages the other way round.

    Parameters
    ----------
    lexicon : Lexicon
        Any pairs.
    source, target : Embeddings
        The language of the first and of the second word of each.

    Raises
    ------
    DirectionError
        If far more pairs have both words in the vocabularies when exchanged.
    EmptyLexiconError
        If that is so, and none has as given.

    Notes
    -----
    Names and loans are in both vocabularies, and so are the frequent words of one language in a
    large vocabulary of the other, as rare ones. What decides are the pairs that fit one way only,
    or with words that are far more frequent. Vocabularies are sorted by frequency; with others, as
    many pairs fit one way better as the other.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> from alignx.lexicon.lexicon import Lexicon
    >>> english = Embeddings(["cat", "dog", "taxi"], [[1.0], [1.0], [1.0]])
    >>> spanish = Embeddings(["taxi", "gato", "perro"], [[1.0], [1.0], [1.0]])
    >>> pairs = Lexicon([("gato", "cat"), ("perro", "dog"), ("taxi", "taxi")])
    >>> require_order(pairs, english, spanish)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    alignx.errors.DirectionError: the lexicon: the first word of a pair must be of the source ...
    """
    given = _log_ranks(lexicon, source, target)
    exchanged = _log_ranks(lexicon.reversed(), source, target)
    better_given = int((given < exchanged - CLEARLY).sum())
    better_exchanged = int((exchanged < given - CLEARLY).sum())
    fewest = max(2, min(FEWEST, SHARE * len(lexicon)))
    if better_exchanged < fewest or better_exchanged <= TIMES * better_given:
        return
    fitting = int(np.isfinite(given).sum())
    if not fitting:
        lexicon.require_rows(source, target)  # raises, and says what is missing
    message = (
        f"{lexicon.name}: the first word of a pair must be of the source language and the second "
        f"of the target, got {fitting:,} of {len(lexicon):,} pairs that fit so and "
        f"{np.isfinite(exchanged).sum():,} that fit the other way round, {better_exchanged:,} of "
        "them far better; exchange the columns (--columns 2,1; in Python lexicon.reversed()) or "
        "the languages (evaluate: --reverse)"
    )
    if better_exchanged > SHARE_OF_FITTING * fitting:
        raise DirectionError(message)
    logger.warning("%s", message)


def _log_ranks(lexicon: Lexicon, source: Embeddings, target: Embeddings) -> Double:
    """Sum of the logarithms of both ranks of each pair, infinite where a word is unknown."""
    rows = lexicon.rows(source, target)
    found = np.full(len(lexicon), np.inf)
    found[rows.positions] = np.log(rows.source + 1.0) + np.log(rows.target + 1.0)
    return found
