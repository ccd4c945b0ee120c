"""Seed words: a sparse classifier whose words are translated into another language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from alignx.classification.heads import log_softmax

if TYPE_CHECKING:
    from alignx.classification.task import LabeledDocuments, Task
    from alignx.support.arrays import Double, Indices
    from alignx.texts.documents import Documents

__all__ = ["seed_teacher"]

STRENGTH = 1_000.0  # C of the sparse logistic regression, times texts


def seed_teacher(task: Task, documents: Documents, budget: int) -> tuple[Indices, Double]:
    """Score documents by the class weights of seed words translated from labeled texts.

    Parameters
    ----------
    task : Task
        Labeled texts, and the translator.
    documents : Documents
        Texts to score.
    budget : int
        Seed words of a language, those with the largest weights; at least 1.

    Returns
    -------
    known : (k,) int64
        Documents with at least one seed word.
    scores : (n, classes) float64
        Log probabilities; equal for all classes in documents without seed words.

    Notes
    -----
    Logistic regression with an L1 penalty chooses the words. A word that translates several seed
    words takes their mean weight.
    """
    count = documents.vocabulary
    total, times = np.zeros((count, task.n_classes)), np.zeros(count)
    for part in task.labeled:
        words, weights = _seed_words(part, task.n_classes, budget, task.random_state)
        best = task.translator.best(part.documents.language, documents.language)[words]
        np.add.at(total, best, weights)
        np.add.at(times, best, 1)
    total /= np.maximum(times, 1)[:, None]
    counts = documents.counts()[:, :count]
    known = np.flatnonzero(counts @ (times > 0))
    return known, log_softmax(np.asarray(counts @ total))


def _seed_words(
    labeled: LabeledDocuments, n_classes: int, budget: int, random_state: int
) -> tuple[Indices, Double]:
    """Find the most discriminative words, as rows, and their weights for each class."""
    from scipy.sparse import csr_array

    documents, y = labeled.documents, labeled.classes
    known = documents.keep(documents.words < documents.vocabulary)
    used, columns = np.unique(known.words, return_inverse=True)
    # scikit-learn takes 32-bit indices only.
    indices = (columns.astype(np.int32), known.starts.astype(np.int32))
    counts = csr_array((np.ones(len(columns)), *indices), shape=(len(known), len(used)))
    weights = np.zeros((len(used), n_classes))
    for c in np.unique(y):  # one class against the rest, as liblinear does
        model = LogisticRegression(
            C=STRENGTH / len(y),
            l1_ratio=1,
            solver="liblinear",
            tol=1e-3,  # with less it may never converge
            max_iter=10_000,
            random_state=random_state,
        ).fit(counts, y == c)
        weights[:, c] = model.coef_[0]
    strongest = np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:budget]
    strongest = strongest[np.abs(weights[strongest]).max(axis=1) > 0]
    return used[strongest].astype(np.int64), weights[strongest]
