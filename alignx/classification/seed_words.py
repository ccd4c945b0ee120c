"""A teacher of few words: those that tell classes in one language, translated into another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from alignx.classification.heads import log_softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.classification.documents import Documents
    from alignx.classification.word_translator import WordTranslator
    from alignx.support.arrays import Double, Indices

__all__ = ["seed_teacher"]

STRENGTH = 1_000.0  # C of the sparse logistic regression, times texts


def seed_teacher(
    labeled: Sequence[Documents],
    classes_of: Sequence[Indices],
    documents: Documents,
    translator: WordTranslator,
    *,
    classes: int,
    budget: int,
    seed: int,
) -> tuple[Indices, Double]:
    """Score documents of a language by the weights of translated words of another.

    Parameters
    ----------
    labeled : sequence of Documents
        Of languages with labels, one each.
    classes_of : sequence of (n,) int64
        Their classes.
    documents : Documents
        Of the language to score.
    translator : WordTranslator
        Of the space of all.
    classes : int
        How many there are.
    budget : int
        How many words to translate, at least 1; those of the largest weights.
    seed : int
        Of the optimizer.

    Returns
    -------
    known : (k,) int64
        Documents with at least one of the words.
    scores : (n, classes) float64
        Logarithmic probabilities; of documents without such words, the same for all classes.

    Notes
    -----
    Words are chosen by logistic regression with an L1 penalty. A word that translates several takes
    their mean weight.
    """
    count = documents.vocabulary
    total = np.zeros((count, classes))
    times = np.zeros(count)
    for source, y in zip(labeled, classes_of, strict=True):
        words, weights = _telling_words(source, y, classes, budget, seed)
        best = translator.best(source.language, documents.language)[words]
        np.add.at(total, best, weights)
        np.add.at(times, best, 1)
    total /= np.maximum(times, 1)[:, None]
    counts = documents.counts()[:, :count]
    known = np.flatnonzero(counts @ (times > 0))
    return known, log_softmax(np.asarray(counts @ total))


def _telling_words(
    documents: Documents, y: Indices, classes: int, budget: int, seed: int
) -> tuple[Indices, Double]:
    """Rows of the words that tell classes best, and their weights for each class."""
    from scipy.sparse import csr_array

    is_known = documents.words < documents.vocabulary
    known = documents.keep(is_known)
    used, columns = np.unique(known.words, return_inverse=True)
    # scikit-learn takes 32-bit numbers of rows and columns only.
    places = (columns.astype(np.int32), known.starts.astype(np.int32))
    counts = csr_array((np.ones(len(columns)), *places), shape=(len(known), len(used)))
    weights = np.zeros((len(used), classes))
    for c in np.unique(y):  # one class against the rest, as liblinear does
        model = LogisticRegression(
            C=STRENGTH / len(y),
            l1_ratio=1,
            solver="liblinear",
            tol=1e-3,  # with less it may circle for ever
            max_iter=10_000,
            random_state=seed,
        ).fit(counts, y == c)
        weights[:, c] = model.coef_[0]
    strongest = np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:budget]
    strongest = strongest[np.abs(weights[strongest]).max(axis=1) > 0]
    return used[strongest].astype(np.int64), weights[strongest]
