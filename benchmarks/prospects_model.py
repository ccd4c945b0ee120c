"""Fit of the model of `alignx.prospects`, and its errors on what was left out of the fit.

For each number of pairs two linear models of few figures: one of P@1 on the logit scale, with
weights of known sign, on the settings that succeeded; one of the probability of success. The
ridges are fixed beforehand, and nothing is chosen by the errors that are reported.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from alignx.reporting.prospects.expectation import WIDER
from benchmarks.prospects_settings import SIZES, Setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double

Row = dict[str, Any]

FEATURES = ("agreement", "identical", "spectral_similarity", "words")
SIGNS = np.array([1, 1, 1, -1])  # more words: more candidates, and rarer words are asked for
OF_SUCCESS = ("agreement", "identical", "spectral_similarity")
SUCCESS = 0.1  # P@1
RIDGE = 1.0  # of standardized figures
COVERAGE = 0.9


def features(facts: Row, otherwise: float) -> dict[str, float]:
    """The figures that `features_of` gives."""
    known = facts["identical_precision"]
    return {
        "agreement": math.sqrt(facts["agreement"]),
        "identical": otherwise if known is None else known,
        "spectral_similarity": facts["spectral_similarity"],
        "words": sum(map(math.log10, facts["words"])) / 2,
    }


def middle_of(facts: Sequence[Row]) -> float:
    """Mean P@1 of identical words, which stands for that of languages with too few."""
    known = [each["identical_precision"] for each in facts]
    return float(np.mean([value for value in known if value is not None]))


def table(rows: Sequence[Row], size: int) -> tuple[Double, Double, list[Setting]]:
    """Figures (n, f), P@1 (n,) and settings of all that were measured with so many pairs."""
    facts = {(r["source"], r["target"]): r["facts"] for r in rows if "facts" in r}
    kept = [r for r in rows if r["pairs"] == size]
    kept = [r for r in kept if (r["source"], r["target"]) in facts]
    middle = middle_of(list(facts.values()))
    X = [list(features(facts[r["source"], r["target"]], middle).values()) for r in kept]
    y = [r["csls"] for r in kept]
    return np.array(X), np.array(y), [Setting(r["source"], r["target"]) for r in kept]


def logit(y: Double) -> Double:
    y = np.clip(y, 0.01, 0.99)
    return np.asarray(np.log(y / (1 - y)))


class Fitted:
    """Weights of the figures, as they come, and an intercept."""

    def __init__(self, X: Double, y: Double, model: Ridge | LogisticRegression) -> None:
        mean, scale = X.mean(axis=0), X.std(axis=0)
        scale[scale == 0] = 1
        model.fit((X - mean) / scale, y)
        self.weights = np.ravel(model.coef_) / scale
        self.intercept = float(np.ravel(model.intercept_)[0] - self.weights @ mean)

    def __call__(self, X: Double) -> Double:
        """Predict on the logit scale."""
        return np.asarray(X @ self.weights + self.intercept)

    def as_dict(self, names: Sequence[str]) -> dict[str, float]:
        """Name the weights."""
        return {"intercept": self.intercept} | dict(zip(names, self.weights.tolist(), strict=True))


def fit_precision(X: Double, y: Double) -> Fitted:
    fitted = Fitted(X * SIGNS, logit(y), Ridge(alpha=RIDGE, positive=True))
    fitted.weights *= SIGNS
    return fitted


def fit_success(X: Double, y: Double) -> Fitted:
    worked = (y >= SUCCESS).astype(np.float64)
    return Fitted(X[:, : len(OF_SUCCESS)], worked, LogisticRegression(C=1 / RIDGE))


def foretold(X: Double, y: Double, others: Double) -> tuple[Double, Double]:
    """Fit, and predict others as `expect` does: logits, and factors of the interval's width.

    Figures outside the fitted range count as the nearest inside; less likeness, or another number
    of words, widens the interval.
    """
    low, high = X.min(axis=0), X.max(axis=0)
    is_unlike = (others < low).any(axis=1) | (others[:, -1] > high[-1])
    logits = fit_precision(X, y)(np.clip(others, low, high))
    return logits, np.where(is_unlike, WIDER, 1.0)


def left_out(X: Double, y: Double, groups: Sequence[str]) -> Double:
    """Residuals of each group by a fit on the others: logits over the factor of the width."""
    names = np.array(groups)
    residuals = np.full(len(y), np.nan)
    for name in sorted(set(groups)):
        out = names == name
        if (~out).sum() > X.shape[1]:
            logits, factors = foretold(X[~out], y[~out], X[out])
            residuals[out] = (logit(y[out]) - logits) / factors
    return residuals


def half_width(residuals: Double) -> float:
    """Half of the interval that the conformal rule asks for."""
    known = np.sort(np.abs(residuals[~np.isnan(residuals)]))
    if not len(known):  # each fit would have too few settings
        return 0.0
    return float(known[min(math.ceil((len(known) + 1) * COVERAGE), len(known)) - 1])


def width_of(X: Double, y: Double, pairs: Sequence[str], corpora: Sequence[str]) -> float:
    """The larger one of left-out pairs of languages and of left-out kinds of vectors."""
    return max(half_width(left_out(X, y, groups)) for groups in (pairs, corpora))


def errors(X: Double, y: Double, pairs: list[str], corpora: list[str], by: str) -> Row:
    """Errors and coverage on groups that neither the fit nor the width of the interval saw."""
    groups = np.array(pairs if by == "pair" else corpora)
    found: list[tuple[float, bool]] = []
    for name in sorted(set(groups)):
        out = groups == name
        if (~out).sum() <= X.shape[1] + 2:
            continue
        rest = [[g for g, o in zip(names, out, strict=True) if not o] for names in (pairs, corpora)]
        width = width_of(X[~out], y[~out], *rest)
        if not width:
            continue
        center, factors = foretold(X[~out], y[~out], X[out])
        predicted = 1 / (1 + np.exp(-center))
        inside = np.abs(logit(y[out]) - center) <= width * factors
        found += list(zip(np.abs(predicted - y[out]), inside, strict=True))
    return {
        "left_out": by,
        "n": len(found),
        "groups": len(set(groups)),
        "mean_absolute_error": float(np.mean([error for error, _ in found])),
        "largest_error": float(np.max([error for error, _ in found])),
        "coverage": float(np.mean([inside for _, inside in found])),
    }


def success_errors(X: Double, y: Double, pairs: list[str]) -> Row:
    """Decisions at 0.5 on pairs of languages that were left out."""
    groups = np.array(pairs)
    right, brier = [], []
    for name in sorted(set(groups)):
        out = groups == name
        labels = y[~out] >= SUCCESS
        if labels.all() or not labels.any():
            continue
        probability = 1 / (1 + np.exp(-fit_success(X[~out], y[~out])(X[out, : len(OF_SUCCESS)])))
        right += list((probability >= 0.5) == (y[out] >= SUCCESS))
        brier += list((probability - (y[out] >= SUCCESS)) ** 2)
    return {"n": len(right), "right": int(np.sum(right)), "brier": float(np.mean(brier))}


def fit(rows: Sequence[Row]) -> Row:
    """Fit all models; the result is alignx/data/prospects.json."""
    sizes, facts = [], [r["facts"] for r in rows if "facts" in r]
    for size in SIZES:
        X, y, settings = table(rows, size)
        worked = y >= SUCCESS
        names = [[s.pair for s in settings], [s.corpus for s in settings]]
        pairs, corpora = ([n for n, w in zip(some, worked, strict=True) if w] for some in names)
        sizes.append(
            {
                "pairs": size,
                "precision": fit_precision(X[worked], y[worked]).as_dict(FEATURES),
                "half_width": width_of(X[worked], y[worked], pairs, corpora),
                "success": fit_success(X, y).as_dict(OF_SUCCESS),
                "n": len(y),
                "n_success": int(worked.sum()),
                "errors": [
                    errors(X[worked], y[worked], pairs, corpora, by) for by in ("pair", "corpus")
                ],
                "success_errors": success_errors(X, y, names[0]),
            }
        )
    middle = middle_of(facts)
    known = [features(each, middle) for each in facts]
    return {
        "sizes": sizes,
        "identical_otherwise": middle,
        "ranges": {
            name: [min(k[name] for k in known), max(k[name] for k in known)] for name in FEATURES
        },
        "dimensions": [f(d for each in facts for d in each["dimension"]) for f in (min, max)],
        "scripts": sorted({s for each in facts for s in each["scripts"]} - {"none"}),
        "pairs": sorted({Setting(r["source"], r["target"]).pair for r in rows}),
    }
