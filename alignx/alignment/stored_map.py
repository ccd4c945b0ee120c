"""Contents of a mapping file, and its format."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from safetensors.numpy import save as to_bytes

from alignx.alignment.diagnosis import Diagnosis
from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.stored_aligner import aligner_facts, restored_aligner
from alignx.alignment.validation import LinearCost, Validation
from alignx.errors import AlignxError, FormatError
from alignx.mapping import Aligner, Maps, RefinementRound
from alignx.ranking.gain import RankingGain
from alignx.ranking.ranker import PairRanker
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["StoredMap"]

logger = logging.getLogger("alignx")

FORMAT = "alignx-mapping"
FORMAT_VERSION = "3"
OLD_VERSIONS = ("1", "2")
MAPS = ("source_map", "target_map", "source_mean", "target_mean")


@dataclass(frozen=True, eq=False, repr=False)
class StoredMap:
    """A map of two languages, with the figures of its fit.

    Attributes
    ----------
    aligner : Aligner
        Fitted.
    source, target : LanguageMap
        Normalization and map of each language.
    pairs, rounds : int, tuple of RefinementRound
        Known pairs of the lexicon in the fit, and figures of the refinement.
    ranker : PairRanker, optional
        Learned ranking of translations, and probability of a pair.
    found_by : {"lexicon", "self_learning", "adversarial"}
        Origin of the pairs.
    validation, diagnosis : Validation, Diagnosis, optional
        Held-out accuracy of a map from a lexicon, or figures of one without.
    linear_cost : LinearCost, optional
        P@1 lost by a linear map, where measured.
    ranking_gain : RankingGain, optional
        P@1 gained by the learned ranking, where measured.
    known : KnownPairs, optional
        Digest of the known pairs, for `alignx.evaluate` to recognize.
    strategy : str, optional
        Choice of `Auto`, and the evidence for it.
    """

    aligner: Aligner
    source: LanguageMap
    target: LanguageMap
    pairs: int
    rounds: tuple[RefinementRound, ...] = ()
    ranker: PairRanker | None = None
    found_by: str = "lexicon"
    diagnosis: Diagnosis | None = None
    linear_cost: LinearCost | None = None
    ranking_gain: RankingGain | None = None
    validation: Validation | None = None
    known: KnownPairs | None = None
    strategy: str | None = None

    @property
    def report(self) -> Validation | Diagnosis | None:
        """The validation, or the diagnosis of a map without a lexicon."""
        return self.validation or self.diagnosis

    @property
    def failed(self) -> bool:
        """Whether the map has failed and was kept nevertheless."""
        return self.report is not None and self.report.failed

    def save(self, path: str | Path) -> None:
        """Write a ``.safetensors`` file.

        It holds both maps, the means of centering and normalization, the learned ranking, a
        digest of the known pairs, and as metadata the method with its parameters, the languages
        with the checksums of their vectors, and the version of alignx. An interrupt leaves the old
        file.

        Raises
        ------
        OutputError, FormatError
            If it cannot be written, or the suffix is not ``.safetensors``.
        """
        require_suffix(path, "a map")
        facts: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "alignx_version": version("alignx"),
            **aligner_facts(self.aligner),
            "pairs": self.pairs,
            "rounds": [
                {"round": r.round, "criterion": r.criterion, "pairs": r.pairs} for r in self.rounds
            ],
            "found_by": self.found_by,
            "diagnosis": self.diagnosis and self.diagnosis.as_dict(),
            "linear_cost": self.linear_cost and self.linear_cost.as_dict(),
            "ranker": None,
            "ranking_gain": self.ranking_gain and self.ranking_gain.as_dict(),
            "validation": self.validation and self.validation.facts(),
            "strategy": self.strategy,
            "failed": self.failed,
        }
        tensors: dict[str, NDArray[Any]] = {}
        for name, language in {"source": self.source, "target": self.target}.items():
            facts[name] = language.facts()
            tensors |= {f"{name}_{key}": value for key, value in language.tensors().items()}
        if self.ranker is not None:
            tensors |= {f"ranker_{name}": array for name, array in self.ranker.tensors().items()}
            facts["ranker"] = {**self.ranker.facts(), "map": _digest(tensors)}
        if self.known is not None:
            tensors["known_pairs"] = self.known.hashes
        # One entry, since safetensors writes several in random order: equal maps, equal files.
        # NumPy numbers among the parameters become plain ones.
        metadata = {FORMAT: json.dumps(facts, default=lambda number: number.item())}
        with replacing(path, "wb") as file:
            file.write(to_bytes(tensors, metadata))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises
        ------
        FormatError
            If it cannot be read or is no mapping file.
        """
        metadata, tensors = read_tensors(path)
        if FORMAT not in metadata:
            raise FormatError(path, "not a map that alignx has saved; make one with `alignx align`")
        try:
            facts = json.loads(metadata[FORMAT])
            if facts["format_version"] == FORMAT_VERSION:
                loaded = cls._from_file(facts, tensors)
                loaded._warn_if_failed(path)
                return loaded
        except AlignxError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(path, f"damaged: {error!r}; align again") from None
        advice = "align again" if facts["format_version"] in OLD_VERSIONS else "update alignx"
        raise FormatError(
            path,
            f"format version must be {FORMAT_VERSION}, got {facts['format_version']}: written by "
            f"alignx {facts.get('alignx_version')}; {advice}",
        )

    def _warn_if_failed(self, path: str | Path) -> None:
        if self.failed:
            logger.warning(
                "%s: this map has failed its check (%s) and was kept as asked; its translations "
                "are mostly wrong",
                path,
                self.report,
            )

    @classmethod
    def _from_file(cls, facts: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Self:
        aligner = restored_aligner(facts["method"], facts["parameters"])
        aligner.set_maps(Maps(*(tensors[name] for name in MAPS)))
        source, target = (
            LanguageMap.restored(facts[name], _of_prefix(name, tensors))
            for name in ("source", "target")
        )
        ranker = None
        if facts["ranker"] is not None:
            if facts["ranker"].pop("map") != _digest(tensors):
                raise ValueError("the learned ranking is that of another map")
            ranker = PairRanker.restored(facts["ranker"], _of_prefix("ranker", tensors))
        diagnosis, cost, gain, validation = (
            facts[name] for name in ("diagnosis", "linear_cost", "ranking_gain", "validation")
        )
        return cls(
            aligner,
            source,
            target,
            facts["pairs"],
            tuple(RefinementRound(**round_) for round_ in facts["rounds"]),
            ranker,
            facts["found_by"],
            diagnosis and Diagnosis(**diagnosis),
            cost and LinearCost(**cost),
            gain and RankingGain(**gain),
            validation and Validation(**validation),
            KnownPairs(tensors["known_pairs"]) if "known_pairs" in tensors else None,
            facts["strategy"],
        )


def _of_prefix(name: str, tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the tensors of one part of a map, under their own names."""
    start = f"{name}_"
    return {
        key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)
    }


def _digest(tensors: dict[str, NDArray[Any]]) -> str:
    """Hash a learned ranking and the maps that it belongs to."""
    digest = hashlib.sha256()
    for name in (*MAPS, *sorted(name for name in tensors if name.startswith("ranker_"))):
        digest.update(f"{name} {tensors[name].shape}".encode())
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()
