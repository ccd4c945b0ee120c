"""Terms of queries beside plain searches."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import alignx as ax
from alignx.search.part import Part
from alignx.search.query_terms import QueryTerms
from alignx.search.subwords import with_subwords

RNG = np.random.default_rng(0)
ENGLISH = [f"cat{letter}{other}" for letter in "abcdef" for other in "klmno"]
SPANISH = [f"gato{letter}{other}" for letter in "abcdef" for other in "klmno"]
ROWS = RNG.standard_normal((2, len(ENGLISH), 8)).astype(np.float32)
SPACE = ax.SharedSpace(
    {"en": ax.Embeddings(ENGLISH, ROWS[0]), "es": ax.Embeddings(SPANISH, ROWS[1])}
)


def part_of(*texts: str) -> Part:
    return Part.of(texts, range(len(texts)), np.zeros((len(texts), 2), np.float32))


def test_weights_are_those_of_a_plain_search() -> None:
    english, spanish = (SPACE[code].vectors.astype(float) for code in ("en", "es"))
    cosine = english @ spanish.T
    near = [np.sort(each, axis=1)[:, -10:].mean(axis=1) for each in (cosine, cosine.T)]
    scores = 2 * cosine - near[0][:, None] - near[1]
    queries = ["catak cabbage catbl catak", "catak"]
    found = QueryTerms(SPACE, n_translations=3).of(queries, "en", "es", [part_of("gatoak")])
    assert [[count for count, _ in words] for words in found] == [[2.0, 1.0, 1.0], [1.0]]
    assert found[0][1][1] == {"cabbage": 1.0}
    for word, (_, terms) in {"catak": found[0][0], "catbl": found[0][2]}.items():
        row = scores[ENGLISH.index(word)]
        best = np.argsort(-row)[:3]
        expected = {SPANISH[i]: 1 / (1 + np.exp((0.1 - row[i]) / 0.1)) for i in best}
        assert terms == pytest.approx(expected, abs=1e-4)


def test_words_keep_their_spelling_in_their_own_language() -> None:
    found = QueryTerms(SPACE).of(["catak 1989"], "en", "en", [part_of("catak 1989")])
    assert found == [[(1.0, {"catak": 1.0}), (1.0, {"1989": 1.0})]]


def test_a_misspelled_word_takes_similar_terms_of_all_parts() -> None:
    parts = [part_of("gorbatschow dog"), part_of("gorbachev 1989", "gorbatscho")]
    ((_, terms),) = QueryTerms(SPACE).of(["gorbatshow"], "en", "es", parts)[0]
    assert set(terms) == {"gorbatschow", "gorbatscho"}  # 0.91 and 0.9; the third is below 0.75
    assert sum(terms.values()) < 1


def test_threads_see_all_similar_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    started = threading.Event()

    def slowly(part: Part) -> list[str]:
        started.set()
        time.sleep(0.1)
        return list(plain(part))

    plain = Part.all_terms
    monkeypatch.setattr(Part, "all_terms", slowly)
    terms, parts = QueryTerms(SPACE), [part_of("gorbatschow")]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(terms.of, ["gorbatshow"], "en", "es", parts)
        started.wait()
        second = terms.of(["gorbatshow"], "en", "es", parts)
        assert second == first.result()
    assert "gorbatschow" in second[0][0][1]


def test_an_oov_word_without_a_similar_term_is_translated_by_its_characters() -> None:
    terms = QueryTerms(with_subwords(SPACE))
    ((_, found),) = terms.of(["catakatak"], "en", "es", [part_of("dog")])[0]
    assert len(found) == 10
    assert set(found) <= {*SPANISH}
    ((_, kept),) = terms.of(["catakatak"], "en", "es", [part_of("catakatak")])[0]
    assert kept == {"catakatak": 1.0}  # a document has it
