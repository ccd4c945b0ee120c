"""Reports of a comparison of transfer strategies: figures, tables, Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.support.bootstrap import bootstrap_means, percentile_interval
from alignx.support.frames import Tabular
from alignx.support.tables import markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from alignx.support.arrays import Double

__all__ = [
    "ExperimentResult",
    "LanguageResult",
    "TrainingOverlap",
    "TransferReport",
    "summarized",
]

RESAMPLES = 2_000
SIZES = ("size", "vectors", "peak_memory")  # facts in bytes


@dataclass(frozen=True)
class LanguageResult:
    """Figures of an experiment on the n test texts of one language, means over seeds.

    `accuracy`, `macro_f1` and `coverage` (share of the words in the vocabulary) lie in [0, 1].
    `interval` is the 95 % interval of the accuracy by the bootstrap over texts; it does not cover
    the choice of training texts. `spread` is the standard deviation of the accuracy over seeds.
    `classes` holds precision, recall, F1 and number of texts of each class, `right` (n,) the share
    of the seeds that predicted each text right.
    """

    n: int
    accuracy: float
    macro_f1: float
    interval: tuple[float, float]
    spread: float
    classes: dict[str, dict[str, float]]
    coverage: float
    right: Double = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        facts = {**vars(self), "interval": list(self.interval)}
        del facts["right"]
        return facts


@dataclass(frozen=True)
class ExperimentResult:
    """Figures of an experiment on all target languages.

    `source` holds figures on test texts of the source, by the target of training. Seconds are means
    of training and of predicting all test texts of a target. `facts` are those of training with the
    last seed, by target; in bytes ``"size"`` of the model without vectors, ``"vectors"`` of the
    target, and ``"peak_memory"`` of the process.
    """

    name: str
    languages: dict[str, LanguageResult]
    source: dict[str, LanguageResult]
    fit_seconds: float
    predict_seconds: float
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean accuracy of the target languages."""
        return float(np.mean([result.accuracy for result in self.languages.values()]))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `mean` by the bootstrap over the texts of each language."""
        return _interval([result.right for result in self.languages.values()])

    @property
    def variance(self) -> float:
        """Variance of the accuracy over target languages."""
        return float(np.var([result.accuracy for result in self.languages.values()]))

    @property
    def worst(self) -> str:
        """Target language with the lowest accuracy."""
        return min(self.languages, key=lambda code: self.languages[code].accuracy)

    @property
    def gaps(self) -> dict[str, tuple[float, float, float]]:
        """Accuracy on the source minus that on each target, with a 95 % interval."""
        return {
            code: (
                self.source[code].accuracy - result.accuracy,
                *_interval([self.source[code].right], [result.right]),
            )
            for code, result in self.languages.items()
            if code in self.source
        }

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        gaps = self.gaps
        return {
            "languages": _dicts(self.languages),
            "source": _dicts(self.source),
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
class TrainingOverlap:
    """Number of test texts that are training texts too, of n; `accuracy` of rows without them."""

    learned: int
    n: int
    accuracy: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in self.accuracy.items())
        rest = f"; accuracy without them: {figures}" if figures else ""
        return f"{self.learned:,} of {self.n:,} test texts were learned from{rest}"


@dataclass(frozen=True)
class TransferReport(Tabular):
    """Figures of experiments and baselines; prints as Markdown.

    Attributes
    ----------
    source : str
        Language that was learned from.
    experiments : dict of str to ExperimentResult
        Results by name, in the order of the experiments.
    baselines : dict of str to ExperimentResult
        ``"target-trained"`` (with labeled texts of the targets), ``"unaligned"``, ``"majority"``.
    seeds : tuple of int
        Seeds of each experiment.
    learned : dict of str to TrainingOverlap
        Test texts among the training texts of any language, by language.
    """

    source: str
    experiments: dict[str, ExperimentResult]
    baselines: dict[str, ExperimentResult]
    seeds: tuple[int, ...]
    learned: dict[str, TrainingOverlap] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = {name: round(result.mean, 3) for name, result in self.rows.items()}
        return f"TransferReport(source={self.source!r}, mean accuracy={rows})"

    @property
    def rows(self) -> dict[str, ExperimentResult]:
        """Results of experiments, then of baselines."""
        return {**self.experiments, **self.baselines}

    def records(self) -> list[dict[str, Any]]:
        """List the figures as rows of a table, one for each experiment and language."""
        return [
            {
                "name": name,
                "language": code,
                "n": found.n,
                "accuracy": found.accuracy,
                "low": found.interval[0],
                "high": found.interval[1],
                "macro_f1": found.macro_f1,
                "gap": gaps[code][0] if code in gaps else None,
                "coverage": found.coverage,
            }
            for name, result in self.rows.items()
            for gaps in [result.gaps]
            for code, found in result.languages.items()
        ]

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        return {
            "source": self.source,
            "seeds": list(self.seeds),
            "strategies": _dicts(self.experiments),
            "bounds": _dicts(self.baselines),
            "learned": _dicts(self.learned),
        }

    def as_markdown(self) -> str:
        """Format all figures as Markdown."""
        rows = self.rows
        codes = list(next(iter(rows.values())).languages)
        seeds = f"means of {len(self.seeds)} seeds" if len(self.seeds) > 1 else "one seed"
        head = ["", *codes, *(f"gap {code}" for code in codes)]
        if len(codes) > 1:
            head += ["mean", "variance", "worst"]
        lines = [[*head, "macro-F1"], *(_line(name, each, codes) for name, each in rows.items())]
        blocks = [
            f"Accuracy in percent, learned from {self.source}, 95 % interval in brackets, {seeds}. "
            f"The gap is the accuracy on {self.source} minus that on the language.",
            markdown_table(lines),
            *(f"{code}: {found}." for code, found in self.learned.items()),
            "By class, precision / recall / F1:",
            markdown_table(self._classes(codes)),
            "Cost: seconds are means; the peak of memory is that of the process so far.",
            markdown_table(_costs(rows)),
        ]
        facts = [
            f"- {name}, {code}: {', '.join(f'{key} {_text(own[key])}' for key in told)}"
            for name, each in rows.items()
            for code, own in each.facts.items()
            for told in [[key for key in own if key not in SIZES]]
            if told
        ]
        if facts:
            blocks += ["Facts about training:", "\n".join(facts)]
        return "\n\n".join(blocks) + "\n"

    def __str__(self) -> str:
        return self.as_markdown().rstrip()

    def _classes(self, codes: list[str]) -> list[list[str]]:
        results = self.experiments or self.baselines
        lines = [["language, experiment", "class", "texts", "precision / recall / F1"]]
        for code in codes:
            name = max(results, key=lambda name: results[name].languages[code].accuracy)
            for label, figures in results[name].languages[code].classes.items():
                shares = (figures[key] for key in ("precision", "recall", "f1"))
                text = " / ".join(f"{100 * share:.1f}" for share in shares)
                lines.append([f"{code}, {name}", label, f"{figures['n']:,.0f}", text])
        return lines


def _dicts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.as_dict() for name, value in values.items()}


def _percent(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _line(name: str, result: ExperimentResult, codes: list[str]) -> list[str]:
    """Format one row of the table."""
    of_codes = [result.languages[code] for code in codes]
    cells = [name, *(_percent(each.accuracy, *each.interval) for each in of_codes)]
    gaps = result.gaps
    cells += [_percent(*gaps[code]) if code in gaps else "" for code in codes]
    if len(codes) > 1:
        cells += [_percent(result.mean, *result.interval), f"{1e4 * result.variance:.1f}"]
        cells += [result.worst]
    return [*cells, f"{100 * np.mean([each.macro_f1 for each in of_codes]):.1f}"]


def _costs(rows: dict[str, ExperimentResult]) -> list[list[str]]:
    """Format time and sizes of each experiment, the largest of its targets."""
    lines = [["", "fit", "predict", "model", "vectors", "peak memory"]]
    for name, each in rows.items():
        sizes = [
            max((facts[key] for facts in each.facts.values() if key in facts), default=None)
            for key in SIZES
        ]
        seconds = [f"{each.fit_seconds:.2f} s", f"{each.predict_seconds:.3f} s"]
        lines.append([name, *seconds, *("" if s is None else f"{s / 1e6:,.2f} MB" for s in sizes)])
    return lines


def _text(value: object) -> str:
    """Format a fact."""
    if isinstance(value, list):
        return " + ".join(map(str, value))
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def _interval(plus: list[Double], minus: list[Double] | None = None) -> tuple[float, float]:
    """Bootstrap a 95 % interval of the mean of means, minus another."""
    rng = np.random.default_rng(0)

    def means(samples: list[Double]) -> Double:
        drawn = [bootstrap_means(each[:, None], RESAMPLES, rng) for each in samples]
        return np.asarray(np.mean(drawn, axis=0))

    return percentile_interval(means(plus) - (means(minus) if minus else 0))


def summarized(
    predictions: list[NDArray[Any]], labels: NDArray[Any], classes: list[Any], coverage: float
) -> LanguageResult:
    """Compute the figures of the predictions of several seeds."""
    from sklearn.metrics import precision_recall_fscore_support

    def figures(labels: NDArray[Any], found: NDArray[Any]) -> Any:  # noqa: ANN401
        return precision_recall_fscore_support(labels, found, labels=classes, zero_division=0)

    hits = np.array([np.asarray(each) == labels for each in predictions], dtype=np.float64)
    right = hits.mean(axis=0)
    pooled = figures(np.tile(labels, len(predictions)), np.concatenate(predictions))
    names = ("precision", "recall", "f1")
    by_class = {
        str(label): {
            **dict(zip(names, map(float, shares), strict=True)),
            "n": n // len(predictions),
        }
        for label, *shares, n in zip(classes, *pooled[:3], pooled[3].tolist(), strict=True)
    }
    return LanguageResult(
        len(labels),
        float(right.mean()),
        float(np.mean([figures(labels, each)[2].mean() for each in predictions])),
        _interval([right]),
        float(hits.mean(axis=1).std()),
        by_class,
        coverage,
        right,
    )
