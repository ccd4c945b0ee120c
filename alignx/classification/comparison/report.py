"""How well classifiers carry over to other languages, as tables for people and programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from alignx.support.arrays import Double

__all__ = [
    "LanguageResult",
    "LearnedTexts",
    "TransferReport",
    "TrialResult",
    "markdown_table",
    "summarized",
]

RESAMPLES = 2_000
SIZES = ("size", "vectors", "peak_memory")  # facts in bytes


@dataclass(frozen=True)
class LanguageResult:
    """What a trial reached on the test texts of one language.

    Attributes
    ----------
    n : int
        Texts.
    accuracy : float
        Share that was predicted right, mean over seeds, in [0, 1].
    macro_f1 : float
        Mean over classes of F1, mean over seeds, in [0, 1].
    interval : (float, float)
        95 % interval of the accuracy: quantiles of the bootstrap over texts, each with its mean
        over seeds. It says what other texts would change, not what other training texts would.
    spread : float
        Standard deviation of the accuracy over seeds.
    classes : dict of str to dict
        Precision, recall, F1 of each class, of all seeds together, and how many texts it has.
    coverage : float
        Share of the words of the texts that have a vector; nan if the classifier has no words.
    right : (n,) float64
        Share of the seeds that predicted each text right.
    """

    n: int
    accuracy: float
    macro_f1: float
    interval: tuple[float, float]
    spread: float
    classes: dict[str, dict[str, float]]
    coverage: float
    right: Double = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "interval": list(self.interval),
            "spread": self.spread,
            "coverage": None if np.isnan(self.coverage) else self.coverage,
            "classes": self.classes,
        }


@dataclass(frozen=True)
class TrialResult:
    """What one way to learn reached.

    Attributes
    ----------
    name : str
        What the table calls it.
    languages : dict of str to LanguageResult
        By target language.
    source : dict of str to LanguageResult
        On test texts of the source language, by the target language that it was fitted for; empty
        if it cannot read them.
    fit_seconds, predict_seconds : float
        Of one seed and one target, means; predicting is of all its test texts.
    facts : dict
        What training had to say, of the last seed, by target language. In bytes: ``"size"`` of the
        model without vectors, ``"vectors"`` of the target that predicting needs,
        ``"peak_memory"`` of the process so far.
    """

    name: str
    languages: dict[str, LanguageResult]
    source: dict[str, LanguageResult]
    fit_seconds: float
    predict_seconds: float
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean accuracy over target languages."""
        return float(np.mean([result.accuracy for result in self.languages.values()]))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `mean`, of the bootstrap over the texts of each language."""
        return _interval([result.right for result in self.languages.values()])

    @property
    def variance(self) -> float:
        """Variance of the accuracy over target languages."""
        return float(np.var([result.accuracy for result in self.languages.values()]))

    @property
    def worst(self) -> str:
        """The target language with the lowest accuracy."""
        return min(self.languages, key=lambda code: self.languages[code].accuracy)

    @property
    def gaps(self) -> dict[str, tuple[float, float, float]]:
        """By target: accuracy on the source minus that on the target, with a 95 % interval."""
        return {
            code: (
                self.source[code].accuracy - result.accuracy,
                *_interval([self.source[code].right], [result.right]),
            )
            for code, result in self.languages.items()
            if code in self.source
        }

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints."""
        gaps = self.gaps
        return {
            "languages": {code: result.as_dict() for code, result in self.languages.items()},
            "source": {code: result.as_dict() for code, result in self.source.items()},
            "gap": float(np.mean([gap for gap, _, _ in gaps.values()])) if gaps else None,
            "gaps": {code: {"gap": g, "interval": [a, b]} for code, (g, a, b) in gaps.items()},
            "mean": self.mean,
            "interval": list(self.interval),
            "variance": self.variance,
            "worst": self.worst,
            "fit_seconds": self.fit_seconds,
            "predict_seconds": self.predict_seconds,
            "facts": self.facts,
        }


@dataclass(frozen=True)
class LearnedTexts:
    """Test texts of a language that are training texts too.

    Attributes
    ----------
    learned, n : int
        How many, of how many.
    accuracy : dict of str to float
        By trial or bound, the accuracy without them; empty for the source and if none is left.
    """

    learned: int
    n: int
    accuracy: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints."""
        return {"learned": self.learned, "n": self.n, "accuracy": self.accuracy}

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in self.accuracy.items())
        rest = f"; accuracy without them: {figures}" if figures else ""
        return f"{self.learned:,} of {self.n:,} test texts were learned from{rest}"


@dataclass(frozen=True)
class TransferReport:
    """A table of trials, between bounds.

    Attributes
    ----------
    source : str
        The language that was learned from.
    trials : dict of str to TrialResult
        By name, in the order they were asked for.
    bounds : dict of str to TrialResult
        ``"target-trained"`` (where there were labeled texts of the targets), ``"unaligned"``,
        ``"majority"``.
    seeds : tuple of int
        What each trial was repeated with.
    learned : dict of str to LearnedTexts
        By language, where test texts occur among the training texts of any language.
    """

    source: str
    trials: dict[str, TrialResult]
    bounds: dict[str, TrialResult]
    seeds: tuple[int, ...]
    learned: dict[str, LearnedTexts] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Give what ``--json`` prints, without the version."""
        return {
            "source": self.source,
            "seeds": list(self.seeds),
            "strategies": {name: trial.as_dict() for name, trial in self.trials.items()},
            "bounds": {name: bound.as_dict() for name, bound in self.bounds.items()},
            "learned": {code: found.as_dict() for code, found in self.learned.items()},
        }

    def as_markdown(self) -> str:
        """Give a table of all trials, and one of the classes in the best of each language."""
        rows = {**self.trials, **self.bounds}
        codes = list(next(iter(rows.values())).languages)
        seeds = f"means of {len(self.seeds)} seeds" if len(self.seeds) > 1 else "one seed"
        head = ["", *codes, *(f"gap {code}" for code in codes)]
        if len(codes) > 1:
            head += ["mean", "variance", "worst"]
        lines = [[*head, "macro-F1"]]
        for name, trial in rows.items():
            lines.append(_line(name, trial, codes))
        blocks = [
            f"Accuracy in percent, learned from {self.source}, 95 % interval in brackets, {seeds}. "
            f"The gap is the accuracy on {self.source} minus that on the language.",
            markdown_table(lines),
            *(f"{code}: {found}." for code, found in self.learned.items()),
            "By class, precision / recall / F1:",
            markdown_table(self._classes(codes)),
        ]
        blocks += ["Cost: seconds are means; the peak of memory is that of the process so far."]
        blocks += [markdown_table(_costs(rows))]
        facts = [
            f"- {name}, {code}: {', '.join(f'{key} {_text(own[key])}' for key in told)}"
            for name, trial in rows.items()
            for code, own in trial.facts.items()
            for told in [[key for key in own if key not in SIZES]]
            if told
        ]
        if facts:
            blocks += ["What training has to say:", "\n".join(facts)]
        return "\n\n".join(blocks) + "\n"

    def __str__(self) -> str:
        return self.as_markdown().rstrip()

    def _classes(self, codes: list[str]) -> list[list[str]]:
        trials = self.trials or self.bounds
        lines = [["language, trial", "class", "texts", "precision / recall / F1"]]
        for code in codes:
            name = max(trials, key=lambda name: trials[name].languages[code].accuracy)
            for label, figures in trials[name].languages[code].classes.items():
                shares = (figures[key] for key in ("precision", "recall", "f1"))
                text = " / ".join(f"{100 * share:.1f}" for share in shares)
                lines.append([f"{code}, {name}", label, f"{figures['n']:,.0f}", text])
        return lines


def _line(name: str, trial: TrialResult, codes: list[str]) -> list[str]:
    """One line of the table."""
    cells = [name]
    for code in codes:
        result = trial.languages[code]
        low, high = (100 * bound for bound in result.interval)
        cells.append(f"{100 * result.accuracy:.1f} [{low:.1f}, {high:.1f}]")
    for code in codes:
        if code in trial.gaps:
            gap, low, high = (100 * value for value in trial.gaps[code])
            cells.append(f"{gap:.1f} [{low:.1f}, {high:.1f}]")
        else:
            cells.append("")
    if len(codes) > 1:
        low, high = (100 * bound for bound in trial.interval)
        cells += [
            f"{100 * trial.mean:.1f} [{low:.1f}, {high:.1f}]",
            f"{1e4 * trial.variance:.1f}",
            trial.worst,
        ]
    f1 = np.mean([trial.languages[code].macro_f1 for code in codes])
    return [*cells, f"{100 * f1:.1f}"]


def _costs(rows: dict[str, TrialResult]) -> list[list[str]]:
    """Give time and sizes of each trial, the largest of its targets."""
    lines = [["", "fit", "predict", "model", "vectors", "peak memory"]]
    for name, trial in rows.items():
        sizes = [
            max((facts[key] for facts in trial.facts.values() if key in facts), default=None)
            for key in SIZES
        ]
        seconds = [f"{trial.fit_seconds:.2f} s", f"{trial.predict_seconds:.3f} s"]
        lines.append([name, *seconds, *("" if s is None else f"{s / 1e6:,.2f} MB" for s in sizes)])
    return lines


def _text(value: object) -> str:
    """Give a fact as people read it."""
    if isinstance(value, list):
        return " + ".join(map(str, value))
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def markdown_table(rows: list[list[str]]) -> str:
    """Give rows of cells as a Markdown table, the first as its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"| --- |{' --: |' * (len(rows[0]) - 1)}", *body])


def _interval(plus: list[Double], minus: list[Double] | None = None) -> tuple[float, float]:
    """Bootstrap the mean of means, minus another."""
    rng = np.random.default_rng(0)

    def means(samples: list[Double]) -> Double:
        drawn = [
            rng.multinomial(len(s), np.full(len(s), 1 / len(s)), RESAMPLES) @ s / len(s)
            for s in samples
        ]
        return np.asarray(np.mean(drawn, axis=0))

    values = means(plus) - (means(minus) if minus else 0)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def summarized(
    predictions: list[NDArray[Any]],
    labels: NDArray[Any],
    classes: Mapping[str, Any],
    coverage: float,
) -> LanguageResult:
    """Give what the predictions of several seeds amount to."""
    from sklearn.metrics import f1_score, precision_recall_fscore_support

    known = list(classes.values())
    hits = np.array([np.asarray(each) == labels for each in predictions], dtype=np.float64)
    right = hits.mean(axis=0)
    pooled = precision_recall_fscore_support(
        np.tile(labels, len(predictions)),
        np.concatenate(predictions),
        labels=known,
        zero_division=0,
    )
    by_class = {
        name: {
            "precision": float(p),
            "recall": float(r),
            "f1": float(f),
            "n": int(n) // len(predictions),
        }
        for name, p, r, f, n in zip(classes, *pooled, strict=True)
    }
    scores = [
        f1_score(labels, each, labels=known, average="macro", zero_division=0)
        for each in predictions
    ]
    return LanguageResult(
        len(labels),
        float(right.mean()),
        float(np.mean(scores)),
        _interval([right]),
        float(hits.mean(axis=1).std()),
        by_class,
        coverage,
        right,
    )
