"""Options of the search for translations, and those that exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from alignx.cli.command import option
from alignx.cli.options import refuse
from alignx.support.config import get_config
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.induction.sharded.plan import Sharding
    from alignx.retrieval.ranked import Ranking

__all__ = ["Search"]

_BY_BIAS = ("nn", "isf", "hnn")
_IN_MEMORY = "it takes --index exact, without --memory, --checkpoint and --cluster"


@dataclass(frozen=True)
class Search:
    """Options of the search."""

    PANEL: ClassVar[str] = "Large vocabularies"
    index: Annotated[
        Literal["auto", "exact", "clustered", "ivf", "hnsw", "ivfpq"],
        option("Search index; auto chooses by the size of the vocabularies."),
    ] = "auto"
    recall: Annotated[
        float | None,
        option(
            "Share of the best translations that an approximate index must find.",
            default="0.99",
            metavar="SHARE",
            min=0,
            max=1,
        ),
    ] = None
    memory: Annotated[str | None, option("Limit of memory, such as 8GB.", metavar="SIZE")] = None
    checkpoint: Annotated[
        Path | None,
        option(
            "Folder of finished shards, to resume from after an interrupt.",
            default="OUTPUT.shards, for large vocabularies",
            metavar="FOLDER",
        ),
    ] = None
    cluster: Annotated[
        str | None, option("Search on a Dask cluster, such as tcp://HOST:8786.", metavar="ADDRESS")
    ] = None
    seed: Annotated[int, option("Random seed of approximate indexes.", min=0)] = 0

    @property
    def in_files(self) -> bool:
        """Whether the options ask for a search out of core."""
        given = (self.memory, self.checkpoint, self.cluster)
        return self.index not in ("auto", "exact") or any(value is not None for value in given)

    def sharding(self, folder: Path, memory: int | None) -> Sharding:
        """Return the options as `alignx.induce_lexicon` takes them."""
        from alignx.induction.sharded.plan import Sharding

        return Sharding(
            index=self.index,
            recall=0.99 if self.recall is None else self.recall,
            memory=memory,
            checkpoint=folder,
            keep_checkpoint=True,
            cluster=self.cluster,
            random_state=self.seed,
        )

    def require_packages(self) -> None:
        """Refuse a search whose packages are not installed."""
        needs = {}
        if self.index in ("ivf", "hnsw", "ivfpq"):
            needs["--index ivf, hnsw or ivfpq"] = "faiss"
        if self.cluster is not None:
            needs["--cluster"] = "distributed"
        require_packages(needs)

    def require_compatible(
        self,
        in_memory_only: Mapping[str, object],
        ranking: Ranking | None,
        n_neighbors: int | None,
    ) -> None:
        """Refuse options that exclude each other; the first are searched in memory."""
        refuse(
            self.recall is not None and self.index == "exact",
            "--recall",
            "approximate indexes take it, and --index exact finds all; leave it out",
        )
        for name, value in {**in_memory_only, "--device": get_config().device}.items():
            refuse(self.in_files and value is not None, name, _IN_MEMORY)
        if ranking in _BY_BIAS:
            refuse(self.in_files, "--ranking", f"for {ranking}, {_IN_MEMORY}")
            refuse(n_neighbors is not None, "--neighbors", f"CSLS uses it, and {ranking} does not")

    def require_sharding(self, ranking: Ranking | None) -> None:
        """Refuse options that a search shard by shard, which large vocabularies take, has not."""
        refuse(get_config().device is not None, "--device", _IN_MEMORY)
        refuse(
            ranking in _BY_BIAS,
            "--ranking",
            f"large vocabularies take learned or csls, got {ranking}",
        )
