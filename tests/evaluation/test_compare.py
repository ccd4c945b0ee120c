from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import alignx as ax
from alignx.alignment.known_pairs import KnownPairs
from alignx.evaluation.paired_bootstrap import ResampledScores, scores_of_ranks
from alignx.reporting.figures.comparison import plot_comparison, plot_methods

if TYPE_CHECKING:
    from alignx.evaluation.word_translation import EvaluationReport

N = 60
PAIRS = [(f"s{i}", f"t{i}") for i in range(N)]


def space(noise: float, n: int = N, known: list[tuple[str, str]] | None = None) -> ax.SharedSpace:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((N, 6)).astype(np.float32)
    moved = (rows + noise * rng.standard_normal((N, 6)))[:n].astype(np.float32)
    return ax.SharedSpace(
        {
            "en": ax.Embeddings([s for s, _ in PAIRS], rows),
            "es": ax.Embeddings([t for _, t in PAIRS[:n]], moved),
        },
        known=None if known is None else KnownPairs.of(known),
    )


def report(noise: float, pairs: Any = PAIRS, **options: Any) -> EvaluationReport:  # noqa: ANN401
    return ax.evaluate(space(noise), pairs, **options)


@pytest.fixture(scope="module")
def reports() -> dict[str, EvaluationReport]:
    return {f"noise {noise}": report(noise) for noise in (0.3, 0.5, 1.5)}


def test_figures_are_those_of_the_reports_and_differences_those_of_the_ranks(
    reports: dict[str, EvaluationReport],
) -> None:
    comparison = ax.compare(reports)
    assert (comparison.baseline, comparison.n, comparison.measure) == ("noise 0.3", N, "p@1")
    scores = {name: scores_of_ranks(each.questions.ranks["csls"]) for name, each in reports.items()}
    expected = ResampledScores.of(scores).differences("noise 0.3")
    for method, (name, each) in zip(comparison.methods, reports.items(), strict=True):
        assert method.name == name
        figures = {
            "p@1": each.csls.precision[1],
            "p@5": each.csls.precision[5],
            "mrr": each.csls.mrr,
        }
        assert method.figures == pytest.approx(figures)
        assert method.intervals["p@1"] == pytest.approx(each.csls.interval, abs=1.1 / N)
        assert method.coverage == 1
        assert method.difference == expected.get(name)
    assert ax.compare(reports, random_state=1) != comparison == ax.compare(reports)
    assert pickle.loads(pickle.dumps(comparison)) == comparison


def test_ranking_measure_and_baseline_are_chosen(reports: dict[str, EvaluationReport]) -> None:
    comparison = ax.compare(reports, baseline="noise 1.5", ranking="nn", measure="mrr")
    first, _, last = comparison.methods
    assert last.difference is None
    assert first.figures["mrr"] == pytest.approx(reports["noise 0.3"].nn.mrr)
    assert first.difference is not None
    assert first.difference.value == pytest.approx(first.figures["mrr"] - last.figures["mrr"])
    assert "Ranking: nn" in str(comparison)


def test_one_report_compares_its_rankings() -> None:
    comparison = ax.compare(report(0.5, ranking="isf"))
    assert [method.name for method in comparison.methods] == ["nn", "csls", "isf"]
    assert comparison.baseline == "nn"


def test_only_questions_of_all_reports_count_and_the_rest_is_stated() -> None:
    shifted = [*PAIRS[10:], ("s0", "t1")]
    comparison = ax.compare({"a": report(0.5), "b": report(0.5, shifted)})
    assert comparison.n == N - 10
    assert "test dictionaries differ: only the 50 questions of all count." in str(comparison)
    other = comparison.methods[1].difference
    assert other is not None
    assert (other.value, other.p) == (0, 1)

    smaller = ax.evaluate(space(0.5, n=40), PAIRS)
    comparison = ax.compare({"a": report(0.5), "b": smaller})
    assert comparison.n == 40
    assert [method.coverage for method in comparison.methods] == [1, 40 / 60]
    assert "only questions that all methods can answer count." in str(comparison)
    assert "Answers are sought among 40 to 60 target words, and fewer make it easier." in str(
        comparison
    )

    fitted = ax.evaluate(space(0.5, known=PAIRS[:3]), PAIRS)
    comparison = ax.compare({"a": report(0.5), "b": fitted})
    assert comparison.n == N - 3
    assert "3 questions are left out: a map was fitted on an answer." in str(comparison)
    assert ax.compare(fitted).n == N - 3


def test_answers_that_no_vocabulary_holds_count_as_wrong_where_the_policy_says_so() -> None:
    smaller = ax.evaluate(space(0.5, n=40), PAIRS, oov_policy="fasttext")
    comparison = ax.compare({"a": report(0.5, oov_policy="fasttext"), "b": smaller})
    assert comparison.n == N
    assert comparison.methods[1].figures["p@1"] <= 40 / 60


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"baseline": "x"}, "baseline must be one of 'a', 'b', got 'x'"),
        ({"measure": "p@2"}, "measure must be one of 'p@1', 'p@5', 'mrr', got 'p@2'"),
        ({"resamples": 10}, "resamples must be at least 1000, got 10"),
        ({"ranking": "learned"}, "must have the ranking 'learned', got none in 'a'"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], gist: str) -> None:
    with pytest.raises(ValueError, match=gist):
        ax.compare({"a": report(0.5), "b": report(0.5)}, **options)


def test_reports_that_cannot_be_compared_are_refused() -> None:
    usual = report(0.5)
    for other, gist in (
        (report(0.5, oov_policy="xling"), "one OOV policy, got muse and xling"),
        (report(0.5, [("s0", "t1")]), "must share a question, got none"),
    ):
        with pytest.raises(ValueError, match=gist):
            ax.compare({"a": usual, "b": other})
    with pytest.raises(ValueError, match="reports must be at least 2, got 1"):
        ax.compare({"a": usual})
    with pytest.raises(
        TypeError, match=r"reports\['b'\] must be of class EvaluationReport, got int 3"
    ):
        ax.compare({"a": usual, "b": 3})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="reports must be of class Mapping, got"):
        ax.compare([usual, usual])  # type: ignore[arg-type]
    known = ax.evaluate(space(0.5, known=PAIRS), PAIRS)
    with pytest.raises(ValueError, match="a question that the map was not fitted on, got none"):
        ax.compare(known)


# --- output -----------------------------------------------------------------------------------


def test_table_frame_json_and_html(reports: dict[str, EvaluationReport]) -> None:
    comparison = ax.compare(reports)
    lines = str(comparison).splitlines()
    assert lines[0].split("  ")[0] == "method"
    assert [line.startswith("noise") for line in lines[1:5]] == [True, True, True, False]
    assert " *" not in lines[1]
    assert " *" in lines[3]
    assert "60 questions, the same for all methods." in lines[4]
    assert "adjusted for 2 comparisons (Holm)" in str(comparison)
    assert "adjusted" not in str(ax.compare(report(0.5)))
    frame = comparison.to_frame()
    assert list(frame["method"]) == list(reports)
    assert frame["difference"].isna().tolist() == [True, False, False]
    found = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert found["methods"]["noise 1.5"]["difference"]["p_adjusted"] < 0.05
    assert repr(comparison).startswith("Comparison(P@1, n 60: {'noise 0.3': ")


def test_names_of_methods_are_escaped_everywhere() -> None:
    name = '<script>alert(1)</script>\n\u202e $x$ 50 % _&"'
    comparison = ax.compare({name: report(0.3), "b": report(1.5)}, baseline=name)
    shown = '<script>alert(1)</script> $x$ 50 % _&"'
    assert str(comparison).splitlines()[1].startswith(shown)
    assert "\u202e" not in str(comparison) + comparison.to_latex()
    html = comparison._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    latex = comparison.to_latex()
    assert r"\textless{}script\textgreater{}alert(1)" in latex
    assert r"\$x\$ 50 \% \_\&" in latex


def test_latex_marks_only_a_clear_winner(reports: dict[str, EvaluationReport]) -> None:
    clear = ax.compare({name: reports[name] for name in ("noise 1.5", "noise 0.3")}).to_latex()
    [best] = [line for line in clear.splitlines() if line.startswith("noise 0.3")]
    assert best.count(r"\textbf{") == 3
    assert clear.count(r"\textbf{") == 3
    assert "Bold: better than each other method by the same test." in clear
    assert [clear.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    equal = ax.compare({"a": reports["noise 0.3"], "b": reports["noise 0.3"]}).to_latex()
    assert "bf" not in equal
    assert "Bold" not in equal


def test_figures_show_values_intervals_and_stars(reports: dict[str, EvaluationReport]) -> None:
    comparison = ax.compare(reports)
    axes = plot_comparison(comparison)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(reports)
    stars = [text.get_text().endswith("*") for text in axes.texts]
    assert stars == [
        m.difference is not None and m.difference.is_significant for m in comparison.methods
    ]
    points = [np.ravel(line.get_xdata())[0] for line in axes.lines if line.get_marker() == "o"]
    assert points == [method.figures["p@1"] for method in comparison.methods]
    assert plot_comparison(comparison, ax=axes) is axes
    with pytest.raises(TypeError, match="comparison must be of class Comparison, got int 3"):
        plot_comparison(3)  # type: ignore[arg-type]
    figures = {
        "en-es": {"a": (0.5, 0.4, 0.6), "b": (0.6, 0.5, 0.7)},
        "en-de": {"b": (0.3, 0.2, 0.4)},
    }
    axes = plot_methods(figures)
    assert len([line for line in axes.lines if np.size(line.get_xdata()) == 2]) == 3
