"""What a space holds, for people and for programs."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alignx.support.counts import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from alignx.alignment.space_folder.manifest import Manifest, PairRecord
    from alignx.alignment.validation import Validation
    from alignx.cli.terminal import JsonTerminal

__all__ = ["facts_of", "show", "text_of"]

FITS = ("pairwise", "star", "joint")
SHOWN = 5  # pairs of languages without a dictionary


def show(terminal: JsonTerminal, folder: Path, seconds: float | None = None) -> None:
    """Print the languages, accuracies and triangles of a space."""
    from alignx.alignment.space_folder.manifest import read_manifest

    manifest = read_manifest(folder)
    facts = facts_of(manifest)
    if seconds is not None:
        facts["seconds"] = seconds
        terminal.note(
            f"{folder}: {counted(len(manifest.languages), 'language')} in {seconds:.1f} s"
        )
    terminal.print({"version": version("alignx"), **facts}, text_of(manifest))


def facts_of(manifest: Manifest) -> dict[str, Any]:
    """Return the figures of a space for ``--json``."""
    return {
        "hub": manifest.hub,
        "method": manifest.method,
        "languages": [
            {
                **each.model_dump(mode="json", exclude={"vectors", "map"}),
                "bytes": each.vectors.bytes + each.map.bytes,
            }
            for each in manifest.languages
        ],
        "pairs": [_pair_facts(each) for each in manifest.pairs],
        "triangles": [
            {**each.model_dump(mode="json"), "error": _error(each.cycles, each.closed)}
            for each in manifest.triangles
        ],
        "apart": dict(manifest.apart),
    }


def text_of(manifest: Manifest) -> str:
    """Return the tables of a space for people."""
    languages = [("language", "words", "dimensions", "file")]
    for each in manifest.languages:
        name = f"{each.code} (hub)" if each.code == manifest.hub else each.code
        languages.append((name, f"{each.words:,}", str(each.dimension), each.name))
    measured = [pair for pair in manifest.pairs if any(getattr(pair, name) for name in FITS)]
    parts = [_table(languages, {0, 3})]
    if measured:
        rows = [("", "pairs", *FITS, "learned", "words"), *map(_pair_row, measured)]
        parts.append(["P@1 on held-out words in %, with its 95 % interval:", *_table(rows, {0})])
    parts += [list(_remarks(manifest))]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _remarks(manifest: Manifest) -> Iterator[str]:
    """Describe pairs without a dictionary, triangles, and languages that were left out."""
    for pair in manifest.pairs:
        if pair.diagnosis is not None:
            yield f"{pair.source}-{pair.target}: joined by vectors alone, {pair.diagnosis}"
    transferred = [pair for pair in manifest.pairs if pair.is_transferred]
    if transferred:
        names = [f"{pair.source}-{pair.target}" for pair in transferred]
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        yield f"without a dictionary: {shown}; {transferred[0].ranking_gain}"
    for each in manifest.triangles:
        name = "-".join((*each.languages, each.languages[0]))
        error = _error(each.cycles, each.closed)
        yield f"around {name}: {error:.1%} of {counted(each.cycles, 'word')} end at another word"
    for code, reason in manifest.apart.items():
        yield f"left out: {code} ({reason})"


def _pair_row(pair: PairRecord) -> tuple[str, ...]:
    found: list[Validation | None] = [getattr(pair, name) for name in FITS]
    asked = max(each.n for each in found if each is not None)
    gain = pair.ranking_gain
    learned = "-" if gain is None else f"{100 * gain.learned:.1f}"
    known = f"{pair.pairs:,}" if pair.pairs else "none"
    name = f"{pair.source}-{pair.target}"
    return name, known, *map(_share, found), learned, f"{asked:,}"


def _share(found: Validation | None) -> str:
    if found is None or not found.n:
        return "-"
    low, high = (100 * end for end in found.interval)
    return f"{100 * found.precision:.1f} [{low:.1f}, {high:.1f}]"


def _pair_facts(pair: PairRecord) -> dict[str, Any]:
    figures = {name: getattr(pair, name) for name in (*FITS, "diagnosis", "ranking_gain")}
    return {
        **pair.model_dump(mode="json", exclude={*figures, "file"}),
        **{name: None if each is None else each.as_dict() for name, each in figures.items()},
    }


def _error(cycles: int, closed: int) -> float:
    return 1 - closed / cycles if cycles else 0.0


def _table(rows: Sequence[Sequence[str]], names: Collection[int]) -> list[str]:
    """Align columns: those of names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.ljust(width) if place in names else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
