"""Change of meaning between texts of several times, with a permutation test."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.semantic_change.permutation_test import FEWEST_PERMUTATIONS, permutation_test
from alignx.semantic_change.slices import FEWEST_WORDS, N_NEIGHBORS, ranked, scores_of
from alignx.support.arguments import require_whole
from alignx.support.config import config_context
from alignx.support.files import output_errors, replacing
from alignx.support.parallel import as_completed
from alignx.training.corpus_writer import write_tokenized
from alignx.training.parameters import FastTextParameters
from alignx.training.train import train
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.semantic_change.result import Drift
    from alignx.support.arrays import Double
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress
    from alignx.training.corpus_writer import WordCounts
    from alignx.vectors.embeddings import Embeddings

__all__ = ["drift_of_texts"]

FEWEST_USES = 20
# Whole words: vectors of character n-grams follow the spelling, which does not change. On the
# bundled slices 50 dimensions rank the changed words better than 100, in half of the time.
PARAMETERS = FastTextParameters(maxn=0, dim=50)


def drift_of_texts(
    texts: Mapping[str, StrPath],
    *,
    permutations: int = 99,
    parameters: FastTextParameters | None = None,
    n_neighbors: int = N_NEIGHBORS,
    n_jobs: int | None = None,
    seed: int = 0,
    work: StrPath | None = None,
    progress: Progress | None = None,
) -> Drift:
    """Train vectors of each text, rank words by their change, and test it by permutations.

    Parameters
    ----------
    texts : mapping of str to path
        Text of each slice, the earliest first, as `alignx.train` takes it. A line is the unit that
        the permutations move, so let it be a document, or a sentence if these are independent.
    permutations : int
        Times that the lines of the first and the last slice are shuffled between them, trained and
        compared; 0 for no test, or else at least 10.
    parameters : FastTextParameters, optional
        Parameters of the training. Default: 50 dimensions, without character n-grams.
    n_neighbors : int
        Neighbors in each slice whose similarities are compared.
    n_jobs : int, optional
        Trainings at the same time, one thread each. Default: one for each core.
    seed : int
        Seed of the permutations and the trainings.
    work : path, optional
        Folder that keeps what is done, so that an interrupted call goes on. Default: none.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    Drift
        Words that occur at least 20 times in each slice, with p-values and q-values.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.
    FormatError
        If a text cannot be read, or the texts have fewer than 20 such words in common.
    OutputError, MissingDependencyError, TrainingError
        As `alignx.train` raises them.

    Notes
    -----
    Without any change of meaning the lines of both slices are exchangeable, so shuffled slices
    show how much words differ by chance: by their frequency, by the choice of texts and by the
    random numbers of the training. Takes ``2 * (permutations + 1)`` trainings, and the memory of
    `n_jobs` of them.

    References
    ----------
    Dubossarsky et al., "Time-Out: Temporal Referencing for Robust Modeling of Lexical Semantic
    Change", ACL 2019.
    """
    for name, value in {"permutations": permutations, "n_neighbors": n_neighbors}.items():
        require_whole(value, name)
    if permutations and permutations < FEWEST_PERMUTATIONS:
        raise ValueError(f"permutations must be 0 or at least 10, got {permutations}")
    if len(texts) < 2:
        raise ValueError(f"texts must be at least 2, got {len(texts)}")
    used = parameters or PARAMETERS
    with tempfile.TemporaryDirectory(prefix="alignx-") if work is None else nullcontext(work) as at:
        with output_errors(at):
            Path(at).mkdir(parents=True, exist_ok=True)
            files, lines, counts = _tokenize(texts, Path(at))
        words = _frequent(counts, used.minCount)
        if len(words) < (least := max(FEWEST_WORDS, n_neighbors + 1)):
            problem = (
                f"texts must have {least} words in common that occur at least {FEWEST_USES} times "
                f"in each, got {len(words)}"
            )
            raise FormatError(list(texts.values())[-1], problem)
        folder = _folder_of(Path(at), files, (asdict(used), n_neighbors, seed))
        slices = _train_slices(files, folder, used, seed, n_jobs)
        found = ranked(dict(zip(texts, slices, strict=True)), words, n_neighbors)
        if not permutations:
            return found
        ends = (files[0], files[-1]), (lines[0], lines[-1])
        calls = [
            (number, *ends, str(folder), used, seed, words, n_neighbors)
            for number in range(1, permutations + 1)
        ]
        permuted = np.empty((permutations, len(words)))
        for done, (at_row, scores) in enumerate(
            as_completed(_permutation, calls, n_jobs=n_jobs), 1
        ):
            permuted[at_row] = scores
            if progress is not None:
                progress(done / permutations)
    index = {word: row for row, word in enumerate(words)}
    order = [index[word] for word in found.words]
    return replace(found, test=permutation_test(found.scores, permuted[:, order]))


def _tokenize(
    texts: Mapping[str, StrPath], folder: Path
) -> tuple[list[str], list[int], list[WordCounts]]:
    """Write the words of each text, and return the files, their lines, and counts of words."""
    files, lines, counts = [], [], []
    for number, path in enumerate(texts.values()):
        name = str(folder / f"slice-{number}.txt")
        with replacing(name, "wb") as file:
            report, count = write_tokenized([str(path)], file)
        files.append(name)
        lines.append(report.sentences)
        counts.append(count)
    return files, lines, counts


def _frequent(counts: Sequence[WordCounts], min_count: int) -> list[str]:
    """Return words that occur often enough in each slice, and so in permuted ones."""
    least = max(FEWEST_USES, min_count)
    shared = set(counts[0].at_least(least)).intersection(*(c.at_least(least) for c in counts[1:]))
    total = {word: sum(count.counts[word] for count in counts) for word in shared}
    return sorted(shared, key=lambda word: (-total[word], word))


def _folder_of(folder: Path, files: Sequence[str], settings: tuple[Any, ...]) -> Path:
    """Make a folder whose name tells the texts and settings, so that results fit them."""
    digest = sha256(repr(settings).encode())
    for name in files:
        with Path(name).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    inside = folder / digest.hexdigest()[:16]
    inside.mkdir(exist_ok=True)
    return inside


def _train_slices(
    files: Sequence[str],
    folder: Path,
    parameters: FastTextParameters,
    seed: int,
    n_jobs: int | None,
) -> list[Embeddings]:
    """Train each slice, unless that was done."""
    outputs = [str(folder / f"slice-{number}.vec") for number in range(len(files))]
    calls = [
        (file, output, parameters, seed + number)
        for number, (file, output) in enumerate(zip(files, outputs, strict=True))
        if not Path(output).exists()
    ]
    for _ in as_completed(_train, calls, n_jobs=n_jobs):
        pass
    return [load(output, language="und") for output in outputs]


def _train(text: str, output: str, parameters: FastTextParameters, seed: int) -> Embeddings:
    """Train with one thread, as many run at once and results should repeat."""
    with config_context(n_threads=1):
        used = replace(parameters, seed=(seed + 1) % 2**31)
        return train(text, output, parameters=used, tokenizer=str.split, language="und")


def _permutation(
    number: int,
    files: tuple[str, str],
    lines: tuple[int, int],
    folder: str,
    parameters: FastTextParameters,
    seed: int,
    words: Sequence[str],
    n_neighbors: int,
) -> Double:
    """Shuffle lines between two slices, and return the scores of the words, NaN for rare ones."""
    kept = Path(folder) / f"permutation-{number}.npy"
    if kept.exists():
        scores: Double = np.load(kept, allow_pickle=False)
        return scores
    is_first = np.arange(sum(lines)) < lines[0]
    np.random.default_rng([seed, number]).shuffle(is_first)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        parts = [Path(own) / "first.txt", Path(own) / "last.txt"]
        _deal(files, is_first.tolist(), parts)
        trained = [
            _train(str(part), str(part.with_suffix(".vec")), parameters, seed + 2 * number + side)
            for side, part in enumerate(parts)
        ]
    there = [row for row, word in enumerate(words) if all(word in each for each in trained)]
    scores = np.full(len(words), np.nan)
    change = scores_of(trained[0], trained[1], [words[row] for row in there], n_neighbors)
    scores[there] = change.score
    with replacing(kept, "wb") as file:
        np.save(file, scores)
    return scores


def _deal(files: Sequence[str], is_first: Sequence[bool], parts: Sequence[Path]) -> None:
    """Write each line to one of two files."""
    with parts[0].open("wb") as first, parts[1].open("wb") as last:
        number = 0
        for name in files:
            with Path(name).open("rb") as source:
                for line in source:
                    (first if is_first[number] else last).write(line)
                    number += 1
