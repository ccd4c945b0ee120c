"""Languages that live in one space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from alignx.errors import AlignxError
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.csls_search import csls_search
from alignx.retrieval.exact import ExactIndex, cross_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS, CrossNeighbors, count_or_default
from alignx.support.arguments import require_instance, require_words
from alignx.support.arrays import freeze, require_same_dimension, unit_rows
from alignx.vectors.compatibility import require_one_space
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.oov import extended, look_up, require_oov

if TYPE_CHECKING:
    from alignx.alignment.calibration import Calibration
    from alignx.alignment.learned_pairs import LearnedPairs
    from alignx.support.arrays import Indices
    from alignx.support.progress import Progress
    from alignx.vectors.oov import Oov, Origin

ANSWERS = 5

__all__ = ["Retrieval", "SharedSpace", "Translation"]

Retrieval: TypeAlias = Literal["csls", "nn"]


class Translation(NamedTuple):
    """One answer.

    Attributes
    ----------
    word : str
        In the target language.
    score : float
        CSLS, or cosine where neighbors were asked for.
    origin : {"vocabulary", "subwords", "phrase"}
        Where the vector of the question comes from.
    """

    word: str
    score: float
    origin: Origin = "vocabulary"


@dataclass(frozen=True, eq=False, repr=False)
class SharedSpace(Mapping[str, Embeddings]):
    """Embeddings of several languages with unit rows in one space, by language code.

    Parameters
    ----------
    languages : mapping of str to Embeddings
        At least two, of the same dimension; the first is the source, the second the target. Rows
        are brought to unit length; words whose row is zero have no vector and are left out.
    calibration : Calibration, optional
        Turns CSLS into probabilities.
    learned : LearnedPairs, optional
        The pairs that the map from the source to the target was fitted on.

    Raises
    ------
    ValueError
        If there are fewer than two languages.
    TypeError
        If a language is no `Embeddings`.
    DimensionError
        If their dimensions differ.
    AlignxError
        If no word of a language has a vector.
    SpaceError
        If they were mapped into different spaces.

    Examples
    --------
    >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = Embeddings(["perro", "gato"], [[0, 1], [1, 0]])
    >>> shared = SharedSpace({"en": english, "es": spanish})
    >>> shared.translate(["dog"], k=1, n_neighbors=1)["dog"][0].word
    'perro'
    """

    languages: Mapping[str, Embeddings]
    calibration: Calibration | None = None
    learned: LearnedPairs | None = None
    _cosine: dict[int, CrossNeighbors] = field(default_factory=dict, init=False)
    _best: dict[tuple[str, str, int], Indices] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        require_instance(self.languages, Mapping, "languages of a SharedSpace")
        for code, language in self.languages.items():
            require_instance(language, Embeddings, f"languages[{code!r}]")
        if len(self.languages) < 2:
            raise ValueError(f"a shared space needs 2 languages, got {len(self.languages)}")
        require_one_space(self.languages)
        unit = {code: _unit(code, language) for code, language in self.languages.items()}
        object.__setattr__(self, "languages", unit)
        for code, language in unit.items():
            names = f"languages {next(iter(unit))} and {code}"
            require_same_dimension(self.source.vectors, language.vectors, names)

    @classmethod
    def of(
        cls, source: Embeddings, target: Embeddings, calibration: Calibration | None = None
    ) -> SharedSpace:
        """Join two languages under their codes.

        Parameters
        ----------
        source, target : Embeddings
            Vectors that share a space; called "source" and "target" if a code is unknown or both
            are the same.
        calibration : Calibration, optional
            Turns CSLS into probabilities.
        """
        for name, language in {"source": source, "target": target}.items():
            require_instance(language, Embeddings, name)
        codes = (source.language or "source", target.language or "target")
        if codes[0] == codes[1]:
            codes = ("source", "target")
        return cls(dict(zip(codes, (source, target), strict=True)), calibration)

    def __getitem__(self, code: str) -> Embeddings:
        return self.languages[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.languages)

    def __len__(self) -> int:
        return len(self.languages)

    def __deepcopy__(self, _: dict[int, object]) -> SharedSpace:
        """Nothing in it changes, so scikit-learn's `clone` need not copy the vectors."""
        return self

    def __repr__(self) -> str:
        inside = ", ".join(f"{code}: {len(language)}" for code, language in self.items())
        return f"SharedSpace({inside})"

    @property
    def source(self) -> Embeddings:
        """The first language."""
        return next(iter(self.languages.values()))

    @property
    def target(self) -> Embeddings:
        """The second language."""
        return list(self.languages.values())[1]

    def reversed(self) -> SharedSpace:
        """Give the same space with the order of the languages turned round.

        The calibration, which holds for one direction only, is dropped.
        """
        turned = None if self.learned is None or len(self) > 2 else self.learned.reversed()
        swapped = SharedSpace(dict(reversed(list(self.languages.items()))), learned=turned)
        if len(self) == 2:
            swapped._cosine.update({k: found.reversed() for k, found in self._cosine.items()})
        return swapped

    def extended(
        self, source: Sequence[str] = (), target: Sequence[str] = (), *, oov: Oov = "drop"
    ) -> SharedSpace:
        """Add words and phrases that the vocabularies lack, as questions and as answers.

        Parameters
        ----------
        source, target : sequence of str
            What to add to the first two languages, behind their last words. A phrase, with white
            space between its words, gets the weighted mean of their vectors; see `look_up`.
        oov : {"drop", "subword"}
            Whether unknown words get a vector by their characters. It takes vectors that were read
            from a fastText model (``.bin``).

        Returns
        -------
        SharedSpace
            Without what has no vector; a copy unless there is nothing to add.

        Raises
        ------
        ValueError
            If `oov` is none of its values, or neither language has a model for it.

        Examples
        --------
        >>> english = Embeddings(["new", "york"], [[1, 0], [0, 1]])
        >>> spanish = Embeddings(["nueva", "york"], [[1, 0], [0, 1]])
        >>> shared = SharedSpace({"en": english, "es": spanish})
        >>> shared.extended(["new york", "new mexico"])
        SharedSpace(en: 3, es: 2)
        """
        for name, entries in {"source": source, "target": target}.items():
            require_words(entries, name)
        require_oov(oov, self.source, self.target)
        languages = dict(self.languages)
        for code, entries in zip(self, (source, target), strict=False):
            languages[code] = extended(languages[code], entries, oov)
        return SharedSpace(languages, self.calibration, self.learned)

    def n_neighbors(self, given: int | None = None) -> int:
        """Check a number of neighbors for CSLS between source and target, or choose one.

        Parameters
        ----------
        given : int, optional
            At most the size of the smaller vocabulary.

        Returns
        -------
        int
            10 unless given, or the size of the smaller vocabulary with a warning.

        Raises
        ------
        ValueError
            If what is given is out of range.

        Examples
        --------
        >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
        >>> SharedSpace({"en": english, "es": english}).n_neighbors(2)
        2
        """
        fewest = min(len(self.source), len(self.target))
        return count_or_default(given, N_NEIGHBORS, fewest, "n_neighbors", "words")

    def cosine_neighbors(
        self,
        n_neighbors: int | None = None,
        *,
        progress: Progress | None = None,
    ) -> CrossNeighbors:
        """`cross_neighbors` of source and target, computed once and kept: CSLS rests on them.

        Parameters
        ----------
        n_neighbors : int, optional
            How many for each row; see `n_neighbors`.
        progress : callable, optional
            Called now and then with the fraction done.

        Returns
        -------
        CrossNeighbors

        Raises
        ------
        ValueError
            If `n_neighbors` is out of range.
        """
        n_neighbors = self.n_neighbors(n_neighbors)
        if n_neighbors not in self._cosine:
            self._cosine[n_neighbors] = cross_neighbors(
                self.source.vectors,
                self.target.vectors,
                n_neighbors,
                progress=progress,
            )
        return self._cosine[n_neighbors]

    def best_rows(
        self,
        source: str,
        target: str,
        *,
        vocabulary: int = 50_000,
    ) -> Indices:
        """Best translation of every word of a language by CSLS-10, computed once and kept.

        Parameters
        ----------
        source, target : str
            Codes of two languages.
        vocabulary : int
            Only that many most frequent words of the target can be answers: rare ones are often
            misspellings of others.

        Returns
        -------
        (n,) int64
            Row of the target for each row of the source.

        Notes
        -----
        Two exact sweeps over the vocabularies, seconds for 80,000 words each.
        """
        key = (source, target, vocabulary)
        if key not in self._best:
            X, Y = self[source].vectors, self[target].vectors[:vocabulary]
            k = min(10, len(X), len(Y))
            found = csls_neighbors(X, Y, 1, n_neighbors=k)
            self._best[key] = freeze(found.of_source.indices[:, 0].copy())
        return self._best[key]

    def translate(
        self,
        words: Sequence[str],
        k: int | None = None,
        *,
        retrieval: Retrieval = "csls",
        n_neighbors: int | None = None,
        oov: Oov = "drop",
    ) -> dict[str, list[Translation]]:
        """Find the best target words of source words and phrases.

        Parameters
        ----------
        words : sequence of str
            Source words, and phrases: several words with blanks between them, whose vector is a
            weighted mean of theirs. They are looked up as `Embeddings.find` does.
        k : int, optional
            How many answers for each, at most the size of the target vocabulary; 5 unless given, or
            all words with a warning.
        retrieval : {"csls", "nn"}
            What ranks the answers: CSLS, or plain cosine.
        n_neighbors : int, optional
            Neighbors in the average of CSLS; see `n_neighbors`. Not with ``"nn"``.
        oov : {"drop", "subword"}
            Whether words that the vocabulary lacks get a vector by their characters. It takes
            source vectors that were read from a fastText model (``.bin``).

        Returns
        -------
        dict of str to list of Translation
            Best first; an empty list for what has no vector.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        TypeError
            If `words` are no strings, or a single one.
        """
        if retrieval not in ("csls", "nn"):
            raise ValueError(f"retrieval must be 'csls' or 'nn', got {retrieval!r}")
        if retrieval == "nn" and n_neighbors is not None:
            raise ValueError("n_neighbors is of CSLS and has no effect with 'nn': leave it out")
        words = list(words) if isinstance(words, Iterator) else words
        require_words(words, "words")
        k = count_or_default(k, ANSWERS, len(self.target), "k", "words")
        answers: dict[str, list[Translation]] = {word: [] for word in words}
        asked = look_up(self.source, list(answers), oov)
        known = [i for i, origin in enumerate(asked.origins) if origin is not None]
        queries = asked.vectors[known]
        if retrieval == "nn":
            found = ExactIndex(self.target.vectors).search(queries, k)
        else:
            found = csls_search(
                queries,
                self.source.vectors,
                self.target.vectors,
                k,
                n_neighbors=self.n_neighbors(n_neighbors),
            )
        names = list(answers)
        for i, indices, scores in zip(known, found.indices, found.scores, strict=True):
            origin = asked.origins[i]
            assert origin is not None  # or it is not known
            answers[names[i]] = [
                Translation(self.target.words[row], score, origin)
                for row, score in zip(indices.tolist(), scores.tolist(), strict=True)
            ]
        return answers


def _unit(code: str, language: Embeddings) -> Embeddings:
    """Give a language with unit rows, under its code, without the words that have no vector."""
    rows = freeze(unit_rows(language.vectors))
    known = language.with_vectors(rows, language.unseen, language.space)
    known = known.without_zero_rows()
    if not len(known):
        raise AlignxError(
            f"a language must have words with a vector, got {code} ({language.source or 'no file'})"
            f": all {len(language):,} vectors are zero, as they are or once they are normalized"
        )
    if language.language is None and code not in ("source", "target"):
        return Embeddings.from_checked(
            known.words,
            known.vectors,
            language=code,  # its rules of capitals hold
            source=known.source,
            unseen=known.unseen,
            space=known.space,
            index=known.index,
            zero_rows=0,
        )
    return known
