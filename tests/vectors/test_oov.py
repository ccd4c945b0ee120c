from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.oov import add_oov_entries, look_up, oov_entries, with_phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIMENSION = 5
RNG = np.random.default_rng(3)
WORDS = ("the", "of", "new", "york", "city", "nothing")
VECTORS = RNG.standard_normal((len(WORDS), DIMENSION)).astype(np.float32)
VECTORS[-1] = 0  # a word without a vector
INVENTED = {
    word: RNG.standard_normal(DIMENSION).astype(np.float32) for word in ("yorker", "cities")
}


def by_characters(words: Sequence[str]) -> NDArray[np.float32]:
    zero = np.zeros(DIMENSION, dtype=np.float32)
    return np.stack([INVENTED.get(word, zero) for word in words])


BLIND = Embeddings(WORDS, VECTORS, "en", "wiki.en.vec")
ENGLISH = Embeddings(WORDS, VECTORS, "en", "wiki.en.bin", oov_vectors=by_characters)


def unit(row: NDArray[np.floating]) -> NDArray[np.float64]:
    double = row.astype(np.float64)
    return np.asarray(double / np.linalg.norm(double))


def weight(word: str) -> float:
    """SIF weight by rank; 1 for an OOV word."""
    if word not in WORDS:
        return 1.0
    shares = [1 / (rank + 2.7) for rank in range(1, len(WORDS) + 1)]
    return 1e-3 / (1e-3 + shares[WORDS.index(word)] / sum(shares))


def vector(word: str) -> NDArray[np.floating]:
    return VECTORS[WORDS.index(word)] if word in WORDS else INVENTED[word]


def mean(phrase: str) -> NDArray[np.float64]:
    parts = phrase.split()
    return unit(np.sum([weight(word) * unit(vector(word)) for word in parts], axis=0))


def test_words_phrases_and_oov_words_have_their_vectors() -> None:
    asked = ["york", "new york city", "yorker", "new  yorker", "city", "york", "cities of the city"]
    found = look_up(ENGLISH, asked, "subword")
    expected = [unit(VECTORS[3]), mean(asked[1]), unit(INVENTED["yorker"]), mean("new yorker")]
    expected += [unit(VECTORS[4]), unit(VECTORS[3]), mean(asked[6])]
    np.testing.assert_allclose(found.vectors, np.stack(expected), atol=1e-6)
    assert found.origins == (
        "vocabulary", "phrase", "subwords", "phrase", "vocabulary", "vocabulary", "phrase"
    )  # fmt: skip


def test_other_entries_have_no_vector() -> None:
    asked = ["yorker", "new yorker", "new york zzz", "zzz", "nothing", "nothing nothing", "", " "]
    blind, seeing = look_up(BLIND, asked), look_up(ENGLISH, asked, "subword")
    assert blind.origins == (None,) * 8
    assert seeing.origins == ("subwords", "phrase", *[None] * 6)
    assert not blind.vectors.any()
    assert [bool(row.any()) for row in seeing.vectors] == [True, True, *[False] * 6]
    assert look_up(ENGLISH, ["yorker"]).origins == (None,)
    assert look_up(ENGLISH, [], "subword").vectors.shape == (0, DIMENSION)


def test_a_phrase_in_the_vocabulary_has_its_own_vector() -> None:
    language = Embeddings([*WORDS, "new york"], np.vstack([VECTORS, np.ones(DIMENSION)]))
    found = look_up(language, ["new york"])
    assert found.origins == ("vocabulary",)
    np.testing.assert_allclose(found.vectors[0], np.full(DIMENSION, DIMENSION**-0.5), atol=1e-6)


def test_subwords_need_a_model() -> None:
    with pytest.raises(ValueError, match=r"fastText model \(\.bin\).* got wiki\.en\.vec"):
        look_up(BLIND, ["cat"], "subword")
    with pytest.raises(ValueError, match="oov must be 'drop' or 'subword', got 'guess'"):
        look_up(ENGLISH, ["cat"], "guess")  # type: ignore[arg-type]  # what a user may write


def test_oov_entries_come_once_and_in_order() -> None:
    entries = ["yorker", "york", "new york", "zzz", "yorker"]
    more = oov_entries(ENGLISH, entries, "subword")
    assert more.words == ("yorker", "new york")
    np.testing.assert_allclose(more["new york"], mean("new york"), atol=1e-6)
    assert oov_entries(BLIND, entries, "subword").words == ("new york",)


def test_oov_entries_are_appended() -> None:
    wider = add_oov_entries(ENGLISH, ["yorker", "york", "new york"], "subword")
    assert wider.words == (*WORDS, "yorker", "new york")
    np.testing.assert_array_equal(wider.vectors[: len(WORDS)], VECTORS)
    assert (wider.language, wider.source, wider.oov_vectors) == ("en", "wiki.en.bin", by_characters)
    assert add_oov_entries(ENGLISH, ["york", "zzz"]) is ENGLISH


def test_phrases_of_a_lexicon_are_appended_but_no_words() -> None:
    lexicon = Lexicon([("new york", "york"), ("yorker", "city of york"), ("the", "the zzz")])
    source, target = with_phrases(ENGLISH, ENGLISH, lexicon)
    assert source.words == (*WORDS, "new york")
    assert target.words == (*WORDS, "city of york")
    assert lexicon.rows(source, target).positions.tolist() == [0]
    assert with_phrases(ENGLISH, ENGLISH, Lexicon([])) == (ENGLISH, ENGLISH)
