from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentences.stand_in import DIMENSION, StandIn, made_space, made_texts

from alignx.errors import FormatError
from alignx.retrieval import margin
from alignx.sentences import encoded_texts, mining, scored_pairs
from alignx.sentences.decoys import probabilities_by_decoys, spliced_texts
from alignx.sentences.mining import mine
from alignx.sentences.scored_pairs import _mean_of_best, one_to_one, rank_translations
from alignx.sentences.word_match import match_texts, word_match
from alignx.texts.documents import TextReader
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.sif import expected_shares, sif_weights

SPACE = made_space()
ENCODER = StandIn(SPACE)


def hidden(pairs: int, others: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Pairs at the same rows, and texts without a translation after them."""
    english, spanish = made_texts(pairs, seed)
    return english + made_texts(others, seed + 1)[0], spanish + made_texts(others, seed + 2)[1]


@cache
def csls_by_hand() -> np.ndarray:
    """CSLS of all words, in float64."""
    vectors = {code: SPACE[code].vectors.astype(np.float64) for code in ("en", "es")}
    cosines = vectors["en"] @ vectors["es"].T
    near_en = np.sort(cosines, axis=1)[:, -10:].mean(axis=1)
    near_es = np.sort(cosines, axis=0)[-10:].mean(axis=0)
    return np.asarray(2 * cosines - near_en[:, None] - near_es)


def match_by_hand(english: str, spanish: str) -> float:
    """The score word by word, in float64."""
    weights = sif_weights(expected_shares(len(SPACE["en"])))
    rows = [int(word[2:]) for word in english.split()]
    others = [int(word[2:]) for word in spanish.split()]
    csls = csls_by_hand()[np.ix_(rows, others)].clip(0, 1)
    sides = [
        weights[own] @ csls.max(axis=axis) / weights[own].sum()
        for own, axis in ((rows, 1), (others, 0))
    ]
    return float(np.sqrt(sides[0] * sides[1]))


def test_word_match_is_that_of_the_formula() -> None:
    english, spanish = hidden(3, 2)
    english[1] += " en5 en5 en5"  # counts thrice
    sides = [
        match_texts(ENCODER.read(texts, code), SPACE[code], SPACE[other])
        for texts, code, other in ((english, "en", "es"), (spanish, "es", "en"))
    ]
    pairs = np.array([(i, j) for i in range(5) for j in range(5)])
    found = word_match(sides[0], sides[1], pairs)
    expected = [match_by_hand(english[i], spanish[j]) for i, j in pairs]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_words_written_alike_match() -> None:
    vectors = np.eye(4, dtype=np.float32)
    own, other = Embeddings(["Bach", "x", "y"], vectors[:3]), Embeddings(["bach", "z"], vectors[2:])
    sides = [
        match_texts(TextReader().read([text], code, one), one, another)
        for text, code, one, another in (("Bach", "a", own, other), ("bach", "b", other, own))
    ]
    assert word_match(sides[0], sides[1], np.array([[0, 0]])) == pytest.approx([0.4])


def test_texts_without_words_match_nothing() -> None:
    sides = [
        match_texts(ENCODER.read(["", "?", f"{code}1"], code), SPACE[code], SPACE[other])
        for code, other in (("en", "es"), ("es", "en"))
    ]
    pairs = np.array([(i, j) for i in range(3) for j in range(3)])
    assert np.flatnonzero(word_match(sides[0], sides[1], pairs)).tolist() == [8]


def test_hidden_pairs_are_found_with_true_probabilities() -> None:
    english, spanish = hidden(150, 300)
    order = np.random.default_rng(5).permutation(len(spanish))
    found = mine(english, [spanish[row] for row in order], ENCODER, min_probability=0)
    is_right = (found.source_rows == order[found.target_rows]) & (found.source_rows < 150)
    sure = found.probabilities >= 0.5
    assert is_right[sure].sum() >= 0.95 * 150
    assert abs(is_right[sure].mean() - found.probabilities[sure].mean()) < 0.05
    assert (np.diff(found.probabilities) <= 0).all()
    assert len({*found.source_rows}) == len({*found.target_rows}) == len(found)


def test_nothing_is_found_where_nothing_is_hidden() -> None:
    english, spanish = made_texts(300, 1)[0], made_texts(300, 2)[1]
    assert len(mine(english, spanish, ENCODER, min_probability=0.8)) <= 5


def test_a_repeated_header_neither_wins_nor_slows() -> None:
    english, spanish = hidden(40, 40)
    header = "en1 en2 en3", "es1 es2 es3"
    started = time.process_time()
    once = mine([*english, header[0]], [*spanish, header[1]], ENCODER)
    single = time.process_time() - started
    started = time.process_time()
    often = mine([*english, *[header[0]] * 5_000], [*spanish, *[header[1]] * 5_000], ENCODER)
    assert time.process_time() - started < 3 * single + 1
    assert often.source_rows.tolist() == once.source_rows.tolist()
    assert often.target_rows.tolist() == once.target_rows.tolist()


def test_many_texts_in_half_precision_give_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    english, spanish = hidden(40, 40)
    whole = mine(english, spanish, ENCODER)
    monkeypatch.setattr(encoded_texts, "_IN_MEMORY", 10)
    monkeypatch.setattr(encoded_texts, "_BATCH", 7)
    monkeypatch.setattr(margin, "BLOCK_BYTES", 4 * DIMENSION * 9)
    half = mine(english, spanish, ENCODER)
    assert {*zip(half.source_rows, half.target_rows, strict=True)} == {
        *zip(whole.source_rows, whole.target_rows, strict=True)
    }
    np.testing.assert_allclose(half.scores, whole.scores, atol=2e-3)


def test_empty_and_long_texts() -> None:
    english, spanish = hidden(30, 0)
    long = "en3 en4 unknown " * 40_000
    found = mine(["", *english, long, "  "], [*spanish, "", "..."], ENCODER)
    right = found.source_rows == found.target_rows + 1
    assert right.sum() >= 28
    assert len(mine([], spanish, ENCODER)) == len(mine(["?", ""], spanish, ENCODER)) == 0


def test_exchanged_and_unknown_languages_are_told(caplog: pytest.LogCaptureFixture) -> None:
    english, spanish = hidden(10, 0)
    with caplog.at_level(logging.WARNING, "alignx"):
        mine(spanish, english, ENCODER)
        mine(["una frase"], spanish, ENCODER)
    assert "the en texts look like es" in caplog.text
    assert "only 0 % of the words of 1 en text have en vectors" in caplog.text
    caplog.clear()
    mine(english, spanish, ENCODER)
    assert not caplog.records


def test_results_do_not_change_from_run_to_run() -> None:
    english, spanish = hidden(20, 20)
    first, second = (mine(english, spanish, ENCODER, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    assert first.source_rows.tolist() == second.source_rows.tolist()


def test_the_table_has_one_line_for_each_pair(tmp_path: Path) -> None:
    english, spanish = hidden(20, 0)
    english[0] = english[0].replace(" ", "\t", 1)
    found = mine(english, spanish, ENCODER)
    found.save(tmp_path / "pairs.tsv")
    head, *rows = (tmp_path / "pairs.tsv").read_text().splitlines()
    assert head.split("\t")[:3] == ["source", "target", "probability"]
    assert len(rows) == len(found) == len(found.to_frame())
    assert {len(row.split("\t")) for row in rows} == {6}
    with pytest.raises(FormatError, match=r"written as .tsv or .txt, not|written as .tsv or .txt"):
        found.save(tmp_path / "pairs.xlsx")


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="candidates must be at least 1, got 0"):
        mine(["a"], ["b"], ENCODER, candidates=0)
    with pytest.raises(ValueError, match=r"min_probability must lie in \[0, 1\], got 2"):
        mine(["a"], ["b"], ENCODER, min_probability=2)
    with pytest.raises(ValueError, match="languages must be of en, es, got 'fr'"):
        mine(["a"], ["b"], ENCODER, languages=("en", "fr"))
    with pytest.raises(TypeError, match="target_texts must be a sequence of strings"):
        mine(["a"], "b", ENCODER)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        rank_translations(["a"], ["b"], ENCODER, 0)
    with pytest.raises(ValueError, match="candidates must be at least 1, got -1"):
        rank_translations(["a"], ["b"], ENCODER, candidates=-1)
    with pytest.raises(TypeError, match="texts must be a sequence of strings"):
        rank_translations(["a"], "b", ENCODER)


def test_decoys_without_known_words_leave_the_usual_lengths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ratios: list[float] = []

    def spy(*args: Any, **options: Any) -> scored_pairs.ScoredPairs:  # noqa: ANN401
        ratios.append(options.get("length_ratio", 0.0))
        return scored_pairs.scored_pairs(*args, **options)

    monkeypatch.setattr(mining, "scored_pairs", spy)
    # Second halves without a known word make half of the decoys empty.
    mine(["en1", "en2"], ["es1 qqq www eee rrr", "xxx yyy zzz vvv es2"], StandIn(made_space()))
    assert len(ratios) > 2
    assert len({*ratios[1:]}) == 1
    assert ratios[1] > 1


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of file sizes of Linux")
def test_a_full_temporary_folder_is_an_error() -> None:
    # Beyond the limit a file cannot grow, as on a full disk.
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n"
        "from alignx.sentences import encoded_texts\n"
        "from alignx.errors import OutputError\n"
        "try: encoded_texts._room(200_000, 800)[:] = 1\n"
        "except OutputError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(Path(tempfile.gettempdir())) in found.stdout


def test_translations_are_ranked_by_the_score_of_the_formula() -> None:
    english, spanish = hidden(40, 20)
    spanish[3] += " es1 es2"  # longer than usual
    order = np.random.default_rng(5).permutation(60)
    texts = [spanish[row] for row in order]
    found = rank_translations(["?", *english], [*texts, ""], ENCODER, 3)
    assert found.indices[0].tolist() == [-1, -1, -1]
    assert found.scores[0].tolist() == [-np.inf] * 3
    rows = found.indices[1:]
    assert (order[rows[:40, 0]] == np.arange(40)).mean() >= 0.95
    assert (np.diff(found.scores[1:], axis=1) <= 0).all()
    match = np.array([[match_by_hand(one, other) for other in texts] for one in english])
    cosines = ENCODER.encode(english, "en") @ ENCODER.encode(texts, "es").T
    sizes = np.log([[len(o) / len(e) for o in texts] for e in english])
    best = {(i, j) for i in range(60) for j in np.argsort(-cosines[i])[:8]}
    best |= {(i, j) for j in range(60) for i in np.argsort(-cosines[:, j])[:8]}
    kept = np.array([[(i, j) in best for j in range(60)] for i in range(60)])
    matched = np.where(kept, match, 0)
    scores = -0.5 * np.abs(sizes)  # the usual ratio is 1
    for values, share in ((cosines, 1), (matched, 0.6)):
        means = [np.sort(values, axis=axis) for axis in (0, 1)]
        by_row, by_column = means[1][:, -4:].mean(axis=1), means[0][-4:].mean(axis=0)
        ratio = 2 * values / (by_row[:, None] + by_column)
        scores += share * np.log(np.maximum(ratio, 1e-3))
    expected = np.where(kept, scores, -np.inf)
    np.testing.assert_allclose(found.scores[1:], -np.sort(-expected, axis=1)[:, :3], atol=1e-4)


# --- parts ---------------------------------------------------------------------------------------


def test_decoys_exchange_halves_of_two_texts() -> None:
    texts = [f"{row}a {row}b" for row in range(7)]
    for decoys in spliced_texts(texts, np.random.default_rng(0)):
        assert len({*decoys.parents.ravel()}) == 6
        for text, (i, j) in zip(decoys.texts, decoys.parents, strict=True):
            assert text == f"{i}a {j}b"


def test_probabilities_are_those_of_a_known_mixture() -> None:
    rng = np.random.default_rng(3)
    is_true = rng.random(4_000) < 0.3
    scores = np.where(is_true, rng.normal(3, 1, 4_000), rng.normal(0, 1, 4_000))
    found = probabilities_by_decoys(scores, rng.normal(0, 1, 8_000), 0.5)
    density = 0.3 * np.exp(-((scores - 3) ** 2) / 2), 0.7 * np.exp(-(scores**2) / 2)
    expected = density[0] / (density[0] + density[1])
    assert np.abs(found - expected).mean() < 0.03
    assert found.max() < 1


def test_mean_of_best_and_one_to_one() -> None:
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    assert _mean_of_best(pairs[:, 0], scores, 2) == pytest.approx([0.85, 0.85, 0.4, 0.4])
    assert _mean_of_best(pairs[:, 0], scores, 3)[0] == pytest.approx(1.7 / 3)
    assert one_to_one(pairs, scores, 2, 2).tolist() == [0, 3]
