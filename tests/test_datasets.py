from __future__ import annotations

from importlib.metadata import metadata
from importlib.resources import files
from itertools import permutations

import numpy as np
import pytest

from alignx.datasets import SAMPLE_LANGUAGES, Sample, load_sample

DIRECTIONS = list(permutations(SAMPLE_LANGUAGES, 2))


@pytest.fixture(scope="module")
def samples() -> dict[tuple[str, str], Sample]:
    return {direction: load_sample(*direction) for direction in DIRECTIONS}


def test_three_languages_are_bundled() -> None:
    assert SAMPLE_LANGUAGES == ("en", "es", "de")


def test_english_and_spanish_come_by_default(samples: dict[tuple[str, str], Sample]) -> None:
    sample = load_sample()
    assert (sample.source.language, sample.target.language) == ("en", "es")
    assert list(sample.train) == list(samples["en", "es"].train)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_vectors_are_whole(
    samples: dict[tuple[str, str], Sample], direction: tuple[str, str]
) -> None:
    for code, side in zip(direction, samples[direction][:2], strict=True):
        assert side.language == code
        assert side.vectors.shape == (4_000, 300)
        assert side.vectors.dtype == np.float32
        assert np.isfinite(side.vectors).all()
        assert side.zero_rows == 0
        assert len(set(side.words)) == 4_000
        assert all(word == word.lower() for word in side.words)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_there_are_enough_pairs_and_all_words_are_known(
    samples: dict[tuple[str, str], Sample], direction: tuple[str, str]
) -> None:
    source, target, train, test = samples[direction]
    assert len(train) >= 600
    assert len(test) >= 300
    for lexicon in (train, test):
        assert len(set(lexicon)) == len(lexicon)
        assert all(s in source and t in target for s, t in lexicon)
        assert lexicon.scores is None


@pytest.mark.parametrize("direction", [pair for pair in DIRECTIONS if "en" in pair])
def test_train_and_test_share_no_pair(
    samples: dict[tuple[str, str], Sample], direction: tuple[str, str]
) -> None:
    assert not set(samples[direction].train) & set(samples[direction].test)


@pytest.mark.parametrize("direction", [("en", "es"), ("en", "de"), ("es", "de")])
def test_the_other_direction_has_the_same_pairs(
    samples: dict[tuple[str, str], Sample], direction: tuple[str, str]
) -> None:
    there, back = samples[direction], samples[direction[1], direction[0]]
    assert set(there.train.reversed()) == set(back.train)
    assert set(there.test.reversed()) == set(back.test)
    assert there.source.checksum == back.target.checksum


def test_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one of en, es, de, got 'fr'"):
        load_sample("en", "fr")
    with pytest.raises(ValueError, match="must differ, got 'es' twice"):
        load_sample("es", "es")


def test_the_license_of_the_sample_is_shipped_and_declared() -> None:
    text = (files("alignx") / "data" / "LICENSE").read_text(encoding="utf-8")
    assert "Wikipedia" in text
    assert "CC BY-SA 4.0" in text or "Attribution-ShareAlike 4.0" in text
    declared = metadata("alignx")
    assert "CC-BY-SA-4.0" in declared["License-Expression"]
    assert "alignx/data/LICENSE" in (declared.get_all("License-File") or [])


def test_no_word_of_the_test_has_been_learned(samples: dict[tuple[str, str], Sample]) -> None:
    for sample in samples.values():
        for learned, asked in zip(
            zip(*sample.train, strict=True), zip(*sample.test, strict=True), strict=True
        ):
            assert not set(learned) & set(asked)
