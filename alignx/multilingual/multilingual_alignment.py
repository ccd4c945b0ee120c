"""Fitted maps of several languages, applied to their vectors."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from alignx.alignment.pair_parts import PairParts
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder.manifest import PairRecord, TriangleRecord
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.space_folder.writer import changing
from alignx.mapping import method_name
from alignx.mapping.joint import JOINT_METHODS, Frame, JointAligner
from alignx.vectors.objects import as_embeddings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.alignment.diagnosis import Diagnosis
    from alignx.alignment.known_pairs import KnownPairs
    from alignx.alignment.language_map import LanguageMap
    from alignx.alignment.validation import Validation
    from alignx.ranking.gain import RankingGain
    from alignx.ranking.ranker import PairRanker
    from alignx.support.files import StrPath
    from alignx.vectors.embeddings import Embeddings

__all__ = ["MultilingualAlignment", "PairFit", "Triangle"]


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
class MultilingualAlignment:
    """Fitted maps of several languages into one space.

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
        return (
            f"MultilingualAlignment({', '.join(self.maps)}, {len(self.pairs)} pairs of languages)"
        )

    @property
    def hub(self) -> str:
        """Code of the hub."""
        return next(iter(self.maps))

    def apply(self, languages: Mapping[str, Embeddings]) -> SharedSpace:
        """Map languages into one space."""
        mapped = {
            code: language.with_vectors(self.maps[code].map_rows(language.vectors).collect())
            for code, language in languages.items()
        }
        parts = {pair: PairParts(fit.ranker, fit.known) for pair, fit in self.pairs.items()}
        return SharedSpace(mapped, pairs=parts)

    def save(self, folder: StrPath, languages: Mapping[str, Embeddings]) -> None:
        """Write the space into a folder: a file of mapped vectors and one of the map a language.

        One language after the other is mapped, in little memory. An interrupt leaves the old space.

        Parameters
        ----------
        folder : path
            Missing, empty or a space, which is replaced; see `SharedSpace.open`.
        languages : mapping of str to Embeddings
            Vectors before their maps, all words of each language.

        Raises
        ------
        ValueError
            If vectors of a language are missing, or a code cannot name a folder.
        OutputError
            If the folder cannot be written, or holds other things than a space.
        """
        missing = [code for code in self.maps if code not in languages]
        if missing:
            raise ValueError(f"languages must hold all of the maps, got none of {missing}")
        with changing(folder, create=True) as writer:
            writer.method, writer.apart = _method_facts(self.method), dict(self.apart)
            writer.triangles = [TriangleRecord(**asdict(each)) for each in self.triangles]
            if self.frame is not None:
                writer.put_frame(self.frame.tensors())
            for code, language_map in self.maps.items():
                writer.put_language(code, as_embeddings(languages[code]), language_map)
            for fit in self.pairs.values():
                writer.put_pair(fit.record(), fit.ranker, fit.known)

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
            _restored_method(found.method),
            Frame.restored(frame) if frame else None,
        )


def _method_facts(method: JointAligner | None) -> dict[str, Any]:
    """Return the name and the parameters of a method."""
    if method is None:
        return {}
    return {"method": method_name(method, JOINT_METHODS), "parameters": method.get_params()}


def _restored_method(facts: Mapping[str, Any]) -> JointAligner | None:
    """Make the method, not fitted, of its name and parameters."""
    return JOINT_METHODS[facts["method"]](**facts["parameters"]) if facts else None
