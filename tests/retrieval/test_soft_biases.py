from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_languages import hubby, make_languages, unit
from reference import softmax_biases

from alignx.errors import DimensionError
from alignx.retrieval import soft_biases
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.soft_biases import hubless_biases, inverted_softmax_biases
from alignx.support.config import config_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.support.arrays import Matrix


def rows(n: int, seed: int, d: int = 12) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((n, d)))


SOURCE, TARGET = rows(70, 0), rows(50, 1)


@pytest.mark.parametrize("b", [0.5, 20, 60])
@pytest.mark.parametrize("blocks", [(1024, 4096), (7, 11)])
def test_inverted_softmax_equals_the_oracle(
    b: float, blocks: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(("_ROWS", "_COLUMNS"), blocks, strict=True):
        monkeypatch.setattr(soft_biases, name, value)
    found = inverted_softmax_biases(SOURCE, TARGET, inverse_temperature=b)
    for bias, expected in zip(found, softmax_biases(SOURCE, TARGET, b, 1), strict=True):
        np.testing.assert_allclose(bias, expected, rtol=0, atol=1e-5)
        assert bias.dtype == np.float32
        assert not bias.flags.writeable


@pytest.mark.parametrize("b", [0.5, 20, 60])
@pytest.mark.parametrize("n_iterations", [0, 1, 4])
def test_hubless_biases_equal_the_oracle(b: float, n_iterations: int) -> None:
    found = hubless_biases(SOURCE, TARGET, inverse_temperature=b, n_iterations=n_iterations)
    expected = softmax_biases(SOURCE, TARGET, b, 1 + 2 * n_iterations)
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=2e-5)


@pytest.mark.parametrize("biases", [inverted_softmax_biases, hubless_biases])
def test_the_temperature_follows_the_spread(
    biases: Callable[..., tuple[Matrix, Matrix]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soft_biases, "_FREQUENT", 40)
    b = 2.2 / (SOURCE[:40].astype(np.float64) @ TARGET[:40].T.astype(np.float64)).std()
    for scale in (1, 4, 0.01):
        given = {"inverse_temperature": b / scale} if b / scale <= 60 else {}
        found = biases(scale * SOURCE, TARGET, **given)
        for mine, other in zip(biases(scale * SOURCE, TARGET), found, strict=True):
            np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5)
    same = np.ones((3, 2), np.float32) / np.float32(np.sqrt(2))
    assert all(np.isfinite(bias).all() for bias in biases(same, same))


def test_inverted_softmax_is_the_share_of_the_query() -> None:
    _, bias = inverted_softmax_biases(SOURCE, TARGET, inverse_temperature=5)
    shares = np.exp(5 * (SOURCE @ TARGET.T - bias))
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-4)


@pytest.mark.slow
def test_hubless_keys_are_chosen_equally_often() -> None:
    _, bias = hubless_biases(SOURCE, TARGET, inverse_temperature=10, n_iterations=50)
    scores = np.exp(10 * (SOURCE @ TARGET.T - bias))
    chosen = (scores / scores.sum(axis=1, keepdims=True)).sum(axis=0)
    np.testing.assert_allclose(chosen, len(SOURCE) / len(TARGET), rtol=1e-3)


@pytest.mark.parametrize("biases", [inverted_softmax_biases, hubless_biases])
def test_hubs_sink(biases: Callable[..., tuple[Matrix, Matrix]]) -> None:
    source, target = make_languages(hubby)
    counts = [
        np.bincount(index.search(source, 1).indices[:, 0], minlength=len(target)).max()
        for index in (ExactIndex(target), ExactIndex(target, bias=biases(source, target)[1]))
    ]
    assert counts[1] < counts[0]


@pytest.mark.parametrize("biases", [inverted_softmax_biases, hubless_biases])
def test_biases_depend_on_neither_threads_nor_order(
    biases: Callable[..., tuple[Matrix, Matrix]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soft_biases, "_ROWS", 16)
    expected = biases(SOURCE, TARGET)
    told: list[float] = []
    for n_threads in (1, 3):
        with config_context(n_threads=n_threads):
            for mine, other in zip(
                biases(SOURCE, TARGET, progress=told.append), expected, strict=True
            ):
                np.testing.assert_array_equal(mine, other)
    assert told[-1] == 1.0
    swapped = biases(TARGET, SOURCE)[::-1]
    for mine, other in zip(swapped, expected, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


@pytest.mark.parametrize("biases", [inverted_softmax_biases, hubless_biases])
def test_bad_input_is_refused(biases: Callable[..., tuple[Matrix, Matrix]]) -> None:
    for b in (0, -1, 61, np.nan):
        with pytest.raises(ValueError, match=r"inverse_temperature must lie in \(0, 60\], got"):
            biases(SOURCE, TARGET, inverse_temperature=b)
    with pytest.raises(ValueError, match="must stay within 60, got rows that reach 80"):
        biases(4 * SOURCE, TARGET, inverse_temperature=20)
    with pytest.raises(ValueError, match="must have at least 1 row, got 0 and 50"):
        biases(SOURCE[:0], TARGET)
    with pytest.raises(DimensionError):
        biases(SOURCE[:, :5], TARGET)
    with pytest.raises(ValueError, match="n_iterations must be at least 0, got -1"):
        hubless_biases(SOURCE, TARGET, n_iterations=-1)
