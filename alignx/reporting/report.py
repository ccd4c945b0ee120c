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
from alignx.reporting.contents import Contents
from alignx.reporting.dictionary import Dictionary
from alignx.reporting.hubs import Hubs
from alignx.reporting.quality_card import QualityCard
from alignx.reporting.questions import Questions
from alignx.reporting.word_map import WordMap
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.pair_scores import pair_scores
from alignx.support.arguments import require_instance
from alignx.support.progress import part_of
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Double, Matrix
    from alignx.support.progress import Progress

__all__ = ["Report", "report"]

WORDS = 80_000
NEAREST = 10


@dataclass(frozen=True, eq=False, repr=False)
class Report(Contents):
    """Report of an alignment, or of two languages before any work."""


def report(
    source: Embeddings | SharedSpace,
    target: Embeddings | None = None,
    alignment: Alignment | None = None,
    *,
    lexicon: LexiconLike | None = None,
    words: int = WORDS,
    progress: Progress | None = None,
) -> Report:
    """Make a report of an alignment."""
    if isinstance(source, SharedSpace):
        space = source
    else:
        require_instance(source, Embeddings, "source")
        require_instance(target, Embeddings, "target")
        assert target is not None
        if alignment is None:
            return Report(_title(source, target), ("source", "target"))
        require_instance(alignment, Alignment, "alignment")
        space = alignment.apply(source, target)
    lexicon = None if lexicon is None else Lexicon.of(lexicon)
    evaluation = None
    questions = None
    if lexicon is not None:
        evaluation = evaluate(space, lexicon, progress=part_of(progress, 0, 0.2))
        questions = Questions.of(space, lexicon)
    shown = _head(space, words) if max(len(space.source), len(space.target)) > words else space
    found = _csls(shown)
    codes = list(space)
    return Report(
        _title(space.source, space.target),
        (codes[0], codes[1]),
        card=QualityCard.of(space, alignment, evaluation),
        evaluation=evaluation,
        questions=questions,
        reliability=None if questions is None else questions.reliability(),
        hubs=Hubs.of(shown, found),
        cosines=None if lexicon is None else _cosines(space, lexicon),
        singular_values=None if alignment is None else _singular_values(alignment),
        word_map=WordMap.of(shown, found),
        dictionary=Dictionary.of(shown, found),
    )


def _title(source: Embeddings, target: Embeddings) -> str:
    known = languages()
    names = [
        known[each.language].name if each.language in known else each.language or side
        for each, side in ((source, "source"), (target, "target"))
    ]
    return " to ".join(names)


def _head(space: SharedSpace, words: int) -> SharedSpace:
    """Return the space of the most frequent words."""
    heads = {code: language.head(words) for code, language in space.items()}
    return SharedSpace(heads, space.ranker, space.known)


def _csls(space: SharedSpace) -> CrossNeighbors:
    """Find the candidates of all words by CSLS."""
    most = min(len(space.source), len(space.target))
    candidates = NEAREST if space.ranker is None else space.ranker.n_candidates
    return csls_neighbors(
        space.source.vectors,
        space.target.vectors,
        min(candidates, most),
        n_neighbors=space.n_neighbors(),
        cosine=space.cosine_neighbors(),
    )


def _cosines(space: SharedSpace, lexicon: Lexicon) -> tuple[Matrix, Matrix]:
    """Compute the cosines of pairs of a dictionary, and of its words in random pairs."""
    rows = lexicon.rows(space.source, space.target)
    pairs = np.stack([rows.source, rows.target], axis=1)
    others = pairs.copy()
    others[:, 1] = np.random.default_rng(0).permutation(others[:, 1])
    is_other = others[:, 1] != pairs[:, 1]
    vectors = space.source.vectors, space.target.vectors
    return pair_scores(*vectors, pairs), pair_scores(*vectors, others[is_other])


def _singular_values(alignment: Alignment) -> tuple[Double, Double]:
    """Decompose the maps of both languages."""
    maps = (side.matrix.astype(np.float64) for side in (alignment.source, alignment.target))
    source, target = (np.linalg.svd(each, compute_uv=False) for each in maps)
    return source, target
