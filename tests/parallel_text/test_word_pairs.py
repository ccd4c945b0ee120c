from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignx.errors import EmptyLexiconError
from alignx.parallel_text.sentence_pairs import SentencePairs
from alignx.parallel_text.word_links import Cooccurrences, dice, model_1
from alignx.parallel_text.word_pairs import lexicon_from_parallel

sentences = st.lists(st.integers(1, 5), max_size=6)
corpora = st.lists(st.tuples(sentences, sentences), min_size=1, max_size=6)


def slow_model_1(
    pairs: list[tuple[list[int], list[int]]], iterations: int
) -> dict[tuple[int, int], float]:
    """Model 1 as in Brown et al. (1993), by loops over words."""
    probability: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    links: dict[tuple[int, int], float] = {}
    for _ in range(iterations):
        links = defaultdict(float)
        totals: dict[int, float] = defaultdict(float)
        for source, target in pairs:
            for t in target:
                total = sum(probability[s, t] for s in [0, *source])
                for s in [0, *source]:
                    links[s, t] += probability[s, t] / total
                    totals[s] += probability[s, t] / total
        probability = defaultdict(float, {(s, t): n / totals[s] for (s, t), n in links.items()})
    return links


@settings(deadline=None, max_examples=40)
@given(corpora, st.integers(1, 4))
def test_model_1_is_that_of_loops(pairs: list[tuple[list[int], list[int]]], rounds: int) -> None:
    source, target = [s for s, _ in pairs], [t for _, t in pairs]
    found = Cooccurrences.of(source, target, 6, null=True)
    links = model_1(found, rounds)
    expected = slow_model_1(pairs, rounds)
    keys = [divmod(key, 6) for key in found.keys.tolist()]
    assert set(keys) == set(expected)
    np.testing.assert_allclose(links, [expected[key] for key in keys], rtol=1e-9)
    # Each target word is linked once.
    counts = Counter(word for text in target for word in text)
    totals = np.bincount(found.keys % 6, links, minlength=6)
    np.testing.assert_allclose(totals, [counts[word] for word in range(6)], rtol=1e-9)


def test_dice_counts_common_sentences() -> None:
    pairs = Cooccurrences.of([[1, 2], [1]], [[1], [2]], 3, null=False)
    assert pairs.keys.tolist() == [4, 5, 7]  # 1-1, 1-2, 2-1
    found = dice(pairs, np.array([0, 2.0, 1]), np.array([0, 1.0, 1]))
    np.testing.assert_allclose(found, [2 / 3, 2 / 3, 1])


def drawn(n: int, seed: int) -> SentencePairs:
    """Draw sentences of which word i translates word i, in another order."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, 41)
    rows = [rng.choice(40, 6, replace=False, p=share / share.sum()) for _ in range(n)]
    return SentencePairs(
        [" ".join(f"cat{i}" for i in row) for row in rows],
        [" ".join(f"Gato{i}" for i in rng.permutation(row)) for row in rows],
    )


@pytest.mark.parametrize("method", ["model_1", "dice"])
def test_translations_are_found(method: str) -> None:
    found = lexicon_from_parallel(drawn(150, 0), method=method)  # type: ignore[arg-type]
    right = [source[3:] == target[4:] for source, target in found]
    assert len(found) >= 38
    assert np.mean(right) >= 0.95
    assert found.scores is not None
    assert found.probabilities is not None
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.probabilities > 0) & (found.probabilities <= 1)).all()
    assert len({source for source, _ in found}) == len({t for _, t in found}) == len(found)


def test_the_direction_only_exchanges_the_words() -> None:
    pairs = drawn(60, 1)
    there = lexicon_from_parallel(pairs)
    back = lexicon_from_parallel(SentencePairs(pairs.target, pairs.source))
    assert dict(zip(there, there.scores.round(9), strict=True)) == {  # type: ignore[union-attr]
        (s, t): n
        for (t, s), n in zip(back, back.scores.round(9), strict=True)  # type: ignore[union-attr]
    }


def test_marks_and_long_sentences_are_left_out() -> None:
    long = " ".join(f"w{i}" for i in range(101))
    pairs = SentencePairs(["cat !"] * 3 + [long] * 3, ["gato ?"] * 3 + ["v0"] * 3)
    found = lexicon_from_parallel(pairs)
    assert list(found) == [("cat", "gato")]
    assert found.notes == ("3 sentence pairs",)


def test_tokenizers_are_used() -> None:
    pairs = SentencePairs(["cat_dog"] * 3, ["GATO"] * 3)
    found = lexicon_from_parallel(pairs, tokenizers=(lambda text: text.split("_")[:1], str.split))
    assert list(found) == [("cat", "GATO")]


def test_too_little_evidence_and_wrong_options_are_refused() -> None:
    pairs = SentencePairs(["cat"], ["gato"])
    with pytest.raises(EmptyLexiconError, match=r"linked 1.5 times in 1 sentence pair; give more"):
        lexicon_from_parallel(pairs)
    assert list(lexicon_from_parallel(pairs, least_links=0.1)) == [("cat", "gato")]
    with pytest.raises(EmptyLexiconError):
        lexicon_from_parallel(SentencePairs(["!"], ["?"]), least_links=0)
    with pytest.raises(ValueError, match="method must be 'model_1' or 'dice', got 'ibm'"):
        lexicon_from_parallel(pairs, method="ibm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="least_links must be at least 0, got -1"):
        lexicon_from_parallel(pairs, least_links=-1)
    with pytest.raises(TypeError, match="pairs must be of class SentencePairs, got list"):
        lexicon_from_parallel(["cat"])  # type: ignore[arg-type]
