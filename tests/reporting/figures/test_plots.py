"""Figures draw the values that they are given, on any axes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_reports import accuracy, drift, hubs, made_prospects, reliability, section, word_map
from matplotlib.figure import Figure

import alignx as ax
from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.figures.theme import INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from alignx.reporting.prospects.prospects import Prospects

NAN = float("nan")


@pytest.fixture(scope="module")
def prospects() -> Prospects:
    return made_prospects()


def lines(axes: Axes) -> list[tuple[list[float], list[float]]]:
    return [(list(x), list(y)) for x, y in (line.get_data() for line in axes.lines)]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def rows(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


# --- values -----------------------------------------------------------------------------------


def test_accuracy_draws_value_interval_and_number_of_each_group() -> None:
    groups = {"frequent": accuracy(30, 40), "none": accuracy(0, 0), "rare": accuracy(1, 4)}
    axes = ax.plot_accuracy(groups)
    low, high = groups["frequent"].interval
    assert lines(axes)[:2] == [([low, high], [0, 0]), ([0.75], [0])]
    assert lines(axes)[2:] == [([*groups["rare"].interval], [2, 2]), ([0.25], [2])]
    assert rows(axes) == ["frequent (40)", "none (0)", "rare (4)"]
    assert texts(axes) == ["75 %", "25 %"]


def test_accuracy_of_a_report_is_that_of_its_rankings() -> None:
    space = ax.SharedSpace({code: ax.Embeddings(["a"], [[1.0]]) for code in ("en", "es")})
    report = replace(
        ax.evaluate(space, [("a", "a")], n_neighbors=1),
        nn=accuracy(1, 4),
        csls=accuracy(2, 4),
        more={"learned": accuracy(3, 4)},
    )
    axes = ax.plot_accuracy(report)
    assert rows(axes) == ["nearest neighbor (4)", "CSLS (4)", "learned ranking (4)"]
    assert texts(axes) == ["25 %", "50 %", "75 %"]


def test_reliability_draws_bins_with_answers_and_their_intervals() -> None:
    axes = ax.plot_reliability(reliability(counts=[10, 0, 30], share=[0.1, NAN, 1.0]))
    assert lines(axes) == [([0, 1], [0, 1]), ([0.2, 0.9], [0.1, 1.0])]
    [intervals] = axes.collections
    drawn = [segment.tolist() for segment in intervals.get_segments()]
    assert drawn == [[[0.2, 0.0], [0.2, 0.3]], [[0.9, 0.8], [0.9, 1.0]]]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=30))
def test_hubs_draw_the_number_of_words_at_least_so_near(counts: list[int]) -> None:
    line = ax.plot_hubs(hubs(counts, counts)).lines[0]
    expected = {n: sum(count >= n for count in counts) for n in counts if n}
    assert dict(zip(*line.get_data(), strict=True)) == expected


def test_singular_values_and_spectra_are_drawn_as_they_are(prospects: Prospects) -> None:
    axes = ax.plot_singular_values(([3.0, 1.0], [2.0]), languages=("English", "$x_1$"))
    assert lines(axes) == [([1, 2], [3.0, 1.0]), ([1], [2.0])]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["map of English", "map of $x_1$"]
    axes = ax.plot_spectra(prospects)
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), prospects.target.spectrum)


def test_cosines_are_shares_of_each_kind() -> None:
    axes = ax.plot_cosines(([0.9, 0.8, 0.8, 0.7], [0.0, 0.1]))
    shares = {patch.get_label(): patch.get_data() for patch in axes.patches}
    known, random = shares["known pairs"], shares["random pairs"]
    assert known.values.sum() == pytest.approx(1)
    assert random.values.sum() == pytest.approx(1)
    assert known.edges[known.values.argmax()] <= 0.8 <= known.edges[known.values.argmax() + 1]


def test_words_are_drawn_at_their_places_and_named_where_there_is_room() -> None:
    words = word_map([f"cat{n}" for n in range(60)], [f"gato{n}" for n in range(60)], 60)
    axes = ax.plot_words(words, n_labels=30)
    drawn = [line.get_xydata() for line in axes.lines]
    np.testing.assert_array_equal(drawn[0], words.source_points)
    np.testing.assert_array_equal(drawn[1], words.target_points)
    [links] = axes.collections
    np.testing.assert_array_equal(links.get_segments()[5][1], words.target_points[5])
    assert {"cat0", "gato0"} & {*texts(axes)}
    assert len(texts(axes)) < 60
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(box.count_overlaps(boxes[:i]) for i, box in enumerate(boxes))
    assert texts(ax.plot_words(words, n_labels=0)) == []


def test_drift_draws_scores_neighbors_and_what_is_significant() -> None:
    axes = ax.plot_drift(drift(["$a$", "b", "c"], [0.9, 0.5, -0.1], [0.01, 0.2, 0.9]), topn=2)
    assert lines(axes)[:2] == [([0.9], [0]), ([0.5], [1])]
    assert rows(axes) == ["$a$", "b"]
    assert texts(axes) == ["neighbors 1900 → 2000", "$a$ old x → $a$ new x", "b old x → b new x"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["q ≤ 0.05", "q > 0.05"]
    axes = ax.plot_drift(drift(["a"], [0.9]), n_neighbors=0)
    assert (axes.get_legend(), texts(axes)) == (None, [])


def test_confusion_writes_the_counts_darker_for_larger_shares() -> None:
    axes = ax.plot_confusion(section([[3, 1], [0, 4]], "a", "b"))
    assert texts(axes) == ["3", "1", "4"]
    [mesh] = axes.collections
    assert mesh.get_array()[..., 3].ravel().tolist() == pytest.approx([0.375, 0.125, 0, 0.5])
    assert rows(axes) == ["a", "b"]


def test_confusion_of_many_classes_draws_those_with_the_most_errors() -> None:
    counts = np.diag(np.arange(100, 130))
    counts[20, 25] = 7
    names = [f"class {number}" for number in range(30)]
    axes = ax.plot_confusion(section(counts.tolist(), *names))
    assert len(rows(axes)) == 12
    assert {"class 20", "class 25"} <= {*rows(axes)}
    assert "7" in texts(axes)


def test_accuracy_matrix_writes_the_share_of_each_pair_darker_for_better_ones() -> None:
    words = ax.Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    space = ax.SharedSpace({"en": words, "sv": words, "nl": words})
    test = {("en", "sv"): [("cat", "cat"), ("dog", "cat")], ("nl", "en"): [("cat", "cat")]}
    axes = ax.plot_accuracy_matrix(ax.evaluate_many(space, test, n_neighbors=1))
    assert texts(axes) == ["50", "100"]
    assert rows(axes) == ["English", "Swedish", "Dutch"]
    [mesh] = axes.collections
    assert mesh.get_array()[..., 3].tolist() == [[0, 0.25, 0], [0, 0, 0], [0.5, 0, 0]]


def test_classes_draw_the_share_of_each() -> None:
    axes = ax.plot_classes(section([[3, 1], [0, 0]], "a", "b"))
    assert rows(axes) == ["a (4)", "b (0)"]
    assert texts(axes) == ["75 %"]


def test_bands_and_expectations_of_languages(prospects: Prospects) -> None:
    axes = ax.plot_bands(prospects, "shared")
    assert axes.lines[0].get_xdata().tolist() == [100, 300]
    assert axes.lines[0].get_ydata().tolist() == [0.5, 0.25]
    lengths = ax.plot_bands(prospects, "length").lines[1].get_ydata().tolist()
    assert lengths == [1.0, 2.5]
    axes = ax.plot_expectation(prospects)
    assert rows(axes) == ["0 known pairs", "500 known pairs"]
    assert lines(axes)[2:] == [([0.4, 0.6], [1, 1]), ([0.5], [1])]


# --- odd values -------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no groups": (lambda: ax.plot_accuracy({}), "accuracies must hold at least 1 group"),
    "NaN accuracy": (
        lambda: ax.plot_accuracy({"a": Accuracy(1, {1: NAN}, 0.0)}),
        "'a' must be finite numbers, got nan",
    ),
    "NaN share": (
        lambda: ax.plot_reliability(reliability(share=[NAN, 0.5, 1])),
        "reliability must be finite",
    ),
    "NaN cosine": (lambda: ax.plot_cosines(([NAN], [0.0])), "cosines must be finite"),
    "NaN value": (lambda: ax.plot_singular_values(([np.inf], [1.0])), "singular_values must be"),
    "NaN score": (lambda: ax.plot_drift(drift(["a"], [NAN])), "scores must be finite"),
    "words": (lambda: ax.plot_drift(drift(["a"], [1]), topn=0), "topn must be at least 1, got 0"),
    "neighbors": (lambda: ax.plot_drift(drift(["a"], [1]), n_neighbors=-1), "must be at least 0"),
    "share": (lambda: ax.plot_drift(drift(["a"], [1]), q=2), "q must lie in [0, 1], got 2"),
    "labels": (lambda: ax.plot_words(word_map(["a"], ["b"], 1), n_labels=-1), "n_labels must be"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_values_are_refused(name: str) -> None:
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_bad_choices_are_refused(prospects: Prospects) -> None:
    with pytest.raises(TypeError, match="accuracies must be"):
        ax.plot_accuracy([accuracy(1, 1)])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="measure must be one of shared, length"):
        ax.plot_bands(prospects, "tones")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1 expectation, got none"):
        ax.plot_expectation(replace(prospects, expected=()))


ODD: dict[str, Callable[[], Axes]] = {
    "nothing right": lambda: ax.plot_accuracy({"a": accuracy(0, 3)}),
    "one bin": lambda: ax.plot_reliability(
        reliability(probability=[1], share=[1], low=[1], high=[1], counts=[1])
    ),
    "no answers": lambda: ax.plot_reliability(reliability(counts=[0, 0, 0])),
    "no hubs": lambda: ax.plot_hubs(hubs([0, 0], [0, 0])),
    "one word": lambda: ax.plot_hubs(hubs([1], [1])),
    "equal cosines": lambda: ax.plot_cosines(([0.5, 0.5], [0.5])),
    "no cosines": lambda: ax.plot_cosines(([], [])),
    "zero map": lambda: ax.plot_singular_values(([0.0], [0.0])),
    "one pair": lambda: ax.plot_words(word_map(["$a$"], ["<b>"], 1)),
    "no links": lambda: ax.plot_words(word_map(["a"], ["b"], 0)),
    "one class": lambda: ax.plot_confusion(section([[0]], "a")),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_values_are_drawn(name: str) -> None:
    figure = ODD[name]().figure
    figure.draw_without_rendering()
    assert len(figure.axes) == 1


# --- axes -------------------------------------------------------------------------------------

DRAWN: list[Callable[..., Axes]] = [
    lambda **where: ax.plot_accuracy({"a": accuracy(1, 2)}, **where),
    lambda **where: ax.plot_reliability(reliability(), **where),
    lambda **where: ax.plot_hubs(hubs([1, 5], [3, 3]), **where),
    lambda **where: ax.plot_cosines(([0.5], [0.1]), **where),
    lambda **where: ax.plot_singular_values(([1.0], [1.0]), **where),
    lambda **where: ax.plot_words(word_map(["a"], ["b"], 1), **where),
    lambda **where: ax.plot_confusion(section([[1, 0], [1, 1]], "a", "b"), **where),
    lambda **where: ax.plot_classes(section([[1, 0], [1, 1]], "a", "b"), **where),
    lambda **where: ax.plot_drift(drift(["a", "b"], [1, 0]), **where),
]


def test_every_figure_takes_axes_and_returns_them() -> None:
    for axes, plot in zip(Figure().subplots(3, 3).ravel(), DRAWN, strict=True):
        assert plot(ax=axes) is axes
        assert axes.has_data()


def test_languages_take_axes_and_return_them(prospects: Prospects) -> None:
    for plot in (ax.plot_bands, ax.plot_spectra, ax.plot_expectation):
        axes = Figure().add_subplot()
        assert plot(prospects, ax=axes) is axes
        assert axes.has_data()


def test_settings_of_matplotlib_and_pyplot_stay_as_they_were() -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.get_backend()  # which is chosen when it is first asked for
    before = mpl.rcParams.copy()
    for plot in DRAWN:
        plot()
    assert mpl.rcParams == before
    assert plt.get_fignums() == []


def test_lines_differ_by_color_and_style() -> None:
    before, _, after, _ = ax.plot_hubs(hubs([1, 5], [3, 3])).lines
    assert (before.get_color(), after.get_color()) == (MUTED, INK)  # of no language
    assert before.get_linestyle() != after.get_linestyle()


@pytest.mark.parametrize("name", [name for name in ax.__all__ if name.startswith("plot_")])
@pytest.mark.parametrize("value", [None, 3, object()])
def test_values_of_another_class_are_refused(name: str, value: object) -> None:
    with pytest.raises(TypeError):
        getattr(ax, name)(value)


def test_axes_of_another_class_are_refused() -> None:
    with pytest.raises(TypeError, match="ax must be of class Axes"):
        ax.plot_hubs(hubs([1, 2], [1, 2]), ax=Figure())
