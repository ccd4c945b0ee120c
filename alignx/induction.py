"""The bilingual dictionary: which words of two aligned languages translate each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alignx.lexicon import Lexicon
from alignx.retrieval import Progress, csls_neighbors, part_of
from alignx.space import SharedSpace

__all__ = ["induce_lexicon", "is_number", "is_punctuation"]


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


def _wanted(words: Sequence[str], numbers: bool, punctuation: bool) -> NDArray[np.bool_]:
    return np.array(
        [(numbers or not is_number(w)) and (punctuation or not is_punctuation(w)) for w in words],
        dtype=bool,
    )


def induce_lexicon(
    shared: SharedSpace,
    *,
    n_best: int = 1,
    mutual: bool = True,
    threshold: float | None = None,
    numbers: bool = False,
    punctuation: bool = False,
    neighborhood: int = 10,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Lexicon:
    """Build a bilingual dictionary from two languages in one space.

    Parameters
    ----------
    shared : SharedSpace
        Source and target are its first two languages.
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
    neighborhood : int
        Of CSLS.
    n_threads : int, optional
        OpenMP's default unless given.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    Lexicon
        In the order of the source words (most frequent first), best translation first. Scores
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
    >>> english = Embeddings(["cat", "dog", "1"], np.eye(3))
    >>> spanish = Embeddings(["perro", "gato", "1"], np.eye(3)[[1, 0, 2]])
    >>> shared = SharedSpace({"en": english, "es": spanish})
    >>> list(induce_lexicon(shared, neighborhood=1))
    [('cat', 'gato'), ('dog', 'perro')]
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
    if threshold is not None and shared.calibration is None:
        raise ValueError("threshold needs a map that was fitted with calibrate=True")
    biases = shared.biases(neighborhood, n_threads=n_threads, progress=part_of(progress, 0, 0.5))
    found = csls_neighbors(
        shared.source.vectors,
        shared.target.vectors,
        n_best,
        biases=biases,
        n_threads=n_threads,
        progress=part_of(progress, 0.5, 0.5),
    )
    source_rows = np.repeat(np.arange(len(shared.source)), n_best)
    target_rows = found.of_source.indices.ravel()
    scores = found.of_source.scores.ravel().astype(np.float64)
    # Whether the source row is among the n_best of its target row.
    is_mutual = (found.of_target.indices[target_rows] == source_rows[:, None]).any(axis=1)
    kept = is_mutual.copy() if mutual else np.ones(len(scores), dtype=bool)
    kept &= _wanted(shared.source.words, numbers, punctuation)[source_rows]
    kept &= _wanted(shared.target.words, numbers, punctuation)[target_rows]
    probabilities = None
    if shared.calibration is not None:
        probabilities = shared.calibration.probability(scores)
        if threshold is not None:
            kept &= probabilities >= threshold
        probabilities = probabilities[kept]
    pairs = [
        (shared.source.words[s], shared.target.words[t])
        for s, t in zip(source_rows[kept].tolist(), target_rows[kept].tolist(), strict=True)
    ]
    return Lexicon(pairs, scores[kept], probabilities)
