"""Marks of the vectors that a saved model was made with, to refuse others."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.vectors.sif import expected_shares

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["require_known_vectors", "vector_marks"]

TOLERANCE = 1e-3  # of cosines; other processors round mapped vectors differently


def vector_marks(
    space: Mapping[str, Embeddings],
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Compute marks of each language: facts for JSON, and tensors named ``probe.`` and the code.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> facts, tensors = vector_marks({"en": Embeddings(["a", "b"], np.eye(2))})
    >>> facts["en"]["words"], list(tensors)
    (2, ['probe.en'])
    """
    facts = {
        code: {"words": len(language), "checksum": _checksum(language)}
        for code, language in space.items()
    }
    return facts, {f"probe.{code}": _probe(language) for code, language in space.items()}


def require_known_vectors(
    space: Mapping[str, Embeddings],
    facts: Mapping[str, Any],
    tensors: Mapping[str, NDArray[Any]],
    path: str | os.PathLike[str],
) -> None:
    """Refuse vectors of a language that are not those of the marks in a file.

    Raises
    ------
    FormatError
        If the file has no such language, or its words or vectors are others.
    """
    for code, language in space.items():
        if code not in facts:
            raise FormatError(path, f"made for languages {', '.join(facts)}, got vectors of {code}")
        expected = facts[code]
        if (len(language), _checksum(language)) != (expected["words"], expected["checksum"]):
            raise FormatError(
                path,
                f"made with other {code} vectors, of {expected['words']:,} words; give those, with "
                f"the same --limit, got {len(language):,} words",
            )
        probe, saved = _probe(language), tensors[f"probe.{code}"]
        if probe.shape != saved.shape or not np.allclose(probe, saved, atol=TOLERANCE):
            raise FormatError(path, f"the {code} vectors are mapped otherwise; give the same map")


def _checksum(language: Embeddings) -> str:
    """Compute the SHA-256 of the words."""
    return hashlib.sha256("\n".join(language.words).encode()).hexdigest()


def _probe(language: Embeddings) -> Matrix:
    """Average the rows, weighted by rank; the result changes with map and vectors."""
    return np.asarray(expected_shares(len(language)).astype(np.float32) @ language.vectors)
