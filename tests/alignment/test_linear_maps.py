from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pytest
from conftest import plant_clusters

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.held_out import split_folds
from alignx.alignment.model_selection import Auto
from alignx.alignment.validation import LinearCost
from alignx.cli.main import main
from alignx.datasets.sample import load_sample
from alignx.errors import DimensionError, DirectionError, FormatError, OutputError
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import CCA
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext.mapped_copy import write_mapped_model
from alignx.vectors.io import load
from alignx.vectors.normalizer import LINEAR, STANDARD, Step
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

DIMENSION = 10
Run: TypeAlias = "Callable[..., tuple[object, str, str]]"
SOURCE: Literal["source"] = "source"
TARGET: Literal["target"] = "target"
SYLLABLES = ["ba", "co", "dé", "fu", "gì", "ha", "ко", "ли", "му", "日", "本", "ñu"]


def some_words(seed: int, count: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(SYLLABLES, size=rng.integers(2, 5))) for _ in range(count)]


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Text in which each topic has its words, so that vectors are not all alike."""
    rng = np.random.default_rng(1)
    topics = np.array(some_words(2, 360)).reshape(18, 20)
    lines = [" ".join(rng.choice(topics[rng.integers(18)], size=10)) for _ in range(1_500)]
    folder = tmp_path_factory.mktemp("model")
    (folder / "corpus.txt").write_text("\n".join(lines), encoding="utf-8")
    options = {"dim": DIMENSION, "minCount": 1, "bucket": 1_000, "minn": 2, "maxn": 4, "epoch": 3}
    # fastText 0.9.3 leaves a tenth of the matrix uninitialized for each thread below ten, and what
    # remains of dividing its numbers by ten.
    model = fasttext.train_unsupervised(
        str(folder / "corpus.txt"), thread=10, lr=0.1, verbose=0, **options
    )
    model.save_model(str(folder / "en.bin"))
    return folder / "en.bin"


@pytest.fixture(scope="module")
def english(model_path: Path) -> Embeddings:
    return load(model_path)


@pytest.fixture(scope="module")
def spanish(english: Embeddings) -> Embeddings:
    """The same words in a space that is rotated, moved and disturbed."""
    rng = np.random.default_rng(3)
    rotation, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
    rows = english.vectors @ rotation
    spread = (rows - rows.mean(axis=0)).std()
    rows += 0.1 * spread * rng.standard_normal(rows.shape)
    return Embeddings(english.words, rows + 0.5 * spread, language="es")


@pytest.fixture(scope="module")
def lexicon(english: Embeddings) -> Lexicon:
    return Lexicon([(word, word) for word in english.words])


@pytest.fixture(scope="module")
def alignment(english: Embeddings, spanish: Embeddings, lexicon: Lexicon) -> Alignment:
    return align(english, spanish, lexicon=lexicon, normalize="linear", refinement=1, ranker=False)


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    x, y = a.astype(np.float64), b.astype(np.float64)
    return np.asarray(
        np.einsum("ij,ij->i", x, y) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    )


def by_fasttext(path: Path, words: Sequence[str]) -> NDArray[np.float32]:
    model = fasttext.load_model(str(path))
    return np.array([model.get_word_vector(word) for word in words])


# --- mapped models ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "method", ["procrustes", "cca", "least_squares", "reweighted", "rcsls", "auto"]
)
def test_plain_fasttext_gives_mapped_vectors(
    english: Embeddings,
    spanish: Embeddings,
    lexicon: Lexicon,
    model_path: Path,
    tmp_path: Path,
    method: str,
) -> None:
    alignment = align(
        english,
        spanish,
        lexicon=lexicon,
        method=method,
        normalize="linear",
        ranker=False,
        refinement=1,
    )
    assert alignment.linear_cost is not None
    assert alignment.linear_cost.linear > 0.5
    mapped = alignment.apply_source(english)
    alignment.save_mapped_model(model_path, tmp_path / "en.bin")
    found = by_fasttext(tmp_path / "en.bin", mapped.words)
    assert found.shape[1] == mapped.dimension == alignment.linear_map("source").shape[1]
    assert cosines(found, mapped.vectors).min() > 0.99999
    invented = [word for word in some_words(7, 500) if word not in english]
    assert len(invented) > 300
    assert mapped.oov_vectors is not None
    of_invented = by_fasttext(tmp_path / "en.bin", invented)
    assert cosines(of_invented, mapped.oov_vectors(invented)).min() > 0.99999


@pytest.mark.slow
def test_the_target_side_has_its_own_map(
    model_path: Path, english: Embeddings, spanish: Embeddings, lexicon: Lexicon, tmp_path: Path
) -> None:
    alignment = align(spanish, english, lexicon=lexicon, normalize="linear", ranker=False)
    alignment.save_mapped_model(model_path, tmp_path / "es.bin", side="target")
    with pytest.raises(DirectionError, match=r"en\.bin: .* got those of en where es"):
        alignment.save_mapped_model(model_path, tmp_path / "es.bin", side="source")
    rows = alignment.stream(Embeddings(english.words, english.vectors), "target").collect()
    assert cosines(by_fasttext(tmp_path / "es.bin", english.words), rows).min() > 0.99999
    assert not np.array_equal(alignment.linear_map("source"), alignment.linear_map("target"))
    with pytest.raises(ValueError, match="side must be 'source' or 'target', got 'es'"):
        alignment.linear_map("es")  # type: ignore[arg-type]  # on purpose


@pytest.mark.slow
@pytest.mark.parametrize("method", ["procrustes", "reweighted"])
def test_products_of_input_and_output_stay(
    english: Embeddings,
    spanish: Embeddings,
    lexicon: Lexicon,
    model_path: Path,
    tmp_path: Path,
    method: str,
) -> None:
    alignment = align(
        english, spanish, lexicon=lexicon, method=method, normalize=["unit"], ranker=False
    )
    alignment.save_mapped_model(model_path, tmp_path / "en.bin")
    before, after = (
        model.get_input_matrix() @ model.get_output_matrix().T
        for model in map(fasttext.load_model, (str(model_path), str(tmp_path / "en.bin")))
    )
    np.testing.assert_allclose(after, before, atol=1e-4 * np.abs(before).max())


@pytest.mark.slow
def test_a_singular_map_takes_nothing_else_out_of_products(
    alignment: Alignment, model_path: Path, tmp_path: Path
) -> None:
    alignment.save_mapped_model(model_path, tmp_path / "en.bin")
    old, new = map(fasttext.load_model, (str(model_path), str(tmp_path / "en.bin")))
    [direction] = alignment.source.normalizer.means_
    inputs = old.get_input_matrix() @ (np.eye(DIMENSION) - np.outer(direction, direction))
    expected = inputs @ old.get_output_matrix().T
    found = new.get_input_matrix() @ new.get_output_matrix().T
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_all_but_the_matrices_is_copied(model_path: Path, tmp_path: Path) -> None:
    content = model_path.read_bytes() + b"and more"
    (tmp_path / "long.bin").write_bytes(content)
    write_mapped_model(tmp_path / "long.bin", tmp_path / "same.bin", np.eye(DIMENSION))
    assert (tmp_path / "same.bin").read_bytes() == content


def test_a_model_may_be_replaced_by_its_copy(
    alignment: Alignment, model_path: Path, tmp_path: Path
) -> None:
    done: list[float] = []
    alignment.save_mapped_model(model_path, tmp_path / "copy.bin", progress=done.append)
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)
    shutil.copy(model_path, tmp_path / "en.bin")
    alignment.save_mapped_model(tmp_path / "en.bin", tmp_path / "en.bin")
    assert (tmp_path / "en.bin").read_bytes() == (tmp_path / "copy.bin").read_bytes()


@pytest.mark.slow
def test_a_map_that_centers_writes_no_model(
    english: Embeddings, spanish: Embeddings, lexicon: Lexicon, model_path: Path, tmp_path: Path
) -> None:
    for options in ({}, {"method": CCA(), "normalize": ["unit"]}):
        usual = align(english, spanish, lexicon=lexicon, ranker=False, **options)  # type: ignore[arg-type]  # one at a time
        with pytest.raises(ValueError, match=r"not linear in the n-gram sums .*--normalize linear"):
            usual.save_mapped_model(model_path, tmp_path / "en.bin")
    assert not list(tmp_path.iterdir())


def test_what_goes_wrong_leaves_the_old_file(
    alignment: Alignment, model_path: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.bin"
    output.write_bytes(b"old")
    with pytest.raises(DimensionError, match=r"dimension 3, got .*en\.bin of dimension 10"):
        write_mapped_model(model_path, output, np.eye(3))

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        alignment.save_mapped_model(model_path, output, progress=interrupt)
    content = model_path.read_bytes()
    (tmp_path / "nan.bin").write_bytes(content[:-4] + np.float32(np.nan).tobytes())
    with pytest.raises(FormatError, match=r"nan\.bin: numbers of a model must be finite, row \d+"):
        alignment.save_mapped_model(tmp_path / "nan.bin", output)
    (tmp_path / "nan.bin").unlink()
    with pytest.raises(FormatError, match="this is not a fastText model"):
        alignment.save_mapped_model(output, tmp_path / "new.bin")
    with pytest.raises(OutputError, match="directory does not exist"):
        alignment.save_mapped_model(model_path, tmp_path / "no" / "out.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]
    assert output.read_bytes() == b"old"


# --- what it costs ----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_cost_is_that_of_two_maps_fitted_by_hand() -> None:
    sample = load_sample("en", "es")
    rows = sample.train.rows(sample.source, sample.target)
    pairs = np.stack([rows.source, rows.target], axis=1)
    options: dict[str, Any] = {"method": "procrustes", "refinement": 0}
    right: dict[tuple[Step, ...], list[bool]] = {LINEAR: [], STANDARD: []}
    for fold in split_folds(np.unique(pairs, axis=0), 2, 0):
        kept, held_out = (
            [(sample.source.words[s], sample.target.words[t]) for s, t in part] for part in fold
        )
        words = list(dict.fromkeys(source for source, _ in held_out))
        for steps, marks in right.items():
            by_hand = align(
                sample.source, sample.target, lexicon=Lexicon(kept), normalize=steps,
                ranker=False, **options,
            )  # fmt: skip
            answers = by_hand.apply(sample.source, sample.target).translate(words, 1)
            marks += [(w, a[0].word) in held_out for w, a in zip(words, answers, strict=True)]
    found = align(sample.source, sample.target, lexicon=sample.train, normalize="linear", **options)
    assert found.linear_cost == LinearCost.of(np.array(right[LINEAR]), np.array(right[STANDARD]))
    assert found.linear_cost.n == 723
    plain = align(sample.source, sample.target, lexicon=sample.train, normalize=LINEAR, **options)
    assert found.ranker is not None
    assert plain.ranker is not None
    assert plain.linear_cost is None
    np.testing.assert_array_equal(found.ranker.weights_, plain.ranker.weights_)
    np.testing.assert_array_equal(found.aligner.source_map_, plain.aligner.source_map_)


def test_the_interval_is_that_of_paired_differences() -> None:
    rng = np.random.default_rng(0)
    linear, standard = rng.random(1_000) < 0.6, rng.random(1_000) < 0.7
    cost = LinearCost.of(linear, standard)
    assert cost.cost == pytest.approx(cost.standard - cost.linear)
    draws = rng.integers(0, 1_000, (4_000, 1_000))
    resampled = (standard[draws].astype(float) - linear[draws]).mean(axis=1)
    np.testing.assert_allclose(
        [cost.low, cost.high], np.quantile(resampled, [0.025, 0.975]), atol=4e-3
    )
    same = LinearCost.of(linear, linear)
    assert (same.cost, same.low, same.high) == (0, 0, 0)


def test_cost_and_map_are_kept_in_the_file(alignment: Alignment, tmp_path: Path) -> None:
    alignment.save(tmp_path / "map.safetensors")
    loaded = Alignment.load(tmp_path / "map.safetensors")
    assert loaded.linear_cost == alignment.linear_cost is not None
    for side in (SOURCE, TARGET):
        np.testing.assert_array_equal(loaded.linear_map(side), alignment.linear_map(side))


def test_too_few_words_to_ask_are_told(
    english: Embeddings, spanish: Embeddings, caplog: pytest.LogCaptureFixture
) -> None:
    few = Lexicon([(word, word) for word in english.words[:40]])
    found = align(english, spanish, lexicon=few, normalize="linear", refinement=0, ranker=False)
    assert found.linear_cost is None
    assert "the cost of a linear map is not measured, since it needs 100" in caplog.text
    assert "probabilities" not in caplog.text


# --- which maps are linear --------------------------------------------------------------------


def test_aligners_keep_their_parameters_but_do_not_center(
    english: Embeddings, spanish: Embeddings, lexicon: Lexicon
) -> None:
    given = CCA(n_components=7, regularization=3.0)
    found = align(
        english,
        spanish,
        lexicon=lexicon,
        method=given,
        normalize="linear",
        refinement=0,
        ranker=False,
    )
    assert repr(found.aligner) == "CCA(center=False, n_components=7, regularization=3.0)"
    assert given.center
    assert not hasattr(given, "source_map_")


@pytest.mark.slow
def test_auto_tries_linear_maps_only(english: Embeddings, spanish: Embeddings) -> None:
    rows = np.arange(200)
    auto = Auto(center=False)
    auto.fit(english.vectors, spanish.vectors, pairs=np.stack([rows, rows], axis=1), refinement=0)
    assert auto.choice_.spec.aligner.regularization > 0
    assert not auto.aligner_.source_mean_.any()


@pytest.mark.slow
@pytest.mark.parametrize("lexicon_size", [0, 30])
def test_selflearning_can_be_linear(lexicon_size: int) -> None:
    data = plant_clusters(0.1)
    source = Embeddings([f"a{i}" for i in range(len(data.source))], data.source + 0.05, "en")
    target = Embeddings([f"b{i}" for i in range(len(data.target))], data.target + 0.05, "es")
    pairs = [(f"a{s}", f"b{t}") for s, t in data.pairs[:lexicon_size]]
    found = align(
        source,
        target,
        lexicon=Lexicon(pairs) if pairs else None,
        method="self_learning",
        normalize="linear",
    )
    assert found.linear_cost is None
    assert found.source.normalizer.steps_ == LINEAR
    X, Y = (
        rows.vectors @ found.linear_map(side).astype(np.float32)
        for rows, side in ((source, SOURCE), (target, TARGET))
    )
    shared = found.apply(source, target)
    assert cosines(X, shared.source.vectors).min() > 0.9999
    assert np.median(cosines(X[data.pairs[:, 0]], Y[data.pairs[:, 1]])) > 0.9


# --- the commands -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(
    model_path: Path,
    spanish: Embeddings,
    lexicon: Lexicon,
    alignment: Alignment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    shutil.copy(model_path, folder / "en.bin")
    save(spanish, folder / "es.vec")
    lexicon.save(folder / "train.tsv")
    alignment.save(folder / "linear.safetensors")
    usual = align(load(model_path), spanish, lexicon=lexicon, refinement=0, ranker=False)
    usual.save(folder / "usual.safetensors")
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in the folder: exit code, stdout, stderr."""
    monkeypatch.chdir(folder)

    def call(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["alignx", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, *capsys.readouterr()

    return call


OPTIONS = ("--refinement", "0", "-o", "map.safetensors")
ALIGN = ("align", "en.bin", "es.vec", "-d", "train.tsv", *OPTIONS)


@pytest.mark.slow
def test_align_and_apply_write_a_mapped_model(folder: Path, run: Run, english: Embeddings) -> None:
    code, output, errors = run(*ALIGN, "--normalize", "linear", "--json")
    assert code == 0, errors
    alignment = Alignment.load(folder / "map.safetensors")
    assert alignment.linear_cost == LinearCost(**json.loads(output)["linear"])
    code, _, errors = run("apply", "map.safetensors", "en.bin", "-o", "en.aligned.bin")
    assert code == 0, errors
    assert "en.aligned.bin: en.bin as a fastText model of the shared space" in errors
    mapped = alignment.apply_source(english)
    found = by_fasttext(folder / "en.aligned.bin", english.words)
    assert cosines(found, mapped.vectors).min() > 0.99999


@pytest.mark.parametrize(
    ("arguments", "code", "gist"),
    [
        ("usual.safetensors en.bin", 1, "centering after unit length is not linear"),
        ("linear.safetensors es.vec", 1, "es.vec: this is not a fastText model"),
        ("linear.safetensors en.bin --limit 5", 2, "--limit"),
        ("linear.safetensors en.bin --casing lower", 2, "--casing"),
        ("linear.safetensors en.bin --dtype float16", 2, "--dtype"),
    ],
)
def test_what_cannot_be_applied_to_a_model_is_refused(
    folder: Path, run: Run, arguments: str, code: int, gist: str
) -> None:
    found, _, errors = run("apply", *arguments.split(), "-o", "no.bin")
    assert found == code
    assert gist in errors
    assert not (folder / "no.bin").exists()
