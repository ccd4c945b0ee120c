"""Dictionaries of several pairs of languages, as FILE or SOURCE-TARGET=FILE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from alignx.cli.command import option
from alignx.support.counts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alignx.cli.options import Reading
    from alignx.cli.terminal import Terminal
    from alignx.lexicon.lexicon import Lexicon
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Dictionaries", "GivenLexicon", "assigned", "load_lexicons", "read_lexicons"]

Dictionaries = Annotated[
    list[str] | None,
    option(
        "Known translations, two words a line; repeat for more. The languages are those in the "
        "name of the file, or of its words; en-es=FILE says them.",
        "--dictionary",
        "-d",
        metavar="FILE",
    ),
]


class GivenLexicon(NamedTuple):
    """Lexicon, and its languages if they were given."""

    lexicon: Lexicon
    languages: tuple[str, str] | None


def load_lexicons(
    given: Sequence[str], reading: Reading, codes: Iterable[str]
) -> list[GivenLexicon]:
    """Load dictionaries, each given as FILE or SOURCE-TARGET=FILE."""
    from alignx.lexicon.lexicon import Lexicon

    codes = list(codes)
    parts = [_split(text, codes) for text in given]
    return [
        GivenLexicon(Lexicon.load(path, on_error=reading.on_error), pair) for pair, path in parts
    ]


def assigned(
    terminal: Terminal, given: Sequence[GivenLexicon], languages: Mapping[str, Embeddings]
) -> dict[tuple[str, str], Lexicon]:
    """Find the languages of lexicons, print them, and join those of the same languages."""
    from alignx.multilingual.lexicon_languages import assign_languages, joined_lexicons

    found = [assign_languages(each.lexicon, languages, each.languages) for each in given]
    joined = joined_lexicons(found)
    for lexicon in found:
        terminal.note(f"{'-'.join(lexicon.languages or ())}: {lexicon}")
    for pair, lexicon in joined.items():
        count = sum(each.languages in (pair, pair[::-1]) for each in found)
        if count > 1:
            size = counted(len(lexicon), "distinct pair")
            terminal.note(f"{'-'.join(pair)}: {size} in {count} files")
    return joined


def read_lexicons(
    terminal: Terminal,
    given: Sequence[str],
    reading: Reading,
    languages: Mapping[str, Embeddings],
) -> dict[tuple[str, str], Lexicon]:
    """Load dictionaries by source and target code; see `load_lexicons` and `assigned`."""
    return assigned(terminal, load_lexicons(given, reading, languages), languages)


def _split(text: str, codes: Sequence[str]) -> tuple[tuple[str, str] | None, Path]:
    """Split SOURCE-TARGET=FILE; a file may have an equals sign in its name."""
    names, mark, path = text.partition("=")
    if not mark or Path(text).exists():
        return None, Path(text)
    pairs = [
        (source, target)
        for source in codes
        for target in codes
        if source != target and names == f"{source}-{target}"
    ]
    if len(pairs) != 1 or not path:
        raise ValueError(
            f"--dictionary must be FILE or SOURCE-TARGET=FILE, with two of {', '.join(codes)}, "
            f"got {text}"
        )
    return pairs[0], Path(path)
