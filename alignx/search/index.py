"""Search of documents in several languages by queries in any of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, get_args, overload

from alignx.alignment.shared_space import SharedSpace
from alignx.search.bm25 import BM25
from alignx.search.folder import Contents, append_parts, locked_folder, read_folder, write_folder
from alignx.search.part import Part, digest_of
from alignx.search.query_terms import QueryTerms
from alignx.search.ranking import DEPTH, DocumentRanking, Hit, hits_of_part
from alignx.search.subwords import with_subwords
from alignx.sentences.encoder import SentenceEncoder
from alignx.support.arguments import require_instance
from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.support.arrays import Matrix
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress

__all__ = ["CrossLingualIndex", "add_documents"]

_BLOCK = 50_000  # documents of a part


@dataclass(frozen=True, eq=False, repr=False)
class CrossLingualIndex:
    """Documents in languages of a space, searched by queries in any of these.

    Two rankings are fused: cosines of mean word vectors (SIF weights), and BM25 of the terms that
    the words of the query translate into, weighted by their probabilities. OOV words get vectors
    by their characters, from a fastText model or else `LearnedSubwords`.

    Parameters
    ----------
    space : SharedSpace
        Languages of documents and queries.
    parts : sequence of (str, Part)
        Documents with their language.
    given : int
        Number of documents that were given, empty ones and repetitions included.

    Notes
    -----
    An exact search; a query takes O(documents) time, and one search of both vocabularies for words
    that were not asked before. Each language learns its subwords when the first OOV word is met,
    in seconds, and each pair its CSLS biases at the first query; a saved index holds both.

    References
    ----------
    Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017.
    Darwish and Oard, "Probabilistic Structured Query Methods", SIGIR 2003.
    Litschko, Glavaš, Ponzetto and Vulić, "Unsupervised Cross-Lingual Information Retrieval Using
    Monolingual Data Only", SIGIR 2018.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = Embeddings(["perro", "gato"], [[0, 1], [1, 0]])
    >>> space = SharedSpace({"en": english, "es": spanish})
    >>> index = CrossLingualIndex.build(space, {"es": ["El gato duerme.", "", "Un perro ladra."]})
    >>> index
    CrossLingualIndex(2 documents; es: 2)
    >>> index.search("a dog", k=1, language="en")[0].text
    'Un perro ladra.'
    """

    space: SharedSpace
    parts: Sequence[tuple[str, Part]] = ()
    given: int = 0
    _terms: QueryTerms = field(init=False)
    _encoder: SentenceEncoder = field(init=False)

    def __post_init__(self) -> None:
        require_instance(self.space, SharedSpace, "space")
        object.__setattr__(self, "space", with_subwords(self.space))
        encoder = SentenceEncoder(lexical_dimension=0).fit(self.space)
        object.__setattr__(self, "_encoder", encoder)
        object.__setattr__(self, "_terms", QueryTerms(self.space))

    @classmethod
    def build(
        cls,
        space: SharedSpace,
        texts: Mapping[str, Sequence[str]],
        *,
        progress: Progress | None = None,
    ) -> CrossLingualIndex:
        """Index documents.

        Parameters
        ----------
        space : SharedSpace
            Languages of documents and queries.
        texts : mapping of str to sequence of str
            Documents by language code. Empty documents are left out, and of equal ones the first
            is kept; both count in `Hit.row`.
        progress : callable, optional
            Called with the fraction done, in [0, 1].

        Raises
        ------
        ValueError, TypeError
            If a language is not in the space, or documents are no strings.
        """
        return cls(space).extended(texts, progress=progress)

    @classmethod
    def open(cls, path: StrPath, *, check: bool = False) -> CrossLingualIndex:
        """Open a folder that `save` has written; its files are mapped into memory.

        Sizes of files are checked, with ``check=True`` their content too. Raises MissingFileError
        or FormatError if it is no index, or is damaged.
        """
        found = read_folder(path, check=check)
        return cls(found.space, found.parts, found.given)

    def save(self, path: StrPath) -> None:
        """Write the index to a folder, as a whole or not at all.

        It holds all that queries need: vectors, subwords and learned rankings of the space, and
        CSLS biases, which are searched first. A fastText model is not kept; subwords are learned
        in its place. Raises OutputError if the folder cannot be written, or holds other things
        than an index.
        """
        write_folder(path, Contents(self.space, self.parts, self.given))

    def extended(
        self, texts: Mapping[str, Sequence[str]], *, progress: Progress | None = None
    ) -> CrossLingualIndex:
        """Return an index with further documents; see `build`. `add_documents` adds to a folder."""
        checked = {code: as_texts(own, f"texts[{code!r}]") for code, own in texts.items()}
        for code in checked:
            self._require_language(code, "texts")
        total = max(1, sum(map(len, checked.values())))
        parts, given, seen = list(self.parts), self.given, self._digests()
        for code, own in checked.items():
            for at in range(0, len(own), _BLOCK):
                block = own[at : at + _BLOCK]
                new = _new_rows(block, seen.setdefault(code, set()))
                if new:
                    chosen = [block[i] for i in new]
                    rows = [given + i for i in new]
                    parts.append((code, Part.of(chosen, rows, self.encode(chosen, code))))
                given += len(block)
                if progress is not None:
                    progress((given - self.given) / total)
        return replace(self, parts=tuple(parts), given=given)

    def encode(self, texts: Sequence[str], language: str) -> Matrix:
        """Compute the unit vectors of texts, (n, d) float32; zero for texts of OOV words."""
        return self._encoder.encode(texts, language)

    @overload
    def search(  # type: ignore[overload-overlap]  # a string is a sequence of strings
        self, queries: str, k: int = 10, *, language: str, ranking: DocumentRanking = "fused"
    ) -> list[Hit]: ...
    @overload
    def search(
        self,
        queries: Sequence[str],
        k: int = 10,
        *,
        language: str,
        ranking: DocumentRanking = "fused",
    ) -> list[list[Hit]]: ...
    def search(
        self,
        queries: str | Sequence[str],
        k: int = 10,
        *,
        language: str,
        ranking: DocumentRanking = "fused",
    ) -> list[Hit] | list[list[Hit]]:
        """Find the best documents of queries.

        Parameters
        ----------
        queries : str or sequence of str
            Words or sentences.
        k : int
            Most documents of a query, at least 1.
        language : str
            Code of the language of the queries.
        ranking : {"fused", "dense", "lexical"}
            Ranking by vectors and terms, by vectors or by terms.

        Returns
        -------
        list of Hit, or list of these
            Documents with a score above 0, best first; of equal scores the one given first.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of range, or queries are no strings.
        """
        self._require_language(language, "language")
        if ranking not in get_args(DocumentRanking):
            names = ", ".join(map(repr, get_args(DocumentRanking)))
            raise ValueError(f"ranking must be one of {names}, got {ranking!r}")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        given = [queries] if isinstance(queries, str) else as_texts(queries, "queries")
        found = self._found(given, language, k, ranking)
        return found[0] if isinstance(queries, str) else found

    def __len__(self) -> int:
        return sum(len(part) for _, part in self.parts)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{code}: {count:,}" for code, count in self.sizes.items())
        return f"CrossLingualIndex({len(self):,} documents{f'; {sizes}' if sizes else ''})"

    @property
    def sizes(self) -> dict[str, int]:
        """Number of documents by language."""
        sizes: dict[str, int] = {}
        for code, part in self.parts:
            sizes[code] = sizes.get(code, 0) + len(part)
        return sizes

    def _found(
        self, queries: list[str], language: str, k: int, ranking: DocumentRanking
    ) -> list[list[Hit]]:
        """Merge the best documents of each part, for each query."""
        vectors = self.encode(queries, language)
        hits: list[list[Hit]] = [[] for _ in queries]
        for code in self.sizes if queries else ():
            parts = [part for own, part in self.parts if own == code]
            near = [
                part.nearest.search(vectors, min(max(k, DEPTH), len(part))).indices
                for part in parts
            ]
            for i, words in enumerate(self._terms.of(queries, language, code, parts)):
                lexical = BM25().scores(parts, words)
                for part, rows, scores in zip(parts, near, lexical.of_parts, strict=True):
                    shares = scores / (lexical.most or 1.0)
                    hits[i] += hits_of_part(part, code, vectors[i], rows[i], shares, k, ranking)
        return [sorted(own, key=lambda hit: (-hit.score, hit.row))[:k] for own in hits]

    def _digests(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for code, part in self.parts:
            found.setdefault(code, set()).update(part.digests.tolist())
        return found

    def _require_language(self, code: str, name: str) -> None:
        if code not in self.space:
            raise ValueError(f"{name} must be of {', '.join(self.space)}, got {code!r}")


def add_documents(
    path: StrPath, texts: Mapping[str, Sequence[str]], *, progress: Progress | None = None
) -> CrossLingualIndex:
    """Add documents to an index on disk, and open it.

    Documents that are there already are left out, so that an interrupted call can be repeated.
    Only new files are written, and the manifest last; another writer waits.

    Parameters
    ----------
    path : path
        Folder that `CrossLingualIndex.save` has written.
    texts : mapping of str to sequence of str
        Documents by language code, as for `CrossLingualIndex.build`.
    progress : callable, optional
        Called with the fraction done, in [0, 1].

    Raises
    ------
    MissingFileError, FormatError, OutputError
        If it is no index, is damaged, or cannot be written.
    ValueError, TypeError
        If a language is not in the index, or documents are no strings.
    """
    with locked_folder(path) as root:
        index = CrossLingualIndex.open(root)
        longer = index.extended(texts, progress=progress)
        new = longer.parts[len(index.parts) :]
        append_parts(root, Contents(index.space, new, longer.given))
        return CrossLingualIndex.open(root)


def _new_rows(texts: Sequence[str], seen: set[int]) -> list[int]:
    """Find texts that are not empty and were not seen before; add them to `seen`."""
    rows = []
    for i, text in enumerate(texts):
        if text.strip() and (digest := digest_of(text)) not in seen:
            seen.add(digest)
            rows.append(i)
    return rows
