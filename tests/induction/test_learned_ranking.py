from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ciphered import candidates, ciphered, labeled

from alignx.evaluation.word_translation import evaluate
from alignx.induction import learned_ranking
from alignx.induction.induce import induce_lexicon
from alignx.induction.lazy_space import LazySpace
from alignx.induction.learned_ranking import rank_all
from alignx.induction.sharded import plan
from alignx.induction.sharded.plan import Sharding
from alignx.lexicon.lexicon import Lexicon
from alignx.ranking.ranker import PairRanker
from alignx.retrieval.csls import csls_biases, csls_neighbors
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.support.config import config_context

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace

COUNT, K = 200, 8


@pytest.fixture(scope="module")
def shared() -> SharedSpace:
    """Languages with a ranker that was fitted on half of the words."""
    space, known = ciphered(COUNT), np.arange(0, COUNT, 2)
    parts = [labeled(space, known[i::2], known[1 - i :: 2], K) for i in range(2)]
    ranker = PairRanker(n_candidates=K, hidden=4, features=["csls", "target_gap", "ngrams"])
    return ciphered(COUNT, ranker=ranker.fit(parts))


def expected_order(shared: SharedSpace, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Target rows and probabilities of every source word, most probable first."""
    assert shared.ranker is not None
    pairs = candidates(shared, np.arange(COUNT), max(k, K))
    probability = shared.ranker.predict_proba(pairs)
    order = np.argsort(-probability, axis=1, kind="stable")
    return (
        np.take_along_axis(pairs.target_rows, order, axis=1),
        np.take_along_axis(probability, order, axis=1),
    )


def expected_pairs(shared: SharedSpace, k: int, mutual: bool) -> dict[tuple[str, str], float]:
    rows, probability = expected_order(shared, k)
    sources: dict[int, list[tuple[float, int]]] = {}
    for source in range(COUNT):
        for row, chance in zip(rows[source].tolist(), probability[source].tolist(), strict=True):
            sources.setdefault(row, []).append((-chance, source))
    found = {}
    for source in range(COUNT):
        for row, chance in list(zip(rows[source].tolist(), probability[source], strict=True))[:k]:
            best = [s for _, s in sorted(sources[row])[:k]]
            if not mutual or source in best:
                found[shared.source.words[source], shared.target.words[row]] = float(chance)
    return found


# --- the pairs --------------------------------------------------------------------------------


@pytest.mark.parametrize("mutual", [True, False])
@pytest.mark.parametrize("k", [1, 3])
def test_pairs_are_the_most_probable_ones(shared: SharedSpace, k: int, mutual: bool) -> None:
    expected = expected_pairs(shared, k, mutual)
    found = induce_lexicon(shared, k=k, mutual=mutual)
    assert list(found) == list(expected)
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, list(expected.values()), atol=1e-6)
    by_csls = induce_lexicon(shared, k=k, mutual=mutual, ranking="csls")
    assert by_csls.probabilities is None
    assert list(by_csls) != list(found)
    truth = set(zip(shared.source.words, shared.target.words, strict=True))
    right = [len(truth.intersection(lexicon)) / len(lexicon) for lexicon in (found, by_csls)]
    assert right[0] > right[1]


def test_scores_are_csls(shared: SharedSpace) -> None:
    pairs = candidates(shared, np.arange(COUNT), K)
    every = {
        (shared.source.words[s], shared.target.words[t]): score
        for s in range(COUNT)
        for t, score in zip(pairs.target_rows[s].tolist(), pairs.csls[s].tolist(), strict=True)
    }
    found = induce_lexicon(shared)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, [every[pair] for pair in found], atol=1e-5)


def test_more_translations_than_candidates_are_all_ranked(shared: SharedSpace) -> None:
    found = induce_lexicon(shared, k=K + 4, mutual=False)
    expected = expected_pairs(shared, K + 4, mutual=False)
    assert len(found) == COUNT * (K + 4)
    assert list(found) == list(expected)
    (one,) = shared.translate(["e" * 99, shared.source.words[5]], K + 4)[1:]
    assert [a.word for a in one] == [t for s, t in expected if s == shared.source.words[5]]


@pytest.mark.parametrize("k", [1, 2])
def test_some_words_have_the_pairs_of_all(shared: SharedSpace, k: int) -> None:
    """Rivals for their translations are ranked too, and no others are needed."""
    every = induce_lexicon(shared, k=k)
    for rows in ([5], [7, 3, 191], range(0, COUNT, 3)):
        words = [shared.source.words[row] for row in rows]
        some = induce_lexicon(shared, words=words, k=k)
        pairs = [pair for word in words for pair in every if pair[0] == word]
        assert list(some) == pairs
        chances = dict(zip(every, np.asarray(every.probabilities), strict=True))
        np.testing.assert_allclose(
            np.asarray(some.probabilities), [chances[p] for p in pairs], atol=1e-6
        )
    assert list(induce_lexicon(shared, words=["zzzzzzzzz"])) == []


def test_translations_are_the_pairs_of_one_word(shared: SharedSpace) -> None:
    every = induce_lexicon(shared, k=3, mutual=False)
    pairs, chances = list(every), np.asarray(every.probabilities)
    for row in (0, 17, 199):
        word = shared.source.words[row]
        answers = shared.translate(word, 3)
        assert [(word, a.word) for a in answers] == pairs[3 * row : 3 * row + 3]
        np.testing.assert_allclose(
            [a.score for a in answers], chances[3 * row : 3 * row + 3], atol=1e-6
        )
    together = shared.translate(shared.source.words, 1)
    assert [a.word for (a,) in together] == [target for _, target in pairs[::3]]
    by_csls = shared.translate(shared.source.words[:20], 3, ranking="csls")
    assert by_csls != shared.translate(shared.source.words[:20], 3)


def test_shards_give_the_pairs_of_memory(
    shared: SharedSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SHARD_ROWS", (64,))
    for options in ({}, {"k": 2, "mutual": False}, {"ranking": "csls"}):
        expected = induce_lexicon(shared, **options)
        found = induce_lexicon(shared, sharding=Sharding(index="exact"), **options)
        assert list(found) == list(expected)
        np.testing.assert_array_equal(found.scores, expected.scores)
        np.testing.assert_array_equal(found.probabilities, expected.probabilities)


def test_a_lazy_space_takes_the_ranker(shared: SharedSpace) -> None:
    lazy = LazySpace(shared.source, shared.target, ranker=shared.ranker)
    expected = induce_lexicon(shared)
    for sharding in (None, Sharding()):
        found = induce_lexicon(lazy, sharding=sharding)
        assert list(found) == list(expected)
        assert found.probabilities is not None


def test_threads_and_blocks_make_no_difference(
    shared: SharedSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found.append(induce_lexicon(ciphered(COUNT, ranker=shared.ranker), k=2))
    assert list(found[0]) == list(found[1])
    np.testing.assert_array_equal(found[0].probabilities, found[1].probabilities)
    monkeypatch.setattr(learned_ranking, "BLOCK", 33)
    again = induce_lexicon(shared, k=2)
    assert list(again) == list(found[0])
    np.testing.assert_allclose(
        np.asarray(again.probabilities), np.asarray(found[0].probabilities), atol=1e-6
    )


@pytest.mark.parametrize("words", [None, ["zzzzzzzzz"], 3])
def test_progress_goes_from_start_to_end(shared: SharedSpace, words: Any) -> None:  # noqa: ANN401
    seen: list[float] = []
    asked = shared.source.words[:words] if isinstance(words, int) else words
    induce_lexicon(ciphered(COUNT, ranker=shared.ranker), words=asked, progress=seen.append)
    assert seen == sorted(seen)
    assert 0.7 < seen[-1] <= 1 + 1e-9
    if words is None:
        assert seen[-1] == pytest.approx(1)


# --- from neighbors ---------------------------------------------------------------------------


def test_missing_neighbors_stay_missing(shared: SharedSpace) -> None:
    """Approximate search may find fewer neighbors than were asked for."""
    assert shared.ranker is not None
    vectors = shared.source.vectors, shared.target.vectors
    found = csls_neighbors(*vectors, K, n_neighbors=10)
    biases = csls_biases(*vectors, n_neighbors=10)
    words = shared.source.words, shared.target.words
    indices, scores = found.of_source.indices.copy(), found.of_source.scores.copy()
    indices[::3, 5:], scores[::3, 5:] = -1, -4
    indices[9], scores[9] = -1, -4
    gaps = CrossNeighbors(Neighbors(indices, scores), found.of_target)
    ranked = rank_all(shared.ranker, gaps, biases, words, 2)
    of_source = ranked.found.of_source.indices
    assert (np.sort(of_source, axis=1) == np.sort(indices, axis=1)).all()
    assert (of_source[::3, 5:] == -1).all()
    assert (ranked.probability[of_source < 0] == 0).all()
    assert (ranked.probability[of_source >= 0] > 0).all()
    assert 9 not in ranked.found.of_target.indices


def test_the_best_sources_are_those_of_a_loop(shared: SharedSpace) -> None:
    assert shared.ranker is not None
    vectors = shared.source.vectors, shared.target.vectors
    found = csls_neighbors(*vectors, K, n_neighbors=10)
    biases = csls_biases(*vectors, n_neighbors=10)
    words = shared.source.words, shared.target.words
    ranked = rank_all(shared.ranker, found, biases, words, 3)
    rows, probability = ranked.found.of_source.indices, ranked.probability
    for target in range(COUNT):
        chances = sorted(
            (-probability[s, c], s) for s, c in zip(*np.where(rows == target), strict=True)
        )[:3]
        expected = [s for _, s in chances] + [-1] * (3 - len(chances))
        assert ranked.found.of_target.indices[target].tolist() == expected


# --- other doors ------------------------------------------------------------------------------


def test_no_ranking_is_learned_for_the_reverse(shared: SharedSpace) -> None:
    turned = shared.reversed()
    assert turned.ranker is None
    assert induce_lexicon(turned).probabilities is None
    lexicon = Lexicon(list(zip(turned.source.words, turned.target.words, strict=True)))
    lazy = LazySpace(shared.source, shared.target, ranker=shared.ranker).reversed()
    for door in (
        lambda: turned.translate(turned.source.words[0], ranking="learned"),
        lambda: induce_lexicon(turned, ranking="learned"),
        lambda: induce_lexicon(lazy, ranking="learned"),
        lambda: induce_lexicon(lazy, ranking="learned", sharding=Sharding()),
        lambda: evaluate(turned, lexicon, ranking="learned"),
    ):
        with pytest.raises(ValueError, match="ranking 'learned' needs a map with a learned"):
            door()
    assert "learned" not in evaluate(turned, lexicon).more


@pytest.mark.parametrize("policy", ["muse", "fasttext", "xling"])
def test_evaluation_ranks_by_probability(shared: SharedSpace, policy: Any) -> None:  # noqa: ANN401
    source, target = shared.source.words, shared.target.words
    pairs = [(source[i], target[i]) for i in range(0, COUNT, 2)]
    pairs += [(source[i], target[(i + 1) % COUNT]) for i in range(0, COUNT, 10)]
    pairs += [("zzzzzzzzz", target[0])]
    report = evaluate(shared, Lexicon(pairs), oov_policy=policy)
    rows, _ = expected_order(shared, K)
    by_csls = candidates(shared, np.arange(COUNT), COUNT).target_rows
    answers: dict[str, list[str]] = {}
    for one, other in pairs[:-1]:
        answers.setdefault(one, []).append(other)
    asked = pairs[:-1] if policy == "xling" else list(answers.items())
    ranks = []
    for word, right in asked:
        row = source.index(word)
        rest = [t for t in by_csls[row].tolist() if t not in rows[row]]
        order = [target[t] for t in [*rows[row].tolist(), *rest]]
        ranks.append(min(order.index(t) for t in ([right] if policy == "xling" else right)) + 1)
    n = len(ranks) + (policy == "fasttext")
    learned = report.more["learned"]
    assert learned.n == n
    for k, share in learned.precision.items():
        assert share == pytest.approx(sum(rank <= k for rank in ranks) / n)
    assert learned.mrr == pytest.approx(sum(1 / rank for rank in ranks) / n)
    assert learned.precision[1] > report.csls.precision[1]
    assert report.as_dict()["learned"] == learned.as_dict()
    assert "learned by slice" in str(report)


def test_other_rankings_are_measured_instead(shared: SharedSpace) -> None:
    pairs = Lexicon(list(zip(shared.source.words, shared.target.words, strict=True)))
    assert list(evaluate(shared, pairs).more) == ["learned"]
    assert list(evaluate(shared, pairs, ranking="isf").more) == ["isf"]
    for ranking in ("csls", "nn"):
        report = evaluate(shared, pairs, ranking=ranking)
        assert report.more == {}
        assert "csls by slice" in str(report)


def test_phrases_and_other_new_words_are_ranked(shared: SharedSpace) -> None:
    first, second = shared.source.words[:2]
    (answers,) = shared.translate([f"{first} {second}"], 3)
    assert [a.origin for a in answers] == ["phrase"] * 3
    assert all(0 <= a.score <= 1 for a in answers)
    scores = [a.score for a in answers]
    assert scores == sorted(scores, reverse=True)
    extended = shared.extended([f"{first} {second}"])
    assert extended.ranker is shared.ranker
    found = induce_lexicon(extended, words=[f"{first} {second}"], mutual=False)
    assert found.probabilities is not None
