from __future__ import annotations

import gzip
import pickle
from typing import TYPE_CHECKING

import pytest

from alignx.errors import FormatError, MissingFileError
from alignx.parallel_text.sentence_pairs import SentencePairs

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path, source: str, target: str) -> tuple[Path, Path]:
    paths = folder / "en.txt", folder / "es.txt"
    for path, text in zip(paths, (source, target), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_two_files_are_read_line_by_line_without_empty_pairs(tmp_path: Path) -> None:
    found = SentencePairs.load(
        *files(tmp_path, "A cat.\r\n \nA dog.\nx\n", "Un gato.\ny\nUn perro.\n\n")
    )
    assert found.source == ("A cat.", "A dog.")
    assert found.target == ("Un gato.", "Un perro.")
    assert found.skipped == 2
    assert str(found).endswith("es.txt: 2 sentence pairs; 2 empty ones skipped")
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_table_is_read_by_its_tab(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv.gz"
    path.write_bytes(gzip.compress(b"A cat.\tUn gato.\n\nA dog.\tUn perro.\n"))
    found = SentencePairs.load(path)
    assert (found.target, found.skipped) == (("Un gato.", "Un perro."), 1)
    path.write_bytes(gzip.compress(b"A cat.\tUn gato.\nA dog.\n"))
    with pytest.raises(FormatError, match=r"pairs.tsv.gz:2: a line must hold two .* got 1 cell"):
        SentencePairs.load(path)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a\nb\n", "c\n", r"es.txt: line i must translate .* has 2, this one 1"),
        ("a\n\n", "\nb\n", "en.txt, es.txt: at least one pair of sentences is needed, got none"),
        ("", "", "got none"),
        (
            "a b\nc\nd\n",
            "a b\nc \ne\n",
            "but 2 of 3 are the same in both; is it",
        ),
    ],
)
def test_files_that_do_not_match_are_refused(
    source: str, target: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=message):
        SentencePairs.load(*files(tmp_path, source, target))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none.txt"):
        SentencePairs.load(tmp_path / "none.txt")


def test_a_value_takes_lists_of_equal_length() -> None:
    with pytest.raises(ValueError, match="as many sentences, got 2 and 1"):
        SentencePairs(["a", "b"], ["c"])
    with pytest.raises(TypeError, match="source must be a sequence of strings, got the string"):
        SentencePairs("a", "b")
    # Names and numbers may be the same in both languages.
    assert len(SentencePairs(["Tom", "I see."], ["Tom", "Ya veo."])) == 2
