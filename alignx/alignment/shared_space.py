"""Embeddings of several languages in one space, and translation between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast, overload

from alignx.alignment.pair_parts import LastPairs, PairParts, parts_of, require_own_ranker
from alignx.alignment.pair_searches import PairSearches
from alignx.alignment.pivot import Pivot
from alignx.alignment.translation import Translation, TranslationSearch
from alignx.alignment.unit_languages import UnitLanguages
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import N_NEIGHBORS, count_or_default
from alignx.retrieval.ranked import require_ranking
from alignx.support.arguments import require_instance, require_words
from alignx.support.arrays import freeze
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.missing import warn_of_missing
from alignx.vectors.oov import add_oov_entries, require_oov_mode

if TYPE_CHECKING:
    from alignx.alignment.known_pairs import KnownPairs
    from alignx.ranking.ranker import PairRanker
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.retrieval.ranked import Biases, Ranking
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress
    from alignx.vectors.oov import OOVMode

ANSWERS = 5

__all__ = ["SharedSpace"]


@dataclass(frozen=True, eq=False, repr=False)
class SharedSpace(Mapping[str, Embeddings]):
    """Embeddings of several languages in one space, compared by identity; copies share vectors.

    Parameters
    ----------
    languages : mapping of str to Embeddings
        At least two, of the same dimension; the first is the source, the second the target. Rows
        are brought to unit length; words whose row is zero are left out.
    ranker : PairRanker, optional
        Learned ranking from source to target, and probability of a pair.
    known : KnownPairs, optional
        Pairs of the fit of the map from source to target.
    pairs : mapping of (str, str) to PairParts
        Learned ranking and known pairs by source and target code, for `pair`.
    pivot : Pivot, optional
        Third language, through which the ranker compares words; `pair` gives it.

    Raises
    ------
    ValueError, TypeError, DimensionError, AlignxError
        If there are fewer than two languages, one is no `Embeddings` or without vectors, or they
        differ in dimension.
    SpaceError
        If they were mapped into different spaces, or the ranker is of another space.

    Examples
    --------
    >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = Embeddings(["perro", "gato"], [[0, 1], [1, 0]])
    >>> shared = SharedSpace({"en": english, "es": spanish})
    >>> shared.translate("dog", k=1, n_neighbors=1)
    [Translation(word='perro', score=0.0, origin='vocabulary')]
    """

    languages: Mapping[str, Embeddings]
    ranker: PairRanker | None = None
    known: KnownPairs | None = None
    pairs: Mapping[tuple[str, str], PairParts] = field(default_factory=dict)
    pivot: Pivot | None = None
    _pairs: dict[tuple[str, str], SharedSpace] = field(default_factory=LastPairs, init=False)
    _searches: PairSearches = field(init=False)
    _best: dict[tuple[str, str, int], Indices] = field(default_factory=dict, init=False)

    __eq__ = object.__eq__  # not that of Mapping, as vectors are arrays
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        require_instance(self.languages, Mapping, "languages of a SharedSpace")
        if len(self.languages) < 2:
            raise ValueError(f"a shared space needs 2 languages, got {len(self.languages)}")
        if not isinstance(self.languages, UnitLanguages):
            object.__setattr__(self, "languages", UnitLanguages.checked(self.languages))
        require_own_ranker(self.ranker, self.languages)
        object.__setattr__(self, "_searches", PairSearches(self._unit))

    @property
    def _unit(self) -> UnitLanguages:
        return cast("UnitLanguages", self.languages)  # since `__post_init__`

    @classmethod
    def open(cls, path: StrPath, *, limit: int | None = None) -> SharedSpace:
        """Open a folder that `MultilingualAlignment.save` has written, in milliseconds.

        Vectors, of at most `limit` words, are mapped into memory, and rankings read, at first use.
        Raises MissingFileError or FormatError if it is no space, or is damaged.
        """
        from alignx.alignment.space_folder.reader import SpaceFolder

        folder = SpaceFolder.open(path, limit=limit)
        return cls(folder.languages, pairs=folder.pairs)

    @classmethod
    def of(
        cls, source: Embeddings, target: Embeddings, ranker: PairRanker | None = None
    ) -> SharedSpace:
        """Join two languages under their codes.

        A code that is unknown or the same for both becomes "source" or "target".
        """
        require_instance(source, Embeddings, "source")
        require_instance(target, Embeddings, "target")
        codes = source.language or "source", target.language or "target"
        if codes[0] == codes[1]:
            codes = "source", "target"
        return cls({codes[0]: source, codes[1]: target}, ranker)

    def __getitem__(self, code: str) -> Embeddings:
        return self.languages[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.languages)

    def __len__(self) -> int:
        return len(self.languages)

    def __deepcopy__(self, _: dict[int, object]) -> SharedSpace:
        """Return the space itself: it is immutable, and `clone` need not copy the vectors."""
        return self

    def __repr__(self) -> str:
        inside = ", ".join(f"{code}: {size}" for code, size in self._unit.sizes.items())
        return f"SharedSpace({inside})"

    @property
    def source(self) -> Embeddings:
        """The first language."""
        return self[next(iter(self))]

    @property
    def target(self) -> Embeddings:
        """The second language."""
        return self[list(self)[1]]

    def pair(self, source: str, target: str) -> SharedSpace:
        """Return the space of two of the languages, with their learned ranking; keep the last 8.

        Raises ValueError if a language is not in the space, or both are the same.

        Examples
        --------
        >>> words = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
        >>> SharedSpace({"en": words, "sv": words, "nl": words}).pair("nl", "en")
        SharedSpace(nl: 2, en: 2)
        """
        asked = source, target
        if source == target or not {*asked} <= {*self}:
            raise ValueError(
                f"source and target must be two of {', '.join(self)}, got {source} and {target}"
            )
        if self.ranker is not None and asked == tuple(self):
            return self
        if asked not in self._pairs:
            parts = parts_of(self.pairs, asked)
            pivot = Pivot.of(self._unit, source, target, parts.ranker)
            chosen = self._unit.select(asked)
            made = SharedSpace(chosen, *parts, self.pairs, pivot)
            if asked[::-1] in self._pairs:
                made._searches.take_over(self._pairs[asked[::-1]]._searches)
            self._pairs[asked] = made
        return self._pairs[asked]

    def reversed(self) -> SharedSpace:
        """Reverse the order of the languages; two of them get their ranker in `pairs`, if any."""
        codes = [*self][::-1]
        parts = parts_of(self.pairs, codes, self.known)
        turned = self.pivot and self.pivot.reversed()
        swapped = SharedSpace(self._unit.select(codes), *parts, self.pairs, turned)
        if len(self) == 2:
            swapped._searches.take_over(self._searches)
        return swapped

    def extended(
        self, source: Sequence[str] = (), target: Sequence[str] = (), *, oov: OOVMode = "drop"
    ) -> SharedSpace:
        """Add OOV words and phrases to source and target, as queries and as answers.

        They go behind the last words; entries without a vector are left out. A phrase, with white
        space between its words, gets the weighted mean of their vectors; see `look_up`. Other OOV
        words are dropped, or with ``oov="subword"`` get a vector by their characters, which takes
        vectors of a fastText model (``.bin``) of either language, or else raises ValueError.

        Examples
        --------
        >>> words = Embeddings(["new", "york"], [[1, 0], [0, 1]])
        >>> SharedSpace({"en": words, "es": words}).extended(["new york", "new mexico"])
        SharedSpace(en: 3, es: 2)
        """
        for name, entries in {"source": source, "target": target}.items():
            require_words(entries, name)
        require_oov_mode(oov, self.source, self.target)
        languages = dict(self)
        for code, entries in zip(self, (source, target), strict=False):
            languages[code] = add_oov_entries(self[code], entries, oov)
        return SharedSpace(languages, self.ranker, self.known)

    def n_neighbors(self, given: int | None = None) -> int:
        """Check a number of neighbors for CSLS between source and target, or choose one.

        Default: 10, or the size of the smaller vocabulary with a warning.

        Examples
        --------
        >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
        >>> SharedSpace({"en": english, "es": english}).n_neighbors(2)
        2
        """
        fewest = min(len(self.source), len(self.target))
        return count_or_default(given, N_NEIGHBORS, fewest, "n_neighbors", "words")

    def cosine_neighbors(
        self, n_neighbors: int | None = None, *, progress: Progress | None = None
    ) -> CrossNeighbors:
        """Search `n_neighbors` cosine neighbors of source and target, once."""
        return self._searches.neighbors(self.n_neighbors(n_neighbors), progress)

    def key_biases(
        self, ranking: Ranking, n_neighbors: int | None = None, *, progress: Progress | None = None
    ) -> Biases:
        """Compute the biases of source and target for a ranking, once; see `key_biases`."""
        if ranking == "csls":
            return self.csls_biases(n_neighbors, progress=progress)
        return self._searches.key_biases(ranking, progress)

    def csls_biases(
        self, n_neighbors: int | None = None, *, progress: Progress | None = None
    ) -> tuple[Matrix, Matrix]:
        """Compute the CSLS biases of source and target, or read them from a space on disk."""
        return self._searches.csls_biases(self.n_neighbors(n_neighbors), progress)

    def best_rows(self, source: str, target: str, *, vocabulary: int = 50_000) -> Indices:
        """Find the best translation by CSLS-10 of every word of a language, once: (n,) rows.

        Answers are of the `vocabulary` most frequent words: rare ones are often misspellings.
        """
        key = (source, target, vocabulary)
        if key not in self._best:
            X, Y = self[source].vectors, self[target].vectors[:vocabulary]
            near = csls_neighbors(X, Y, 1, n_neighbors=min(10, len(X), len(Y))).of_source
            self._best[key] = freeze(near.indices[:, 0].copy())
        return self._best[key]

    def translation_search(
        self, ranking: Ranking | None = None, n_neighbors: int | None = None, *, n_words: int = 1
    ) -> TranslationSearch:
        """Make a search that serves many calls, of `n_words` words in all; see `translate`."""
        ranking = require_ranking(ranking, n_neighbors, has_ranker=self.ranker is not None)
        pair = self.source, self.target
        sources, targets = (ExactIndex.borrowing(each.vectors) for each in pair)
        if ranking not in ("learned", "csls"):
            targets = targets.with_bias(self.key_biases(ranking)[1])
            return TranslationSearch(*pair, sources, targets)
        n_neighbors = self.n_neighbors(n_neighbors)
        ranker = self.ranker if ranking == "learned" else None
        biases = self._searches.biases_for(n_neighbors, 0 if ranker is None else n_words)
        return TranslationSearch(*pair, sources, targets, n_neighbors, biases, ranker, self.pivot)

    @overload
    def translate(  # type: ignore[overload-overlap]  # a string is a sequence of strings
        self,
        words: str,
        k: int | None = None,
        *,
        ranking: Ranking | None = None,
        n_neighbors: int | None = None,
        oov: OOVMode = "drop",
    ) -> list[Translation]: ...

    @overload
    def translate(
        self,
        words: Sequence[str],
        k: int | None = None,
        *,
        ranking: Ranking | None = None,
        n_neighbors: int | None = None,
        oov: OOVMode = "drop",
    ) -> list[list[Translation]]: ...

    def translate(
        self,
        words: str | Sequence[str],
        k: int | None = None,
        *,
        ranking: Ranking | None = None,
        n_neighbors: int | None = None,
        oov: OOVMode = "drop",
    ) -> list[Translation] | list[list[Translation]]:
        """Find the best target words of source words and phrases.

        Parameters
        ----------
        words : str or sequence of str
            Words, and phrases: several words with blanks between them. See `Embeddings.find`.
        k : int, optional
            Answers for each word, at most the size of the target vocabulary. Default: 5, or all
            words with a warning.
        ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
            Learned ranking of the best by CSLS, CSLS, cosine, inverted softmax or hubless nearest
            neighbors; see `key_biases`. Default: learned where the map has one, otherwise CSLS.
        n_neighbors : int, optional
            Neighbors in the CSLS average; see `n_neighbors`. Only with the first two.
        oov : {"drop", "subword"}
            Treatment of OOV words: no answers, or a vector by their characters. The latter takes
            source vectors of a fastText model (``.bin``).

        Returns
        -------
        list of Translation, or list of these
            Answers for one word, best first, or a list of answers for each of several words, in
            their order; an empty list for a word without a vector, see `missing_reasons`.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of range, or `words` are no strings.
        """
        given = [words] if isinstance(words, str) else words
        given = [*given] if isinstance(given, Iterator) else given
        require_words(given, "words")
        k = count_or_default(k, ANSWERS, len(self.target), "k", "words")
        search = self.translation_search(ranking, n_neighbors, n_words=len(given))
        answers = search.translate(given, k, oov)
        if isinstance(words, str) and not answers[0]:
            warn_of_missing(self.source, words, oov)
        return answers[0] if isinstance(words, str) else answers
