"""Fitted maps of several languages, applied to their vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from alignx.alignment.mapped_subwords import MappedSubwords
from alignx.alignment.pair_parts import PairParts
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder.manifest import PairRecord, TriangleRecord
from alignx.alignment.space_folder.prepare import prepare_space
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.space_folder.summary import each_pair_once, figures_of, text_of_figures
from alignx.alignment.space_folder.writer import changing
from alignx.mapping import method_name
from alignx.mapping.joint import JOINT_METHODS, Frame, JointAligner
from alignx.support.arguments import require_instance
from alignx.support.arrays import freeze
from alignx.support.counts import counted
from alignx.support.frames import Tabular
from alignx.vectors.objects import as_embeddings

if TYPE_CHECKING:
    from alignx.alignment.diagnosis import Diagnosis
    from alignx.alignment.known_pairs import KnownPairs
    from alignx.alignment.language_map import LanguageMap
    from alignx.alignment.validation import Validation
    from alignx.ranking.gain import RankingGain
    from alignx.ranking.ranker import PairRanker
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["MultilingualAlignment", "PairFit", "Triangle", "method_facts", "restored_method"]


@dataclass(frozen=True, eq=False)
class PairFit:
    """Evidence of two languages in the fit, and the accuracy of their maps.

    Attributes
    ----------
    source, target : str
        Codes, in the order of the lexicon.
    pairs, induced : int
        Known pairs of the lexicon, and pairs induced in the last round.
    found_by : {"lexicon", "self_learning", "pivot"}
        Origin of the evidence: a lexicon, vectors alone, or other languages.
    pairwise, star, joint : Validation, optional
        P@1 on held-out words by the map of these two alone, by maps of each language onto the hub,
        and by the joint maps. None where nothing could be held out.
    diagnosis : Diagnosis, optional
        Figures of a start without a lexicon.
    ranker, ranking_gain, known : optional
        Learned ranking from source to target, its gain, and a digest of the known pairs.
    is_transferred : bool
        Whether the ranker was learned from other pairs of languages.
    """

    source: str
    target: str
    pairs: int
    induced: int
    found_by: str = "lexicon"
    pairwise: Validation | None = None
    star: Validation | None = None
    joint: Validation | None = None
    diagnosis: Diagnosis | None = None
    ranker: PairRanker | None = None
    ranking_gain: RankingGain | None = None
    known: KnownPairs | None = None
    is_transferred: bool = False

    def figures(self) -> dict[str, Any]:
        """Return evidence and P@1 as a row of a table."""
        measured = self.joint or self.star or self.pairwise
        low, high = (None, None) if self.joint is None else self.joint.interval
        return {
            "source": self.source,
            "target": self.target,
            "pairs": self.pairs,
            "induced": self.induced,
            "found_by": self.found_by,
            **{
                f"{name} p@1": None if (part := getattr(self, name)) is None else part.precision
                for name in ("pairwise", "star", "joint")
            },
            "low": low,
            "high": high,
            "n": None if measured is None else measured.n,
        }

    def record(self) -> PairRecord:
        """Return the figures for the manifest of a space on disk."""
        names = PairRecord.model_fields.keys() - {"file"}
        return PairRecord(**{name: getattr(self, name) for name in names})

    @classmethod
    def restored(cls, record: PairRecord, parts: PairParts) -> Self:
        """Make the evidence of two languages of what a space on disk holds."""
        names = PairRecord.model_fields.keys() - {"file"}
        return cls(**{name: getattr(record, name) for name in names}, **parts._asdict())


@dataclass(frozen=True)
class Triangle:
    """Agreement of the induced pairs of three languages.

    Attributes
    ----------
    languages : (str, str, str)
        Codes.
    cycles, closed : int
        Words whose mutual neighbors lead through all three languages, and those of them that lead
        back to themselves.
    """

    languages: tuple[str, str, str]
    cycles: int
    closed: int

    @property
    def error(self) -> float:
        """Share of cycles that end at another word, in [0, 1]; 0 without cycles."""
        return 1 - self.closed / self.cycles if self.cycles else 0.0


@dataclass(frozen=True, eq=False, repr=False)
class MultilingualAlignment(Tabular):
    """Fitted maps of several languages into one space.

    ``print(alignment)`` shows each pair of languages: known and induced pairs, and P@1 on held-out
    words by the map of these two alone, by maps onto the hub, and by the joint maps.

    Attributes
    ----------
    maps : mapping of str to LanguageMap
        Normalization and map by code, the hub first.
    pairs : mapping of (str, str) to PairFit
        Evidence and accuracy by source and target code.
    triangles : tuple of Triangle
        Agreement around each triangle with evidence.
    apart : mapping of str to str
        Languages that were left out, and why.
    method : JointAligner, optional
        Method of the fit.
    frame : Frame, optional
        Axes of the space, for the map of a language that is added later.
    """

    maps: Mapping[str, LanguageMap]
    pairs: Mapping[tuple[str, str], PairFit] = field(default_factory=dict)
    triangles: tuple[Triangle, ...] = ()
    apart: Mapping[str, str] = field(default_factory=dict)
    method: JointAligner | None = None
    frame: Frame | None = None

    def __repr__(self) -> str:
        count = counted(len({frozenset(pair) for pair in self.pairs}), "pair")
        return f"MultilingualAlignment({', '.join(self.maps)}; {count} of languages)"

    def __str__(self) -> str:
        """Return the pairs as a table, the triangles, and the languages that are left out."""
        return "\n".join([f"{self!r}, hub {self.hub}", *text_of_figures(*self._figures())])

    def _figures(self) -> tuple[list[PairRecord], list[TriangleRecord], Mapping[str, str]]:
        """Return pairs, triangles and languages left out, as a space on disk holds them."""
        triangles = [TriangleRecord(**asdict(each)) for each in self.triangles]
        return [fit.record() for fit in self.pairs.values()], triangles, self.apart

    def records(self) -> list[dict[str, Any]]:
        """Return the figures of each pair of languages as one row."""
        pairs, *_ = self._figures()
        return [self.pairs[each.codes].figures() for each in each_pair_once(pairs)]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, with the keys of ``alignx hub --json``."""
        languages = [
            {"code": code, "words": each.words, "dimension": each.matrix.shape[1]}
            for code, each in self.maps.items()
        ]
        return {
            "hub": self.hub,
            "method": method_facts(self.method),
            "languages": languages,
            **figures_of(*self._figures()),
        }

    @property
    def hub(self) -> str:
        """Code of the hub."""
        return next(iter(self.maps))

    def apply(self, languages: Mapping[str, Any]) -> SharedSpace:
        """Map languages into one space.

        Parameters
        ----------
        languages : mapping of str to Embeddings, path or object
            Vectors of at least two languages of the fit, or of the same training with more words.

        Raises
        ------
        ValueError
            If a language is not in the fit.
        DimensionError
            If vectors have another dimension than those of the fit.
        """
        require_instance(languages, Mapping, "languages")
        unknown = [code for code in languages if code not in self.maps]
        if unknown:
            raise ValueError(
                f"languages must be of {', '.join(self.maps)}, got {', '.join(unknown)}"
            )
        # In the order of the fit: the first language is the hub.
        codes = [code for code in self.maps if code in languages]
        mapped = {code: self._mapped(code, languages[code]) for code in codes}
        parts = {
            pair: PairParts(fit.ranker, fit.known)
            for pair, fit in self.pairs.items()
            if {*pair} <= {*codes}
        }
        return SharedSpace(mapped, pairs=parts)

    def _mapped(self, code: str, data: Any) -> Embeddings:  # noqa: ANN401  # as_embeddings's
        language_map, embeddings = self.maps[code], as_embeddings(data, language=code)
        model = embeddings.oov_vectors
        subwords = None if model is None else MappedSubwords(model, language_map)
        rows = language_map.map_rows(embeddings.vectors, self.space).collect()
        return embeddings.with_vectors(freeze(rows), subwords, self.space)

    @cached_property
    def space(self) -> str:
        """Digest of the space: that of the map of the hub."""
        return self.maps[self.hub].digest()

    def save(
        self,
        folder: StrPath,
        languages: Mapping[str, Any],
        *,
        prepare: bool = True,
        progress: Progress | None = None,
    ) -> None:
        """Write the space into a folder: a file of mapped vectors and one of the map a language.

        One language after the other is mapped, in little memory. An interrupt leaves the old space,
        and during the preparation the new one.

        Parameters
        ----------
        folder : path
            Missing, empty or a space, which is replaced; see `SharedSpace.open`.
        languages : mapping of str to Embeddings, path or object
            Vectors before their maps, all words of each language.
        prepare : bool
            Then store CSLS biases, so that single words are translated at once. That takes seconds
            for each pair of languages; see `prepare_space`.
        progress : callable, optional
            Called with the fraction of the preparation.

        Raises
        ------
        ValueError
            If vectors of a language are missing, or a code cannot name a folder.
        OutputError
            If the folder cannot be written, or holds other things than a space.
        """
        missing = [code for code in self.maps if code not in languages]
        if missing:
            none = ", ".join(missing)
            raise ValueError(f"languages must hold all of the maps, got none of {none}")
        with changing(folder, create=True) as writer:
            writer.method, writer.apart = method_facts(self.method), dict(self.apart)
            pairs, writer.triangles, _ = self._figures()
            if self.frame is not None:
                writer.put_frame(self.frame.tensors())
            for code, language_map in self.maps.items():
                writer.put_language(code, as_embeddings(languages[code]), language_map)
            for record, fit in zip(pairs, self.pairs.values(), strict=True):
                writer.put_pair(record, fit.ranker, fit.known)
        if prepare:
            prepare_space(folder, progress=progress)

    @classmethod
    def load(cls, folder: StrPath) -> Self:
        """Read the maps and figures of a space on disk; raises as `SharedSpace.open` does."""
        opened = SpaceFolder.open(folder)
        found, frame = opened.manifest, opened.frame()
        return cls(
            {code: opened.language_map(code) for code in found.codes},
            {each.codes: PairFit.restored(each, opened.pairs[each.codes]) for each in found.pairs},
            tuple(Triangle(**each.model_dump()) for each in found.triangles),
            found.apart,
            restored_method(found.method),
            Frame.restored(frame) if frame else None,
        )


def method_facts(method: JointAligner | None) -> dict[str, Any]:
    """Return the name and the parameters of a method."""
    if method is None:
        return {}
    return {"method": method_name(method, JOINT_METHODS), "parameters": method.get_params()}


def restored_method(facts: Mapping[str, Any]) -> JointAligner | None:
    """Make the method, not fitted, of its name and parameters."""
    return JOINT_METHODS[facts["method"]](**facts["parameters"]) if facts else None
