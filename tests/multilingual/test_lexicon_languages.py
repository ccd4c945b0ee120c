from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from alignx.errors import FormatError
from alignx.lexicon.lexicon import Lexicon
from alignx.multilingual.lexicon_languages import (
    assign_languages,
    identical_lexicons,
    joined_lexicons,
    named_pair,
)
from alignx.vectors.embeddings import Embeddings

CODES = ("en", "es", "de")
SHARED = [f"name{i}" for i in range(100)]  # in all vocabularies, at the same ranks


def vocabulary(code: str, others: str = "") -> Embeddings:
    """Frequent words of a language, words that all languages share, and rare words of others."""
    own, foreign = ([f"{c}{i}" for i in range(200)] for c in (code, others or code + "x"))
    words = [w for trio in zip(own, SHARED * 2, strict=True) for w in trio] + foreign
    words = list(dict.fromkeys(words))
    return Embeddings(words, np.ones((len(words), 2), dtype=np.float32), language=code)


LANGUAGES = {"en": vocabulary("en"), "es": vocabulary("es", "en"), "de": vocabulary("de", "en")}


def lexicon(source: str, target: str, name: str = "words.txt", *, count: int = 60) -> Lexicon:
    pairs = [(f"{source}{i}", f"{target}{i}") for i in range(count)]
    return Lexicon([*pairs, *((word, word) for word in SHARED[: count // 2])], name=name)


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("en-es.0-5000.txt", ("en", "es")),
        ("dictionaries/es-en.txt.gz", ("es", "en")),
        ("muse_de_es_train.tsv", ("de", "es")),
        ("yacle.train.freq.5k.en-de.tsv", ("en", "de")),
        ("en2es.csv", ("en", "es")),
        ("EN-ES.txt", ("en", "es")),
        ("en-fr.txt", ("en", "fr")),
        ("en-en.txt", None),
        ("en-es-de.txt", None),
        ("words.txt", None),
        ("token-escape.txt", None),
        ("en.txt", None),
    ],
)
def test_names_of_files(name: str, pair: tuple[str, str] | None) -> None:
    assert named_pair(name, CODES) == pair


def test_any_code_of_the_user_is_found() -> None:
    for codes in permutations(["1990", "x-klingon", "zh_min_nan", "en"]):
        source, target = codes[:2]
        for mark in "-_.":
            assert named_pair(f"old.{source}{mark}{target}.txt", codes) == (source, target)


@pytest.mark.parametrize(("source", "target"), [*permutations(CODES, 2)])
@pytest.mark.parametrize("count", [10, 60])
def test_words_tell_the_languages_in_order(source: str, target: str, count: int) -> None:
    found = assign_languages(lexicon(source, target, count=count), LANGUAGES)
    assert found.languages == (source, target)
    assert found.notes == (f"{source}-{target}, by its words",)
    turned = assign_languages(lexicon(source, target, f"{target}-{source}.txt"), LANGUAGES)
    assert turned.languages == (target, source)
    assert turned[0] == (f"{target}0", f"{source}0")
    assert turned.name == f"{target}-{source}.txt"
    assert turned.notes == (f"columns exchanged, as its words are {source}-{target}",)


def test_a_name_that_its_words_contradict() -> None:
    wrong = lexicon("de", "es", "en-es.txt")
    with pytest.raises(FormatError) as told:
        assign_languages(wrong, LANGUAGES)
    assert str(told.value) == (
        "en-es.txt: its words must be of the languages in its name, en-es, got words of de-es; "
        "de-es=en-es.txt takes them as such"
    )
    assert assign_languages(wrong, LANGUAGES, ("de", "es")).languages == ("de", "es")
    assert assign_languages(wrong, LANGUAGES, ("en", "es")).languages == ("en", "es")  # as told


@pytest.mark.parametrize(
    "unclear",
    [
        Lexicon([(word, word) for word in SHARED], name="names.txt"),
        lexicon("fr", "en", "fr.txt"),
        lexicon("en", "es", "few.txt", count=3),
    ],
)
def test_words_that_tell_nothing_are_refused_with_candidates(unclear: Lexicon) -> None:
    with pytest.raises(FormatError, match=r"clearly, got \w\w-\w\w, \w\w-\w\w or \w\w-\w\w; say"):
        assign_languages(unclear, LANGUAGES)
    assert assign_languages(unclear, LANGUAGES, ("en", "de")).languages == ("en", "de")


def test_two_names_of_one_vocabulary_are_not_clear() -> None:
    twice = {**LANGUAGES, "en-old": LANGUAGES["en"]}
    with pytest.raises(FormatError, match="en-es, en-old-es or"):
        assign_languages(lexicon("en", "es"), twice)


@pytest.mark.parametrize("pair", [("en", "fr"), ("es", "es"), ("EN", "es")])
def test_codes_of_no_language(pair: tuple[str, str]) -> None:
    with pytest.raises(FormatError, match=r"must be two of en, es, de, got .*; en-es=words"):
        assign_languages(lexicon("en", "es"), LANGUAGES, pair)
    named = f"{'-'.join(pair)}.txt"
    if pair == ("en", "fr"):
        with pytest.raises(FormatError, match="codes in its name must be two of"):
            assign_languages(lexicon("en", "fr", named), LANGUAGES)


def test_lexicons_of_the_same_languages_are_joined() -> None:
    parts = [lexicon("en", "es"), lexicon("es", "en", count=80), lexicon("es", "de")]
    named = [assign_languages(each, LANGUAGES) for each in parts]
    joined = joined_lexicons(named)
    assert list(joined) == [("en", "es"), ("es", "de")]
    assert set(joined[("en", "es")]) == {*parts[0], *(pair[::-1] for pair in parts[1])}
    assert joined[("en", "es")].languages == ("en", "es")


def test_lexicons_that_contradict_each_other() -> None:
    shifted = [(f"en{i}", f"es{(i + 7) % 60}") for i in range(60)]
    one = Lexicon([(f"en{i}", f"es{i}") for i in range(60)], name="a.txt", languages=("en", "es"))
    with pytest.raises(FormatError, match=r"b.txt: .* agree, got 60 words in this one and a.txt"):
        joined_lexicons([one, Lexicon(shifted, name="b.txt", languages=("en", "es"))])
    few = Lexicon(shifted[:19], name="b.txt", languages=("en", "es"))
    assert len(joined_lexicons([one, few])[("en", "es")]) == 79


def test_identical_words_of_all_languages() -> None:
    found = identical_lexicons(LANGUAGES)
    assert list(found) == [("en", "es"), ("en", "de"), ("es", "de")]
    assert {source for source, _ in found[("es", "de")]} >= set(SHARED)
