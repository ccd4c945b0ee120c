from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from made_languages import duplicated, make_languages
from reference import cosines, csls, top_k

from alignx.alignment.shared_space import SharedSpace
from alignx.reporting.dictionary import Dictionary
from alignx.retrieval.csls import csls_neighbors
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from alignx.retrieval.neighbors import CrossNeighbors


def plain(source: np.ndarray, target: np.ndarray) -> SharedSpace:
    return SharedSpace(
        {
            "en": Embeddings([f"cat{i}" for i in range(len(source))], source),
            "es": Embeddings([f"gato{i}" for i in range(len(target))], target),
        }
    )


def dictionary_of(space: SharedSpace, k: int = 10) -> Dictionary:
    X, Y = space.source.vectors, space.target.vectors
    found = csls_neighbors(X, Y, k, n_neighbors=k, cosine=space.cosine_neighbors(k))
    return Dictionary.of(space, found)


def test_without_a_ranker_answers_are_by_csls_in_both_directions(ranked: SharedSpace) -> None:
    space = SharedSpace(ranked.languages)
    X, Y = space.source.vectors, space.target.vectors
    found = dictionary_of(space)
    scores = csls(X, Y, 10)
    for direction, values in ((found.forward, scores), (found.backward, scores.T)):
        best, rows = top_k(values, 5)
        assert np.array_equal(direction.answers, rows)
        assert np.allclose(direction.scores, best, atol=1e-5)
    assert found.score == "csls"


def test_probabilities_are_those_of_the_pair(ranked: SharedSpace, by_csls: CrossNeighbors) -> None:
    found = Dictionary.of(ranked, by_csls)
    assert found.score == "probability"
    words = ranked.source.words[:40]
    for row, answers in enumerate(ranked.translate(list(words), 5)):
        assert [ranked.target.words[i] for i in found.forward.answers[row]] == [
            each.word for each in answers
        ]
        assert np.allclose(found.forward.scores[row], [each.score for each in answers], atol=1e-5)
    # Backward, each target word has the source words that are most probable to translate to it.
    every = ranked.translate(list(ranked.source.words), 12)
    chances: dict[str, list[tuple[float, int]]] = {}
    for row, answers in enumerate(every):
        for each in answers:
            chances.setdefault(each.word, []).append((-each.score, row))
    for row, word in enumerate(ranked.target.words):
        best = sorted(chances.get(word, []))[:5]
        n = len(best)
        assert found.backward.answers[row, n:].tolist() == [-1] * (5 - n)
        assert np.allclose(found.backward.scores[row, :n], [-p for p, _ in best], atol=1e-5)


def test_neighbors_leave_out_the_word_itself() -> None:
    found = dictionary_of(plain(*make_languages(duplicated, 80, 50)))
    for direction, rows in ((found.forward, 80), (found.backward, 50)):
        assert direction.neighbors.shape == (rows, 5)
        assert not (direction.neighbors == np.arange(rows)[:, None]).any()


def test_neighbors_are_the_nearest(ranked: SharedSpace, by_csls: CrossNeighbors) -> None:
    found = Dictionary.of(ranked, by_csls)
    scores = cosines(ranked.target.vectors, ranked.target.vectors)
    np.fill_diagonal(scores, -2)
    assert np.array_equal(found.backward.neighbors, top_k(scores, 5)[1])


def test_tiny_vocabularies_have_fewer_answers() -> None:
    found = dictionary_of(plain(np.eye(3), np.eye(3)[:1]), k=1)
    assert found.forward.answers.tolist() == [[0]] * 3
    assert found.forward.neighbors.shape == (3, 2)
    assert found.backward.neighbors.shape == (1, 0)
