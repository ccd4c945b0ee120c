"""Small languages whose words belong to topics, and texts about them."""

from __future__ import annotations

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.vectors.embeddings import Embeddings

TOPICS = ("food", "sport", "war")
LANGUAGES = ("en", "es", "de")
DIMENSION = 20
COMMON = 30  # words of no topic, the most frequent ones
OF_TOPIC = 40


def planted_space(noise: float = 0.5, languages: tuple[str, ...] = LANGUAGES) -> SharedSpace:
    """Languages with the same words in the same order, and the same vectors up to noise."""
    rng = np.random.default_rng(7)
    centers = 1.5 * np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0][: len(TOPICS)]
    concepts = rng.standard_normal((COMMON + len(TOPICS) * OF_TOPIC, DIMENSION))
    concepts /= np.sqrt(DIMENSION)
    for number in range(len(TOPICS)):
        concepts[COMMON + number :: len(TOPICS)] += centers[number]
    found = {}
    for code in languages:
        rows = concepts + noise * rng.standard_normal(concepts.shape) / np.sqrt(DIMENSION)
        words = [f"{code}{number}" for number in range(len(concepts))]
        found[code] = Embeddings(words, rows, language=code)
    return SharedSpace(found)


def topic_texts(
    code: str, count: int, seed: int, share: float = 0.3, length: int = 12
) -> tuple[list[str], list[str]]:
    """Texts of words, that share of them of the topic, and the topics."""
    rng = np.random.default_rng([seed, LANGUAGES.index(code)])
    texts, labels = [], []
    for _ in range(count):
        topic = int(rng.integers(len(TOPICS)))
        own = COMMON + topic + len(TOPICS) * rng.integers(OF_TOPIC, size=length)
        anything = rng.integers(COMMON, size=length)
        numbers = np.where(rng.random(length) < share, own, anything)
        texts.append(" ".join(f"{code}{number}" for number in numbers))
        labels.append(TOPICS[topic])
    return texts, labels
