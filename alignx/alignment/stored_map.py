"""Contents of a mapping file, and its format."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from safetensors.numpy import save as to_bytes

from alignx.alignment.calibration import Calibration
from alignx.alignment.diagnosis import Diagnosis
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.learned_pairs import LearnedPairs
from alignx.alignment.validation import LinearCost, Validation
from alignx.errors import AlignxError, FormatError
from alignx.mapping import METHODS, Aligner, Maps, RefinementRound, method_name
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["StoredMap"]

logger = logging.getLogger("alignx")

FORMAT = "alignx-mapping"
FORMAT_VERSION = "2"
MAPS = ("source_map", "target_map", "source_mean", "target_mean")
CALIBRATION = ("weights", "logits", "probabilities")


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
    calibration : Calibration, optional
        Probability of a correct pair by its CSLS.
    found_by : {"lexicon", "self_learning", "adversarial"}
        Origin of the pairs.
    validation, diagnosis : Validation, Diagnosis, optional
        Held-out accuracy of a map from a lexicon, or figures of one without.
    linear_cost : LinearCost, optional
        P@1 lost by a linear map, where measured.
    learned : LearnedPairs, optional
        Digest of the known pairs, for `alignx.evaluate` to recognize.
    strategy : str, optional
        Choice of `Auto`, and the evidence for it.
    """

    aligner: Aligner
    source: LanguageMap
    target: LanguageMap
    pairs: int
    rounds: tuple[RefinementRound, ...] = ()
    calibration: Calibration | None = None
    found_by: str = "lexicon"
    diagnosis: Diagnosis | None = None
    linear_cost: LinearCost | None = None
    validation: Validation | None = None
    learned: LearnedPairs | None = None
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

        It holds both maps, the means of centering and normalization, the calibration, a digest of
        the known pairs, and as metadata the method with its parameters, the languages with the
        checksums of their vectors, and the version of alignx. An interrupt leaves the old file.

        Raises
        ------
        OutputError, FormatError
            If it cannot be written, or the suffix is not ``.safetensors``.
        """
        require_suffix(path, "a map")
        facts: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "alignx_version": version("alignx"),
            "method": method_name(self.aligner),
            "parameters": self.aligner.get_params(),
            "pairs": self.pairs,
            "rounds": [
                {"round": r.round, "criterion": r.criterion, "pairs": r.pairs} for r in self.rounds
            ],
            "found_by": self.found_by,
            "diagnosis": self.diagnosis and self.diagnosis.as_dict(),
            "linear_cost": self.linear_cost and self.linear_cost.as_dict(),
            "validation": self.validation and self.validation.facts(),
            "strategy": self.strategy,
            "failed": self.failed,
        }
        tensors: dict[str, NDArray[Any]] = {}
        for name, language in {"source": self.source, "target": self.target}.items():
            facts[name] = language.facts()
            tensors |= {f"{name}_{key}": value for key, value in language.tensors().items()}
        if self.calibration is not None:
            tensors |= {f"calibration_{k}": v for k, v in vars(self.calibration).items()}
        if self.learned is not None:
            tensors["learned_pairs"] = self.learned.hashes
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
        raise FormatError(
            path,
            f"format version must be {FORMAT_VERSION}, got {facts['format_version']}: written by "
            f"alignx {facts.get('alignx_version')}; update alignx",
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
        aligner = METHODS[facts["method"]](**facts["parameters"])
        aligner.set_maps(Maps(*(tensors[name] for name in MAPS)))
        calibration = None
        if "calibration_weights" in tensors:
            calibration = Calibration(*(tensors[f"calibration_{name}"] for name in CALIBRATION))
        source, target = (
            LanguageMap.restored(
                facts[name],
                {
                    key.removeprefix(f"{name}_"): tensor
                    for key, tensor in tensors.items()
                    if key.startswith(f"{name}_")
                },
            )
            for name in ("source", "target")
        )
        diagnosis, cost, validation = (
            facts[name] for name in ("diagnosis", "linear_cost", "validation")
        )
        return cls(
            aligner,
            source,
            target,
            facts["pairs"],
            tuple(RefinementRound(**round_) for round_ in facts["rounds"]),
            calibration,
            facts["found_by"],
            diagnosis and Diagnosis(**diagnosis),
            cost and LinearCost(**cost),
            validation and Validation(**validation),
            LearnedPairs(tensors["learned_pairs"]) if "learned_pairs" in tensors else None,
            facts.get("strategy"),  # older files have none
        )
