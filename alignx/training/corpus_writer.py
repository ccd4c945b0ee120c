"""Tokenized text and word counts for fastText."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from alignx.support.files import reading
from alignx.support.tokenizer import cut, tokenize
from alignx.training.corpus import BLOCK_BYTES, STDIN, Findings, text_blocks
from alignx.vectors.spelling import composed, lower, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.progress import Progress
    from alignx.support.tokenizer import Tokenizer

__all__ = ["MOST_CHARACTERS", "CorpusReport", "WordCounts", "write_tokenized"]

# Whatever is longer is an address, a key or a text without spaces rather than a word; and fastText
# takes four n-grams of each of its characters.
MOST_CHARACTERS = 100
# Of about 150 bytes each.
MOST_TYPES = 3_000_000


@dataclass
class WordCounts:
    """Counts of words in bounded memory.

    Above `most` words the rarest are dropped, as in fastText's own dictionary: counts of rare
    words are then lower bounds.

    Parameters
    ----------
    most : int
        Greatest number of words held.

    Examples
    --------
    >>> counts = WordCounts()
    >>> counts.add(Counter("abracadabra"))
    >>> counts.most_common(2), counts.types
    ([('a', 5), ('b', 2)], 5)
    """

    most: int = MOST_TYPES
    counts: Counter[str] = field(default_factory=Counter)
    forgotten: int = 0
    threshold: int = 0

    def add(self, counts: Counter[str]) -> None:
        """Add the counts of some text."""
        self.counts.update(counts)
        while len(self.counts) > self.most:
            self.threshold += 1
            kept = {w: n for w, n in self.counts.items() if n > self.threshold}
            self.forgotten += len(self.counts) - len(kept)
            self.counts = Counter(kept)

    @property
    def types(self) -> int:
        """Return the number of different words, at most."""
        return len(self.counts) + self.forgotten

    def most_common(self, count: int | None = None) -> list[tuple[str, int]]:
        """Return the most frequent words and their counts."""
        return self.counts.most_common(count)

    def at_least(self, count: int) -> list[str]:
        """Return the words that occur at least `count` times."""
        return [word for word, found in self.counts.items() if found >= count]


@dataclass(frozen=True)
class CorpusReport:
    """Totals of a corpus.

    Attributes
    ----------
    files : tuple of str
        Names of the files.
    bytes : int
        Bytes of the text, unpacked.
    lines, tokens, types : int
        Lines, words, and different words.
    sentences : int
        Lines that hold words.
    invalid : int
        Bytes that are not valid UTF-8, which were replaced.
    nuls : int
        NUL bytes, which were read as spaces.
    overlong : int
        Words of more than 100 characters, which were left out.

    Examples
    --------
    >>> print(CorpusReport(("es.txt",), 2_000_000, 4_000, 300_000, 30_000, 3_900, nuls=20))
    300,000 words, 30,000 of them different, in 4,000 lines (2.0 MB); 20 NUL bytes taken for spaces
    """

    files: tuple[str, ...]
    bytes: int
    lines: int
    tokens: int
    types: int
    sentences: int
    invalid: int = 0
    nuls: int = 0
    overlong: int = 0

    def __str__(self) -> str:
        is_small = self.bytes < 100_000
        size = f"{self.bytes:,} bytes" if is_small else f"{self.bytes / 1e6:,.1f} MB"
        remarks = [
            f"{self.invalid:,} invalid bytes replaced" if self.invalid else "",
            f"{self.nuls:,} NUL bytes taken for spaces" if self.nuls else "",
            f"{self.overlong:,} words of over {MOST_CHARACTERS} characters left out"
            if self.overlong
            else "",
        ]
        return "; ".join(
            filter(
                None,
                [
                    f"{self.tokens:,} words, {self.types:,} of them different, in "
                    f"{self.lines:,} line{'' if self.lines == 1 else 's'} ({size})",
                    ", ".join(filter(None, remarks)),
                ],
            )
        )


def write_tokenized(
    files: Sequence[str],
    output: IO[bytes],
    *,
    tokenizer: Tokenizer = tokenize,
    language: str | None = None,
    block_bytes: int = BLOCK_BYTES,
    progress: Progress | None = None,
) -> tuple[CorpusReport, WordCounts]:
    r"""Write the words of texts line by line, separated by spaces.

    Words without a letter or digit and those of more than 100 characters are left out, as are lines
    without words. All are in Unicode's form NFC.

    Parameters
    ----------
    files : sequence of str
        Names of texts; ``"-"`` is standard input.
    output : binary file
        Receives the words.
    tokenizer : callable
        Splits text into words; words with white space are split again.
    language : str, optional
        Language code whose rules of lower-casing apply, if `tokenizer` is `tokenize`.
    block_bytes : int
        Bytes to read at once; a longer line reaches the tokenizer in parts.
    progress : callable, optional
        Called with the fraction read, unless a file is a pipe.

    Returns
    -------
    report : CorpusReport
    counts : WordCounts

    Raises
    ------
    FormatError
        If a file cannot be read, is truncated, or is no text.
    TypeError
        If the tokenizer gives anything but strings.

    Examples
    --------
    >>> import io, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "es.txt"
    >>> _ = path.write_text("\u00a1Hola, mundo!\n\n...\nHola")
    >>> output = io.BytesIO()
    >>> report, counts = write_tokenized([str(path)], output)
    >>> output.getvalue(), counts.most_common(1), report.lines
    (b'hola mundo\nhola\n', [('hola', 2)], 4)
    """
    sizes = [_size(path) for path in files]  # a wrong name shows before any work
    total = sum(size or 0 for size in sizes) if None not in sizes else 0
    findings, counts = Findings(), WordCounts()
    tokens = sentences = overlong = 0
    for path in files:
        is_open = False  # whether the line that is being written has words
        for block in text_blocks(path, findings, block_bytes=block_bytes):
            lines = [_words(tokenizer, line, language) for line in composed(block).split("\n")]
            found = Counter(chain.from_iterable(lines))
            unusable = {word for word in found if word not in counts.counts and not _usable(word)}
            overlong += sum(found[word] for word in unusable if len(word) > MOST_CHARACTERS)
            for word in unusable:
                del found[word]
            pieces = []
            for number, line in enumerate(lines):
                if number and is_open:
                    pieces.append("\n")
                    is_open = False
                    sentences += 1
                words = [word for word in line if word not in unusable]
                if words:
                    pieces += [" "] * is_open
                    pieces.append(" ".join(words))
                    is_open = True
            output.write("".join(pieces).encode())
            counts.add(found)
            tokens += found.total()
            if progress is not None and total:
                progress(min(findings.packed / total, 1.0))
        if is_open:
            output.write(b"\n")
            sentences += 1
    report = CorpusReport(
        tuple(files),
        findings.bytes,
        findings.lines,
        tokens,
        counts.types,
        sentences,
        findings.invalid,
        findings.nuls,
        overlong,
    )
    return report, counts


def _size(path: str) -> int | None:
    """Return the size of a file, or None for a stream."""
    if path == STDIN or Path(path).is_fifo() or Path(path).is_char_device():
        return None
    with reading(path) as file:
        return os.fstat(file.fileno()).st_size


def _words(tokenizer: Tokenizer, line: str, language: str | None) -> list[str]:
    """Split a line into words; white space within a word would break the file."""
    if not line or line.isspace():
        return []
    if tokenizer is tokenize:
        return cut(lower(line, language))
    words = tokenizer(line)
    if isinstance(words, str):
        raise TypeError(f"a tokenizer must give a list of words, got the string {words[:40]!r}")
    return words_of(" ".join(words))


def _usable(word: str) -> bool:
    """Tell whether a word has a letter or digit and is not too long."""
    return len(word) <= MOST_CHARACTERS and any(map(str.isalnum, word))
