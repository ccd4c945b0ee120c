from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from ciphered import candidates, cipher, random_words
from made_languages import unit

from alignx.alignment.shared_space import SharedSpace
from alignx.multilingual.pair_rankers import FittedRanker, fit_pair_rankers
from alignx.ranking.ranker import PairRanker
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.support.arrays import Indices, Matrix

COUNT = 400
QUICK: dict[str, Any] = {"n_candidates": 10, "hidden": 8, "epochs": 5}
EYE = np.eye(20, dtype=np.float32)
CODES = "en", "ru", "sh"


class Fit(NamedTuple):
    """The parts of a held-out fit."""

    maps: Mapping[str, Matrix]
    train: Mapping[tuple[str, str], Indices]
    held_out: Mapping[tuple[str, str], Indices]


def languages() -> dict[str, Embeddings]:
    """Make three languages with the translations of a word at the same row."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((COUNT, 20))
    words = random_words(COUNT)
    shifted = ["".join(chr(ord(letter) + 1) for letter in word) for word in words]
    spelled = zip(CODES, (words, list(map(cipher, words)), shifted), strict=True)
    noise = {code: rng.standard_normal((COUNT, 20)) for code in CODES}
    return {code: Embeddings(own, unit(rows + 0.8 * noise[code]), code) for code, own in spelled}


def fits(*pairs: tuple[str, str], count: int = COUNT) -> list[Fit]:
    """Hold each half of the words out of all lexicons."""
    numbers = np.arange(count)
    both = np.stack([numbers, numbers], axis=1)
    maps = dict.fromkeys(CODES, EYE)
    return [
        Fit(maps, dict.fromkeys(pairs, both[1 - i :: 2]), dict.fromkeys(pairs, both[i::2]))
        for i in range(2)
    ]


def fitted(known: list[Fit]) -> dict[tuple[str, str], FittedRanker]:
    made = languages()
    numbers = np.arange(COUNT)
    pairs = dict.fromkeys(known[0].held_out, np.stack([numbers, numbers], axis=1))
    return fit_pair_rankers(
        PairRanker(**QUICK),
        lambda code, matrix: unit(made[code].vectors @ matrix),
        {code: language.words for code, language in made.items()},
        known,  # type: ignore[arg-type]  # it has what is read
        pairs,
    )


@pytest.mark.slow
def test_a_pair_without_a_lexicon_is_ranked_by_what_others_teach() -> None:
    found = fitted(fits(("en", "ru"), ("sh", "en")))
    assert set(found) == set(permutations(CODES, 2))
    for pair, each in found.items():
        assert each.is_transferred == ("en" not in pair)
        assert each.ranker is not None, pair
        assert each.gain is not None
        assert each.gain.transferred == each.is_transferred
        assert each.gain.gain > 0
    # The figures of the transfer are of the four ways between languages that have a lexicon.
    assert found["ru", "sh"].gain == found["sh", "ru"].gain
    assert found["ru", "sh"].gain.n == 4 * COUNT
    assert "not learned from" in str(found["ru", "sh"].gain)
    made = languages()
    space = SharedSpace({code: made[code] for code in ("ru", "sh")})
    asked = candidates(space, np.arange(COUNT))
    by_csls = (asked.target_rows[:, 0] == np.arange(COUNT)).mean()
    ranker = found["ru", "sh"].ranker
    assert ranker is not None
    learned = (ranker.rank(asked).indices[:, 0] == np.arange(COUNT)).mean()
    assert learned > by_csls + 0.05
