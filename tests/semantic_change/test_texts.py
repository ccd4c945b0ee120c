from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import fail, misuse, succeed

import alignx as ax
from alignx.datasets.slices import changed_words, slice_lines
from alignx.semantic_change import texts as texts_module

if TYPE_CHECKING:
    from pathlib import Path

FAST = ax.FastTextParameters(maxn=0, dim=20, epoch=2)


def write(folder: Path, lines: int) -> dict[str, Path]:
    texts = {name: folder / f"{name}.txt" for name in ("1900", "2000")}
    for name, path in texts.items():
        path.write_text("\n".join(slice_lines(name, lines=lines)))
    return texts


def test_texts_of_the_toy_repeat_and_hold_what_changes() -> None:
    lines = list(slice_lines("2000", lines=1_500))
    assert lines == list(slice_lines("2000", lines=1_500))
    assert lines != list(slice_lines("2000", lines=1_500, seed=1))
    words = set(" ".join(lines).split())
    assert {"internet", *changed_words()} <= words
    assert "internet" not in " ".join(slice_lines("1900", lines=1_500))
    assert list(slice_lines("1900", with_changes=False, lines=9))


@pytest.mark.slow
def test_permutations_go_on_where_they_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fasttext", reason="fasttext is not installed")
    texts = write(tmp_path, 1_500)
    monkeypatch.setattr(texts_module, "FEWEST_PERMUTATIONS", 3)  # in a third of the time
    options = {"permutations": 3, "parameters": FAST, "n_jobs": 1, "work": tmp_path / "work"}
    calls: list[float] = []

    def stop(done: float) -> None:
        calls.append(done)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ax.drift_of_texts(texts, progress=stop, **options)  # type: ignore[arg-type]
    kept = sorted((tmp_path / "work").rglob("permutation-*.npy"))
    states = [path.stat().st_mtime_ns for path in kept]
    found = ax.drift_of_texts(texts, **options)  # type: ignore[arg-type]
    assert [path.stat().st_mtime_ns for path in kept] == states
    assert len(kept) == 2
    assert found.test is not None
    assert found.test.permutations == 3
    assert (found.test.p_values > 0).all()
    assert (found.test.q_values >= found.test.p_values).all()
    assert {"p_value", "q_value"} <= set(found.to_frame())


@pytest.mark.slow
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fasttext", reason="fasttext is not installed")
    monkeypatch.chdir(tmp_path)
    assert succeed("demo", "--slices", "toy").out.split()[0] == "toy/1900.txt"
    for name in ("1900", "2000"):
        succeed("train", f"toy/{name}.txt", "-o", f"{name}.vec", "--maxn", 0, "--dim", 50)
    files = ["1900.vec", "2000.vec", "-o", "drift.tsv", "--figure", "drift.svg"]
    done = succeed("drift", *files, "--top", 10)
    assert (tmp_path / "drift.svg").read_text().count("→") == 21
    assert "No test" in done.err
    first = [line.split()[0] for line in done.out.splitlines()[1:]]
    assert len(set(first) & set(changed_words())) >= 7
    assert "it takes texts" in misuse("drift", "1900.vec", "2000.vec", "--permutations", 10)
    assert "two slices" in misuse("drift", "1900.vec")
    assert "written as .tsv" in fail(
        "drift", "toy/1900.txt", "none.txt", "--permutations", 10, "-o", "x.foo"
    )
    succeed(
        "hub",
        "a=1900.vec",
        "b=2000.vec",
        "--identical",
        "--no-ranker",
        "-o",
        "space",
        "--method",
        "reweighted",
    )
    assert "changes are underestimated" in succeed("drift", "space").err
    assert "different names" in misuse("drift", "1900.vec", "toy/1900.txt")


def test_texts_with_too_few_words(tmp_path: Path) -> None:
    pytest.importorskip("fasttext", reason="fasttext is not installed")
    texts = write(tmp_path, 20)
    with pytest.raises(ax.FormatError, match="texts must have 20 words in common that occur"):
        ax.drift_of_texts(texts, n_jobs=1)
    with pytest.raises(ValueError, match="permutations must be 0 or at least 10, got 5"):
        ax.drift_of_texts(texts, permutations=5)
