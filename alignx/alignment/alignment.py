"""A fitted map between two languages, applied and kept in a file."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np
from safetensors.numpy import save as to_bytes
from threadpoolctl import ThreadpoolController

from alignx.alignment.calibration import Calibration
from alignx.alignment.diagnosis import Diagnosis
from alignx.alignment.fingerprint import SKETCHED, Sketch
from alignx.alignment.language_map import Side
from alignx.alignment.learned_pairs import LearnedPairs
from alignx.alignment.mapped_subwords import UnseenBySubwords
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.validation import LinearCost, Validation
from alignx.errors import DimensionError, FormatError
from alignx.mapping import METHODS, Aligner, Maps, RefinementRound, method_name
from alignx.mapping.centering import composed_map
from alignx.support.arguments import require_instance
from alignx.support.arrays import LazyRows, freeze, unit_rows
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.support.safetensors import read_tensors
from alignx.vectors.embeddings import Embeddings, LoadOptions
from alignx.vectors.fasttext import read_fasttext
from alignx.vectors.fasttext.mapped_copy import write_mapped_model
from alignx.vectors.io import save

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.support.arrays import Double, Matrix
    from alignx.support.progress import Progress

__all__ = ["Alignment"]

WhichSide: TypeAlias = Literal["source", "target"]

logger = logging.getLogger("alignx")

FORMAT = "alignx-mapping"
FORMAT_VERSION = "2"


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """A fitted map between two languages, with all that is needed to apply it to their vectors.

    Attributes
    ----------
    aligner : Aligner
        Fitted.
    source, target : Side
        What it expects of each language.
    pairs : int
        How many known pairs of the lexicon it was fitted on.
    rounds : tuple of RefinementRound
        What refinement did.
    calibration : Calibration, optional
        Turns CSLS into the probability that a pair is right.
    found_by : {"lexicon", "self_learning", "adversarial"}
        Where its pairs came from.
    diagnosis : Diagnosis, optional
        Whether a map that was not found by a lexicon has worked.
    linear_cost : LinearCost, optional
        What it costs to do without centering, where that was asked for and could be measured.
    validation : Validation, optional
        How good a map from a lexicon is on held-out pairs, and whether it has failed.
    learned : LearnedPairs, optional
        A digest of the known pairs of the lexicon, for `alignx.evaluate` to recognize.
    """

    aligner: Aligner
    source: Side
    target: Side
    pairs: int
    rounds: tuple[RefinementRound, ...] = ()
    calibration: Calibration | None = None
    found_by: str = "lexicon"
    diagnosis: Diagnosis | None = None
    linear_cost: LinearCost | None = None
    validation: Validation | None = None
    learned: LearnedPairs | None = None

    def __repr__(self) -> str:
        codes = f"{self.source.code} -> {self.target.code}"
        found_by = "" if self.found_by == "lexicon" else f", by {self.found_by}"
        return f"Alignment({codes}, {self.aligner!r}, {self.pairs} pairs{found_by})"

    def __str__(self) -> str:
        """Give what `repr` does, and below how good the map is."""
        told = self.validation or self.diagnosis
        failed = "FAILED: " if self.failed else ""
        return repr(self) if told is None else f"{self!r}\n{failed}{told}"

    @property
    def failed(self) -> bool:
        """Whether the map was found to be no good and kept nevertheless."""
        return any(told is not None and told.failed for told in (self.validation, self.diagnosis))

    def apply(self, source: Embeddings, target: Embeddings) -> SharedSpace:
        """Bring both languages into one space.

        Parameters
        ----------
        source, target : Embeddings
            Those of the fit, or others of the same training, with more words for instance.

        Returns
        -------
        SharedSpace

        Raises
        ------
        DimensionError
            If vectors are not of the dimension that the map was fitted on.
        DirectionError
            If they are those of the other side.

        Warns
        -----
        Once for each language whose vectors are not those of the fit, through ``logging``.
        """
        mapped = {
            self.source.code: self.apply_source(source),
            self.target.code: self.apply_target(target),
        }
        return SharedSpace(mapped, self.calibration, self.learned)

    def apply_source(self, embeddings: Embeddings) -> Embeddings:
        """Map vectors of the source language to unit rows; raises as `apply` does."""
        return self._applied(embeddings, "source")

    def apply_target(self, embeddings: Embeddings) -> Embeddings:
        """Map vectors of the target language to unit rows; raises as `apply` does."""
        return self._applied(embeddings, "target")

    def _applied(self, embeddings: Embeddings, side: WhichSide) -> Embeddings:
        require_instance(embeddings, Embeddings, side)
        model = embeddings.unseen
        unseen = None if model is None else UnseenBySubwords(model, self, side)
        rows = self.stream(embeddings, side)
        return embeddings.with_vectors(freeze(rows.collect()), unseen, rows.space)

    def stream(self, embeddings: Embeddings, side: WhichSide) -> LazyRows:
        """Map vectors of one language to unit rows a block at a time, when they are needed.

        The rows are those of `apply_source` or `apply_target`, bit for bit. They can be saved
        without ever being in memory at once: ``save(embeddings, path, rows=rows)``.

        Parameters
        ----------
        embeddings : Embeddings
            Memory-mapped where they come from a float32 cache.
        side : {"source", "target"}
            Which language they are.

        Raises
        ------
        DimensionError
            If vectors are not of the dimension that the map was fitted on.
        DirectionError
            If they are those of the other side.
        ValueError
            If `side` is something else.
        """
        require_instance(embeddings, Embeddings, "embeddings")
        self._side(side).check(embeddings, self._other_side(side))
        return self.map_rows(embeddings.vectors, side)

    def map_rows(self, vectors: Matrix, side: WhichSide) -> LazyRows:
        """Map rows, whatever words they are of, to unit rows a block at a time; see `stream`.

        Parameters
        ----------
        vectors : (n, d) float32
            Of one language.
        side : {"source", "target"}
            Which language they are.

        Raises
        ------
        DimensionError
            If they are not of the dimension that the map was fitted on.
        ValueError
            If `side` is something else.
        """
        expected, aligner = self._side(side), self.aligner
        dimension = expected.normalizer.dimension_
        if vectors.shape[1] != dimension:
            raise DimensionError(
                f"this map takes {expected.code} vectors of dimension {dimension}, got "
                f"dimension {vectors.shape[1]}"
            )
        to_space = aligner.transform if side == "source" else aligner.transform_target
        threads = ThreadpoolController()

        def transform(rows: Matrix) -> Matrix:
            # The last bit of a product depends on how its rows are shared out among threads.
            with threads.limit(limits=1, user_api="blas"):
                return unit_rows(to_space(expected.normalizer.transform(rows)))

        width = getattr(aligner, f"{side}_map_").shape[1]
        return LazyRows(vectors, width, transform, space=self.space)

    @cached_property
    def space(self) -> str:
        """What tells the space of this map from others, as a digest.

        Maps that leave the target as it is, such as Procrustes, have one space if they have one
        target: the most frequent words and their vectors decide, not how many words there are.
        """
        digest = hashlib.sha256(json.dumps(list(self.target.normalizer.steps)).encode())
        digest.update(self.target.sketch.content())
        for part in (self.aligner.target_map_, self.aligner.target_mean_):
            digest.update(f"{part.shape}{part.dtype}".encode())
            digest.update(part.tobytes())
        return digest.hexdigest()[:32]

    def save_mapped(
        self,
        embeddings: Embeddings,
        path: str | os.PathLike[str],
        *,
        side: WhichSide = "source",
        dtype: Literal["float32", "float16"] = "float32",
        decimals: int | None = None,
    ) -> None:
        """Write mapped vectors, unit rows, to a file without having all of them in memory.

        Parameters
        ----------
        embeddings : Embeddings
            Of one language.
        path : path
            Where they go; may be the file that they come from.
        side : {"source", "target"}
            Which language they are.
        dtype, decimals
            As for `alignx.save`.

        Raises
        ------
        DimensionError
            If vectors are not of the dimension that the map was fitted on.
        FormatError, OutputError, ValueError
            As `alignx.save` does.
        """
        rows = self.stream(embeddings, side)
        save(embeddings, path, dtype=dtype, decimals=decimals, rows=rows)

    def linear_map(self, side: WhichSide) -> Double:
        """Give the one matrix that maps vectors of a language, if there is one.

        Parameters
        ----------
        side : {"source", "target"}
            Which language.

        Returns
        -------
        (d, c) float64
            Vectors times this are those of `apply`, up to a positive factor for each: its rows
            have unit length.

        Raises
        ------
        ValueError
            If the map centers. ``align(..., normalize="linear")`` fits one that does not.

        Examples
        --------
        >>> import alignx as ax
        >>> en, es, train, _ = ax.load_sample("en", "es")
        >>> alignment = ax.align(en, es, lexicon=train, normalize=["unit"], calibrate=False)
        >>> alignment.linear_map("source").shape
        (300, 300)
        """
        normalizer, aligner = self._side(side).normalizer, self.aligner
        matrix, mean = getattr(aligner, f"{side}_map_"), getattr(aligner, f"{side}_mean_")
        return composed_map(normalizer, matrix, mean)

    def save_mapped_model(
        self,
        model: str | os.PathLike[str],
        path: str | os.PathLike[str],
        *,
        side: WhichSide = "source",
        progress: Progress | None = None,
    ) -> None:
        """Write a copy of a fastText model that gives mapped vectors, also of words not seen.

        Parameters
        ----------
        model : path
            The unquantized model, ``.bin``, that the vectors of the language come from.
        path : path
            Where the copy goes; may be the same file. fastText itself reads it. Its vectors are
            those of `apply` but for their length, of words and of all other strings.
        side : {"source", "target"}
            Which language it is.
        progress : callable, optional
            Called now and then with the fraction done.

        Raises
        ------
        ValueError
            If the map centers; see `linear_map`.
        DirectionError
            If the model is of the other side.
        DimensionError, FormatError, OutputError
            If the model does not fit or cannot be read, or the copy cannot be written.
        """
        matrix = self.linear_map(side)
        first = read_fasttext(os.fspath(model), LoadOptions(limit=SKETCHED))
        self._side(side).check(first, self._other_side(side), is_part=True)
        write_mapped_model(model, path, matrix, progress=progress)

    def _side(self, side: WhichSide) -> Side:
        if side not in ("source", "target"):
            raise ValueError(f"side must be 'source' or 'target', got {side!r}")
        return self.source if side == "source" else self.target

    def _other_side(self, side: WhichSide) -> Side:
        return self._side("target" if side == "source" else "source")

    def side_of(self, code: str | None) -> Side:
        """Give the side that a language code names.

        Raises
        ------
        ValueError
            If it is the code of neither side.
        """
        for side in (self.source, self.target):
            if side.code == code:
                return side
        raise ValueError(
            f"this map takes languages {self.source.code} and {self.target.code}, got {code}; say "
            "which side the vectors are, by --side or a code of `alignx convert --language`"
        )

    def save(self, path: str | Path) -> None:
        """Write the alignment to one ``.safetensors`` file.

        It holds both maps, the means of centering and normalization, the calibration, a digest of
        the pairs that it was fitted on, and as metadata the method with its parameters, the
        languages with the checksums of their vectors, and the version of alignx.

        Parameters
        ----------
        path : path
            A ``.safetensors`` file. Replaced as a whole; an interrupt leaves the old file.

        Raises
        ------
        OutputError
            If it cannot be written.
        FormatError
            If the name ends like another format.
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
            "diagnosis": None if self.diagnosis is None else self.diagnosis.as_dict(),
            "linear_cost": None if self.linear_cost is None else self.linear_cost.as_dict(),
            "validation": None if self.validation is None else self.validation.facts(),
            "failed": self.failed,
        }
        tensors: dict[str, NDArray[Any]] = {}
        for name in ("source", "target"):
            side: Side = getattr(self, name)
            facts[name] = side.facts()
            tensors[f"{name}_map"] = getattr(self.aligner, f"{name}_map_")
            tensors[f"{name}_mean"] = getattr(self.aligner, f"{name}_mean_")
            means = np.array(side.normalizer.means_, dtype=np.float64)
            tensors[f"{name}_normalizer_means"] = means.reshape(-1, side.normalizer.dimension_)
            tensors[f"{name}_sketch_words"] = side.sketch.words
            tensors[f"{name}_sketch_rows"] = side.sketch.rows
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
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
            A ``.safetensors`` file.

        Raises
        ------
        FormatError
            If it cannot be read or is no alignment.
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
                self.diagnosis if self.validation is None else self.validation,
            )

    @classmethod
    def _from_file(cls, facts: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Self:
        aligner = METHODS[facts["method"]](**facts["parameters"])
        aligner.set_maps(
            Maps(*(tensors[n] for n in ("source_map", "target_map", "source_mean", "target_mean")))
        )
        calibration = None
        if "calibration_weights" in tensors:
            names = ("weights", "logits", "probabilities")
            calibration = Calibration(*(tensors[f"calibration_{name}"] for name in names))
        source, target = (
            Side.from_facts(
                facts[name],
                tensors[f"{name}_normalizer_means"],
                Sketch(
                    tensors[f"{name}_sketch_words"],
                    tensors[f"{name}_sketch_rows"],
                    facts[name]["dimension"],
                ),
            )
            for name in ("source", "target")
        )
        cost, validation = facts["linear_cost"], facts["validation"]
        return cls(
            aligner,
            source,
            target,
            facts["pairs"],
            tuple(RefinementRound(**round_) for round_ in facts["rounds"]),
            calibration,
            facts["found_by"],
            None if facts["diagnosis"] is None else Diagnosis(**facts["diagnosis"]),
            None if cost is None else LinearCost(**cost),
            None if validation is None else Validation(**validation),
            LearnedPairs(tensors["learned_pairs"]) if "learned_pairs" in tensors else None,
        )
