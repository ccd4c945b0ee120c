from __future__ import annotations

import numpy as np
import pytest

from alignx.reporting.prospects.vocabulary import (
    bands,
    case_variants,
    is_alphabetical,
    marked_share,
    script_shares,
)
from alignx.vectors.embeddings import Embeddings


@pytest.mark.parametrize(
    ("word", "script"),
    [
        ("naïve", "Latin"),
        ("дым", "Cyrillic"),
        ("1990年", "Han"),
        ("ひらがな", "Hiragana"),
        ("\u0301ξδλ", "Greek"),  # the accent before belongs to no script
        ("שלום", "Hebrew"),
        ("हिन्दी", "Devanagari"),
    ],
)
def test_script_is_that_of_the_first_letter(word: str, script: str) -> None:
    assert script_shares([word, "1990", "--", "\ue000"]) == {script: 1.0}


def test_words_without_letters_have_no_script() -> None:
    assert script_shares(["1", "?", "\u202e", "\ue000"]) == {}


def test_bands_cover_all_ranks_and_count_kinds() -> None:
    words = ["The", "a", "1,990", "...", *(f"word{n}" for n in range(400))]
    vectors = np.concatenate([np.full((104, 2), 3.0), np.ones((300, 2))])
    found = bands(Embeddings(words, vectors), {"a", "word0"})
    assert [(band.first, band.last) for band in found] == [(1, 100), (101, 300), (301, 404)]
    first = found[0]
    assert first.numbers == first.punctuation == first.single_letters == first.capitalized == 0.01
    assert [band.shared for band in found] == [0.02, 0, 0]
    mean = (104 * 3 + 300) / 404
    assert [band.length for band in found] == pytest.approx(
        [3 / mean, (4 * 3 + 196) / 200 / mean, 1 / mean], rel=1e-6
    )


def test_case_variants_have_a_lower_case_form() -> None:
    assert case_variants(["the", "The", "THE", "Paris", "1"]) == 2


def test_alphabetical_order_is_found_but_for_a_few() -> None:
    words = sorted(f"{n:x}" for n in range(500))
    assert is_alphabetical([*words[250:260], *words])
    assert not is_alphabetical(words[::-1])
    assert not is_alphabetical(["one"])


def test_marks_of_tokenizers_are_counted() -> None:
    assert marked_share(["▁the", "##ing", "Ġof", "word", "##"]) == 0.6
