from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from copy import deepcopy
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file
from threadpoolctl import threadpool_limits

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.datasets.sample import Sample, load_sample
from alignx.errors import (
    AlignmentFailed,
    DimensionError,
    DirectionError,
    EmptyLexiconError,
    FormatError,
    OutputError,
)
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import CCA, METHODS, LeastSquares, Procrustes, Refinement, balanced_weights
from alignx.support.arrays import BLOCK_ROWS, unit_rows
from alignx.support.config import config_context
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.normalizer import ITERATIVE, STANDARD, Normalizer, Step
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

MAP_NAMES = ("source_map_", "target_map_", "source_mean_", "target_mean_")


@pytest.fixture(scope="module")
def sample() -> Sample:
    return load_sample()


class Alignments(dict[str, Alignment]):
    """Alignments of the bundled sample by method, each fitted when it is asked for."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self.sample = sample

    def __missing__(self, method: str) -> Alignment:
        source, target, train, _ = self.sample
        ranker = method not in ("rcsls", "ensemble")  # whose fits without held-out words are slow
        self[method] = align(
            source, target, lexicon=train, method=method, refinement=1, ranker=ranker
        )
        return self[method]


@pytest.fixture(scope="module")
def alignments(sample: Sample) -> Alignments:
    return Alignments(sample)


@pytest.fixture(scope="module")
def small() -> Alignment:
    """A small map, whose choice among methods takes most of the time of a small test."""
    return align(ENGLISH, SPANISH, lexicon=PAIRS, refinement=0, ranker=False)


def embeddings(
    prefix: str, count: int = 120, dimension: int = 8, language: str | None = None, seed: int = 0
) -> Embeddings:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return Embeddings([f"{prefix}{i}" for i in range(count)], rows, language)


def noisy_rotation(source: Embeddings, prefix: str, language: str | None = None) -> Embeddings:
    rng = np.random.default_rng(7)
    rotation, _ = np.linalg.qr(rng.standard_normal((source.dimension, source.dimension)))
    rows = source.vectors @ rotation + 0.2 * rng.standard_normal(source.vectors.shape)
    words = [f"{prefix}{i}" for i in range(len(source))]
    return Embeddings(words, rows.astype(np.float32), language)


def identity_pairs(count: int, first: str = "a", second: str = "b") -> Lexicon:
    return Lexicon([(f"{first}{i}", f"{second}{i}") for i in range(count)])


ENGLISH = embeddings("a", language="en")
SPANISH = noisy_rotation(ENGLISH, "b", "es")
PAIRS = identity_pairs(100)


def contents(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with safe_open(path, framework="np") as file:
        facts = json.loads(file.metadata()["alignx-mapping"])
        return facts, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # the file cannot be iterated


def assert_same(one: Alignment, other: Alignment) -> None:
    """Everything that the result depends on is equal, bit by bit."""
    for name in MAP_NAMES:
        assert getattr(one.aligner, name).tobytes() == getattr(other.aligner, name).tobytes()
    for side, twin in ((one.source, other.source), (one.target, other.target)):
        assert side.facts() == twin.facts()
        for mean, copy in zip(side.normalizer.means_, twin.normalizer.means_, strict=True):
            assert mean.tobytes() == copy.tobytes()
    assert (one.ranker is None) == (other.ranker is None)
    if one.ranker is not None:
        assert other.ranker is not None
        assert one.ranker.facts() == other.ranker.facts()
        twins = other.ranker.tensors()
        for name, value in one.ranker.tensors().items():
            assert value.tobytes() == twins[name].tobytes()


# --- fitting ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "least"),
    [
        ("procrustes", 0.75),
        ("cca", 0.7),
        ("least_squares", 0.7),
        ("reweighted", 0.7),
        ("contrastive", 0.7),
    ],
)
def test_every_method_translates_the_sample(
    sample: Sample, alignments: dict[str, Alignment], method: str, least: float
) -> None:
    shared = alignments[method].apply(sample.source, sample.target)
    assert list(shared) == ["en", "es"]
    assert shared.ranker is not None
    assert evaluate(shared, sample.test).csls.precision[1] >= least


@pytest.mark.slow
def test_the_alignment_tells_what_was_done(
    sample: Sample, alignments: dict[str, Alignment]
) -> None:
    alignment = alignments["procrustes"]
    assert alignment.pairs == len(sample.train)
    assert (alignment.source.code, alignment.target.code) == ("en", "es")
    assert alignment.source.checksum == sample.source.checksum
    assert alignment.target.words == len(sample.target)
    assert [round_.round for round_ in alignment.rounds] == [1]
    assert repr(alignment) == f"Alignment(en -> es, Procrustes(), {len(sample.train)} pairs)"


@pytest.mark.slow
def test_unknown_pairs_are_left_out() -> None:
    more = Lexicon([*PAIRS.pairs, ("a1", "none"), ("none", "b1")])
    alignment = align(ENGLISH, SPANISH, lexicon=more, ranker=False)
    assert alignment.pairs == len(PAIRS)
    assert_same(alignment, align(ENGLISH, SPANISH, lexicon=PAIRS, ranker=False))


def test_without_refinement_the_map_is_that_of_the_weighted_pairs() -> None:
    rng = np.random.default_rng(3)
    pairs = [*PAIRS.pairs, *((f"a{i}", f"b{rng.integers(100)}") for i in (0, 0, 0, 1, 1, 2))]
    lexicon = Lexicon(list(dict.fromkeys(pairs)))
    options: dict[str, Any] = {"method": "procrustes", "refinement": 0, "ranker": False}
    found = align(ENGLISH, SPANISH, lexicon=lexicon, **options).aligner
    sides = [Normalizer().fit_transform(side.vectors) for side in (ENGLISH, SPANISH)]
    rows = lexicon.rows(ENGLISH, SPANISH)
    weights = balanced_weights(np.stack([rows.source, rows.target], axis=1))
    assert len(set(weights)) > 2
    paired = (sides[0][rows.source], sides[1][rows.target])
    weighted = Procrustes().fit(*paired, weights)
    np.testing.assert_array_equal(found.source_map_, weighted.source_map_)
    assert not np.array_equal(found.source_map_, Procrustes().fit(*paired).source_map_)


@pytest.mark.slow
def test_refinement_is_on_by_default_and_uses_the_vocabulary() -> None:
    options: dict[str, Any] = {"method": "procrustes", "ranker": False}
    default = align(ENGLISH, SPANISH, lexicon=PAIRS, **options)
    assert [round_.round for round_ in default.rounds] == [1, 2, 3, 4, 5]
    none = align(ENGLISH, SPANISH, lexicon=PAIRS, refinement=0, **options)
    assert none.rounds == ()
    few = Lexicon(PAIRS.pairs[:20])
    settings = Refinement(vocabulary=30)
    small = align(ENGLISH, SPANISH, lexicon=few, refinement=settings, **options).rounds
    large = align(ENGLISH, SPANISH, lexicon=few, **options).rounds
    assert all(round_.pairs <= 30 + 20 for round_ in small)
    assert all(round_.pairs > 50 for round_ in large)


@pytest.mark.slow
def test_an_aligner_with_parameters_is_used_and_left_unfitted() -> None:
    aligner = CCA(n_components=3, regularization=1.0)
    alignment = align(ENGLISH, SPANISH, lexicon=PAIRS, method=aligner, ranker=False)
    assert alignment.aligner.get_params() == aligner.get_params()
    assert repr(alignment.aligner) == "CCA(n_components=3, regularization=1.0)"
    assert alignment.apply(ENGLISH, SPANISH).source.dimension == 3
    assert not hasattr(aligner, "source_map_")


@pytest.mark.slow
def test_steps_of_normalization_are_those_asked_for() -> None:
    alignment = align(ENGLISH, SPANISH, lexicon=PAIRS, normalize=ITERATIVE, ranker=False)
    assert tuple(alignment.source.normalizer.steps) == ITERATIVE
    assert len(alignment.target.normalizer.means_) == 5
    plain = align(ENGLISH, SPANISH, lexicon=PAIRS, normalize=(), ranker=False)
    assert plain.source.normalizer.means_ == []


@pytest.mark.slow
def test_progress_goes_from_start_to_end() -> None:
    seen: list[float] = []
    align(ENGLISH, SPANISH, lexicon=PAIRS, progress=seen.append)
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 1
    assert seen[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"method": type("Mine", (Procrustes,), {})()}, "method must be one of .* got Mine"),
        ({"refinement": -1}, "refinement must be at least 0, got -1"),
        ({"refinement": Refinement(n_neighbors=121)}, "n_neighbors must lie in"),
        ({"normalize": ("unit", "bold")}, "got 'bold'"),
        ({"normalize": "standard"}, "normalize must be .* or 'linear', got 'standard'"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, Any], gist: str) -> None:
    with pytest.raises(ValueError, match=gist):
        align(ENGLISH, SPANISH, **{"lexicon": PAIRS, **options})


def test_a_lexicon_without_a_usable_pair_is_refused() -> None:
    with pytest.raises(EmptyLexiconError, match="got 100 pairs, 100 with an OOV source word"):
        align(ENGLISH, SPANISH, lexicon=PAIRS.reversed())


@pytest.mark.slow
def test_procrustes_needs_equal_dimensions_and_others_do_not() -> None:
    wide = embeddings("b", dimension=11)
    with pytest.raises(DimensionError, match="got 8 and 11"):
        align(ENGLISH, wide, lexicon=PAIRS, method="procrustes")
    for method in (CCA(n_components=4), LeastSquares()):
        alignment = align(
            ENGLISH, wide, lexicon=PAIRS, method=method, ranker=False, allow_failed=True
        )
        shared = alignment.apply(ENGLISH, wide)
        assert shared.source.dimension == shared.target.dimension


# --- languages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("en", "es"), ("en", "es")),
        (("en", "en"), ("source", "target")),
        ((None, None), ("source", "target")),
        (("en", None), ("en", "target")),
        ((None, "es"), ("source", "es")),
        (("", "es"), ("source", "es")),
    ],
)
def test_codes_that_are_equal_or_unknown_become_sides(
    codes: tuple[str | None, str | None], expected: tuple[str, str]
) -> None:
    source, target = (
        Embeddings(side.words, side.vectors, code)
        for side, code in zip((ENGLISH, SPANISH), codes, strict=True)
    )
    alignment = align(
        source, target, lexicon=PAIRS, method="procrustes", refinement=0, ranker=False
    )
    assert (alignment.source.code, alignment.target.code) == expected
    assert tuple(alignment.apply(source, target)) == expected
    assert alignment.side_of(expected[0]) is alignment.source
    with pytest.raises(ValueError, match=f"takes languages {expected[0]} and {expected[1]}, got d"):
        alignment.side_of("de")


# --- applying ---------------------------------------------------------------------------------


def test_new_words_go_through_the_same_steps() -> None:
    alignment = align(ENGLISH, SPANISH, lexicon=PAIRS, ranker=False)
    more = embeddings("c", count=50, seed=9)
    longer = Embeddings(
        [*ENGLISH.words, *more.words], np.concatenate([ENGLISH.vectors, more.vectors]), "en"
    )
    mapped = alignment.apply_source(longer)
    np.testing.assert_allclose(
        mapped.vectors[:120], alignment.apply_source(ENGLISH).vectors, atol=1e-6
    )
    np.testing.assert_allclose(
        mapped.vectors[120:], alignment.apply_source(more).vectors, atol=1e-6
    )
    rows = unit_rows(more.vectors)
    (mean,) = alignment.source.normalizer.means_
    np.testing.assert_allclose(mean, unit_rows(ENGLISH.vectors).mean(axis=0), atol=1e-6)
    expected = unit_rows(unit_rows(rows - mean.astype(np.float32)) @ alignment.aligner.source_map_)
    np.testing.assert_allclose(mapped.vectors[120:], expected, atol=1e-6)
    assert len(alignment.apply(longer, SPANISH).source) == 170


@pytest.mark.parametrize("is_saved", [False, True])
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("fewer", "has 60 words, and the map was fitted on 120 of the same training"),
        ("rounded", "same vectors up to rounding"),
        ("retrained", "0 of 120 frequent words have the same vectors; .* align these vectors anew"),
        ("foreign", "0 of the 120 most frequent words are the same; are these vectors of en"),
    ],
)
def test_other_vectors_are_told_of_once(
    small: Alignment,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    is_saved: bool,
    kind: str,
    told: str,
) -> None:
    alignment = deepcopy(small)  # which has told nothing so far
    if is_saved:
        alignment.save(tmp_path / "a.safetensors")
        alignment = Alignment.load(tmp_path / "a.safetensors")
    alignment.apply(ENGLISH, SPANISH)
    assert not caplog.records
    others = {
        "fewer": ENGLISH.head(60),
        "rounded": Embeddings(ENGLISH.words, ENGLISH.vectors.astype(np.float16), "en"),
        "retrained": embeddings("a", language="en", seed=9),
        "foreign": embeddings("c", language="en"),
    }
    for _ in range(3):
        alignment.apply(others[kind], SPANISH)
    assert len(caplog.records) == 1
    assert re.search(told.replace("(", r"\(").replace(")", r"\)"), caplog.text)


# --- applying to more than memory holds -------------------------------------------------------

STEPS: tuple[tuple[Step, ...], ...] = ((), ("unit",), ("center",), STANDARD, ITERATIVE)


@cache
def fitted(method: str, steps: tuple[Step, ...]) -> Alignment:
    options: dict[str, Any] = {"refinement": 0, "ranker": False}
    return align(ENGLISH, SPANISH, lexicon=PAIRS, method=method, normalize=steps, **options)


def of_many_kinds(count: int, seed: int) -> Embeddings:
    """Rows of which some are zero and some of unit length."""
    made = embeddings("w", count, seed=seed)
    rows = made.vectors.copy()
    kinds = np.random.default_rng(seed).integers(3, size=count)
    rows[kinds == 0] = 0
    rows[kinds == 1] = unit_rows(rows[kinds == 1])
    return Embeddings(made.words, rows, source="made")


@pytest.mark.slow
@settings(max_examples=20)
@given(
    st.sampled_from(sorted(METHODS)),
    st.sampled_from(STEPS),
    st.sampled_from(["source", "target"]),
    st.integers(1, 3),
    st.integers(-2, 2),
    st.integers(0, 2**32),
)
def test_streamed_rows_are_those_of_memory_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory,
    method: str,
    steps: tuple[Step, ...],
    side: Literal["source", "target"],
    blocks: int,
    more: int,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("streamed")
    alignment = fitted(method, steps)
    vectors = of_many_kinds(blocks * BLOCK_ROWS + more, seed)
    save(vectors, folder / "stored.safetensors")
    mapped = (alignment.apply_source if side == "source" else alignment.apply_target)(vectors)
    save(mapped, folder / "whole.safetensors")
    whole = (folder / "whole.safetensors").read_bytes()
    for given_ in (vectors, load(folder / "stored.safetensors")):
        alignment.save_mapped(given_, folder / "streamed.safetensors", side=side)
        assert (folder / "streamed.safetensors").read_bytes() == whole
    found = load(folder / "streamed.safetensors")
    assert found.checksum == mapped.checksum
    assert found.zero_rows == vectors.zero_rows
    # Here all at once, so with other last bits.
    normalizer = (alignment.source if side == "source" else alignment.target).normalizer
    aligner = alignment.aligner
    to_space = aligner.transform if side == "source" else aligner.transform_target
    expected = unit_rows(to_space(normalizer.transform(vectors.vectors)))
    np.testing.assert_allclose(found.vectors, expected, rtol=0, atol=2e-6)


@pytest.mark.slow
def test_more_words_and_more_threads_leave_each_row_as_it_is() -> None:
    wide = embeddings("a", dimension=300), embeddings("b", dimension=300)
    alignment = align(*wide, lexicon=PAIRS, refinement=0, ranker=False)
    more = embeddings("a", 2 * BLOCK_ROWS, 300)
    with threadpool_limits(4, user_api="blas"):
        mapped = alignment.apply_source(more).vectors
    head = alignment.apply_source(more.head(BLOCK_ROWS)).vectors
    np.testing.assert_array_equal(mapped[:BLOCK_ROWS], head)


def test_a_file_can_be_replaced_by_its_own_mapped_vectors(tmp_path: Path) -> None:
    alignment = fitted("cca", STANDARD)
    path = tmp_path / "en.safetensors"
    vectors = of_many_kinds(2 * BLOCK_ROWS + 1, 1)
    save(vectors, path)
    stored = load(path)
    alignment.save_mapped(stored, path)
    mapped = alignment.apply_source(vectors)
    np.testing.assert_array_equal(load(path).vectors, mapped.vectors)
    assert load(path).checksum == mapped.checksum
    np.testing.assert_array_equal(stored.vectors, vectors.vectors)  # what was open stays


def test_mapped_vectors_are_saved_in_every_format(tmp_path: Path) -> None:
    alignment = fitted("procrustes", STANDARD)
    vectors = of_many_kinds(BLOCK_ROWS + 1, 2)
    mapped = alignment.apply_source(vectors)
    alignment.save_mapped(vectors, tmp_path / "a.vec.gz", decimals=3)
    save(mapped, tmp_path / "b.vec.gz", decimals=3)
    assert (tmp_path / "a.vec.gz").read_bytes() == (tmp_path / "b.vec.gz").read_bytes()
    alignment.save_mapped(vectors, tmp_path / "a.safetensors", dtype="float16")
    save(mapped, tmp_path / "b.safetensors", dtype="float16")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_what_cannot_be_streamed_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    alignment = fitted("procrustes", STANDARD)
    wide = embeddings("w", dimension=9)
    with pytest.raises(DimensionError, match="takes en vectors of dimension 8"):
        alignment.save_mapped(wide, tmp_path / "x.vec")
    with pytest.raises(DimensionError, match=r"takes es vectors of dimension 8, .* dimension 9"):
        alignment.apply(ENGLISH, wide)
    with pytest.raises(ValueError, match="side must be 'source' or 'target', got 'en'"):
        alignment.stream(ENGLISH, "en")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(FormatError, match="name must end in one of"):
        alignment.save_mapped(ENGLISH, tmp_path / "x.pt")
    assert not list(tmp_path.iterdir())


def test_a_damaged_number_in_a_cache_is_named_by_its_row(tmp_path: Path) -> None:
    vectors = of_many_kinds(2 * BLOCK_ROWS, 3)
    save(vectors, tmp_path / "en.safetensors")
    content = (tmp_path / "en.safetensors").read_bytes()
    start = content.index(vectors.vectors[BLOCK_ROWS + 3 :].tobytes())
    damaged = content[:start] + np.float32(np.nan).tobytes() + content[start + 4 :]
    (tmp_path / "en.safetensors").write_bytes(damaged)
    stored = load(tmp_path / "en.safetensors")
    alignment = fitted("procrustes", STANDARD)
    with pytest.raises(ValueError, match=f"got nan in row {BLOCK_ROWS + 3}"):
        alignment.save_mapped(stored, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match=f"got nan in row {BLOCK_ROWS + 3}"):
        alignment.apply_source(stored)
    assert [path.name for path in tmp_path.iterdir()] == ["en.safetensors"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_vectors(tmp_path: Path) -> None:
    count = 300_000
    alignment = align(
        embeddings("a", dimension=64), embeddings("b", dimension=64), lexicon=PAIRS,
        refinement=0, ranker=False,
    )  # fmt: skip
    alignment.save(tmp_path / "map")
    rows = np.random.default_rng(0).standard_normal((count, 64), dtype=np.float32)
    words = tuple(f"w{i}" for i in range(count))
    save(Embeddings.from_checked(words, rows), tmp_path / "en.safetensors")
    code = """
import sys
from alignx.alignment.alignment import Alignment
from alignx.alignment.model_selection import Auto
from alignx.alignment.unsupervised.adversarial import Adversarial
from alignx.support.memory import peak_resident
from alignx.vectors.io import load
alignment = Alignment.load(sys.argv[1])
before = peak_resident()
alignment.save_mapped(load(sys.argv[2]), sys.argv[3])
print(peak_resident() - before)
"""
    names = ("map", "en.safetensors", "out.safetensors")
    command = [sys.executable, "-c", code, *(str(tmp_path / name) for name in names)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert rows.nbytes == 76_800_000
    assert int(done.stdout) < 40_000_000
    assert load(tmp_path / "out.safetensors").zero_rows == 0


# --- the learned ranking ------------------------------------------------------------------------


def test_a_small_lexicon_of_few_words_gives_no_probabilities() -> None:
    """Neither 100 known words nor a thousand induced pairs."""
    alignment = align(ENGLISH, SPANISH, lexicon=identity_pairs(99), refinement=0)
    assert (alignment.ranker, alignment.ranking_gain) == (None, None)


def test_a_ranking_is_learned_from_pairs_that_its_map_has_not_seen() -> None:
    """Where there is nothing to learn, a map that knows the answers would seem to be right."""
    source, target = embeddings("a", dimension=60, seed=1), embeddings("b", dimension=60, seed=2)
    overfitted = LeastSquares(regularization=0.01)
    alignment = align(
        source, target, lexicon=PAIRS, method=overfitted, refinement=0, allow_failed=True
    )
    shared = alignment.apply(source, target)
    assert evaluate(shared, PAIRS).csls.precision[1] > 0.5
    assert alignment.validation is not None
    assert alignment.validation.precision < 0.1


@pytest.mark.slow
def test_a_ranking_does_not_touch_the_map() -> None:
    with_, without = (
        align(ENGLISH, SPANISH, lexicon=PAIRS, ranker=ranker) for ranker in (True, False)
    )
    np.testing.assert_array_equal(with_.aligner.source_map_, without.aligner.source_map_)


# --- files ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_saved_alignment_comes_back_bit_by_bit(
    tmp_path: Path, sample: Sample, alignments: dict[str, Alignment], method: str
) -> None:
    original = alignments[method]
    original.save(tmp_path / "map.safetensors")
    loaded = Alignment.load(tmp_path / "map.safetensors")
    for copy in (loaded, pickle.loads(pickle.dumps(original))):
        assert_same(original, copy)
        assert repr(copy) == repr(original)
    assert loaded.rounds == original.rounds
    assert loaded.pairs == original.pairs
    assert loaded.aligner.get_params() == original.aligner.get_params()
    for side in ("source", "target"):
        given: Embeddings = getattr(sample, side)
        mapped, twin = (getattr(a, f"apply_{side}")(given) for a in (original, loaded))
        assert mapped.vectors.tobytes() == twin.vectors.tobytes()


@pytest.mark.parametrize("normalize", [(), ("center",), ITERATIVE])
@pytest.mark.parametrize("method", [Procrustes(), CCA(n_components=3), LeastSquares()])
def test_every_normalization_can_be_saved(
    tmp_path: Path, method: Procrustes, normalize: tuple[Any, ...]
) -> None:
    original = align(
        ENGLISH, SPANISH, lexicon=PAIRS, method=method, normalize=normalize, ranker=False
    )
    original.save(tmp_path / "map")
    assert_same(original, Alignment.load(tmp_path / "map"))


@pytest.mark.slow
def test_the_file_tells_what_it_is(
    tmp_path: Path, sample: Sample, alignments: dict[str, Alignment]
) -> None:
    alignments["cca"].save(tmp_path / "map.safetensors")
    metadata, tensors = contents(tmp_path / "map.safetensors")
    assert metadata["alignx_version"] == version("alignx")
    assert metadata["method"] == "cca"
    assert metadata["parameters"] == CCA().get_params()
    assert metadata["pairs"] == len(sample.train)
    for name, code in (("source", "en"), ("target", "es")):
        given: Embeddings = getattr(sample, name)
        assert metadata[name] == {
            "code": code,
            "checksum": given.checksum,
            "words": 4000,
            "dimension": 300,
            "steps": ["unit", "center", "unit"],
        }
        assert tensors[f"{name}_map"].shape == (300, 150)
        assert tensors[f"{name}_map"].dtype == np.float32
        assert tensors[f"{name}_normalizer_means"].shape == (1, 300)
    assert {name for name in tensors if name.startswith("ranker_")} == {
        f"ranker_{name}"
        for name in (
            *("mean", "scale", "weights", "biases", "output_weights", "output_bias"),
            *("ngram_means", "ngram_maps"),
        )
    }


def test_without_a_ranking_the_file_has_none(tmp_path: Path) -> None:
    align(ENGLISH, SPANISH, lexicon=PAIRS, ranker=False).save(tmp_path / "map")
    assert not [name for name in contents(tmp_path / "map")[1] if "ranker" in name]
    assert Alignment.load(tmp_path / "map").apply(ENGLISH, SPANISH).ranker is None


@pytest.fixture
def saved(small: Alignment, tmp_path: Path) -> Path:
    path = tmp_path / "map.safetensors"
    small.save(path)
    return path


@pytest.mark.parametrize("content", [0, 0.3, 0.999, b"<html>Not found</html>", b"\0" * 100])
def test_a_truncated_or_foreign_file_is_refused(saved: Path, content: float | bytes) -> None:
    data = saved.read_bytes()
    saved.write_bytes(content if isinstance(content, bytes) else data[: int(content * len(data))])
    with pytest.raises(FormatError, match=rf"{saved}: not a safetensors file, or truncated"):
        Alignment.load(saved)
    save_file({"weight": np.eye(3)}, saved)
    with pytest.raises(FormatError, match="not a map that alignx has saved"):
        Alignment.load(saved)
    saved.unlink()
    with pytest.raises(FileNotFoundError, match="no such file"):
        Alignment.load(saved)


@pytest.mark.parametrize(
    ("changes", "gist"),
    [
        (
            {"format_version": "9", "alignx_version": "9.1"},
            "must be 3, got 9: .* alignx 9.1; update alignx",
        ),
        ({"format_version": "2", "alignx_version": "0.2"}, "must be 3, got 2: .*; align again"),
        ({"method": "magic"}, "damaged: .*magic"),
        ({"parameters": {"speed": 3}}, "damaged: .*speed"),
        ({"parameters": []}, "damaged"),
        ({"source": []}, "damaged"),
        ({"target": {"code": "es"}}, "damaged"),
        ({"rounds": [{"round": 1}]}, "damaged"),
        ({"rounds": 3}, "damaged"),
    ],
)
def test_wrong_metadata_are_refused(saved: Path, changes: dict[str, Any], gist: str) -> None:
    metadata, tensors = contents(saved)
    save_file(tensors, saved, {"alignx-mapping": json.dumps(metadata | changes)})
    with pytest.raises(FormatError, match=gist):
        Alignment.load(saved)
    del tensors["source_map"]
    save_file(tensors, saved, {"alignx-mapping": json.dumps(metadata)})
    with pytest.raises(FormatError, match=r"damaged: .*map"):
        Alignment.load(saved)


def test_an_output_that_cannot_be_written_is_named(saved: Path) -> None:
    before = saved.read_bytes()
    alignment = Alignment.load(saved)
    with pytest.raises(OutputError, match="the directory does not exist"):
        alignment.save(saved.parent / "no" / "map")
    assert saved.read_bytes() == before


@pytest.mark.slow
def test_equal_fits_write_equal_files(tmp_path: Path) -> None:
    for name, n_threads in (("one", 1), ("two", 2)):
        with config_context(n_threads=n_threads):
            align(ENGLISH, SPANISH, lexicon=PAIRS).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_numpy_parameters_can_be_saved(tmp_path: Path) -> None:
    method = CCA(n_components=np.int64(3))  # type: ignore[arg-type]  # as grids give it
    align(ENGLISH, SPANISH, lexicon=PAIRS, method=method, ranker=False).save(tmp_path / "map")
    assert Alignment.load(tmp_path / "map").aligner.get_params()["n_components"] == 3


@pytest.mark.slow
def test_languages_without_a_right_answer_have_no_ranking() -> None:
    one, other = embeddings("a", 2_000, 10, seed=0), embeddings("b", 2_000, 10, seed=1)
    alignment = align(one, other, lexicon=identity_pairs(100), refinement=0, allow_failed=True)
    assert alignment.failed
    assert (alignment.ranker, alignment.ranking_gain) == (None, None)


@pytest.mark.parametrize("words", [2, 120])
@pytest.mark.parametrize("shared_words", [0, 100])
def test_languages_in_the_wrong_order_are_refused(
    tmp_path: Path, words: int, shared_words: int
) -> None:
    common = [f"name{i}" for i in range(shared_words)]
    spanish = Embeddings(common + list(SPANISH.words[shared_words:]), SPANISH.vectors)
    english = Embeddings(common + list(ENGLISH.words[shared_words:]), ENGLISH.vectors)
    pairs = Lexicon(list(zip(english.words, spanish.words, strict=True)))
    fitted = align(english, spanish, lexicon=pairs, method="procrustes", ranker=False)
    fitted.save(tmp_path / "map.safetensors")
    calls: list[Callable[[Alignment], object]] = [
        lambda a: a.apply(spanish.head(words), english.head(words)),
        lambda a: a.apply_source(spanish.head(words)),
        lambda a: a.apply_target(english.head(words)),
        lambda a: a.stream(spanish.head(words), "source"),
        lambda a: a.save_mapped(english.head(words), tmp_path / "x.vec", side="target"),
    ]
    for alignment in (fitted, Alignment.load(tmp_path / "map.safetensors")):
        alignment.apply(english.head(words), spanish.head(words))
        for call in calls:
            with pytest.raises(DirectionError, match="in the order of the map, got those of"):
                call(alignment)
    assert not (tmp_path / "x.vec").exists()


def test_vectors_of_another_training_in_the_wrong_order_are_refused() -> None:
    alignment = align(ENGLISH, SPANISH, lexicon=PAIRS, ranker=False)
    retrained = embeddings("b", language="es", seed=5)
    with pytest.raises(DirectionError, match="120 of the 120 most frequent words are those"):
        alignment.apply_source(retrained)
    with pytest.raises(DirectionError):
        alignment.apply_source(Embeddings(retrained.words, np.ones((120, 9))))


@pytest.mark.slow
def test_a_language_mapped_to_itself_has_no_wrong_order(caplog: pytest.LogCaptureFixture) -> None:
    pairs = Lexicon([(word, word) for word in ENGLISH.words])
    alignment = align(ENGLISH, ENGLISH, lexicon=pairs, ranker=False)
    alignment.apply(ENGLISH, ENGLISH)
    assert not caplog.records
    retrained = noisy_rotation(ENGLISH, "a")
    alignment = align(ENGLISH, retrained, lexicon=pairs, ranker=False)
    alignment.apply(ENGLISH, retrained)
    assert not caplog.records
    with pytest.raises(DirectionError):  # the same words with vectors of the other training
        alignment.apply(retrained, ENGLISH)


def test_a_ranking_that_cannot_be_fitted_costs_no_map() -> None:
    one = embeddings("a", 200, 90)
    other = noisy_rotation(one, "b")
    # Enough pairs for 90 dimensions, but not without a fifth of them.
    lexicon = identity_pairs(105)
    method = LeastSquares()
    alignment = align(one, other, lexicon=lexicon, method=method, refinement=0)
    assert alignment.ranker is None


# --- the check on held-out pairs --------------------------------------------------------------


def wrong_pairs(count: int) -> Lexicon:
    return Lexicon([(f"a{i}", f"b{(i + count // 2) % count}") for i in range(count)])


def large() -> tuple[Embeddings, Embeddings]:
    """Languages in which chance finds nothing."""
    source = embeddings("a", 1_100, 12, "en")
    return source, noisy_rotation(source, "b", "es")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "count", "ranker"),
    [("procrustes", 20, True), ("cca", 60, False), ("procrustes", 700, True), ("cca", 700, False)],
)
def test_a_wrong_dictionary_is_refused(method: str, count: int, ranker: bool) -> None:
    options: dict[str, Any] = {"method": method, "refinement": 1, "ranker": ranker}
    with pytest.raises(AlignmentFailed, match=r"failed: P@1 .*; check that the dictionary"):
        align(*large(), lexicon=wrong_pairs(count), **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "asked", "ranker"),
    [(20, 20, False), (60, 60, False), (700, 700, True), (700, 700, False)],
)
def test_a_right_dictionary_is_measured(
    count: int, asked: int, ranker: bool, caplog: pytest.LogCaptureFixture
) -> None:
    alignment = align(*large(), lexicon=identity_pairs(count), refinement=1, ranker=ranker)
    found = alignment.validation
    assert found is not None
    assert (found.n, found.words) == (asked, count)
    assert found.precision > 0.5
    assert found.interval[0] < found.precision <= found.interval[1]
    assert found.decided
    assert found.to_frame()["p@1"].tolist() == [found.precision]
    assert "<table" in found._repr_html_()
    assert not alignment.failed
    assert "P@1" in str(alignment)
    assert not caplog.records


@pytest.mark.slow
@pytest.mark.parametrize("method", ["least_squares", "reweighted"])
def test_a_method_that_no_fewer_pairs_allow_is_checked_by_another(method: str) -> None:
    options: dict[str, Any] = {"method": method, "refinement": 1, "ranker": False}
    kept = align(*large(), lexicon=identity_pairs(13), **options).validation
    assert kept is not None
    assert kept.hits > 0
    with pytest.raises(AlignmentFailed, match="P@1"):
        align(*large(), lexicon=wrong_pairs(13), **options)


def test_vectors_that_have_nothing_in_common_are_refused() -> None:
    one, other = embeddings("a", 500, 12, seed=0), embeddings("b", 500, 12, seed=50)
    with pytest.raises(AlignmentFailed, match="P@1"):
        align(one, other, lexicon=identity_pairs(100), refinement=1)


@pytest.mark.slow
def test_too_few_pairs_to_tell_are_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    english = Embeddings(["cat", "dog", "sun"], np.eye(3, dtype=np.float32), "en")
    spanish = Embeddings(["gato", "perro", "sol"], np.eye(3, dtype=np.float32), "es")
    pairs = Lexicon([("cat", "gato"), ("dog", "perro")])
    alignment = align(english, spanish, lexicon=pairs, refinement=Refinement(n_neighbors=1))
    assert not alignment.failed
    assert "could not be validated" in caplog.text


@pytest.mark.slow
def test_a_failed_map_that_is_kept_says_so_whenever_it_is_loaded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alignment = align(*large(), lexicon=wrong_pairs(60), refinement=1, allow_failed=True)
    assert alignment.failed
    assert "FAILED: P@1" in str(alignment)
    alignment.save(tmp_path / "map")
    assert contents(tmp_path / "map")[0]["failed"] is True
    caplog.clear()
    loaded = Alignment.load(tmp_path / "map")
    assert loaded.validation == alignment.validation
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "has failed its check (P@1" in caplog.text


def test_a_weak_map_says_how_weak(caplog: pytest.LogCaptureFixture) -> None:
    source = embeddings("a", 500, 40, "en")
    rng = np.random.default_rng(7)
    rows = source.vectors + 2.2 * rng.standard_normal(source.vectors.shape)
    target = Embeddings([f"b{i}" for i in range(len(source))], rows.astype(np.float32), "es")
    options: dict[str, Any] = {"lexicon": identity_pairs(200), "method": "procrustes"}
    alignment = align(source, target, **options, refinement=0, ranker=False)
    assert alignment.validation is not None
    assert alignment.validation.weak
    assert "this map is weak: P@1" in caplog.text
    assert "use more pairs or the default method (auto)" in caplog.text


@pytest.mark.slow
def test_a_dictionary_mostly_of_other_words_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    others = [(f"a{i}", f"none{i}") for i in range(400)]
    for more, is_told in ((others[:399], False), ([*others, ("x", "y")], True)):
        caplog.clear()
        lexicon = Lexicon([*PAIRS.pairs, *more])
        align(ENGLISH, SPANISH, lexicon=lexicon, refinement=0, ranker=False)
        assert ("of 501 pairs have both words in the vocabularies" in caplog.text) is is_told


@pytest.mark.slow
def test_a_method_named_for_few_pairs_is_done_and_told_of_the_default(
    caplog: pytest.LogCaptureFixture,
) -> None:
    options: dict[str, Any] = {"lexicon": PAIRS, "refinement": 0, "ranker": False}
    alignment = align(ENGLISH, SPANISH, method="procrustes", **options)
    assert (repr(alignment.aligner), alignment.strategy) == ("Procrustes()", None)
    assert "with 100 pairs, the default method (auto) usually does better" in caplog.text
    caplog.clear()
    alignment = align(ENGLISH, SPANISH, **options)
    assert "chosen: self-learning from the pairs, Reweighted(" in str(alignment)
    assert "2 rounds of refinement" in str(align(ENGLISH, SPANISH, lexicon=PAIRS, ranker=False))
    assert not caplog.records


# --- testing on what was learned --------------------------------------------------------------


def test_the_pairs_of_the_fit_are_recognized(tmp_path: Path) -> None:
    align(ENGLISH, SPANISH, lexicon=PAIRS, refinement=0, ranker=False).save(tmp_path / "map")
    shared = Alignment.load(tmp_path / "map").apply(ENGLISH, SPANISH)
    test = Lexicon([(f"a{i}", f"b{i}") for i in range(90, 120)] + [("a0", "b1"), ("a95", "b3")])
    report = evaluate(shared, test)
    assert (report.known, report.csls.n, report.new["csls"].n) == (10, 31, 21)
    assert "10 of 31 queries have an answer that the map was fitted on" in str(report)
    turned = evaluate(shared.reversed(), test.reversed())
    assert (turned.known, turned.new["nn"].n) == (10, 22)
    other = evaluate(shared, identity_pairs(120).split(0.1)[1].reversed().reversed())
    assert other.as_dict()["known"] == other.known
    new = evaluate(shared, Lexicon([(f"a{i}", f"b{i}") for i in range(100, 120)]))
    assert (new.known, new.new) == (0, {})
    assert "fitted on" not in str(new)
    same = str(evaluate(shared, PAIRS))
    assert "fitted on: test with other words" in same
    assert "without known pairs" not in same


def test_phrases_of_a_lexicon_are_learned_from() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((60, 8))
    rotation = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    english = Embeddings([f"a{i}" for i in range(60)], rows.astype(np.float32))
    spanish = Embeddings([f"b{i}" for i in range(60)], (rows @ rotation).astype(np.float32))
    # Too few pairs of words for 8 dimensions: the phrases must tell the rest.
    pairs = [(f"a{i}", f"b{i}") for i in range(4)]
    pairs += [(f"a{i} a{i + 1}", f"b{i} b{i + 1}") for i in range(4, 30, 2)]
    alignment = align(english, spanish, lexicon=Lexicon(pairs), refinement=0, ranker=False)
    found = alignment.apply(english, spanish).translate([f"a{i}" for i in range(30, 60)], 1)
    assert [answers[0].word for answers in found] == [f"b{i}" for i in range(30, 60)]
