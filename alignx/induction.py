"""The bilingual dictionary: which words of two aligned languages translate each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.arrays import zero_rows
from alignx.calibration import Evidence
from alignx.lexicon import Lexicon
from alignx.progress import Progress, part_of
from alignx.retrieval import csls_neighbors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.embeddings import Embeddings
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


def _wanted(language: Embeddings, numbers: bool, punctuation: bool) -> NDArray[np.bool_]:
    """Tell which words may be in the dictionary; those without a vector may not."""
    by_form = [
        (numbers or not is_number(word)) and (punctuation or not is_punctuation(word))
        for word in language.words
    ]
    wanted: NDArray[np.bool_] = np.array(by_form, dtype=bool) & ~zero_rows(language.vectors)
    return wanted


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
    device: str | None = None,
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
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.
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
    >>> import alignx as ax
    >>> english = ax.Embeddings(["cat", "dog", "1"], np.eye(3))
    >>> spanish = ax.Embeddings(["perro", "gato", "1"], np.eye(3)[[1, 0, 2]])
    >>> shared = ax.SharedSpace({"en": english, "es": spanish})
    >>> list(ax.induce_lexicon(shared, neighborhood=1))
    [('cat', 'gato'), ('dog', 'perro')]
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
    if threshold is not None and shared.calibration is None:
        raise ValueError(
            "threshold needs probabilities, which a map has that was fitted with calibrate=True, "
            "in the direction of the fit"
        )
    smaller = min(len(shared.source), len(shared.target))
    if not 1 <= n_best <= smaller:
        raise ValueError(f"n_best must lie in [1, {smaller}], got {n_best}")
    cosine = shared.cosine_neighbors(
        neighborhood, n_threads=n_threads, device=device, progress=part_of(progress, 0, 0.5)
    )
    found = csls_neighbors(
        shared.source.vectors,
        shared.target.vectors,
        # One more than is kept, so that the best also has a rival to compare with.
        min(n_best + 1, smaller),
        neighborhood=neighborhood,
        cosine=cosine,
        n_threads=n_threads,
        device=device,
        progress=part_of(progress, 0.5, 0.5),
    )
    source_rows = np.repeat(np.arange(len(shared.source)), n_best)
    target_rows = found.of_source.indices[:, :n_best].ravel()
    scores = found.of_source.scores[:, :n_best].ravel()
    kept = _wanted(shared.source, numbers, punctuation)[source_rows]
    kept &= _wanted(shared.target, numbers, punctuation)[target_rows]
    if mutual:
        back = found.of_target.indices[target_rows, :n_best]
        kept &= (back == source_rows[:, None]).any(axis=1)
    source_rows, target_rows, scores = source_rows[kept], target_rows[kept], scores[kept]
    probabilities = None
    if shared.calibration is not None:
        probabilities = shared.calibration.probability(
            Evidence.of(
                source_rows,
                target_rows,
                scores,
                found.of_source.take(source_rows),
                found.of_target.take(target_rows),
            )
        )
    lexicon = Lexicon(
        [
            (shared.source.words[s], shared.target.words[t])
            for s, t in zip(source_rows.tolist(), target_rows.tolist(), strict=True)
        ],
        scores.astype(np.float64),
        probabilities,
    )
    return lexicon if threshold is None else lexicon.at_least(threshold)
