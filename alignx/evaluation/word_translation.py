"""Accuracy of word translation on a test dictionary."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from alignx.alignment.held_out import are_pairs
from alignx.alignment.shared_space import SharedSpace
from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.oov_queries import OOVQueries
from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.retrieval.ranked import require_ranking
from alignx.retrieval.ranking import best_ranks
from alignx.support.arguments import require_instance
from alignx.support.frames import Tabular
from alignx.vectors.oov import OOVMode, require_oov_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.lexicon.lookup import PairLookup
    from alignx.retrieval.ranked import Ranking
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["EvaluationReport", "OOVPolicy", "evaluate"]

OOVPolicy: TypeAlias = Literal["muse", "vecmap", "fasttext", "xling"]

FREQUENCY_BANDS = (1_000, 5_000, 20_000, 50_000)


@dataclass(frozen=True, repr=False)
class EvaluationReport(Tabular):
    """Accuracy by nearest neighbors and by CSLS; prints as a table.

    Attributes
    ----------
    oov_policy : str
        Evaluation protocol.
    pairs, words : int
        Number of pairs and of source words of the dictionary.
    coverage : float
        Share of the source words (pairs under ``"xling"``) that can be answered. Words with a zero
        vector cannot.
    nn, csls : Accuracy
        Accuracy by cosine and by CSLS.
    slices : dict of str to Accuracy
        Accuracy by frequency rank of the source word, and without words that have a translation
        written the same; by the learned ranking where it is measured, otherwise by CSLS.
    oov : dict of str to Accuracy
        CSLS accuracy of queries with OOV words and phrases, which count in no other figure, with
        copying as a baseline.
    coverage_with_oov : float
        Coverage with OOV queries included.
    known : int
        Number of queries with an answer that the map was fitted on, which flatter the figures.
    new : dict of str to Accuracy
        Accuracy by each ranking without these queries; empty if there are none.
    more : dict of str to Accuracy
        Accuracy by the learned ranking, or by another that was asked for.
    """

    oov_policy: str
    pairs: int
    words: int
    coverage: float
    nn: Accuracy
    csls: Accuracy
    slices: dict[str, Accuracy]
    oov: dict[str, Accuracy] = field(default_factory=dict)
    coverage_with_oov: float = 0.0
    known: int = 0
    new: dict[str, Accuracy] = field(default_factory=dict)
    more: dict[str, Accuracy] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"EvaluationReport(P@1 {self.csls.precision[1]:.1%} by CSLS, n {self.csls.n:,})"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints, without the version."""
        names = [field.name for field in fields(self) if field.name != "more"]
        return {name: _as_json(getattr(self, name)) for name in names} | {
            name: accuracy.as_dict() for name, accuracy in self.more.items()
        }

    def _sections(self) -> dict[str, dict[str, Accuracy]]:
        rest = {name: accuracy for name, accuracy in self.new.items() if accuracy.n}
        return {
            "": {"nn": self.nn, "csls": self.csls, **self.more},
            "without known pairs": rest,
            f"{'learned' if 'learned' in self.more else 'csls'} by slice": self.slices,
            "csls of OOV queries": self.oov,
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a row of figures for each accuracy."""
        rows = []
        for section, accuracies in self._sections().items():
            for name, accuracy in accuracies.items():
                figures = accuracy.as_dict()
                low, high = figures.pop("p@1_interval")
                bounds = {"p@1_low": low, "p@1_high": high}
                rows.append({"section": section, "name": name, **figures, **bounds})
        return rows

    def __str__(self) -> str:
        sections = self._sections()
        width = max(len(name) for rows in sections.values() for name in rows)
        lines = [f"{'':{width}}     n    P@1   P@5  P@10   MRR   95 % interval of P@1"]
        for title, rows in sections.items():
            lines += [f"{title}:"] if title and rows else []
            lines += [_table_line(name.ljust(width), accuracy) for name, accuracy in rows.items()]
        unit = "pairs" if self.oov_policy == "xling" else "words"
        more = f" ({self.coverage_with_oov:.1%} with OOV queries)" if self.oov else ""
        lines.append(
            f"{self.words} words in {self.pairs} pairs; coverage {self.coverage:.1%} of {unit}"
            f"{more}; OOV policy: {self.oov_policy}"
        )
        if self.known:
            noun = "query has an answer" if self.known == 1 else "queries have an answer"
            rest = sections["without known pairs"]
            advice = "rely on the figures without them, or test" if rest else "test"
            lines.append(
                f"{self.known:,} of {self.nn.n:,} {noun} that the map was fitted on: {advice} "
                "with other words"
            )
        return "\n".join(lines)


def _as_json(value: object) -> object:
    if isinstance(value, Accuracy):
        return value.as_dict()
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    return value


def _table_line(name: str, accuracy: Accuracy) -> str:
    p1, p5, p10 = (100 * value for value in accuracy.precision.values())
    low, high = (100 * value for value in accuracy.interval)
    return (
        f"{name} {accuracy.n:5d}  {p1:5.1f} {p5:5.1f} {p10:5.1f} {100 * accuracy.mrr:5.1f}"
        f"   [{low:.1f}, {high:.1f}]"
    )


class _Queries(NamedTuple):
    """Rows of queries, their right answers, and the number without answers."""

    rows: Indices
    answers: Sequence[Indices]
    n_unanswerable: int

    @classmethod
    def of(cls, lookup: PairLookup, n_words: int, policy: OOVPolicy) -> _Queries:
        """Group the known pairs into queries by a protocol."""
        found = lookup.rows
        if policy == "xling":
            return cls(found.source, list(found.target[:, None]), 0)
        order = np.argsort(found.source, kind="stable")
        rows, starts = np.unique(found.source[order], return_index=True)
        answers = np.split(found.target[order], starts)[1:]
        return cls(rows, answers, n_words - len(rows) if policy == "fasttext" else 0)

    def pairs(self) -> Indices:
        """Return (number of the query, row of the answer) for all answers."""
        numbers = np.repeat(np.arange(len(self.answers)), [len(rows) for rows in self.answers])
        return np.stack([numbers, np.concatenate(self.answers)], axis=1)

    def known(self, space: SharedSpace) -> NDArray[np.bool_]:
        """Return a mask of queries with an answer among the training pairs."""
        found = np.zeros(len(self.rows), dtype=bool)
        if space.known is not None and len(self.rows):
            source, target = space.source.words, space.target.words
            pairs = self.pairs()
            words = ((source[self.rows[i]], target[row]) for i, row in pairs.tolist())
            found[pairs[space.known.holds(words), 0]] = True
        return found

    def ranks(self, space: SharedSpace, bias: Matrix | None) -> Indices:
        """Rank the best right answer of each query."""
        if not len(self.rows):
            return np.zeros(0, dtype=np.int64)
        queries, keys = space.source.vectors[self.rows], space.target.vectors
        return best_ranks(queries, keys, self.pairs(), bias=bias)

    def learned_ranks(self, space: SharedSpace, n_neighbors: int, by_csls: Indices) -> Indices:
        """Rank as `ranks` by the learned ranking; answers beyond its candidates keep their rank."""
        ranks = by_csls.copy()
        if not len(self.rows):
            return ranks
        ranker = space.ranker
        assert ranker is not None  # or require_ranking refuses
        pairs = CandidatePairs.search(
            Queries.of_rows(self.rows, space.source.words, space.source.vectors),
            space.source.vectors,
            space.target.vectors,
            space.target.words,
            ranker.n_candidates,
            n_neighbors=n_neighbors,
            biases=space.cosine_neighbors(n_neighbors).biases(n_neighbors),
        )
        answers = ranker.rank(pairs).indices
        numbers = np.arange(len(answers))
        is_right = are_pairs(numbers, answers, self.pairs(), len(space.target))
        found = is_right.any(axis=1)
        ranks[found] = is_right[found].argmax(axis=1) + 1
        return ranks

    def slices(self, space: SharedSpace, found: Indices) -> dict[str, Accuracy]:
        """Measure the accuracy by frequency band, and without identical words."""
        slices = {}
        for low, high in pairwise((0, *FREQUENCY_BANDS, len(space.source))):
            inside = (self.rows >= low) & (self.rows < high)
            if inside.any():
                name = f"source rank {low + 1:,}-{min(high, len(space.source)):,}"
                slices[name] = Accuracy.of_ranks(found[inside])
        differs = np.array(
            [
                all(space.target.words[t] != space.source.words[query] for t in answers)
                for query, answers in zip(self.rows, self.answers, strict=True)
            ],
            dtype=bool,
        )
        slices["identical strings removed"] = Accuracy.of_ranks(found[differs])
        return slices


def evaluate(
    space: SharedSpace,
    lexicon: LexiconLike,
    *,
    oov_policy: OOVPolicy = "muse",
    oov: OOVMode = "drop",
    ranking: Ranking | None = None,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Measure the accuracy of word translation.

    Parameters
    ----------
    space : SharedSpace
        Source and target are its first two languages; see `SharedSpace.reversed`.
    lexicon : Lexicon, path, list of pairs, dict or DataFrame
        Test dictionary. Any of several translations of a word is right. Pairs that the map was
        fitted on are counted, and the accuracy without them is reported.
    oov_policy : {"muse", "vecmap", "fasttext", "xling"}
        Published protocol:

        - ``"muse"``: a query is a source word; pairs with an OOV word are dropped.
        - ``"vecmap"``: the same queries and answers.
        - ``"fasttext"``: words that lose all their pairs count as wrong.
        - ``"xling"``: each pair is a query; pairs with an OOV word are dropped. Published figures
          are the MRR by nearest neighbors ("MAP").
    oov : {"drop", "subword"}
        Vectors of OOV words: none, or by subwords, which requires vectors from a fastText model
        (``.bin``). Their queries, and phrases in any case, are reported separately.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
        Ranking to measure beside cosine and CSLS: the learned one, inverted softmax or hubless
        nearest neighbors; see `key_biases`. Default: learned where the map has one.
    n_neighbors : int, optional
        Neighbors in the CSLS average; see `SharedSpace.n_neighbors`.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    EvaluationReport

    Raises
    ------
    EmptyLexiconError
        If no pair is known, even by subwords or as a phrase.
    DirectionError
        If far more pairs are known with source and target exchanged.
    ValueError
        If a parameter is out of range, or no language has a fastText model for `oov`.

    Notes
    -----
    CSLS takes one sweep of O(n m d) time over both vocabularies, which `space` keeps.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 3.1; Glavaš et
    al., "How to (Properly) Evaluate Cross-Lingual Word Embeddings", ACL 2019, section 3.1.
    """
    require_instance(space, SharedSpace, "space")
    lexicon = Lexicon.of(lexicon)
    require_oov_mode(oov, space.source, space.target)
    ranking = require_ranking(ranking, has_ranker=space.ranker is not None)
    if oov_policy not in ("muse", "vecmap", "fasttext", "xling"):
        raise ValueError(
            f"oov_policy must be 'muse', 'vecmap', 'fasttext' or 'xling', got {oov_policy!r}"
        )
    lookup = lexicon.look_up(space.source, space.target)
    lookup.require_direction()
    lookup.warn_of_capitals()
    written = lookup.as_written()
    answers_of: dict[str, list[str]] = {}
    for source, target in written.pairs:
        answers_of.setdefault(source, []).append(target)
    queries = _Queries.of(written, len(answers_of), oov_policy)
    by_pair = [(source, [target]) for source, target in written.pairs]
    every = by_pair if oov_policy == "xling" else list(answers_of.items())
    oov_queries = OOVQueries.select(space, every, oov)
    if not len(queries.rows) and not len(oov_queries):
        lookup.required_rows()  # raises
    n_neighbors = space.n_neighbors(n_neighbors)
    _, bias = space.cosine_neighbors(n_neighbors, progress=progress).biases(n_neighbors)
    found = {"nn": queries.ranks(space, None), "csls": queries.ranks(space, bias)}
    if ranking == "learned":
        found[ranking] = queries.learned_ranks(space, n_neighbors, found["csls"])
    elif ranking not in found:
        found[ranking] = queries.ranks(space, space.key_biases(ranking)[1])
    wrong = np.full(queries.n_unanswerable, np.inf)
    known = queries.known(space)

    def accuracies(mask: NDArray[np.bool_]) -> dict[str, Accuracy]:
        return {
            name: Accuracy.of_ranks(np.concatenate([of_all[mask], wrong]))
            for name, of_all in found.items()
        }

    every_query = accuracies(np.ones(len(known), dtype=bool))
    return EvaluationReport(
        oov_policy,
        len(lexicon),
        len(answers_of),
        len(queries.rows) / len(every),
        nn=every_query.pop("nn"),
        csls=every_query.pop("csls"),
        slices=queries.slices(space, found.get("learned", found["csls"])),
        oov=oov_queries.accuracy(space, bias, n_neighbors),
        coverage_with_oov=(len(queries.rows) + len(oov_queries)) / len(every),
        known=int(known.sum()),
        new=accuracies(~known) if known.any() else {},
        more=every_query,
    )
