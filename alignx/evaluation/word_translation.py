"""Accuracy of word translation on a test dictionary."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from alignx.alignment.shared_space import SharedSpace
from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.oov_queries import OOVQueries
from alignx.evaluation.ranked_questions import RankedQuestions
from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.retrieval.ranked import require_ranking
from alignx.support.arguments import require_instance
from alignx.support.frames import Tabular
from alignx.vectors.oov import OOVMode, require_oov_mode

if TYPE_CHECKING:
    from alignx.evaluation.ranked_questions import OOVPolicy
    from alignx.retrieval.ranked import Ranking
    from alignx.support.progress import Progress

__all__ = ["FREQUENCY_BANDS", "EvaluationReport", "evaluate"]

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
    questions : RankedQuestions
        Each question with its right answers and their ranks; not in `as_dict`.
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
    questions: RankedQuestions = field(kw_only=True, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"EvaluationReport(P@1 {self.csls.precision[1]:.1%} by CSLS, n {self.csls.n:,})"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints, without the version."""
        names = [field.name for field in fields(self) if field.name not in ("more", "questions")]
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
    questions = RankedQuestions.of(lookup.as_written(), oov_policy)
    every = list(zip(questions.words, questions.answers, strict=True))
    oov_queries = OOVQueries.select(space, every, oov)
    n_answerable = int(questions.answerable.sum())
    if not n_answerable and not len(oov_queries):
        lookup.required_rows()  # raises
    n_neighbors = space.n_neighbors(n_neighbors)
    _, bias = space.csls_biases(n_neighbors, progress=progress)
    questions = questions.ranked(space, ranking, n_neighbors)
    new = ~questions.known
    rankings = list(questions.ranks)
    return EvaluationReport(
        oov_policy,
        len(lexicon),
        len(set(questions.words)),
        n_answerable / len(every),
        nn=questions.accuracy("nn"),
        csls=questions.accuracy("csls"),
        slices=_slices(questions, len(space.source)),
        oov=oov_queries.accuracy(space, bias, n_neighbors),
        coverage_with_oov=(n_answerable + len(oov_queries)) / len(every),
        known=int(questions.known.sum()),
        new={} if new.all() else {name: questions.accuracy(name, new) for name in rankings},
        more={name: questions.accuracy(name) for name in rankings[2:]},
        questions=questions,
    )


def _slices(questions: RankedQuestions, n_source: int) -> dict[str, Accuracy]:
    """Measure the accuracy by frequency band, and without identical words."""
    ranking = "learned" if "learned" in questions.ranks else "csls"
    slices = {}
    for low, high in pairwise((0, *FREQUENCY_BANDS, n_source)):
        inside = questions.answerable & (questions.rows >= low) & (questions.rows < high)
        if inside.any():
            name = f"source rank {low + 1:,}-{min(high, n_source):,}"
            slices[name] = questions.accuracy(ranking, inside)
    different = questions.answerable & ~questions.identical
    slices["identical strings removed"] = questions.accuracy(ranking, different)
    return slices
