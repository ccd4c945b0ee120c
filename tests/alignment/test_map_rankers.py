"""Learned rankings of fitted maps, and in their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ciphered import ciphered
from safetensors import safe_open
from safetensors.numpy import save_file

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.errors import FormatError
from alignx.lexicon.lexicon import Lexicon
from alignx.ranking.ranker import PairRanker

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.alignment.shared_space import SharedSpace

COUNT, KNOWN = 600, 500  # the fewest of which a ranking is learned
RANKER = PairRanker(n_candidates=8, hidden=4, features=["csls", "target_gap", "ngrams"])
OPTIONS: dict[str, Any] = {"method": "procrustes", "refinement": 0, "ranker": RANKER}


def lexicon(space: SharedSpace, count: int = KNOWN) -> Lexicon:
    return Lexicon(list(zip(space.source.words, space.target.words, strict=True))[:count])


def fit(space: SharedSpace, pairs: Lexicon | None = None, **options: Any) -> Alignment:  # noqa: ANN401
    given = lexicon(space) if pairs is None else pairs
    return align(space.source, space.target, lexicon=given, **OPTIONS | options)


@pytest.fixture(scope="module")
def space() -> SharedSpace:
    return ciphered(COUNT, noise=1.2)


@pytest.fixture(scope="module")
def alignment(space: SharedSpace) -> Alignment:
    return fit(space)


def contents(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with safe_open(path, framework="np") as file:
        facts = json.loads(file.metadata()["alignx-mapping"])
        return facts, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # the file cannot be iterated


def write(path: Path, facts: dict[str, Any], tensors: dict[str, Any]) -> None:
    save_file(tensors, path, {"alignx-mapping": json.dumps(facts)})


# --- fits -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_fit_learns_a_ranking_and_tells_its_gain(
    space: SharedSpace, alignment: Alignment
) -> None:
    ranker, gain = alignment.ranker, alignment.ranking_gain
    assert ranker is not None
    assert gain is not None
    assert ranker is not RANKER
    assert not hasattr(RANKER, "spelling_")
    assert ranker.get_params() == RANKER.get_params()
    assert gain.n == KNOWN
    assert gain.learned > gain.csls
    assert str(gain) in str(alignment)
    shared = alignment.apply(space.source, space.target)
    assert shared.ranker is ranker
    new = range(KNOWN, COUNT)
    words = [space.source.words[row] for row in new]
    right = [
        np.mean(
            [
                best.word == space.target.words[row]
                for row, (best,) in zip(
                    new, shared.translate(words, 1, ranking=ranking), strict=True
                )
            ]
        )
        for ranking in ("learned", "csls")
    ]
    assert right[0] > right[1]


@pytest.mark.slow
def test_a_ranking_may_be_left_out_or_be_the_usual_one(space: SharedSpace) -> None:
    without = fit(space, ranker=False)
    assert without.ranker is None
    assert without.ranking_gain is None
    usual = fit(space, ranker=True)
    assert usual.ranker is not None
    assert usual.ranker.get_params() == PairRanker().get_params()


@pytest.mark.parametrize("ranker", [PairRanker(hidden=0), PairRanker(features=["magic"])])
def test_parameters_of_the_ranker_out_of_range_are_refused(
    space: SharedSpace, ranker: PairRanker
) -> None:
    with pytest.raises(ValueError, match="must be"):
        fit(space, ranker=ranker)
    with pytest.raises(TypeError, match="ranker must be"):
        fit(space, ranker="learned")


# --- files ------------------------------------------------------------------------------------


def test_a_file_gives_the_same_answers_bit_by_bit(
    space: SharedSpace, alignment: Alignment, tmp_path: Path
) -> None:
    path = tmp_path / "map.safetensors"
    alignment.save(path)
    loaded = Alignment.load(path)
    assert loaded.ranking_gain == alignment.ranking_gain
    assert loaded.ranker is not None
    assert loaded.ranker.get_params() == RANKER.get_params()
    one, other = (each.apply(space.source, space.target) for each in (alignment, loaded))
    words = space.source.words
    assert one.translate(words, 8) == other.translate(words, 8)
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_the_ranking_of_another_map_is_refused(alignment: Alignment, tmp_path: Path) -> None:
    path = tmp_path / "map.safetensors"
    alignment.save(path)
    facts, tensors = contents(path)
    other = ciphered(COUNT, noise=1.2, seed=1)
    fit(other).save(path)
    other_facts, other_tensors = contents(path)
    is_ranker = [name for name in tensors if name.startswith("ranker_")]
    swapped = tensors | {name: other_tensors[name] for name in is_ranker}
    maps = tensors | {name: other_tensors[name] for name in ("source_map", "target_map")}
    for wrong_facts, wrong_tensors in (
        (facts, swapped),
        (facts, maps),
        (facts | {"ranker": other_facts["ranker"]}, tensors),
    ):
        write(path, wrong_facts, wrong_tensors)
        with pytest.raises(FormatError, match="the learned ranking is that of another map"):
            Alignment.load(path)
    write(path, facts, {name: tensors[name] for name in tensors if name not in is_ranker})
    with pytest.raises(FormatError, match="another map"):
        Alignment.load(path)
    write(path, facts | {"ranker": None}, tensors)
    assert Alignment.load(path).ranker is None
    write(path, facts, tensors)
    assert Alignment.load(path).ranker is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"features": ["magic"]},
        {"features": "csls"},
        {"features": ["csls"]},
        {"parameters": {"speed": 3}},
        {"parameters": []},
        {"map": 3},
    ],
)
def test_damaged_facts_of_a_ranking_are_refused(
    alignment: Alignment, tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = tmp_path / "map.safetensors"
    alignment.save(path)
    facts, tensors = contents(path)
    write(path, facts | {"ranker": facts["ranker"] | changes}, tensors)
    with pytest.raises(FormatError, match="damaged"):
        Alignment.load(path)


def test_files_of_the_former_format_are_refused_by_version(
    alignment: Alignment, tmp_path: Path
) -> None:
    path = tmp_path / "map.safetensors"
    alignment.save(path)
    facts, tensors = contents(path)
    write(path, facts | {"format_version": "2", "alignx_version": "0.1"}, tensors)
    gist = r"map\.safetensors: format version must be 3, got 2: written by alignx 0\.1; align again"
    with pytest.raises(FormatError, match=gist):
        Alignment.load(path)


# --- odd dictionaries -------------------------------------------------------------------------


@pytest.mark.slow
def test_pairs_that_are_listed_twice_change_nothing(
    space: SharedSpace, alignment: Alignment
) -> None:
    twice = Lexicon([*lexicon(space).pairs, *lexicon(space).pairs[:50]])
    again = fit(space, twice)
    assert again.ranking_gain == alignment.ranking_gain
    assert again.ranker is not None
    assert alignment.ranker is not None
    for name, tensor in again.ranker.tensors().items():
        assert tensor.tobytes() == alignment.ranker.tensors()[name].tobytes()


@pytest.mark.slow
def test_several_translations_of_a_word_are_all_right(space: SharedSpace) -> None:
    pairs = lexicon(space).pairs
    more = [(source, pairs[(i + 1) % 50][1]) for i, (source, _) in enumerate(pairs[:50])]
    fitted = fit(space, Lexicon([*pairs, *more]))
    assert fitted.ranking_gain is not None
    assert fitted.ranking_gain.n == KNOWN


@pytest.mark.slow
def test_a_dictionary_that_contradicts_itself_teaches_no_certainty(space: SharedSpace) -> None:
    """Every word has the translation of another one: the map fails, and chances are small."""
    words = space.source.words[:KNOWN]
    shuffled = np.random.default_rng(0).permutation(KNOWN)
    pairs = [(w, space.target.words[i]) for w, i in zip(words, shuffled.tolist(), strict=True)]
    fitted = fit(space, Lexicon(pairs), allow_failed=True)
    assert fitted.failed
    if fitted.ranker is not None:
        shared = fitted.apply(space.source, space.target)
        answers = shared.translate(space.source.words[KNOWN:], 1)
        assert np.mean([best.score for (best,) in answers]) < 0.5


@pytest.mark.slow
def test_one_translation_of_all_words_gives_no_ranking(space: SharedSpace) -> None:
    pairs = [(word, space.target.words[0]) for word in space.source.words[:KNOWN]]
    assert fit(space, Lexicon(pairs), allow_failed=True).ranker is None


@pytest.mark.slow
@pytest.mark.parametrize("count", [99, 100])
def test_a_ranking_of_few_words_takes_a_hundred(space: SharedSpace, count: int) -> None:
    fitted = fit(space, lexicon(space, count))
    assert (fitted.ranking_gain is None) is (count < 100)
