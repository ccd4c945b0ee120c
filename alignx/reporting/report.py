"""Report of an alignment, or of two languages before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.alignment import Alignment
from alignx.alignment.shared_space import SharedSpace
from alignx.datasets.languages import languages
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.reporting.classifier import ClassifierSection
from alignx.reporting.contents import Contents
from alignx.reporting.dictionary import Dictionary
from alignx.reporting.hubs import Hubs
from alignx.reporting.notebook import rendered
from alignx.reporting.prospects.prospects import Prospects
from alignx.reporting.quality_card import QualityCard
from alignx.reporting.questions import Questions
from alignx.reporting.word_map import WordMap
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.retrieval.pair_scores import pair_scores
from alignx.support.arguments import require_instance, require_whole
from alignx.support.files import StrPath, replacing
from alignx.support.outputs import require_suffix
from alignx.support.progress import part_of
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import LabeledTexts
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Double, Matrix
    from alignx.support.progress import Progress

__all__ = ["Report", "report"]

WORDS = 80_000
FEWEST_WORDS = 2


@dataclass(frozen=True, eq=False, repr=False)
class Report(Contents):
    """Report of an alignment, or of two languages before any work; see `alignx.report`."""

    def _repr_html_(self) -> str:
        """Return card or prospects for a notebook, and how to save the page."""
        shown = self.card or self.prospects
        table = "" if shown is None else shown._repr_html_()
        advice = 'The whole report is a page: <code>report.save("report.html")</code>'
        return f"{rendered('<h4>{{ title }}</h4>', title=self.title)}{table}<p>{advice}</p>"

    def save(self, path: StrPath) -> None:
        """Write one HTML file that needs no other, nor a network.

        Raises
        ------
        FormatError, OutputError
            If the suffix is that of another format, or the file cannot be written.
        """
        require_suffix(path, "a page")

        from alignx.reporting.page.render import render  # matplotlib takes a second to load

        page = render(self)
        with replacing(path) as file:
            file.write(page)


def report(
    source: Embeddings | SharedSpace,
    target: Embeddings | None = None,
    alignment: Alignment | None = None,
    *,
    lexicon: LexiconLike | None = None,
    words: int = WORDS,
    classifier: TransferClassifier | None = None,
    texts: LabeledTexts | None = None,
    progress: Progress | None = None,
) -> Report:
    """Report the quality of an alignment with its dictionary, or prospects without one.

    Parameters
    ----------
    source, target : Embeddings
        Vectors of both languages, as `alignment` takes them. A `SharedSpace` as `source`, without
        `target`, reports its first two languages.
    alignment : Alignment, optional
        The map, whose held-out accuracy is shown. Without one, and unless `source` is a space, the
        report tells what to expect of an alignment.
    lexicon : Lexicon, path, list of pairs, dict or DataFrame, optional
        Test dictionary. Without one there are no accuracy on test words, no errors, no reliability
        and no cosines.
    words : int
        Most frequent words of each language in the dictionary, the hubs and the map of words, at
        least 2. The accuracy is that on all words.
    classifier, texts : TransferClassifier, LabeledTexts, optional
        A classifier, and texts with labels that it did not learn from.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        If a parameter is of another class or out of range.
    DimensionError, DirectionError
        If the map does not take the vectors; see `Alignment.apply`.
    EmptyLexiconError
        If no pair of the test dictionary is known.

    Notes
    -----
    Four sweeps of O(n m d) time, and the learned ranking of all words: a minute or two for 80,000
    words a side on two cores. O((n + m) k) memory beyond the vectors, k = 50 candidates.

    Examples
    --------
    >>> import alignx as ax
    >>> en, es, train, test = ax.load_sample("en", "es")
    >>> alignment = ax.align(en, es, lexicon=train, method="procrustes", ranker=False)
    >>> found = ax.report(en, es, alignment, lexicon=test, words=300)
    >>> found
    Report(English to Spanish)
    >>> found.card.failed, len(found.dictionary.source)
    (False, 300)
    """
    require_whole(words, "words")
    if words < FEWEST_WORDS:
        raise ValueError(f"words must be at least {FEWEST_WORDS}, got {words}")
    if (classifier is None) != (texts is None):
        raise ValueError("classifier and texts must be given together, got one of them")
    if alignment is None and not isinstance(source, SharedSpace):
        _require_nothing_else(lexicon=lexicon, classifier=classifier)
        return _before_any_work(source, target)
    space = _space(source, target, alignment)
    differences = () if target is None else _differences(alignment, source, target)
    names = _name(space.source, "source"), _name(space.target, "target")
    evaluation = questions = cosines = None
    if lexicon is not None:
        pairs = Lexicon.of(lexicon)
        evaluation = evaluate(space, pairs, progress=part_of(progress, 0, 0.15))
        questions = Questions.of(space, evaluation, pairs.parts_of_speech)
        cosines = _cosines(space, pairs)
    shown, notes = _most_frequent(space, words)
    by_csls = _candidates(shown, part_of(progress, 0.2, 0.2))
    codes = list(space)
    return Report(
        " to ".join(names),
        (codes[0], codes[1]),
        QualityCard.of(space, alignment, evaluation, names=names, differences=differences),
        evaluation,
        questions,
        None if questions is None else questions.reliability(),
        Hubs.of(shown, by_csls),
        cosines,
        None if alignment is None else _singular_values(alignment),
        WordMap.of(shown, by_csls),
        Dictionary.of(shown, by_csls, progress=part_of(progress, 0.5, 0.5)),
        classifier=_measured(classifier, texts),
        notes=notes,
    )


def _measured(
    classifier: TransferClassifier | None, texts: LabeledTexts | None
) -> ClassifierSection | None:
    if classifier is None or texts is None:
        return None
    return ClassifierSection.of(classifier, texts)


def _before_any_work(source: Embeddings, target: Embeddings | None) -> Report:
    """Report what to expect of two languages."""
    require_instance(source, Embeddings, "source")
    require_instance(target, Embeddings, "target")
    assert target is not None  # an Embeddings
    space_codes = source.language or "source", target.language or "target"
    names = _name(source, "source"), _name(target, "target")
    return Report(" and ".join(names), space_codes, prospects=Prospects.of(source, target))


def _require_nothing_else(**given: object) -> None:
    """Refuse what takes a map."""
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise ValueError(f"{' and '.join(wrong)} must be given with an alignment, got none")


def _space(
    source: Embeddings | SharedSpace, target: Embeddings | None, alignment: Alignment | None
) -> SharedSpace:
    """Map the languages into one space, unless they are in one."""
    if alignment is not None:
        require_instance(alignment, Alignment, "alignment")
    if isinstance(source, SharedSpace):
        if target is not None:
            raise ValueError("target must be left out with a space as source")
        return source
    require_instance(source, Embeddings, "source")
    require_instance(target, Embeddings, "target")
    assert target is not None  # an Embeddings
    assert alignment is not None  # or there is no space to report
    return alignment.apply(source, target)


def _differences(
    alignment: Alignment | None, source: Embeddings | SharedSpace, target: Embeddings
) -> list[str]:
    """Tell of vectors of another training than that of the map."""
    assert alignment is not None  # or there is no space
    assert isinstance(source, Embeddings)
    texts = alignment.source.mismatch(source), alignment.target.mismatch(target)
    found = [text for text in texts if text is not None]
    return [text if text.endswith("?") else f"{text}." for text in found]


def _name(language: Embeddings, side: str) -> str:
    """Return the name of a language in English, its code, or its side."""
    code = language.language
    if code is None:
        return side
    return languages()[code].name if code in languages() else code


def _most_frequent(space: SharedSpace, words: int) -> tuple[SharedSpace, tuple[str, ...]]:
    """Return the space of the most frequent words, and a note of those that were left out."""
    left_out = [max(0, len(language) - words) for language in (space.source, space.target)]
    if not any(left_out):
        return space, ()
    heads = {code: space[code].head(words) for code in list(space)[:2]}
    note = (
        f"Dictionary, hubs and map of words: the {words:,} most frequent words of each language. "
        f"{left_out[0]:,} source words and {left_out[1]:,} target words are left out of them."
    )
    return SharedSpace(heads, space.ranker, space.known), (note,)


def _candidates(space: SharedSpace, progress: Progress | None) -> CrossNeighbors:
    """Search the candidates of all words by CSLS, in both directions."""
    most = min(len(space.source), len(space.target))
    asked = N_NEIGHBORS if space.ranker is None else space.ranker.n_candidates
    return csls_neighbors(
        space.source.vectors,
        space.target.vectors,
        min(max(asked, N_NEIGHBORS), most),
        n_neighbors=space.n_neighbors(),
        cosine=space.cosine_neighbors(progress=part_of(progress, 0, 0.5)),
        progress=part_of(progress, 0.5, 0.5),
    )


def _cosines(space: SharedSpace, lexicon: Lexicon) -> tuple[Matrix, Matrix]:
    """Compute the cosines of pairs of a dictionary, and of its words in random other pairs."""
    rows = lexicon.rows(space.source, space.target)
    pairs = np.stack([rows.source, rows.target], axis=1)
    others = pairs.copy()
    others[:, 1] = np.random.default_rng(0).permutation(others[:, 1])
    right = {*map(tuple, pairs.tolist())}
    is_other = np.array([pair not in right for pair in map(tuple, others.tolist())], dtype=bool)
    vectors = space.source.vectors, space.target.vectors
    return pair_scores(*vectors, pairs), pair_scores(*vectors, others[is_other])


def _singular_values(alignment: Alignment) -> tuple[Double, Double]:
    """Decompose the maps of both languages."""
    source, target = (
        np.linalg.svd(side.matrix.astype(np.float64), compute_uv=False).astype(np.float64)
        for side in (alignment.source, alignment.target)
    )
    return source, target
