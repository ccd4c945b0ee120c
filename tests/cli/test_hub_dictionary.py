from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import fail, misuse, succeed

import alignx as ax
from alignx.alignment.language_map import LanguageMap
from alignx.multilingual.multilingual_alignment import MultilingualAlignment

if TYPE_CHECKING:
    from pathlib import Path

COUNT, DIMENSION = 30, 8
WORDS = {"en": "cat", "es": "gato", "de": "katze"}


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A space of three languages of the same words, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((COUNT, DIMENSION)).astype(np.float32)
    languages = {
        code: ax.Embeddings([f"{word}{i}" for i in range(COUNT)], rows, language=code)
        for code, word in WORDS.items()
    }
    maps = {
        code: LanguageMap.of(
            code,
            language,
            ax.Normalizer().fit(language.vectors),
            np.eye(DIMENSION, dtype=np.float32),
            np.zeros(DIMENSION, np.float32),
        )
        for code, language in languages.items()
    }
    MultilingualAlignment(maps).save("space", languages)
    return "space"


def test_a_dictionary_of_several_languages_is_written(space: str) -> None:
    done = succeed("hub", "dictionary", space, "-o", "all.tsv", "--json").json
    assert done["rows"] == done["full"] == COUNT
    assert done["words"] == dict.fromkeys(WORDS, COUNT)
    concepts = ax.Concepts.load("all.tsv")
    assert concepts.languages == ("en", "es", "de")
    assert concepts[0] == (("cat0",), ("gato0",), ("katze0",))
    done = succeed("hub", "dictionary", space, "de", "es", "-o", "two.jsonl", "--limit", 20)
    assert "two.jsonl: 20 concepts of 2 languages (de 20, es 20)" in done.prose
    assert ax.Concepts.load("two.jsonl").languages == ("de", "es")


def test_wrong_input_is_refused_before_the_search(space: str) -> None:
    command = ("hub", "dictionary", space)
    assert "at least 2 different ones of en, es, de" in fail(*command, "sk", "-o", "a.tsv")
    assert "concepts are written as .tsv" in fail(*command, "-o", "a.xlsx")
    assert "--threshold" in misuse(*command, "-o", "a.tsv", "--threshold", 2)
    assert "missing" in fail("hub", "dictionary", "missing", "-o", "a.tsv")
