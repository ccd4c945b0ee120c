"""Page of a space of many languages: accuracy of each pair, and how good its maps are."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from alignx.alignment.space_folder.summary import FITS, share
from alignx.reporting.figures.entry import figure_of
from alignx.reporting.figures.squares import NAMED, plot_accuracy_matrix
from alignx.reporting.figures.theme import language_label
from alignx.reporting.page.document import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.alignment.space_folder.manifest import Manifest, PairRecord, TriangleRecord
    from alignx.alignment.validation import Validation
    from alignx.evaluation.accuracy_matrix import AccuracyMatrix
    from alignx.reporting.figures.entry import ReportFigure

__all__ = ["space_page"]

ORIGINS = {
    "lexicon": "dictionary",
    "self_learning": "no dictionary",
    "pivot": "through other languages",
}
RANKINGS = {
    "nn": "nearest neighbors",
    "csls": "CSLS",
    "learned": "the learned ranking",
    "isf": "inverted softmax",
    "hnn": "hubless nearest neighbors",
}


class _Fit(NamedTuple):
    """Row of the table of fits."""

    pair: str
    evidence: str
    induced: int
    shares: tuple[str, ...]
    n: int


class _Triangle(NamedTuple):
    """Row of the table of triangles."""

    languages: str
    cycles: int
    error: float


def space_page(manifest: Manifest, matrix: AccuracyMatrix) -> str:
    """Write the accuracies of a space as one HTML file that needs no other.

    Parameters
    ----------
    manifest : Manifest
        Contents of the folder of the space.
    matrix : AccuracyMatrix
        Accuracy of its pairs of languages; see `evaluate_many`.

    Returns
    -------
    str
        The page, the same for the same values.
    """
    has_known = any(report.known for report in matrix.reports.values())
    fits = [_fit(pair) for pair in manifest.pairs if any(_validations(pair))]
    triangles = sorted(map(_triangle, manifest.triangles), key=lambda each: -each.error)
    return document(
        "space.html",
        styles=("report.css",),
        scripts=("theme.js", "space.js"),
        title=_title(matrix.languages),
        matrix=matrix,
        ranking=RANKINGS[matrix.ranking],
        figures=list(_figures(matrix, has_known=has_known)),
        fits=fits,
        columns=FITS,
        triangles=triangles,
        apart=manifest.apart,
        languages=manifest.languages,
        hub=manifest.hub,
        sections=[
            ("accuracy", "Accuracy"),
            *([("fits", "Star, joint, pairwise")] if fits else []),
            *([("triangles", "Triangles")] if triangles else []),
            ("languages", "Languages"),
        ],
        version=version("alignx"),
    ).text


def _title(codes: Sequence[str]) -> str:
    if len(codes) > NAMED:
        return f"{len(codes)} languages"
    return ", ".join(map(language_label, codes))


def _figures(matrix: AccuracyMatrix, *, has_known: bool) -> Iterator[ReportFigure]:
    """Draw the square, and that without known pairs if there are any."""
    for without_known in (False, True)[: 1 + has_known]:
        head, *rows = matrix.cells(is_new=without_known)
        axes = plot_accuracy_matrix(matrix, without_known=without_known)
        rest = ", without pairs known from the fit" if without_known else ""
        yield figure_of(
            axes,
            "accuracy-new" if without_known else "accuracy-all",
            f"From each language into each other{rest}",
            caption=f"Percent of test words whose first answer is right, by "
            f"{RANKINGS[matrix.ranking]}{rest}.",
            description="Square with a row for each source and a column for each target language.",
            columns=("source", *head[1:]),
            rows=[tuple(row) for row in rows],
        )


def _validations(pair: PairRecord) -> list[Validation | None]:
    return [getattr(pair, name) for name in FITS]


def _fit(pair: PairRecord) -> _Fit:
    found = _validations(pair)
    asked = next(each.n for each in reversed(found) if each is not None)
    evidence = f"{pair.pairs:,} known pairs" if pair.pairs else ORIGINS[pair.found_by]
    shares = tuple(map(share, found))
    return _Fit(f"{pair.source}-{pair.target}", evidence, pair.induced, shares, asked)


def _triangle(found: TriangleRecord) -> _Triangle:
    return _Triangle(", ".join(found.languages), found.cycles, found.error)
