from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.align import align
from alignx.alignment.shared_space import SharedSpace
from alignx.errors import DirectionError, EmptyLexiconError
from alignx.evaluation.word_similarity import evaluate_similarity
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 400
PAIRS = [(f"cat{i}", f"gato{i}") for i in range(COUNT)]
NAMES = [(f"madrid{i}", f"madrid{i}") for i in range(COUNT)]


def languages(*, foreign: bool = False) -> tuple[Embeddings, Embeddings]:
    """Two vocabularies with names in common; `foreign` adds words of the other at the end."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3 * COUNT, 8)).astype(np.float32)
    words: tuple[list[str], ...] = tuple(map(list, zip(*PAIRS, strict=True)))
    names = [name for name, _ in NAMES]
    sides = [words[i] + names + (words[1 - i] if foreign else []) for i in (0, 1)]
    english, spanish = (Embeddings(side, rows[: len(side)]) for side in sides)
    return english, spanish


def vocabulary(*words: str) -> Embeddings:
    return Embeddings(words, np.eye(len(words), dtype=np.float32))


def require_direction(lexicon: Lexicon, source: Embeddings, target: Embeddings) -> None:
    lexicon.look_up(source, target).require_direction()


# --- rows -------------------------------------------------------------------------------------


def test_rows_are_those_of_the_known_pairs() -> None:
    source, target = vocabulary("dog", "cat", "calf"), vocabulary("gata", "perro", "vaca", "gato")
    pairs = [("cat", "gato"), ("dog", "perro"), ("cat", "gata"), ("tiger", "tigre")]
    rows = Lexicon([*pairs, ("cow", "vaca")]).rows(source, target)
    assert rows.source.tolist() == [1, 0, 1]
    assert rows.target.tolist() == [3, 1, 0]
    assert rows.positions.tolist() == [0, 1, 2]
    assert {part.dtype for part in rows} == {np.dtype(np.int64)}
    assert [part.shape for part in Lexicon(pairs).rows(vocabulary("x"), target)] == [(0,)] * 3


def test_pairs_are_spelled_as_in_the_vocabularies() -> None:
    source, target = vocabulary("cat", "dog"), vocabulary("gato", "perro")
    lookup = Lexicon([("Cat", "gato"), ("cat", "Gato"), ("Cow", "vaca")]).look_up(source, target)
    written = lookup.as_written()
    assert written.pairs == [("cat", "gato"), ("cow", "vaca")]
    assert written.source_rows.tolist() == [0, -1]
    again = Lexicon(written.pairs).look_up(source, target)
    assert again.target_rows.tolist() == written.target_rows.tolist() == [0, -1]


@pytest.mark.parametrize(
    ("pairs", "gist"),
    [
        ([], r"got 0 pairs.* none"),
        (
            [("cat", "gato"), ("dog", "perro"), ("tiger", "tigre")],
            "got 3 pairs, 2 with an OOV source word and 2 with an OOV target word "
            r"\(such as: cat gato, dog perro, tiger tigre\); check the order",
        ),
    ],
)
def test_a_lexicon_without_known_pairs_is_refused(pairs: list[tuple[str, str]], gist: str) -> None:
    with pytest.raises(EmptyLexiconError, match=gist):
        Lexicon(pairs).require_rows(vocabulary("cat", "x"), vocabulary("tigre"))


def test_words_with_a_zero_vector_are_not_called_oov() -> None:
    source = Embeddings(["cat", "dog"], [[0.0, 0.0], [1.0, 0.0]])
    with pytest.raises(
        EmptyLexiconError,
        match=r"2 pairs, 1 with an OOV source word \(1 more have a zero vector\) and 1 with",
    ):
        Lexicon([("cat", "gato"), ("cow", "vaca")]).require_rows(source, vocabulary("gato"))


def test_an_unknown_lexicon_that_fits_when_exchanged_is_refused_with_a_hint() -> None:
    english, spanish = languages()
    with pytest.raises(EmptyLexiconError, match=r"9 fit with both exchanged \(--columns 2,1\)"):
        Lexicon(PAIRS[:9]).require_rows(spanish, english)


# --- direction --------------------------------------------------------------------------------


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("count", [3, 25, 200])
def test_exchanged_dictionaries_are_refused(foreign: bool, count: int) -> None:
    english, spanish = languages(foreign=foreign)
    lexicon = Lexicon([*PAIRS[:count], *NAMES[: 1 + count // 3]])
    require_direction(lexicon, english, spanish)
    for wrong, *sides in ((lexicon, spanish, english), (lexicon.reversed(), english, spanish)):
        with pytest.raises(DirectionError, match=r"the other way round, .* \(--columns 2,1"):
            require_direction(wrong, *sides)


def test_dictionaries_of_names_are_not_refused(caplog: pytest.LogCaptureFixture) -> None:
    english, spanish = languages()
    for pairs in (NAMES, [*NAMES, *PAIRS[:5]], NAMES[:3], [("a", "b")]):
        require_direction(Lexicon(pairs), english, spanish)
        require_direction(Lexicon(pairs), spanish, english)
    assert not caplog.records
    require_direction(Lexicon([*NAMES, *PAIRS[:50]]), spanish, english)
    assert "fit the other way round" in caplog.text


def test_synonyms_within_a_language_have_no_direction() -> None:
    english, _ = languages()
    synonyms = Lexicon([(f"cat{i}", f"cat{i * 7 % COUNT}") for i in range(COUNT)])
    require_direction(synonyms, english, english)
    require_direction(synonyms.reversed(), english, english.head(COUNT))


def test_all_functions_refuse_an_exchanged_dictionary() -> None:
    english, spanish = languages()
    wrong = Lexicon([*PAIRS[:90], *NAMES[:10]]).reversed()
    for options in ({}, {"method": "self_learning"}, {"ranker": False}):
        with pytest.raises(DirectionError, match=r"got 10 of 100 pairs that fit so and 100"):
            align(english, spanish, lexicon=wrong, **options)
    space = SharedSpace({"en": english, "es": spanish})
    with pytest.raises(DirectionError, match="--reverse"):
        evaluate(space, wrong)
    evaluate(space.reversed(), wrong)
    judged = Lexicon(wrong.pairs, np.arange(100.0))
    with pytest.raises(DirectionError):
        evaluate_similarity(english, spanish, judged)
    evaluate_similarity(spanish, english, judged)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1_000, 5_000])
def test_published_dictionaries_have_a_direction(
    shared_data: Path, caplog: pytest.LogCaptureFixture, limit: int
) -> None:
    caplog.set_level(logging.WARNING)
    folder = shared_data / "ubilexat" / "es-en"
    english, spanish = (load(folder / f"word2vec.{code}", limit=limit) for code in ("en", "es"))
    muse = shared_data / "dictionaries" / "muse"
    right, wrong = (Lexicon.load(muse / f"{pair}.0-5000.txt") for pair in ("en-es", "es-en"))
    require_direction(right, english, spanish)
    require_direction(wrong, spanish, english)
    for lexicon, *sides in ((wrong, english, spanish), (right, spanish, english)):
        with pytest.raises(DirectionError):
            require_direction(lexicon, *sides)
    assert not caplog.records
