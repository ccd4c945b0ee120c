"""Command `alignx demo`: the whole workflow on the bundled sample."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from alignx.cli.command import command, option
from alignx.cli.options import refuse
from alignx.cli.report import Open, open_page
from alignx.cli.terminal import Terminal
from alignx.support.outputs import require_outputs, require_suffix

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.datasets.sample import Sample

__all__ = ["demo"]

SHOWN = 10


@command("demo --pair en-de")
def demo(
    pair: Annotated[str, option("Two of en, es, de.", metavar="CODE-CODE")] = "en-es",
    output: Annotated[
        Path | None,
        option(
            "Dictionary: .tsv, .csv, .html or another format of `alignx induce`.",
            "--output",
            "-o",
            default="alignx-demo.PAIR.tsv",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        option("Write a report too: a page with quality, dictionary and errors.", "--report"),
    ] = None,
    open_it: Open = False,
    slices: Annotated[
        Path | None,
        option(
            "Only write texts of 1900, 1950 and 2000 for `alignx drift`, into this folder.",
            metavar="FOLDER",
        ),
    ] = None,
    *,
    terminal: Terminal,
) -> None:
    """Align, evaluate, translate and write a dictionary, with bundled vectors."""
    if slices is not None:
        refuse(output is not None or page is not None, "--slices", "it takes no other output")

        from alignx.datasets.slices import write_slices

        _say("\n".join(map(str, write_slices(slices))))
        return
    codes = pair.split("-")
    refuse(len(codes) != 2, "--pair", f"give two codes joined by a hyphen, got {pair!r}")
    refuse(open_it and page is None, "--open", "it takes --report")
    output = output or Path(f"alignx-demo.{pair}.tsv")
    require_outputs({"--output": output, "--report": page}, {})
    if page is not None:
        require_suffix(page, "a page")

    from alignx.alignment.align import align
    from alignx.alignment.shared_space import SharedSpace
    from alignx.datasets.sample import load_sample
    from alignx.evaluation.word_translation import evaluate
    from alignx.induction.induce import induce_lexicon
    from alignx.lexicon.formats.write import require_savable

    require_savable(output)

    start = time.perf_counter()
    sample = load_sample(*codes)
    _say(
        f"Bundled sample: {len(sample.source):,} {codes[0]} and {len(sample.target):,} {codes[1]} "
        f"words,\n{len(sample.train):,} pairs to learn from and {len(sample.test):,} to test with."
    )
    before = evaluate(SharedSpace.of(sample.source, sample.target), sample.test)
    _say(f"\nBefore alignment: P@1 {before.csls.precision[1]:.1%} of {before.csls.n} test words.")
    with terminal.working("Aligning") as progress:
        alignment = align(sample.source, sample.target, lexicon=sample.train, progress=progress)
    shared = alignment.apply(sample.source, sample.target)
    after = evaluate(shared, sample.test)
    best = after.more.get("learned", after.csls)
    low, high = best.interval
    _say(
        f"After alignment:  P@1 {best.precision[1]:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}), P@5 {best.precision[5]:.1%}."
    )
    _show_translations(shared, sample)
    lexicon = induce_lexicon(shared)
    lexicon.save(output)
    if page is not None:
        from alignx.reporting.report import report

        with terminal.working("Reporting") as progress:
            made = report(shared, alignment=alignment, lexicon=sample.test, progress=progress)
        made.save(page)
    seconds = time.perf_counter() - start
    _say(f"\n{output}: a dictionary of {len(lexicon):,} pairs, with CSLS and probability.")
    if page is not None:
        _say(f"{page}: the report; open it in a browser.")
    _say(f"Done in {seconds:.1f} s. Next: alignx align --help")
    if open_it and page is not None:
        open_page(terminal, page)


def _show_translations(shared: SharedSpace, sample: Sample) -> None:
    """Print translations of test words in both directions."""
    tests = (sample.test, sample.test.reversed())
    for space, test in zip((shared, shared.reversed()), tests, strict=True):
        _say(f"\n{' -> '.join(space)}, test words:")
        words = list(test.translations())[:SHOWN]
        for word, answers in zip(words, space.translate(words, 3), strict=True):
            _say(f"  {word:15} {', '.join(answer.word for answer in answers)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
