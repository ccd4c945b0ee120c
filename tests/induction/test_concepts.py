from __future__ import annotations

import csv
import itertools
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alignx as ax
from alignx.errors import FormatError, MissingFileError
from alignx.induction.concepts.clusters import Edges, cluster, count_triangles, densities
from alignx.induction.concepts.language_pairs import compared_pairs

if TYPE_CHECKING:
    from pathlib import Path

ALL = [(0, 1), (0, 2), (1, 2)]
WORDS = {"en": "cat", "es": "gato", "de": "katze", "fr": "chat"}


def made_space(codes: str = "en es de", count: int = 40, noise: float = 0.05) -> ax.SharedSpace:
    """Languages of the same concepts, in orders of their own."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((count, 12))
    languages = {}
    for code in codes.split():
        order = rng.permutation(count)
        noisy = rows[order] + noise * rng.standard_normal(rows.shape)
        words = [f"{WORDS.get(code, code)}{number}" for number in order]
        languages[code] = ax.Embeddings(words, noisy.astype(np.float32), language=code)
    return ax.SharedSpace(languages)


def made_concepts() -> ax.Concepts:
    rows = [
        (("cat",), ("gato", "gata"), ("Katze",)),
        (('5" disk; old', "new york"), (), ("a;b",)),
        ((), ("casa",), ("Haus",)),
    ]
    return ax.Concepts(("en", "es", "de"), rows, np.array([0.9, 0.5, 0.25]))


# --- rows -------------------------------------------------------------------------------------


def test_a_row_holds_the_same_concept_in_all_languages() -> None:
    concepts = ax.induce_concepts(made_space())
    assert concepts.languages == ("en", "es", "de")
    assert len(concepts) == 40
    for row in concepts:
        numbers = {word.lstrip("abcdefghijklmnopqrstuvwxyz") for (word,) in row}
        assert len(numbers) == 1
    ranks = [made_space()["en"].words.index(row[0][0]) for row in concepts]
    assert sorted(ranks) == [*range(40)]


def test_a_language_may_lack_a_word_and_columns_can_be_chosen() -> None:
    space = made_space("en es de fr")
    fewer = {code: space[code].head(40 if code != "de" else 25) for code in space}
    concepts = ax.induce_concepts(ax.SharedSpace(fewer), ["fr", "de", "en"])
    assert concepts.languages == ("fr", "de", "en")
    assert sum(bool(row[1]) for row in concepts) == 25
    assert len(concepts) == 40


def test_rows_do_not_depend_on_the_direction_of_a_ranker() -> None:
    space = made_space()
    turned = ax.SharedSpace({code: space[code] for code in ("de", "es", "en")})
    found = ax.induce_concepts(turned, ["en", "es", "de"])
    expected = ax.induce_concepts(space)
    assert set(found) == set(expected)


def test_a_wrong_word_does_not_join_two_concepts() -> None:
    # Words 0 to 2 and 3 to 5 are two concepts; one edge leads from one to the other.
    words = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (2, 4)]
    edges = Edges(np.array(words), np.array([0.5, 0.5, 0.5, 0.5, 0.5, 1.0]))
    language = [0, 1, 2, 0, 1, 2]
    assert cluster(edges, language, ALL, 0.5, 1) == [[0, 1, 2], [3, 4, 5]]
    assert cluster(edges, language, ALL, 0.0, 2) == [[0, 1, 2, 3, 4, 5]]


def test_all_words_support_each_other_where_that_is_asked() -> None:
    edges = Edges(np.array([(0, 1), (1, 2)]), np.array([0.9, 0.8]))
    assert cluster(edges, [0, 1, 2], ALL, 0.5, 1) == [[0, 1, 2]]
    assert cluster(edges, [0, 1, 2], ALL, 1.0, 1) == [[0, 1]]
    assert densities([[0, 1, 2]], edges, [0, 1, 2], ALL) == pytest.approx([1.7 / 3])
    assert densities([[0, 1, 2]], edges, [0, 1, 2], [(0, 1), (1, 2)]) == pytest.approx([0.85])


def test_synonyms_share_a_cell() -> None:
    space = made_space(count=30)
    english = space["en"]
    rows = np.concatenate([english.vectors, english.vectors[:1] + 0.02])
    words = [*english.words, "synonym"]
    languages = {"en": ax.Embeddings(words, rows), "es": space["es"], "de": space["de"]}
    row = ax.induce_concepts(ax.SharedSpace(languages), k=2)[0]
    assert set(row[0]) == {english.words[0], "synonym"}


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.4, 0.5, 1.0]), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_clusters_are_connected_disjoint_and_small_enough(
    seed: int, agreement: float, most: int
) -> None:
    rng = np.random.default_rng(seed)
    language = rng.integers(0, 4, 20).tolist()
    pairs = [p for p in itertools.combinations(range(20), 2) if language[p[0]] != language[p[1]]]
    chosen = [pairs[at] for at in rng.permutation(len(pairs))[: rng.integers(1, 40)]]
    edges = Edges(np.array(chosen), rng.random(len(chosen)))
    compared = [*itertools.combinations(range(4), 2)]
    clusters = cluster(edges, language, compared, agreement, most)
    members = [word for words in clusters for word in words]
    assert len(members) == len(set(members))
    scores = densities(clusters, edges, language, compared)
    weights = {frozenset(p): w for p, w in zip(chosen, edges.weights, strict=True)}
    for words, score in zip(clusters, scores, strict=True):
        assert max(np.bincount([language[word] for word in words])) <= most
        across = [
            weights.get(frozenset(pair), 0.0)
            for pair in itertools.combinations(words, 2)
            if language[pair[0]] != language[pair[1]]
        ]
        assert score == pytest.approx(np.mean(across))
        if agreement == 1.0:
            assert all(across)


def test_triangles_are_counted_as_by_trying_all() -> None:
    rng = np.random.default_rng(5)
    near = np.triu(rng.random((15, 15)) < 0.4, 1)
    edges = Edges(np.argwhere(near), np.ones(near.sum()))
    both = near | near.T
    expected = [(both[i] & both[j]).sum() for i, j in edges.words]
    assert count_triangles(edges, 15).tolist() == expected


def test_the_number_of_compared_pairs_grows_with_the_languages() -> None:
    codes = [f"l{chr(97 + i)}" for i in range(12)]
    space = made_space(" ".join(codes), count=20)
    assert len(compared_pairs(space, codes, 11)) == 66
    few = compared_pairs(space, codes, 2)
    assert len(few) <= 11 + 2 * 12
    assert {at for pair in few for at in pair} == {*range(12)}
    concepts = ax.induce_concepts(space, n_nearest=2)
    assert sum(all(row) for row in concepts) == 20
    assert concepts.scores.min() > 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"languages": ["en", "sk"]}, "2 different ones of en, es, de"),
        ({"languages": ["en"]}, "2 different ones"),
        ({"languages": ["en", "en"]}, "2 different ones"),
        ({"languages": "en"}, "2 different ones"),
        ({"k": 0}, "k must lie in"),
        ({"n_nearest": 0}, "n_nearest must be at least 1, got 0"),
        ({"agreement": 1.5}, r"agreement must lie in \[0, 1\]"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ax.induce_concepts(made_space(), **arguments)  # type: ignore[arg-type]


# --- values and files -------------------------------------------------------------------------


def test_concepts_give_lexicons_frames_and_parts() -> None:
    concepts = made_concepts()
    assert list(concepts.pair("de", "es")) == [
        ("Katze", "gato"), ("Katze", "gata"), ("Haus", "casa"),
    ]  # fmt: skip
    assert concepts.pair("de", "es").languages == ("de", "es")
    assert list(concepts.at_least(0.5)) == list(concepts[:2])
    assert concepts.to_frame().columns.tolist() == ["score", "en", "es", "de"]
    assert repr(concepts) == "Concepts(3 rows, en, es, de)"
    with pytest.raises(ValueError, match="two of en, es, de, got en and sk"):
        concepts.pair("en", "sk")
    with pytest.raises(ValueError, match="score must lie"):
        concepts.at_least(2)


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.jsonl", "a.txt.gz"])
def test_files_are_read_as_they_were_written(name: str, tmp_path: Path) -> None:
    made_concepts().save(tmp_path / name)
    assert ax.Concepts.load(tmp_path / name) == made_concepts()


def test_columns_can_be_read_by_other_programs(tmp_path: Path) -> None:
    made_concepts().save(tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0] == ["score", "en", "es", "de"]
    assert rows[1] == ["0.9000", "cat", "gato; gata", "Katze"]
    made_concepts().save(tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[3]) == {"score": 0.25, "words": {"es": ["casa"], "de": ["Haus"]}}


def test_linked_data_names_each_concept(tmp_path: Path) -> None:
    made_concepts().save(tmp_path / "a.ttl")
    text = (tmp_path / "a.ttl").read_text(encoding="utf-8")
    assert text.count("a ontolex:LexicalConcept") == 3
    assert "ontolex:isEvokedBy <#en/cat>, <#es/gato>, <#es/gata>, <#de/Katze> ." in text
    assert text.count("a lime:Lexicon") == 3


def test_linked_data_parses(tmp_path: Path) -> None:
    rdflib = pytest.importorskip("rdflib")
    made_concepts().save(tmp_path / "a.ttl")
    graph = rdflib.Graph().parse(tmp_path / "a.ttl")
    evoked = rdflib.URIRef("http://www.w3.org/ns/lemon/ontolex#isEvokedBy")
    assert len(list(graph.triples((None, evoked, None)))) == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got none"),
        ("cat\tgato\n", "a.tsv:1: "),
        ("score\ten\tes\n0.5\tcat\n", "a.tsv:2: "),
        ("score\ten\tes\n0.5\tcat\tgato\nx\tdog\tperro\n", "a.tsv:3: "),
        ('{"languages": ["en", "es"]}\n{"score": 1, "words": {"sk": ["a"]}}\n', "a.tsv:2: "),
        ('{"languages": ["en", "es"]}\n{"score": 1}\n', "a.tsv:2: "),
    ],
)
def test_damaged_files_are_refused_with_the_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        ax.Concepts.load(tmp_path / "a.tsv")


def test_wrong_files_and_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"concepts are written as \.tsv"):
        made_concepts().save(tmp_path / "a.xlsx")
    with pytest.raises(MissingFileError):
        ax.Concepts.load(tmp_path / "missing.tsv")
    broken = ax.Concepts(("en", "es"), [(("a\nb",), ("c",))], np.ones(1))
    with pytest.raises(FormatError, match="line ends"):
        broken.save(tmp_path / "a.tsv")
    assert not (tmp_path / "a.tsv").exists()
    for rows, scores in (
        ([(("a",), ())], [1.0]),
        ([(("a",), ("b",), ("c",))], [1.0]),
        ([(("a",), ("b",))], [1.5]),
        ([(("a",), ("b",))], []),
    ):
        with pytest.raises(ValueError, match="must"):
            ax.Concepts(("en", "es"), rows, np.array(scores))
    with pytest.raises(TypeError, match="strings"):
        ax.Concepts(("en", "es"), [(("a",), ("",))], np.ones(1))
    with pytest.raises(ValueError, match="2 different codes"):
        ax.Concepts(("en", "en"), [], np.zeros(0))
