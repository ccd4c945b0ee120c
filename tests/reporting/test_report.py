from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import alignx as ax
from alignx.alignment.shared_space import SharedSpace
from alignx.reporting import word_map
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.alignment.alignment import Alignment

Pairs = list[tuple[str, str]]
Both = tuple[Embeddings, Embeddings]


@pytest.fixture(autouse=True)
def _no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out UMAP, which takes half a minute to compile."""
    monkeypatch.setattr(word_map, "is_installed", lambda _: False)


def nothing_strange(facts: Any) -> None:  # noqa: ANN401
    """JSON without NaN."""
    json.dumps(facts, allow_nan=False)


def test_a_report_has_all_values(alignment: Alignment, languages: Both, known: Pairs) -> None:
    seen: list[float] = []
    found = ax.report(*languages, alignment, lexicon=known[150:], progress=seen.append)
    assert (found.title, found.languages) == ("English to Spanish", ("en", "es"))
    assert repr(found) == "Report(English to Spanish)"
    assert found.card is not None
    assert (found.card.source, found.card.warnings) == ("English", ())
    assert found.evaluation is not None
    assert found.questions is not None
    assert len(found.questions.questions) == found.evaluation.csls.n == 150
    assert found.reliability is None  # without a ranker
    assert found.dictionary is not None
    parts = found.dictionary, found.dictionary.forward, found.word_map, found.hubs
    assert all(len(repr(part)) < 100 for part in parts)
    assert found.dictionary.score == "csls"
    assert found.prospects is None
    assert found.notes == ()
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 1
    facts = found.as_dict()
    nothing_strange(facts)
    assert facts["card"]["accuracies"][-1]["p@5"] is None
    assert facts["hubs"]["skewness"].keys() == {"cosine", "csls"}


def test_cosines_of_pairs_and_of_others(
    alignment: Alignment, languages: Both, known: Pairs
) -> None:
    found = ax.report(*languages, alignment, lexicon=known[150:])
    assert found.cosines is not None
    space = alignment.apply(*languages)
    expected = [float(space.source[s] @ space.target[t]) for s, t in known[150:]]
    assert sorted(found.cosines[0].tolist()) == pytest.approx(sorted(expected), abs=1e-5)
    assert 140 < len(found.cosines[1]) <= 150
    assert found.cosines[0].mean() > found.cosines[1].mean() + 0.3
    single = ax.report(*languages, alignment, lexicon=known[150:151])
    assert single.cosines is not None
    assert len(single.cosines[1]) == 0


def test_singular_values_of_a_rotation_are_one(alignment: Alignment, languages: Both) -> None:
    found = ax.report(*languages, alignment, words=50)
    assert found.singular_values is not None
    for values, side in zip(
        found.singular_values, (alignment.source, alignment.target), strict=True
    ):
        squares = np.linalg.eigvalsh(side.matrix.T.astype(float) @ side.matrix)[::-1]
        assert np.allclose(values**2, squares, atol=1e-6)


def test_fewer_words_are_noted_and_do_not_change_the_accuracy(
    alignment: Alignment, languages: Both, known: Pairs
) -> None:
    found = ax.report(*languages, alignment, lexicon=known[150:], words=50)
    assert found.dictionary is not None
    assert found.hubs is not None
    assert found.evaluation is not None
    assert len(found.dictionary.source) == len(found.hubs.before) == 50
    assert found.evaluation.csls.n == 150
    assert "250 source words and 250 target words are left out" in found.notes[0]


def test_vectors_of_another_training_are_warned_of(
    alignment: Alignment, languages: Both, known: Pairs
) -> None:
    rng = np.random.default_rng(1)
    source = languages[0]
    other = source.with_vectors(rng.standard_normal(source.vectors.shape))
    found = ax.report(other, languages[1], alignment, lexicon=known[150:])
    assert found.card is not None
    assert "a map serves one training only" in found.card.warnings[0]
    assert not any(use.good for use in found.card.uses)
    assert any("check that the vectors" in text for text in found.card.warnings)
    untested = ax.report(other, languages[1], alignment).card
    assert untested is not None
    assert not untested.accuracies  # the held-out figures are of other vectors
    assert not untested.uses
    words = [f"{word}x" for word in source.words]
    card = ax.report(Embeddings(words, other.vectors, source="b.vec"), languages[1], alignment).card
    assert card is not None
    assert card.warnings[0].startswith("b.vec is not what the map was fitted on")
    assert card.warnings[0].endswith("?")


def test_languages_in_one_space_need_no_map(ranked: SharedSpace, pairs: Pairs) -> None:
    found = ax.report(ranked, lexicon=pairs)
    assert found.title == "English to Russian"
    assert found.reliability is not None
    assert found.singular_values is None
    three = {"en": ranked.source, "ru": ranked.target, "xx": ranked.source}
    other = ax.report(SharedSpace(three), lexicon=pairs, words=100)
    assert other.languages == ("en", "ru")
    assert other.dictionary is not None
    assert len(other.dictionary.target) == 100


def test_three_words_are_enough() -> None:
    english = Embeddings(["<script>", "dog", "cow"], np.eye(3))
    spanish = Embeddings(["perro", '"><img onerror=', "vaca"], np.eye(3)[[1, 0, 2]])
    found = ax.report(SharedSpace.of(english, spanish), lexicon=[("dog", "perro")])
    assert (found.title, found.languages) == ("source to target", ("source", "target"))
    assert found.questions is not None
    assert found.questions.questions[0].rank == 1
    nothing_strange(found.as_dict())
    one = Embeddings(["dog"], [[1.0, 0.0]])
    nothing_strange(ax.report(SharedSpace.of(one, one)).as_dict())


@pytest.mark.slow
def test_without_a_map_it_tells_what_to_expect(languages: Both) -> None:
    found = ax.report(*languages)
    assert found.title == "English and Spanish"
    assert found.prospects is not None
    assert found.card is None
    assert found.dictionary is None
    nothing_strange(found.as_dict())


def test_bad_parameters_are_refused(alignment: Alignment, languages: Both, known: Pairs) -> None:
    source, target = languages
    space = alignment.apply(*languages)
    with pytest.raises(ValueError, match="words must be at least 2, got 1"):
        ax.report(source, target, alignment, words=1)
    with pytest.raises(TypeError, match="words must be a whole number, got float"):
        ax.report(source, target, alignment, words=2.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="target must be of class Embeddings, got NoneType"):
        ax.report(source, alignment=alignment)
    with pytest.raises(TypeError, match="source must be of class Embeddings"):
        ax.report("en.vec", target, alignment)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="alignment must be of class Alignment"):
        ax.report(source, target, "map.safetensors")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="target must be left out with a space"):
        ax.report(space, target)
    with pytest.raises(ValueError, match="lexicon must be given with an alignment"):
        ax.report(source, target, lexicon=known)
    with pytest.raises(ValueError, match="classifier and texts must be given together"):
        ax.report(space, texts=object())  # type: ignore[arg-type]
    with pytest.raises(ax.EmptyLexiconError):
        ax.report(space, lexicon=[("cow", "vaca")])


def test_a_page_is_written_whole_or_not_at_all(
    alignment: Alignment, languages: Both, tmp_path: Path
) -> None:
    found = ax.report(*languages, alignment, words=20)
    with pytest.raises(ax.FormatError, match="a page is written as"):
        found.save(tmp_path / "report.pdf")
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(AttributeError):
        replace(found, card="none").save(path)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    found.save(path)
    assert "gato" not in path.read_text()[:100]
    assert "<html" in path.read_text()
