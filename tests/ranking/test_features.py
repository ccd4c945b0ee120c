from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.ranking.candidates import CandidatePairs
from alignx.ranking.features import FEATURES, SPELLING, feature_matrix
from alignx.ranking.spelling import SpellingModel, plain_spelling

if TYPE_CHECKING:
    from collections.abc import Callable

    Measure = Callable[[str, str], float]

WORDS = ["nation", "Niño", "", "7", "4x4", "кот", "new york", "a\0b", "café", "straße", "\ud800"]
VOCABULARY = [
    *("nación", "nino", "kot", "4x4", "7", "", "NATION", "cafe\u0301", "station", "\ud800x"),
    *("бегемот", "strasse", "nueva york", "noitan", "३"),
]
K = 6
RNG = np.random.default_rng(0)
TARGETS = np.stack([RNG.permutation(len(VOCABULARY))[:K] for _ in WORDS])
MODEL = SpellingModel.of([("nation", "nación"), ("cat", "gato"), ("rat", "rata")])


def random(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


PAIRS = CandidatePairs(
    WORDS,
    VOCABULARY,
    RNG.integers(0, 50_000, len(WORDS)),
    TARGETS,
    -np.sort(-random(len(WORDS), K), axis=1),
    random(len(WORDS)),
    random(len(WORDS), K),
    random(len(WORDS), K),
)
CELLS = [(row, place) for row in range(len(WORDS)) for place in range(K)]


def column(name: str, pairs: CandidatePairs = PAIRS) -> np.ndarray:
    return feature_matrix(pairs, MODEL, [name]).reshape(pairs.target_rows.shape)


def plain(word: str) -> str:
    """No case, no accents: by hand, a letter at a time."""
    folded = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in folded if unicodedata.combining(c) == 0)


# --- slow comparisons of two spellings --------------------------------------------------------


def edit(one: str, two: str) -> float:
    """One less the number of edits for each letter of the longer word."""
    rows = [list(range(len(two) + 1))]
    for i, letter in enumerate(one, 1):
        rows.append([i])
        for j, other in enumerate(two, 1):
            above, left, corner = rows[i - 1][j], rows[i][j - 1], rows[i - 1][j - 1]
            rows[i].append(min(above + 1, left + 1, corner + (letter != other)))
    return 1 - rows[-1][-1] / max(len(one), len(two), 1)


def subsequence(one: str, two: str) -> float:
    def longest(a: str, b: str) -> int:
        table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
        for i, j in np.ndindex(len(a), len(b)):
            same = table[i, j] + 1 if a[i] == b[j] else 0
            table[i + 1, j + 1] = max(same, table[i, j + 1], table[i + 1, j])
        return int(table[-1, -1])

    return longest(one, two) / max(len(one), len(two)) if one or two else 1.0


def prefix(one: str, two: str) -> float:
    n = 0
    while n < min(len(one), len(two)) and one[n] == two[n]:
        n += 1
    return n / max(len(one), len(two)) if one or two else 1.0


def jaro_winkler(one: str, two: str) -> float:
    """Winkler 1990: letters in common within half the longer word, and the first four."""
    if not one and not two:
        return 1.0
    reach = max(max(len(one), len(two)) // 2 - 1, 0)
    taken: list[int] = []
    found = []
    for i, letter in enumerate(one):
        for j in range(max(0, i - reach), min(len(two), i + reach + 1)):
            if j not in taken and two[j] == letter:
                taken.append(j)
                found.append(letter)
                break
    if not found:
        return 0.0
    moved = sum(a != two[j] for a, j in zip(found, sorted(taken), strict=True)) // 2
    m = len(found)
    jaro = (m / len(one) + m / len(two) + (m - moved) / m) / 3
    if jaro <= 0.7:
        return jaro
    start = 0
    while start < min(4, len(one), len(two)) and one[start] == two[start]:
        start += 1
    return jaro + 0.1 * start * (1 - jaro)


OF_PLAIN: dict[str, Measure] = {
    "edit": edit,
    "jaro_winkler": jaro_winkler,
    "subsequence": subsequence,
    "prefix": prefix,
    "suffix": lambda one, two: prefix(one[::-1], two[::-1]),
}


def has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def has_capital(word: str) -> bool:
    return word.lower() != word


OF_WORDS: dict[str, Measure] = {
    "equal": lambda one, two: one == two,
    "source_length": lambda one, _: len(one),
    "target_length": lambda _, two: len(two),
    "length_difference": lambda one, two: len(two) - len(one),
    "digit": lambda one, _: has_digit(one),
    "digit_differs": lambda one, two: has_digit(one) != has_digit(two),
    "capital_differs": lambda one, two: has_capital(one) != has_capital(two),
    **{
        name: lambda one, two, measure=measure: measure(plain(one), plain(two))  # type: ignore[misc]
        for name, measure in OF_PLAIN.items()
    },
}


@pytest.mark.parametrize("name", OF_WORDS)
def test_comparisons_of_words_are_those_of_loops(name: str) -> None:
    found = column(name)
    for row, place in CELLS:
        word, other = WORDS[row], VOCABULARY[TARGETS[row, place]]
        expected = float(OF_WORDS[name](word, other))
        assert found[row, place] == pytest.approx(expected, abs=1e-6), (word, other)


def lead(values: np.ndarray, row: int, place: int) -> float:
    return float(values[row, place] - np.delete(values[row], place).max())


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("source_gap", "csls"),
        ("edit_lead", "edit"),
        ("jaro_winkler_lead", "jaro_winkler"),
        ("subsequence_lead", "subsequence"),
        ("ngrams_lead", "ngrams"),
    ],
)
def test_leads_are_over_the_best_other_candidate(name: str, of: str) -> None:
    values, found = column(of), column(name)
    for row, place in CELLS:
        assert found[row, place] == pytest.approx(lead(values, row, place), abs=1e-6)


def log_rank(row: int | np.ndarray) -> float:
    return math.log(1 + int(row))


@pytest.mark.parametrize(
    ("name", "slow"),
    [
        ("csls", lambda r, p: PAIRS.csls[r, p]),
        (
            "cosine",
            lambda r, p: PAIRS.csls[r, p] / 2 + PAIRS.source_bias[r] + PAIRS.target_bias[r, p],
        ),
        ("source_density", lambda r, _: PAIRS.source_bias[r]),
        ("target_density", lambda r, p: PAIRS.target_bias[r, p]),
        ("target_gap", lambda r, p: PAIRS.target_gap[r, p]),
        ("source_frequency", lambda r, _: log_rank(PAIRS.source_rows[r])),
        ("target_frequency", lambda r, p: log_rank(TARGETS[r, p])),
        (
            "frequency_difference",
            lambda r, p: log_rank(TARGETS[r, p]) - log_rank(PAIRS.source_rows[r]),
        ),
        (
            "frequency_distance",
            lambda r, p: abs(log_rank(TARGETS[r, p]) - log_rank(PAIRS.source_rows[r])),
        ),
        ("ngrams", lambda r, p: similarity(WORDS[r], VOCABULARY[TARGETS[r, p]])),
    ],
)
def test_figures_are_those_of_the_pairs(name: str, slow: Callable[[int, int], float]) -> None:
    found = column(name)
    for row, place in CELLS:
        assert found[row, place] == pytest.approx(float(slow(row, place)), abs=1e-5)


def similarity(word: str, other: str) -> float:
    return float(MODEL.similarity([word], [other], np.array([[0]]))[0, 0])


def test_every_feature_is_tested_and_finite() -> None:
    matrix = feature_matrix(PAIRS, MODEL)
    assert matrix.shape == (len(WORDS) * K, len(FEATURES))
    assert matrix.dtype == np.float32
    assert np.isfinite(matrix).all()
    for number, name in enumerate(FEATURES):
        np.testing.assert_array_equal(matrix[:, number], column(name).ravel())
    assert SPELLING.keys() < FEATURES.keys()


@pytest.mark.parametrize(
    "name", sorted(FEATURES.keys() - {"ngrams_lead"})
)  # n-grams of "" are blanks
def test_a_missing_candidate_changes_no_other(name: str) -> None:
    """Approximate search finds fewer; they have the least CSLS."""
    targets = TARGETS.copy()
    targets[:, -1] = -1
    csls = PAIRS.csls.copy()
    csls[:, -1] = -4
    with_gap = replace(PAIRS, target_rows=targets, csls=csls)
    short = replace(
        PAIRS,
        target_rows=targets[:, :-1],
        csls=csls[:, :-1],
        target_bias=PAIRS.target_bias[:, :-1],
        target_gap=PAIRS.target_gap[:, :-1],
    )
    found, expected = column(name, with_gap)[:, :-1], column(name, short)
    # The empty word is as similar to a missing one as to itself.
    rows = [i for i, word in enumerate(WORDS) if word]
    np.testing.assert_allclose(found[rows], expected[rows], atol=1e-6)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Niño", "nino"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("ﬁn", "fin"),
        ("e\u0301\u0302te", "ete"),
        ("Ё", "е"),  # noqa: RUF001  # Cyrillic
        ("कि", "कि"),  # a vowel sign is no accent
        ("", ""),
        ("\ud800É\0", "\ud800e\0"),
    ],
)
def test_spelling_without_case_and_accents(word: str, expected: str) -> None:
    assert plain_spelling(word) == expected
