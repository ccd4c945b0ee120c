"""Joint fits of made languages, some pairs of them without a dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import ortho_group

from alignx.alignment.held_out import Fold
from alignx.mapping.joint import GeneralizedProcrustes, JointReweighted
from alignx.multilingual import held_out_fit
from alignx.multilingual.held_out_fit import FoldTask, fit_fold
from alignx.multilingual.joint_fit import fit_joint, pairs_to_compare
from alignx.support.arrays import unit_rows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from alignx.multilingual.joint_fit import JointFit, Pair
    from alignx.support.arrays import Indices, Matrix

CODES = ("en", "es", "de", "sk")
WORDS, DIMENSION = 300, 12


def languages(noise: float = 0.15) -> dict[str, Matrix]:
    """Rotated, noisy copies of the same words; word i is row i everywhere."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((WORDS, DIMENSION)) * np.linspace(0.5, 1.5, DIMENSION)
    return {
        code: unit_rows(
            (
                rows @ ortho_group.rvs(DIMENSION, random_state=rng)
                + noise * rng.standard_normal((WORDS, DIMENSION))
            ).astype(np.float32)
        )
        for code in CODES
    }


def known(first: int = 0, count: int = 60) -> Indices:
    return np.repeat(np.arange(first, first + count)[:, None], 2, axis=1)


STAR = {("en", "es"): known(), ("en", "de"): known(60), ("sk", "en"): known(120)}


def right(
    rows: Mapping[str, Matrix], maps: Mapping[str, Matrix], source: str, target: str
) -> float:
    x, y = (unit_rows(rows[code] @ maps[code]) for code in (source, target))
    return float(((x @ y.T).argmax(axis=1) == np.arange(WORDS)).mean())


def test_languages_without_a_dictionary_translate() -> None:
    rows = languages()
    fit = fit_joint(rows, STAR, method=JointReweighted(regularization=0.1))
    assert min(right(rows, fit.maps, s, t) for s in CODES for t in CODES) > 0.9
    assert fit.evidence.keys() == fit.induced.keys() > STAR.keys()
    assert len(fit.evidence) == 6
    assert {each.languages for each in fit.triangles} >= {("en", "es", "de"), ("es", "de", "sk")}
    assert all(each.error < 0.1 for each in fit.triangles)


def test_contrary_pairs_of_a_dictionary_lose_weight() -> None:
    rows = languages()
    crossed = STAR["en", "de"].copy()
    crossed[:20, 1] = np.roll(crossed[:20, 1], 7)
    starts = {pair: known(count=200) for pair in STAR}
    fit = fit_joint(rows, {**STAR, ("en", "de"): crossed}, starts=starts, method=JointReweighted())
    pairs, weights = fit.evidence["en", "de"]
    is_wrong = pairs[:, 0] != pairs[:, 1]
    assert is_wrong.sum() >= 20
    assert weights[is_wrong].mean() < 0.5 * weights[~is_wrong].mean()


def test_settings_reach_the_fit() -> None:
    rows = languages()
    asked: list[Sequence[Pair]] = []
    fractions: list[float] = []

    def search(_: Mapping[str, Matrix], compared: Sequence[Pair]) -> dict[Pair, Indices]:
        asked.append(compared)
        return dict.fromkeys(compared, known())

    fit = fit_joint(
        rows,
        {},
        starts={**STAR, ("es", "de"): known()},
        method=GeneralizedProcrustes(),
        rounds=2,
        weights={("en", "es"): 3.0},
        search=search,
        progress=fractions.append,
    )
    assert len(asked) == 2
    assert fractions == [0.5, 1.0]
    means = {pair: weights.mean() for pair, (_, weights) in fit.evidence.items()}
    assert means == pytest.approx({pair: 3.0 if pair == ("en", "es") else 1.0 for pair in asked[0]})
    np.testing.assert_allclose(fit.maps["en"], np.eye(DIMENSION), atol=1e-6)


def test_the_most_similar_languages_are_compared() -> None:
    rows = languages(noise=0.0)
    rng = np.random.default_rng(0)
    rows["sk"] = unit_rows(rows["sk"] + rng.standard_normal(rows["sk"].shape).astype(np.float32))
    maps = fit_joint(rows, {}, starts=STAR, method=JointReweighted(), rounds=0).maps
    star = {pair: known() for pair in STAR}
    assert pairs_to_compare(rows, maps, star, partners=0) == list(STAR)
    assert set(pairs_to_compare(rows, maps, star, partners=1)) > {*STAR, ("es", "de")}
    chain = {("en", "es"): known(), ("es", "de"): known(), ("de", "sk"): known()}
    assert set(pairs_to_compare(rows, maps, chain)) == {*chain, ("en", "de"), ("es", "sk")}


def test_rare_held_out_words_are_not_induced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Among rare words that are there for the dictionary alone, each would find its translation.
    fits: list[JointFit] = []

    def recorded(*given: Any, **options: Any) -> JointFit:  # noqa: ANN401
        fits.append(fit_joint(*given, **options))
        return fits[-1]

    monkeypatch.setattr(held_out_fit, "HELD_OUT_FREQUENT", 100)
    monkeypatch.setattr(held_out_fit, "fit_joint", recorded)
    parts = {}
    for code in ("en", "es"):
        path = str(tmp_path / f"{code}.safetensors")
        save(Embeddings([f"{code}{i}" for i in range(WORDS)], languages()[code], code), path)
        parts[code] = path, np.arange(WORDS)
    pair = ("en", "es")
    fold, train = Fold(known(count=80), known(200, 50)), {pair: known(count=80)}
    task = FoldTask(parts, {pair: fold}, train, train, JointReweighted(regularization=0.1), {})
    answers = fit_fold(task).arrays
    (fit,) = fits
    induced, _ = fit.evidence[pair]
    assert len(induced) > 80
    assert induced.max() < 100
    assert answers["joint en es"].mean() > 0.9
