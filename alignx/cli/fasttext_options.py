"""Options of `alignx train` with the names of fastText's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from alignx.cli.command import option

if TYPE_CHECKING:
    from alignx.training.parameters import FastTextParameters

__all__ = ["Parameters"]


@dataclass(frozen=True)
class Parameters:
    """Options with the names of fastText, as `alignx.FastTextParameters` takes them."""

    PANEL: ClassVar[str] = "fastText parameters"
    model: Annotated[
        Literal["skipgram", "cbow"],
        option("Predict neighbors from a word, or a word from its neighbors."),
    ] = "skipgram"
    dim: Annotated[
        int | None, option("Dimension of the vectors.", default="100, or that of --init", min=1)
    ] = None
    epoch: Annotated[
        int | None,
        option(
            "Passes over the text.",
            default="10 below 2M words, else 5; 50 with --parallel",
            min=1,
        ),
    ] = None
    minCount: Annotated[  # noqa: N815  # fastText's name
        int | None,
        option(
            "Leave out rarer words.",
            "--minCount",
            "--min-count",
            default="5, 2 with --parallel",
            min=1,
        ),
    ] = None
    minn: Annotated[int, option("Shortest character n-grams.", min=0)] = 3
    maxn: Annotated[
        int | None,
        option("Longest character n-grams; 0 for none.", default="6, 0 with --parallel", min=0),
    ] = None
    bucket: Annotated[
        int | None,
        option(
            "Number of n-gram vectors.",
            default="2 for each n-gram, up to 2,000,000 or the limit of --memory",
            min=0,
        ),
    ] = None
    lr: Annotated[
        float | None, option("Learning rate.", default="0.05, 0.025 with --init", metavar="RATE")
    ] = None
    ws: Annotated[int, option("Largest distance of neighbors.", min=1)] = 5
    neg: Annotated[int, option("Random words for each neighbor (loss ns).", min=1)] = 5
    loss: Annotated[
        Literal["ns", "hs", "softmax"],
        option("Negative sampling, hierarchical softmax or softmax."),
    ] = "ns"
    wordNgrams: Annotated[  # noqa: N815  # fastText's name
        int, option("No effect on vectors.", "--wordNgrams", "--word-ngrams", min=1)
    ] = 1
    lrUpdateRate: Annotated[  # noqa: N815  # fastText's name
        int,
        option(
            "Words between changes of the learning rate.",
            "--lrUpdateRate",
            "--lr-update-rate",
            min=1,
        ),
    ] = 100
    t: Annotated[
        float | None,
        option(
            "Subsample words with a larger share of the text.",
            default="1e-4, 1e-3 with --parallel",
            metavar="SHARE",
        ),
    ] = None
    seed: Annotated[
        int, option("Random seed; the file is reproducible with --threads 1.", min=0)
    ] = 0

    def as_fasttext(self, memory: str | None, *, bilingual: bool) -> FastTextParameters:
        """Return the parameters for `alignx.train` or `alignx.train_bilingual`."""
        from alignx.support.memory import parse_size
        from alignx.training.bilingual import BILINGUAL_DEFAULTS
        from alignx.training.parameters import FastTextParameters

        given = {name: value for name, value in vars(self).items() if value is not None}
        defaults = BILINGUAL_DEFAULTS if bilingual else {}
        size = None if memory is None else parse_size(memory)
        return FastTextParameters(**{**defaults, **given}, memory=size)
