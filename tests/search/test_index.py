"""Indexes: what is found, what is kept on disk, and what bad input does."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ciphered import ciphered, labeled

import alignx as ax
from alignx.errors import FormatError, MissingFileError, OutputError
from alignx.ranking.ranker import PairRanker
from alignx.search import folder as index_folder
from alignx.search.index import CrossLingualIndex, add_documents
from alignx.search.query_terms import QueryTerms

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.search.ranking import DocumentRanking, Hit

WORDS = 40
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((WORDS, 12)).astype(np.float32)
SPACE = ax.SharedSpace(
    {
        "en": ax.Embeddings(
            [f"cat{'abcdefgh'[i % 8]}{'klmno'[i // 8]}" for i in range(WORDS)], ROWS
        ),
        "es": ax.Embeddings(
            [f"gato{'abcdefgh'[i % 8]}{'klmno'[i // 8]}" for i in range(WORDS)], ROWS
        ),
    }
)
ENGLISH, SPANISH = SPACE["en"].words, SPACE["es"].words


def texts(seed: int, count: int, language: str = "es") -> tuple[list[str], list[str]]:
    """Return documents, and the same in English."""
    drawn = np.random.default_rng(seed).integers(WORDS, size=(count, 6))
    spanish = [" ".join(SPACE[language].words[i] for i in row) for row in drawn]
    return spanish, [" ".join(ENGLISH[i] for i in row) for row in drawn]


def rows(hits: list[Hit]) -> list[int]:
    return [hit.row for hit in hits]


@pytest.mark.parametrize("ranking", ["fused", "dense", "lexical"])
def test_translations_of_documents_find_them(ranking: DocumentRanking) -> None:
    documents, queries = texts(1, 30)
    index = CrossLingualIndex.build(SPACE, {"es": documents})
    found = index.search(queries, k=3, language="en", ranking=ranking)
    assert [hits[0].row for hits in found] == list(range(30))
    assert all(hits[0].text == text for hits, text in zip(found, documents, strict=True))


def test_scores_are_those_of_a_plain_computation() -> None:
    documents, queries = texts(2, 25)
    index = CrossLingualIndex.build(SPACE, {"es": documents})
    vectors = index.encode(documents, "es").astype(float)
    query = index.encode(queries[:1], "en")[0].astype(float)
    for hit in index.search(queries[0], k=25, language="en"):
        assert hit.dense == pytest.approx(vectors[hit.row] @ query, abs=1e-5)
        assert hit.score == pytest.approx(0.2 * hit.dense + 0.8 * hit.lexical, abs=1e-6)
        assert 0 <= hit.lexical <= 1
    scores = [hit.score for hit in index.search(queries[0], k=25, language="en")]
    assert scores == sorted(scores, reverse=True)


def test_several_languages_are_searched_at_once() -> None:
    spanish, english = texts(3, 10)
    index = CrossLingualIndex.build(SPACE, {"es": spanish, "en": english})
    best = index.search(english[4], k=2, language="en")
    assert sorted(rows(best)) == [4, 14]
    assert {hit.language for hit in best} == {"en", "es"}
    assert index.sizes == {"es": 10, "en": 10}


def test_empty_and_repeated_documents_are_left_out_and_keep_their_rows() -> None:
    (first, second), (_, query) = texts(4, 2)
    header = [SPANISH[0]] * 1_000
    index = CrossLingualIndex.build(SPACE, {"es": [first, "", "  ", first, *header, second]})
    assert len(index) == 3
    assert index.given == 1_005
    assert index.search(query, k=1, language="en")[0].row == 1_004
    assert repr(index) == "CrossLingualIndex(3 documents; es: 3)"


def test_oov_words_are_found_by_their_spelling() -> None:
    index = CrossLingualIndex.build(SPACE, {"es": ["Gorbatschow gatoak", "gatobk 1989"]})
    search = partial(index.search, language="en", ranking="lexical")
    assert rows(search("Gorbatschow")) == [0]
    assert rows(search("gorbachow")) == [0]  # two letters differ
    assert rows(search("1989")) == [1]
    assert index.search("zzzzzz", language="en") == []
    assert index.search("", language="en") == []
    assert CrossLingualIndex.build(SPACE, {"es": ["", " "]}).search("cat", language="en") == []


@pytest.mark.slow
def test_documents_may_be_huge() -> None:
    texts = ["x" * 10_000_000, f"{SPANISH[0]} " * 1_000_000]  # 10 MB and 8 MB
    index = CrossLingualIndex.build(SPACE, {"es": texts})
    (best,) = index.search(ENGLISH[0], k=1, language="en")
    assert best.row == 1
    assert index.search("x" * 10_000_000, language="en") == []


def test_a_saved_index_gives_the_same_answers(tmp_path: Path) -> None:
    documents, queries = texts(5, 20)
    index = CrossLingualIndex.build(SPACE, {"es": documents, "en": queries[:5]})
    index.save(tmp_path / "index")
    opened = CrossLingualIndex.open(tmp_path / "index", check=True)
    assert isinstance(opened.parts[0][1].vectors.base, np.memmap)
    for query in queries:
        assert opened.search(query, language="en") == index.search(query, language="en")


def test_added_documents_are_those_of_one_build(tmp_path: Path) -> None:
    documents, queries = texts(6, 30)
    CrossLingualIndex.build(SPACE, {"es": documents[:12]}).save(tmp_path / "index")
    names = {path.name for path in (tmp_path / "index" / "es").iterdir()}
    index = add_documents(tmp_path / "index", {"es": documents[12:]})
    assert names < {path.name for path in (tmp_path / "index" / "es").iterdir()}
    whole = CrossLingualIndex.build(SPACE, {"es": documents})
    for query in queries:
        many, one = (each.search(query, language="en") for each in (index, whole))
        assert rows(many) == rows(one)
        np.testing.assert_allclose([h.score for h in many], [h.score for h in one], atol=1e-6)
    again = add_documents(tmp_path / "index", {"es": documents})
    assert len(again) == 30


def test_an_interrupted_addition_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents, _ = texts(7, 10)
    CrossLingualIndex.build(SPACE, {"es": documents[:5]}).save(tmp_path / "index")
    before = (tmp_path / "index" / "search.json").read_bytes()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alignx.search.folder.sync_folder", interrupt)  # files are there, unlisted
        with pytest.raises(KeyboardInterrupt):
            add_documents(tmp_path / "index", {"es": documents[5:]})
    assert (tmp_path / "index" / "search.json").read_bytes() == before
    assert len(CrossLingualIndex.open(tmp_path / "index", check=True)) == 5
    assert len(add_documents(tmp_path / "index", {"es": documents[5:]})) == 10
    listed = json.loads((tmp_path / "index" / "search.json").read_text())["parts"]
    there = {path.name for path in (tmp_path / "index" / "es").glob("documents-*")}
    assert there == {part["file"]["path"].split("/")[1] for part in listed}


def test_queries_of_a_saved_index_need_no_search_of_whole_vocabularies(tmp_path: Path) -> None:
    index = CrossLingualIndex.build(SPACE, {"es": texts(5, 20)[0]})
    index.save(tmp_path / "index")
    opened = CrossLingualIndex.open(tmp_path / "index")
    both = opened.space.pair("en", "es")
    for stored, own in zip(both.csls_biases(), SPACE.csls_biases(), strict=True):
        np.testing.assert_array_equal(stored, own)
    assert not both._searches.cosine  # the biases were read
    vectors = [each.encode([f"{ENGLISH[3]}s"], "en") for each in (index, opened)]  # OOV
    np.testing.assert_allclose(vectors[1], vectors[0], atol=2e-3)  # of half precision
    opened.save(tmp_path / "copy")
    names = [
        {path.name for path in (tmp_path / name).rglob("subwords-*")} for name in ("index", "copy")
    ]
    assert names[0] == names[1]


def test_the_learned_ranking_weighs_terms_and_is_kept(tmp_path: Path) -> None:
    plain = ciphered(80)
    order = np.arange(80)
    ranker = PairRanker(n_candidates=5, epochs=1, hidden=4)
    ranker.fit([labeled(plain, order[:40], order[40:], 5)])
    space = ax.SharedSpace(dict(plain), ranker)
    word = plain.source.words[60]
    expected = {each.word: each.score for each in space.translate(word, 10)}
    CrossLingualIndex.build(space, {"ru": [plain.target.words[60]]}).save(tmp_path / "index")
    index = CrossLingualIndex.open(tmp_path / "index")
    ((_, terms),) = QueryTerms(index.space).of([word], "en", "ru", [index.parts[0][1]])[0]
    assert terms == pytest.approx(expected)
    assert index.space.pair("ru", "en").ranker is None  # it has one direction


def test_an_index_opens_while_another_is_saved_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CrossLingualIndex.build(SPACE, {"es": texts(1, 5)[0]}).save(tmp_path)
    stale = index_folder._read_manifest(tmp_path)
    CrossLingualIndex.build(SPACE, {"es": texts(2, 9)[0]}).save(tmp_path)
    now = index_folder._read_manifest(tmp_path)
    manifests = iter([stale, now])
    monkeypatch.setattr(index_folder, "_read_manifest", lambda _: next(manifests))
    assert len(CrossLingualIndex.open(tmp_path)) == 9


def test_a_reader_of_a_replaced_index_is_told(tmp_path: Path) -> None:
    CrossLingualIndex.build(SPACE, {"es": texts(1, 5)[0]}).save(tmp_path)
    reader = CrossLingualIndex.open(tmp_path)
    others = {code: ax.Embeddings(SPACE[code].words, ROWS[::-1]) for code in SPACE}
    CrossLingualIndex.build(ax.SharedSpace(others), {"es": texts(2, 5)[0]}).save(tmp_path)
    with pytest.raises(MissingFileError, match="has changed since it was opened; open it again"):
        reader.search("catakatak", language="en")  # an OOV word, whose subwords are read now


def test_damaged_indexes_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    CrossLingualIndex.build(SPACE, {"es": texts(8, 5)[0]}).save(folder)
    (path,) = (folder / "es").glob("documents-*")
    data = path.read_bytes()
    path.write_bytes(data[:-10])
    with pytest.raises(FormatError, match=r"damaged: it must have .* build the index anew"):
        CrossLingualIndex.open(folder)
    path.write_bytes(data[:-10] + b"x" * 10)
    with pytest.raises(FormatError, match="SHA-256"):
        CrossLingualIndex.open(folder, check=True)
    path.unlink()
    with pytest.raises(MissingFileError, match="this file of the index is missing"):
        CrossLingualIndex.open(folder)
    manifest = folder / "search.json"
    for text, problem in {
        "{": "it must be JSON",
        "[]": "not the manifest of an index",
        '{"format": "alignx-search", "version": 2}': "version must be 1, got 2",
        '{"format": "alignx-search", "version": 1}': "alignx is missing",
    }.items():
        manifest.write_text(text)
        with pytest.raises(FormatError, match=problem):
            CrossLingualIndex.open(folder)
    with pytest.raises(FormatError, match=r"holds no search\.json"):
        CrossLingualIndex.open(tmp_path)
    with pytest.raises(FormatError, match="this is a file"):
        CrossLingualIndex.open(manifest)
    with pytest.raises(MissingFileError, match="no such file"):
        CrossLingualIndex.open(tmp_path / "none")


def test_other_folders_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear")
    with pytest.raises(OutputError, match="holds no index but other files"):
        CrossLingualIndex.build(SPACE, {"es": ["gato"]}).save(tmp_path)


def test_wrong_parameters_are_refused() -> None:
    index = CrossLingualIndex.build(SPACE, {"es": ["gatoak"]})
    with pytest.raises(ValueError, match="language must be of en, es, got 'fr'"):
        index.search("cat", language="fr")
    with pytest.raises(ValueError, match="texts must be of en, es, got 'fr'"):
        CrossLingualIndex.build(SPACE, {"fr": ["chat"]})
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        index.search("cat", 0, language="en")
    with pytest.raises(ValueError, match="ranking must be one of 'fused', 'dense', 'lexical'"):
        index.search("cat", language="en", ranking="best")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"texts\['es'\] must be a sequence of strings"):
        CrossLingualIndex.build(SPACE, {"es": "gato"})
