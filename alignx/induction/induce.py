"""The bilingual dictionary: which words of two aligned languages translate each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.calibration import PairFeatures
from alignx.alignment.shared_space import SharedSpace
from alignx.lexicon.lexicon import Lexicon
from alignx.retrieval.csls import csls_neighbors
from alignx.support.arguments import require_instance
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.alignment.calibration import Calibration
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Indices

__all__ = [
    "check_options",
    "induce_lexicon",
    "is_number",
    "is_punctuation",
    "lexicon_of",
    "wanted_by_form",
]


def is_punctuation(word: str) -> bool:
    """Tell whether a word holds neither letter nor digit.

    Examples
    --------
    >>> is_punctuation("..."), is_punctuation("e.g.")
    (True, False)
    """
    return not any(character.isalnum() for character in word)


def is_number(word: str) -> bool:
    """Tell whether a word holds digits but no letter.

    Examples
    --------
    >>> is_number("1,000"), is_number("4x4")
    (True, False)
    """
    return any(character.isdigit() for character in word) and not any(
        character.isalpha() for character in word
    )


def wanted_by_form(words: Sequence[str], *, numbers: bool, punctuation: bool) -> NDArray[np.bool_]:
    """Tell which words may be in a dictionary.

    Examples
    --------
    >>> wanted_by_form(["cat", "7", "!"], numbers=False, punctuation=True)
    array([ True, False,  True])
    """
    return np.array(
        [
            (numbers or not is_number(word)) and (punctuation or not is_punctuation(word))
            for word in words
        ],
        dtype=bool,
    )


def check_options(
    *, threshold: float | None, calibration: Calibration | None, n_best: int, smaller: int
) -> None:
    """Refuse what `induce_lexicon` refuses, before long work.

    Parameters
    ----------
    threshold, n_best
        As of `induce_lexicon`.
    calibration : Calibration, optional
        Gives probabilities.
    smaller : int
        How many words the smaller language has.

    Raises
    ------
    ValueError
        If one is out of range, or there are no probabilities for the threshold.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
    if threshold is not None and calibration is None:
        raise ValueError(
            "threshold needs probabilities, which a map has that was fitted with calibrate=True, "
            "in the direction of the fit"
        )
    if not 1 <= n_best <= smaller:
        raise ValueError(f"n_best must lie in [1, {smaller}], got {n_best}")


def induce_lexicon(
    shared: SharedSpace,
    *,
    words: Sequence[str] | None = None,
    n_best: int = 1,
    mutual: bool = True,
    threshold: float | None = None,
    numbers: bool = False,
    punctuation: bool = False,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> Lexicon:
    """Build a bilingual dictionary from two languages in one space.

    Parameters
    ----------
    shared : SharedSpace
        Source and target are its first two languages.
    words : sequence of str, optional
        Translate these source words alone, in this order; those without a vector are left out. They
        are looked up as `Embeddings.find` does. See
        `SharedSpace.extended` for phrases and for words that the vocabulary lacks. The whole
        vocabulary unless given.
    n_best : int
        How many translations a word may have, ``1 <= n_best <= min(n, m)``; more than 1 gives
        n-to-m entries.
    mutual : bool
        Keep a pair only if each word is among the `n_best` of the other. Otherwise every source
        word gets its `n_best`, and target words may be missing.
    threshold : float, optional
        Keep pairs of at least this probability, in [0, 1].
    numbers : bool
        Keep pairs in which a word is a number.
    punctuation : bool
        Keep pairs in which a word has neither letter nor digit.
    n_neighbors : int, optional
        Neighbors in the average of CSLS; see `SharedSpace.n_neighbors`.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    Lexicon
        In the order of the source words (most frequent first, unless `words` are given), best
        translation first. Scores
        are CSLS; probabilities are there if the space is calibrated (see `alignx.align`).

    Raises
    ------
    ValueError
        If a parameter is out of range, or `threshold` is given and the space is not calibrated.

    Notes
    -----
    Two sweeps of O(n m d) time; O((n + m) n_best) memory beyond the vectors.

    Examples
    --------
    >>> import alignx as ax
    >>> english = ax.Embeddings(["cat", "dog", "1"], np.eye(3))
    >>> spanish = ax.Embeddings(["perro", "gato", "1"], np.eye(3)[[1, 0, 2]])
    >>> shared = ax.SharedSpace({"en": english, "es": spanish})
    >>> list(ax.induce_lexicon(shared, n_neighbors=1))
    [('cat', 'gato'), ('dog', 'perro')]
    """
    require_instance(shared, SharedSpace, "shared")
    smaller = min(len(shared.source), len(shared.target))
    check_options(
        threshold=threshold, calibration=shared.calibration, n_best=n_best, smaller=smaller
    )
    n_neighbors = shared.n_neighbors(n_neighbors)
    cosine = shared.cosine_neighbors(n_neighbors, progress=part_of(progress, 0, 0.5))
    found = csls_neighbors(
        shared.source.vectors,
        shared.target.vectors,
        # One more than is kept, so that the best also has a rival to compare with.
        min(n_best + 1, smaller),
        n_neighbors=n_neighbors,
        cosine=cosine,
        progress=part_of(progress, 0.5, 0.5),
    )
    wanted = (
        wanted_by_form(shared.source.words, numbers=numbers, punctuation=punctuation),
        wanted_by_form(shared.target.words, numbers=numbers, punctuation=punctuation),
    )
    rows = None
    if words is not None:
        listed = dict.fromkeys(shared.source.find(words).tolist())
        rows = np.array([row for row in listed if row >= 0], dtype=np.int64)
    return lexicon_of(
        found,
        (shared.source.words, shared.target.words),
        wanted,
        rows=rows,
        n_best=n_best,
        mutual=mutual,
        threshold=threshold,
        calibration=shared.calibration,
    )


def lexicon_of(
    found: CrossNeighbors,
    words: tuple[Sequence[str], Sequence[str]],
    wanted: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    *,
    rows: Indices | None = None,
    n_best: int,
    mutual: bool,
    threshold: float | None,
    calibration: Calibration | None,
) -> Lexicon:
    """Build the dictionary of neighbors by CSLS.

    Parameters
    ----------
    found : CrossNeighbors
        At least `n_best` of each word; one more gives the best a rival to compare with. -1 among
        the indices stands for what is missing, with any score that is finite.
    words : pair of sequence of str
        Of both languages.
    wanted : pair of (n,) bool
        Which words may be in the dictionary.
    rows : (p,) int64, optional
        Which source words are translated, in this order; all unless given.
    n_best, mutual, threshold
        As of `induce_lexicon`.
    calibration : Calibration, optional
        Gives probabilities.

    Returns
    -------
    Lexicon
    """
    source_words, target_words = words
    asked = np.arange(len(source_words)) if rows is None else rows
    source_rows = np.repeat(asked, n_best)
    target_rows = found.of_source.indices[asked, :n_best].ravel()
    scores = found.of_source.scores[asked, :n_best].ravel()
    kept = wanted[0][source_rows] & wanted[1][target_rows] & (target_rows >= 0)
    if mutual:
        back = found.of_target.indices[target_rows, :n_best]
        kept &= (back == source_rows[:, None]).any(axis=1)
    source_rows, target_rows, scores = source_rows[kept], target_rows[kept], scores[kept]
    probabilities = None
    if calibration is not None:
        probabilities = calibration.probability(
            PairFeatures.of(
                source_rows,
                target_rows,
                scores,
                found.of_source.take(source_rows),
                found.of_target.take(target_rows),
            )
        )
    lexicon = Lexicon(
        [
            (source_words[s], target_words[t])
            for s, t in zip(source_rows.tolist(), target_rows.tolist(), strict=True)
        ],
        scores.astype(np.float64),
        probabilities,
    )
    return lexicon if threshold is None else lexicon.at_least(threshold)
