"""Training schemes of published programs, done with our estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMES"]

SCHEMES: Mapping[str, Mapping[str, Any]] = {
    # Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.2; defaults of
    # supervised.py: raw vectors, 5 refinements on mutual CSLS neighbors of 10,000 words.
    "muse": {
        "method": "procrustes",
        "normalize": "none",
        "refinement": 5,
        "refinement_vocabulary": 10_000,
    },
    # Artetxe, Labaka and Agirre, "Generalizing and Improving Bilingual Word Embedding Mappings with
    # a Multi-Step Framework of Linear Transformations", AAAI 2018; preset --supervised.
    "vecmap": {
        "method": "reweighted",
        "normalize": "unit,center,unit",
        "refinement": 0,
        "source_power": 0.5,
        "target_power": 0.5,
        "regularization": 0.0,
    },
    # Joulin et al., "Loss in Translation: Learning Bilingual Word Mapping with a Retrieval
    # Criterion", EMNLP 2018; example.sh of fastText's alignment, defaults of align.py.
    "fasttext": {
        "method": "rcsls",
        "normalize": "unit",
        "refinement": 0,
        "start": "procrustes",
        "n_steps": 10,
        "learning_rate": 25.0,
        "vocabulary": 200_000,
        "spectral": False,
    },
    # Glavas et al., "How to (Properly) Evaluate Cross-Lingual Word Embeddings", ACL 2019; PROC.
    "xling": {"method": "procrustes", "normalize": "none", "refinement": 0},
}
"""Tables of options by the name of the scheme, as in a grid file."""
