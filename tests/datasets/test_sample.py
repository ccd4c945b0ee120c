from __future__ import annotations

from importlib.metadata import metadata
from importlib.resources import files
from itertools import permutations

import numpy as np
import pytest

from alignx.datasets.sample import SAMPLE_LANGUAGES, Sample, load_sample

DIRECTIONS = list(permutations(SAMPLE_LANGUAGES, 2))


@pytest.fixture(scope="module")
def samples() -> dict[tuple[str, str], Sample]:
    return {direction: load_sample(*direction) for direction in DIRECTIONS}


def test_english_and_spanish_come_by_default(samples: dict[tuple[str, str], Sample]) -> None:
    assert SAMPLE_LANGUAGES == ("en", "es", "de")
    sample = load_sample()
    assert (sample.source.language, sample.target.language) == ("en", "es")
    assert list(sample.train) == list(samples["en", "es"].train)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_sample_is_whole(
    samples: dict[tuple[str, str], Sample], direction: tuple[str, str]
) -> None:
    source, target, train, test = samples[direction]
    for code, language in zip(direction, (source, target), strict=True):
        assert language.language == code
        assert language.vectors.shape == (4_000, 300)
        assert language.vectors.dtype == np.float32
        assert np.isfinite(language.vectors).all()
        assert language.zero_rows == 0
        assert len(set(language.words)) == 4_000
        assert all(word == word.lower() for word in language)
    assert len(train) >= 600
    assert len(test) >= 300
    for lexicon in (train, test):
        assert len(set(lexicon)) == len(lexicon)
        assert all(s in source and t in target for s, t in lexicon)
        assert lexicon.scores is None
    for learned, asked in zip(zip(*train, strict=True), zip(*test, strict=True), strict=True):
        assert not set(learned) & set(asked)


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
