from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pytest

from alignx.alignment.unsupervised.adversarial_settings import (
    AdversarialResult,
    AdversarialSettings,
)
from alignx.errors import DimensionError, FormatError, OutputError
from alignx.mapping import Maps, Procrustes, refine
from alignx.support.arrays import Matrix, unit_rows

torch = pytest.importorskip("torch")

from alignx.alignment.unsupervised.adversarial_training import (  # noqa: E402  # it needs torch
    csls_criterion,
    toward_orthogonal,
    train_adversarial,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Precision: TypeAlias = Literal["float32", "bfloat16"]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
TINY = AdversarialSettings(
    initial_map="identity", hidden=16, batch=16, samples=640, epochs=4, precision="float32"
)
SOLVING = AdversarialSettings(
    initial_map="identity",
    scale=3.0,
    hidden=64,
    discriminator_steps=2,
    batch=64,
    samples=38_400,
    epochs=6,
    discriminator_rate=0.5,
    map_rate=0.6,
    orthogonality=0.3,
    precision="float32",
)


@pytest.fixture(autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Threads that wait for each other slow small matrices down on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def clustered(count: int, dimension: int) -> Matrix:
    """Rows whose distribution looks the same under no rotation but one."""
    rng = np.random.default_rng(7)
    spread = 1 / np.sqrt(np.arange(1, dimension + 1))
    centers = rng.standard_normal((12, dimension)) * spread
    kinds = rng.choice(12, count, p=rng.dirichlet(np.ones(12)))
    rows = centers[kinds] + 0.35 * rng.standard_normal((count, dimension)) * spread
    rows -= rows.mean(axis=0)
    return unit_rows(rows.astype(np.float32))


def plant(count: int = 2000, dimension: int = 10) -> tuple[Matrix, Matrix, Matrix]:
    rng = np.random.default_rng(11)
    rows = clustered(count, dimension)
    rotation = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
    return rows, (rows @ rotation)[rng.permutation(count)], rotation


def small(n: int = 60, m: int = 50, dimension: int = 6) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(3)
    source = rng.standard_normal((n, dimension)).astype(np.float32)
    target = rng.standard_normal((m, dimension)).astype(np.float32)
    return unit_rows(source), unit_rows(target)


def train(settings: AdversarialSettings = TINY, **options: Any) -> AdversarialResult:  # noqa: ANN401  # those of the function
    return train_adversarial(*small(), settings=settings, **options)


def refined(W: Matrix, source: Matrix, target: Matrix) -> Matrix:
    aligner = Procrustes()
    aligner.set_maps(Maps(W.astype(np.float64), np.eye(len(W))))
    return refine(aligner, source, target, refinement=5)[0].source_map_


# --- results ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_planted_rotation_is_found_without_a_dictionary() -> None:
    source, target, rotation = plant()
    result = train_adversarial(source, target, settings=SOLVING)
    assert csls_criterion(source, target) < 0.9
    assert result.criterion == max(epoch.criterion for epoch in result.epochs)
    np.testing.assert_allclose(refined(result.map, source, target), rotation, atol=1e-4)


def test_the_initial_map_by_axes_is_the_planted_rotation() -> None:
    source, target, rotation = plant()
    settings = replace(SOLVING, initial_map="axes", samples=1, epochs=1, map_rate=1e-9)
    result = train_adversarial(source, target, settings=settings)
    np.testing.assert_allclose(result.map, rotation, atol=1e-3)


def test_the_map_that_is_kept_is_the_best() -> None:
    source, target = small()
    result = train()
    best = csls_criterion(source @ result.map, target)
    assert best == result.criterion == max(epoch.criterion for epoch in result.epochs)


def test_training_ends_when_the_criterion_does_not_improve() -> None:
    result = train(replace(TINY, epochs=50, patience=2))
    criteria = [epoch.criterion for epoch in result.epochs]
    assert len(criteria) == int(np.argmax(criteria)) + 3 < 50


def test_divergence_ends_training(tmp_path: Path) -> None:
    settings = replace(TINY, map_rate=1e30)
    for _ in range(2):  # the second time from the checkpoint
        result = train(settings, checkpoint=tmp_path / "training.safetensors")
        assert [epoch.criterion for epoch in result.epochs] == [-1.0]
        assert result.criterion == -1.0
        np.testing.assert_array_equal(result.map, np.eye(6))


# --- the parts, against the formulas ----------------------------------------------------------


def test_a_step_toward_orthogonal_maps_is_that_of_the_paper() -> None:
    W = np.random.default_rng(0).standard_normal((7, 7)) / 3
    expected = 1.01 * W - 0.01 * W @ W.T @ W
    found = toward_orthogonal(torch.tensor(W, dtype=torch.float32), 0.01)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def slow_criterion(source: Matrix, target: Matrix, n_neighbors: int) -> float:
    X, Y = (rows.astype(np.float64) for rows in (source, target))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    cosines = X @ Y.T
    of_source = np.sort(cosines, axis=1)[:, -n_neighbors:].mean(axis=1, keepdims=True)
    of_target = np.sort(cosines, axis=0)[-n_neighbors:].mean(axis=0, keepdims=True)
    best = (2 * cosines - of_source - of_target).argmax(axis=1)
    return float(cosines[np.arange(len(X)), best].mean())


@pytest.mark.parametrize(("n", "m", "vocabulary"), [(60, 50, 1000), (60, 50, 40), (5, 50, 1000)])
def test_the_criterion_is_that_of_the_paper(n: int, m: int, vocabulary: int) -> None:
    source, target = small(n, m)
    n_neighbors = min(10, n, m)
    expected = slow_criterion(source[:vocabulary], target[:vocabulary], n_neighbors)
    found = csls_criterion(3 * source, target, vocabulary=vocabulary)
    assert found == pytest.approx(expected, abs=1e-6)


# --- repetition and interruption --------------------------------------------------------------


class InterruptionError(Exception):
    pass


@pytest.mark.slow
def test_same_seed_same_map() -> None:
    torch.manual_seed(1)
    first = train(random_state=5)
    torch.manual_seed(2)
    second = train(random_state=5)
    np.testing.assert_array_equal(first.map, second.map)
    assert first.epochs == second.epochs
    assert (train(random_state=6).map != first.map).any()


def test_the_global_generator_of_torch_is_left_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    train()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_resuming_changes_nothing(tmp_path: Path, precision: Precision) -> None:
    settings = replace(TINY, precision=precision)
    expected = train(settings)
    checkpoint = tmp_path / "training.safetensors"

    def stop(facts: dict[str, float]) -> None:
        if facts["epoch"] in (1, 3):
            raise InterruptionError

    for _ in range(2):
        with pytest.raises(InterruptionError):
            train(settings, checkpoint=checkpoint, log=stop)
    seen: list[dict[str, float]] = []
    result = train(settings, checkpoint=checkpoint, log=seen.append)
    assert [facts["epoch"] for facts in seen] == [4]
    np.testing.assert_array_equal(result.map, expected.map)
    assert result.criterion == expected.criterion
    assert result.epochs == expected.epochs
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.name]


# --- checkpoints that do not fit ----------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "training.safetensors"
    train(replace(TINY, epochs=1), checkpoint=path)
    return path


@pytest.mark.parametrize("kept", [0, 5, 0.5, -1])
def test_a_truncated_checkpoint_is_refused(checkpoint: Path, kept: float) -> None:
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(len(content) * kept) if kept == 0.5 else int(kept)])
    with pytest.raises(FormatError, match="truncated"):
        train(replace(TINY, epochs=1), checkpoint=checkpoint)


def test_a_checkpoint_of_another_training_is_refused(checkpoint: Path) -> None:
    source, target = small()
    settings = replace(TINY, epochs=1)
    others: dict[str, tuple[Any, ...]] = {
        "settings": (source, target, replace(TINY, hidden=8), 0),
        "random_state": (source, target, settings, 1),
        "target": (source, target[::-1], settings, 0),
        "source, target": (target, source, settings, 0),
    }
    for names, (X, Y, chosen, seed) in others.items():
        match = rf"of another training \(other {names}\)"
        with pytest.raises(FormatError, match=match):
            train_adversarial(X, Y, settings=chosen, random_state=seed, checkpoint=checkpoint)


def test_a_checkpoint_that_is_something_else_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"map": np.eye(6)}, tmp_path / "other.safetensors")
    with pytest.raises(FormatError, match="not a checkpoint of adversarial training"):
        train(checkpoint=tmp_path / "other.safetensors")


@pytest.mark.parametrize("shape", [(3, 3), None])
def test_a_checkpoint_with_tensors_that_do_not_fit_is_refused(
    checkpoint: Path, shape: tuple[int, int] | None
) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    tensors = load_file(checkpoint)
    if shape is None:
        del tensors["layer.0"]
    else:
        tensors["layer.0"] = np.zeros(shape, np.float32)
    with safe_open(checkpoint, framework="np") as file:
        metadata = file.metadata()
    save_file(tensors, checkpoint, metadata)
    with pytest.raises(FormatError, match=r"damaged: .*; delete it to begin anew"):
        train(replace(TINY, epochs=1), checkpoint=checkpoint)


def test_the_folder_of_checkpoints_is_checked_first(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the directory does not exist"):
        train(checkpoint=tmp_path / "none" / "training.safetensors", log=pytest.fail)


# --- progress and settings ----------------------------------------------------------------------


@pytest.mark.slow
def test_progress_and_log_are_called() -> None:
    fractions: list[float] = []
    seen: list[dict[str, float]] = []
    result = train(progress=fractions.append, log=seen.append)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert [facts["criterion"] for facts in seen] == [e.criterion for e in result.epochs]
    for facts in seen:
        assert 0 <= facts["discriminator_accuracy"] <= 1
        assert facts["samples_per_second"] > 0
        assert facts["seconds"] > 0


@pytest.mark.slow
def test_the_published_settings_are_those_of_the_preset() -> None:
    muse = AdversarialSettings.preset("muse")
    assert (muse.hidden, muse.discriminator_steps) == (2048, 5)
    assert (muse.discriminator_rate, muse.map_rate) == (0.1, 0.1)
    assert (muse.decay, muse.epochs, muse.samples, muse.batch) == (0.98, 5, 1_000_000, 32)
    assert (muse.vocabulary, muse.orthogonality, muse.initial_map) == (75_000, 0.001, "identity")
    assert AdversarialSettings.preset() == AdversarialSettings.preset("fast")
    assert AdversarialSettings.preset() == AdversarialSettings()
    result = train(replace(muse, samples=320, epochs=2))
    assert len(result.epochs) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m", "dimension"), [(2, 3, 4), (500, 420, 50), (30, 40, 300)])
def test_shapes(n: int, m: int, dimension: int) -> None:
    source, target = small(n, m, dimension)
    for precision in PRECISIONS:
        settings = replace(TINY, initial_map="axes", epochs=1, precision=precision)
        result = train_adversarial(source, target, settings=settings)
        assert result.map.shape == (dimension, dimension)
        assert result.map.dtype == np.float32
        assert np.isfinite(result.map).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch", 0),
        ("samples", -3),
        ("vocabulary", 0),
        ("discriminator_rate", 0.0),
        ("map_rate", math.inf),
        ("map_rate", math.nan),
        ("decay", 1.5),
        ("orthogonality", -0.1),
        ("precision", "int8"),
        ("initial_map", "zero"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} must .*, got {value!r}"):
        replace(TINY, **{name: value})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.slow
def test_the_settings_need_no_torch() -> None:
    module = "alignx.alignment.unsupervised.adversarial_settings"
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_other_wrong_arguments_are_refused() -> None:
    source, target = small()
    with pytest.raises(DimensionError, match="same dimension, got 6 and 5"):
        train_adversarial(source, target[:, :5])
    with pytest.raises(ValueError, match="at least 2 rows, got 1 and 50"):
        train_adversarial(source[:1], target)
    with pytest.raises(ValueError, match="random_state must be at least 0, got -1"):
        train(random_state=-1)
    with pytest.raises(ValueError, match="preset must be one of fast, muse, got 'slow'"):
        AdversarialSettings.preset("slow")  # type: ignore[arg-type]  # wrong on purpose
