from __future__ import annotations

import pytest
from command_line import fail, misuse, succeed

from alignx.lexicon.lexicon import Lexicon


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_the_whole_workflow() -> None:
    done = succeed("demo")
    assert done.err == ""
    lines = done.out.splitlines()
    before = next(line for line in lines if line.startswith("Before alignment: P@1 "))
    after = next(line for line in lines if line.startswith("After alignment:  P@1 "))
    assert float(before.split()[3].rstrip("%")) < 5
    assert float(after.split()[3].rstrip("%")) > 70
    lexicon = Lexicon.load("alignx-demo.en-es.tsv")
    assert len(lexicon) > 1_500
    assert lexicon.probabilities is not None
    assert f"alignx-demo.en-es.tsv: a dictionary of {len(lexicon):,} pairs" in done.out


@pytest.mark.usefixtures("here")
def test_pairs_that_are_not_bundled() -> None:
    assert "'xx'" in fail("demo", "--pair", "en-xx")
    assert "'en'" in misuse("demo", "--pair", "en")
