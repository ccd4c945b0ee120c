"""The demonstration: the whole flow on the bundled sample."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from alignx.alignment.align import align
from alignx.alignment.shared_space import SharedSpace
from alignx.datasets import load_sample
from alignx.evaluation.word_translation import evaluate
from alignx.induction.induce import induce_lexicon
from alignx.support.files import require_writable
from alignx.support.outputs import require_suffix

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.cli.terminal import Terminal

__all__ = ["run"]

SHOWN = 10


def run(terminal: Terminal, pair: str, output: Path) -> None:
    """Align, evaluate before and after, translate both ways, write a dictionary.

    Parameters
    ----------
    terminal : Terminal
        For progress.
    pair : str
        Two language codes of the sample, joined by a hyphen.
    output : path
        Where the dictionary goes.

    Raises
    ------
    ValueError
        If `pair` names no two languages of the sample.
    OutputError, FormatError
        If the dictionary cannot be written, or not as what its name says.
    """
    start = time.perf_counter()
    require_writable(output)
    require_suffix(output, "a dictionary")
    codes = pair.split("-")
    if len(codes) != 2:
        raise ValueError(f"pair must be two language codes joined by a hyphen, got {pair!r}")
    sample = load_sample(*codes)
    _say(
        f"Bundled sample: {len(sample.source):,} {codes[0]} and {len(sample.target):,} {codes[1]} "
        f"words,\n{len(sample.train):,} pairs to learn from and {len(sample.test):,} to test with."
    )
    unaligned = SharedSpace.of(sample.source, sample.target)
    before = evaluate(unaligned, sample.test)
    _say(f"\nBefore alignment: P@1 {before.csls.precision[1]:.1%} of {before.csls.n} test words.")
    with terminal.working("Aligning") as progress:
        alignment = align(
            sample.source,
            sample.target,
            lexicon=sample.train,
            progress=progress,
        )
    shared = alignment.apply(sample.source, sample.target)
    after = evaluate(shared, sample.test)
    low, high = after.csls.interval
    _say(
        f"After alignment:  P@1 {after.csls.precision[1]:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}), P@5 {after.csls.precision[5]:.1%}."
    )
    test = sample.test.translations()
    back = sample.test.reversed().translations()
    for space, words in ((shared, list(test)), (shared.reversed(), list(back))):
        _say(f"\n{' -> '.join(space)}, words that it has not learned from:")
        for word, answers in zip(words, space.translate(words[:SHOWN], 3), strict=False):
            _say(f"  {word:15} {', '.join(answer.word for answer in answers)}")
    lexicon = induce_lexicon(shared)
    lexicon.save(output)
    seconds = time.perf_counter() - start
    _say(f"\n{output}: a dictionary of {len(lexicon):,} pairs, with CSLS and probability.")
    _say(f"Done in {seconds:.1f} s. Next: alignx align --help")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
