"""Command `alignx align`: a map between two languages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from alignx.cli.command import command, option
from alignx.cli.log import logging_to
from alignx.cli.options import LanguagePair, Neighbors, TableOptions, refuse, require_at_most
from alignx.cli.seed_pairs import SeedPairs, read_seed_pairs
from alignx.cli.terminal import Bar, JsonTerminal, Terminal
from alignx.support.counts import counted
from alignx.support.outputs import require_outputs, require_suffix
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.support.progress import Log

__all__ = ["Method", "MethodOptions", "Preset", "align"]

Method = Literal[
    "auto",
    "procrustes",
    "cca",
    "least_squares",
    "reweighted",
    "rcsls",
    "contrastive",
    "ensemble",
    "self_learning",
    "adversarial",
]
Preset = Literal["fast", "muse"]
# Options whose name is not that of the parameter.
OPTIONS = {"n_components": "--components", "n_jobs": "--jobs", "random_state": "--seed"}


@dataclass(frozen=True)
class MethodOptions:
    """Options that some methods have, by their parameters."""

    PANEL: ClassVar[str] = "Options of methods"
    n_components: Annotated[
        int | None,
        option(
            "Directions to keep (cca, reweighted, self_learning).",
            "--components",
            default="cca: half, reweighted: all, self_learning: 100",
        ),
    ] = None
    regularization: Annotated[
        float | None,
        option(
            "Share of the mean variance to add to each direction (cca, least_squares, reweighted, "
            "rcsls, contrastive).",
            metavar="R",
        ),
    ] = None
    preset: Annotated[
        Preset | None,
        option("Training schedule (adversarial): ours, or the published one.", default="fast"),
    ] = None
    restarts: Annotated[
        int | None,
        option(
            "Largest number of trainings (adversarial).",
            default="3",
            min=1,
        ),
    ] = None
    n_jobs: Annotated[
        int | None,
        option("Trainings at the same time (adversarial).", "--jobs", default="1", min=1),
    ] = None
    checkpoint: Annotated[
        Path | None,
        option("Name of files to resume from after an interrupt (adversarial).", metavar="NAME"),
    ] = None
    random_state: Annotated[
        int | None,
        option("Random seed (auto, self_learning, adversarial).", "--seed", default="0", min=0),
    ] = None

    def estimator(self, method: Method) -> Any:  # noqa: ANN401  # of several classes
        """Make the method object, and refuse options that it does not have."""
        from alignx.alignment.methods import METHODS

        estimator = METHODS[method]()
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        given = {name: value for name, value in given.items() if value is not None}
        for name in given:
            refuse(
                name not in estimator.get_params(),
                OPTIONS.get(name, f"--{name}"),
                f"method {method} has no such option; leave it out",
            )
        return estimator.set_params(**given)


@command(
    "align en.vec es.vec -d en-es.train.txt -o en-es.safetensors",
    settings=("threads", "device"),
    first=("output", "dictionary", "unsupervised", "method", "limit"),
)
def align(
    files: LanguagePair,
    output: Annotated[Path, option("Map, .safetensors.", "--output", "-o")],
    method: Annotated[
        Method | None,
        option(
            f"Method: {', '.join(get_args(Method))}.",
            default="auto with pairs, self_learning without",
            metavar="METHOD",
        ),
    ] = None,
    self_learning: Annotated[bool, option("Short for --method self_learning.")] = False,
    normalize: Annotated[
        str | None,
        option(
            "Steps from unit, center, project, joined by commas; or iterative; or none; or "
            "linear, for a map that `alignx apply` can use on a fastText model (.bin).",
            default="unit,center,unit",
            metavar="STEPS",
        ),
    ] = None,
    refinement: Annotated[int, option("Rounds of refitting on induced pairs.", min=0)] = 5,
    vocabulary: Annotated[
        int, option("Most frequent words among which refinement induces pairs.", min=1)
    ] = 20_000,
    n_neighbors: Neighbors = None,
    no_ranker: Annotated[
        bool, option("Leave out the learned ranking and its probabilities.", "--no-ranker")
    ] = False,
    allow_failed: Annotated[bool, option("Keep a map that has failed its check.")] = False,
    log_file: Annotated[Path | None, option("Log of the rounds, as JSON lines.", "--log")] = None,
    *,
    seed_pairs: SeedPairs,
    table: TableOptions,
    options: MethodOptions,
    terminal: JsonTerminal,
) -> None:
    """Learn a map between two languages.

    It learns from a dictionary, from words that both languages share, or without any pairs.
    """
    seed_pairs.require_one()
    table.require_dictionary(seed_pairs.dictionary)
    name = _method_name(method, seed_pairs, self_learning=self_learning)
    if name == "adversarial":
        require_packages({"adversarial training": "torch"})
    estimator = options.estimator(name)

    from alignx.alignment.align import align as fit
    from alignx.errors import AlignmentFailed
    from alignx.mapping import Refinement
    from alignx.vectors.normalizer import parse_steps

    start = time.perf_counter()
    steps: Any = normalize if normalize in (None, "linear") else parse_steps(normalize)
    inputs = {"SOURCE": files.source, "TARGET": files.target, **seed_pairs.files}
    _require_outputs(output, log_file, options.checkpoint, estimator, inputs)
    pairs, languages = read_seed_pairs(terminal, files, seed_pairs, table)
    require_at_most(n_neighbors, min(map(len, languages)), "--neighbors")
    seed = estimator.get_params().get("random_state")
    answer: dict[str, Any] = {"version": version("alignx"), "method": name, "seed": seed}
    try:
        with terminal.working("Aligning") as bar, _log(log_file, bar, answer) as log:
            alignment = fit(
                *languages,
                lexicon=pairs,
                method=estimator,
                normalize=steps,
                refinement=Refinement(
                    rounds=refinement, vocabulary=vocabulary, n_neighbors=n_neighbors
                ),
                ranker=not no_ranker,
                allow_failed=allow_failed,
                progress=bar,
                log=log,
            )
    except AlignmentFailed as error:
        if terminal.as_json:
            seconds = time.perf_counter() - start
            terminal.print({**answer, "seconds": seconds, "failed": True, **_validation(error)})
        raise
    alignment.save(output)
    answer["seconds"] = time.perf_counter() - start
    if terminal.as_json:
        terminal.print({**answer, **_facts(alignment, is_linear=steps == "linear")})
    else:
        _note(terminal, alignment, is_linear=steps == "linear")
        known = "no pairs" if pairs is None else counted(len(pairs), "pair")
        origin = known if pairs is None else f"{alignment.pairs:,} of {known}"
        terminal.note(f"{output}: {name} from {origin} in {answer['seconds']:.1f} s")


def _method_name(method: Method | None, seed_pairs: SeedPairs, *, self_learning: bool) -> Method:
    refuse(
        self_learning and method not in (None, "self_learning"),
        "--self-learning",
        f"it means --method self_learning, got --method {method}",
    )
    if method is not None:
        return method
    return "self_learning" if self_learning or seed_pairs.unsupervised else "auto"


def _require_outputs(
    output: Path,
    log_file: Path | None,
    checkpoint: Path | None,
    estimator: Any,  # noqa: ANN401  # of several classes
    inputs: dict[str, Path | list[Path] | None],
) -> None:
    """Refuse outputs over inputs, in missing folders, or with the name of another format."""
    unfinished = []
    if checkpoint is not None:
        from alignx.alignment.unsupervised.adversarial import checkpoint_name

        unfinished = [checkpoint_name(checkpoint, i) for i in range(estimator.restarts)]
    require_outputs({"--output": output, "--log": log_file, "--checkpoint": unfinished}, inputs)
    require_suffix(output, "a map")
    if log_file is not None:
        require_suffix(log_file, "a log")


@contextmanager
def _log(path: Path | None, bar: Bar | None, answer: dict[str, Any]) -> Iterator[Log]:
    """Write log facts to a file and the bar, and keep some for the answer."""
    with logging_to(path, bar) as write:

        def log(facts: dict[str, Any]) -> None:
            if facts["stage"] in ("selection", "diagnosis"):
                answer[facts["stage"]] = {k: v for k, v in facts.items() if k != "stage"}
            write(facts)

        yield log


def _validation(error: Any) -> dict[str, Any]:  # noqa: ANN401  # AlignmentFailed
    from alignx.alignment.validation import Validation

    found = error.diagnosis
    return {"validation": found.as_dict()} if isinstance(found, Validation) else {}


def _facts(alignment: Alignment, *, is_linear: bool) -> dict[str, Any]:
    """Return the figures of an alignment for programs."""
    rounds = [vars(each) for each in alignment.rounds]
    validation, cost = alignment.validation, alignment.linear_cost
    gain = alignment.ranking_gain
    return {
        "criterion": rounds[-1]["criterion"] if rounds else None,
        "rounds": rounds,
        "pairs": alignment.pairs,
        "strategy": alignment.strategy,
        "failed": alignment.failed,
        "validation": None if validation is None else validation.as_dict(),
        "ranking_gain": None if gain is None else gain.as_dict(),
        "linear": cost.as_dict() if cost is not None else {} if is_linear else None,
    }


def _note(terminal: Terminal, alignment: Alignment, *, is_linear: bool) -> None:
    """Print the figures of an alignment for people."""
    if alignment.strategy is not None:
        terminal.note(f"chosen: {alignment.strategy} (--json lists all strategies)")
    for each in alignment.rounds:
        size = counted(each.pairs, "pair")
        terminal.note(f"round {each.round}: {size}, mean cosine {each.criterion:.3f}")
    verdict = "FAILED, kept as asked" if alignment.failed else "worked"
    if alignment.diagnosis is not None:
        terminal.note(f"{verdict}: {alignment.diagnosis}")
    if alignment.validation is not None and alignment.validation.decided:
        terminal.note(f"{verdict}: {alignment.validation}")
    if alignment.ranking_gain is not None:
        kept = "" if alignment.ranker is not None else "left out: "
        terminal.note(f"ranking: {kept}{alignment.ranking_gain}")
    if is_linear:
        cost = alignment.linear_cost
        unknown = "cost not measured; `alignx evaluate` measures it with a test dictionary"
        terminal.note(f"linear: {unknown if cost is None else cost}")
