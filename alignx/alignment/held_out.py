"""Maps fitted without a fifth of a lexicon, and what they make of the words held out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import clone

from alignx.alignment.calibration import Calibration, Evidence
from alignx.mapping import Aligner, RefinementRound, balanced_weights
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import Neighbors
from alignx.support.arrays import Indices, Matrix, unit_rows
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.alignment.unsupervised.fit import Workplace
    from alignx.lexicon.lexicon import Lexicon
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["HeldOut", "Recipe", "Trial"]

SHARE = 0.2  # of the source words
FEWEST = 20  # below that many words their share of right answers says little
CANDIDATES = 10  # for each of them

logger = logging.getLogger("alignx")


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The pairs of a lexicon in two parts without a source word in common.

    Attributes
    ----------
    kept : (p, 2) int64
        Rows of the pairs to fit on.
    source, target : (q,) int64
        Rows of the other pairs.
    """

    kept: Indices
    source: Indices
    target: Indices

    @classmethod
    def of(cls, lexicon: Lexicon, source: Embeddings, target: Embeddings, seed: int) -> Self:
        """Hold out a fifth of the source words."""
        kept, rest = (part.rows(source, target) for part in lexicon.split(SHARE, random_state=seed))
        # A word that is written in two ways, Cat and cat, may be in both parts.
        apart = ~np.isin(kept.source, rest.source)
        pairs = np.stack([kept.source, kept.target], axis=1)[apart]
        return cls(pairs, rest.source, rest.target)

    @property
    def questions(self) -> Indices:
        """The different source rows held out, ascending."""
        return np.unique(self.source)

    def lack(self) -> str | None:
        """Say what is missing to learn anything from them, if it is."""
        words = len(self.questions)
        if words >= FEWEST:
            return None
        return (
            f"it needs {FEWEST} known source words to hold out, got {words}; use a larger lexicon"
        )


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a map is made from pairs.

    Attributes
    ----------
    aligner : Aligner
        Is not fitted itself.
    work : Workplace
        The languages, and how to refine.
    """

    aligner: Aligner
    work: Workplace

    def fit(
        self, pairs: Indices, progress: Progress | None
    ) -> tuple[Aligner, list[RefinementRound]]:
        """Fit on pairs of rows, (p, 2), and refine."""
        work = self.work
        aligner = clone(self.aligner).fit(
            work.source[pairs[:, 0]], work.target[pairs[:, 1]], balanced_weights(pairs)
        )
        return work.refined(aligner, pairs, progress)

    def trial(self, held_out: HeldOut, progress: Progress | None) -> Trial:
        """Fit on the pairs that are kept, and look for answers to the words held out.

        Raises
        ------
        ValueError
            If the kept pairs are too few to be fitted on.
        """
        work = self.work._replace(log=None)
        aligner, _ = Recipe(self.aligner, work).fit(held_out.kept, part_of(progress, 0, 0.4))
        source = unit_rows(aligner.transform(work.source))
        target = unit_rows(aligner.transform_target(work.target))
        source_bias, target_bias = csls_biases(
            source,
            target,
            n_neighbors=work.n_neighbors,
            progress=part_of(progress, 0.4, 0.6),
        )
        index = ExactIndex.borrowing(target, bias=target_bias)
        found = index.search(source[held_out.questions], min(CANDIDATES, len(target)))
        return Trial(held_out, source, target, source_bias, target_bias, found)


@dataclass(frozen=True, eq=False)
class Trial:
    """What a map answers for words that it was not fitted on.

    Attributes
    ----------
    held_out : HeldOut
        These words, and the pairs that it was fitted on.
    source, target : (n, d) float32, (m, d) float32
        All mapped rows, of unit length.
    source_bias, target_bias : (n,) float32, (m,) float32
        Of CSLS.
    found : Neighbors
        The best answers for each of the questions.
    """

    held_out: HeldOut
    source: Matrix
    target: Matrix
    source_bias: Matrix
    target_bias: Matrix
    found: Neighbors

    def is_right(self) -> NDArray[np.bool_]:
        """Tell which answers are known translations: (questions, candidates)."""
        # Pairs of rows as single numbers, so that membership is one call.
        held_out, count = self.held_out, len(self.target)
        asked = held_out.questions[:, None] * count + self.found.indices
        return np.isin(asked, held_out.source * count + held_out.target)

    def calibration(self) -> Calibration | None:
        """Learn what CSLS says about the probability to be right; none, warned of, without both."""
        is_right = self.is_right().ravel()
        if is_right.all() or not is_right.any():
            logger.warning(
                "no probabilities: calibration is left out, since it needs right and wrong answers "
                "for held-out words, got %d right of %d; look at the accuracy of this map",
                is_right.sum(),
                len(is_right),
            )
            return None
        return Calibration.fit(self._evidence(), is_right)

    def _evidence(self) -> Evidence:
        found, questions = self.found, self.held_out.questions
        k = found.indices.shape[1]
        answers, position = np.unique(found.indices, return_inverse=True)
        back = ExactIndex.borrowing(self.source, bias=self.source_bias).search(
            self.target[answers], min(2, len(self.source))
        )
        of_source = Neighbors(found.indices, 2 * (found.scores - self.source_bias[questions, None]))
        of_target = Neighbors(back.indices, 2 * (back.scores - self.target_bias[answers, None]))
        return Evidence.of(
            np.repeat(questions, k),
            found.indices.ravel(),
            of_source.scores.ravel(),
            of_source.take(np.repeat(np.arange(len(questions)), k)),
            of_target.take(position.ravel()),
        )
