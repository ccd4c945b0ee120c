from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.retrieval.csls import csls_neighbors
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    import numpy as np
    from conftest import Planted
    from numpy.typing import NDArray

    from alignx.mapping import Aligner
    from alignx.support.arrays import Matrix


def learned(aligner: Aligner) -> list[Matrix]:
    return [aligner.source_map_, aligner.target_map_, aligner.source_mean_, aligner.target_mean_]


def accuracy(aligner: Aligner, planted: Planted, pairs: NDArray[np.int64]) -> float:
    """Share of pairs whose source row has the target row as its neighbor by CSLS."""
    found = csls_neighbors(
        unit_rows(aligner.transform(planted.source)),
        unit_rows(aligner.transform_target(planted.target)),
        1,
    )
    return float((found.of_source.indices[pairs[:, 0], 0] == pairs[:, 1]).mean())


def fit_on(aligner: Aligner, planted: Planted, pairs: NDArray[np.int64]) -> Aligner:
    return aligner.fit(planted.source[pairs[:, 0]], planted.target[pairs[:, 1]])
