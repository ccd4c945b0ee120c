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
from alignx.lexicon.direction import require_order
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 400
PAIRS = [(f"cat{i}", f"gato{i}") for i in range(COUNT)]
NAMES = [(f"madrid{i}", f"madrid{i}") for i in range(COUNT)]


def languages(*, foreign: bool = False) -> tuple[Embeddings, Embeddings]:
    """Two vocabularies with names in common; `foreign` words of the other at the end, too."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3 * COUNT, 8)).astype(np.float32)
    words: tuple[list[str], ...] = tuple(map(list, zip(*PAIRS, strict=True)))
    names = [name for name, _ in NAMES]
    sides = [words[i] + names + (words[1 - i] if foreign else []) for i in (0, 1)]
    english, spanish = (Embeddings(side, rows[: len(side)]) for side in sides)
    return english, spanish


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("count", [3, 25, 200])
def test_exchanged_dictionaries_are_refused(foreign: bool, count: int) -> None:
    english, spanish = languages(foreign=foreign)
    lexicon = Lexicon([*PAIRS[:count], *NAMES[: 1 + count // 3]])
    require_order(lexicon, english, spanish)
    with pytest.raises(DirectionError, match=r"the other way round, .* \(--columns 2,1"):
        require_order(lexicon, spanish, english)
    with pytest.raises(DirectionError):
        require_order(lexicon.reversed(), english, spanish)


def test_the_error_counts_what_fits() -> None:
    lexicon = Lexicon([*PAIRS[:90], *NAMES[:10]])
    with pytest.raises(DirectionError, match=r"got 10 of 100 pairs that fit so and 100 that fit"):
        require_order(lexicon, *reversed(languages()))


def test_dictionaries_of_names_are_not_refused(caplog: pytest.LogCaptureFixture) -> None:
    english, spanish = languages()
    for pairs in (NAMES, [*NAMES, *PAIRS[:5]], NAMES[:3], [("a", "b")]):
        require_order(Lexicon(pairs), english, spanish)
        require_order(Lexicon(pairs), spanish, english)
    assert not caplog.records
    require_order(Lexicon([*NAMES, *PAIRS[:50]]), spanish, english)
    assert "fit the other way round" in caplog.text


def test_a_language_meets_itself() -> None:
    english, _ = languages()
    synonyms = Lexicon([(f"cat{i}", f"cat{i * 7 % COUNT}") for i in range(COUNT)])
    require_order(synonyms, english, english)
    require_order(synonyms.reversed(), english, english.head(COUNT))


def test_every_door_refuses_an_exchanged_dictionary() -> None:
    english, spanish = languages()
    pairs = [*PAIRS[:90], *NAMES[:10]]
    wrong = Lexicon([(target, source) for source, target in pairs])
    for options in ({}, {"method": "self_learning"}, {"calibrate": False}):
        with pytest.raises(DirectionError, match="reversed"):
            align(english, spanish, lexicon=wrong, **options)
    space = SharedSpace({"en": english, "es": spanish})
    with pytest.raises(DirectionError, match="--reverse"):
        evaluate(space, wrong)
    evaluate(space.reversed(), wrong)
    judged = Lexicon(wrong.pairs, np.arange(100.0))
    with pytest.raises(DirectionError):
        evaluate_similarity(english, spanish, judged)
    evaluate_similarity(spanish, english, judged)


def test_a_dictionary_that_fits_exchanged_only_is_hinted_at() -> None:
    english, spanish = languages()
    with pytest.raises(EmptyLexiconError, match=r"9 fit with both exchanged \(--columns 2,1\)"):
        Lexicon(PAIRS[:9]).require_rows(spanish, english)


@pytest.mark.parametrize("limit", [1_000, 5_000])
def test_published_dictionaries_have_a_direction(
    shared_data: Path, caplog: pytest.LogCaptureFixture, limit: int
) -> None:
    caplog.set_level(logging.WARNING)
    folder = shared_data / "ubilexat" / "es-en"
    english, spanish = (load(folder / f"word2vec.{code}", limit=limit) for code in ("en", "es"))
    muse = shared_data / "dictionaries" / "muse"
    right, wrong = (Lexicon.load(muse / f"{pair}.0-5000.txt") for pair in ("en-es", "es-en"))
    require_order(right, english, spanish)
    require_order(wrong, spanish, english)
    for lexicon, sides in ((wrong, (english, spanish)), (right, (spanish, english))):
        with pytest.raises(DirectionError):
            require_order(lexicon, *sides)
    assert not caplog.records
