"""What a space holds, for people and for programs."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alignx.support.counts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alignx.alignment.space_folder.manifest import Manifest, PairRecord
    from alignx.alignment.validation import Validation
    from alignx.cli.terminal import JsonTerminal

__all__ = ["facts_of", "show", "text_of"]

FITS = ("pairwise", "star", "joint")
ORIGINS = {"self_learning": "no dictionary", "pivot": "through others"}


def show(terminal: JsonTerminal, folder: Path, seconds: float | None = None) -> None:
    """Print the languages, accuracies and triangles of a space."""
    from alignx.alignment.space_folder.manifest import read_manifest

    manifest = read_manifest(folder)
    facts = facts_of(manifest)
    if seconds is not None:
        facts["seconds"] = seconds
        terminal.note(f"{folder}: {counted(len(manifest.languages), 'language')} in {seconds:.1f} s")
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
    parts = [_table(languages)]
    if any(_is_shown(pair) for pair in manifest.pairs):
        head = ("P@1 by CSLS, %", "pairs", *FITS, "words asked")
        rows = [_pair_row(pair) for pair in manifest.pairs if _is_shown(pair)]
        parts.append(_table([head, *rows]))
    lines = [
        f"{'-'.join(each.languages)}: {_error(each.cycles, each.closed):.1%} of "
        f"{counted(each.cycles, 'cycle')} end at another word"
        for each in manifest.triangles
    ]
    lines += [f"{code} left out: {reason}" for code, reason in manifest.apart.items()]
    return "\n\n".join(["\n".join(part) for part in [*parts, lines] if part]) + "\n"


def _is_shown(pair: PairRecord) -> bool:
    """Whether there is evidence of two languages, or a figure."""
    return bool(pair.pairs or pair.induced or any(getattr(pair, name) for name in FITS))


def _pair_row(pair: PairRecord) -> tuple[str, ...]:
    found: list[Validation | None] = [getattr(pair, name) for name in FITS]
    asked = next((each.n for each in reversed(found) if each is not None), 0)
    origin = ORIGINS.get(pair.found_by, f"{pair.pairs:,}")
    shares = map(_share, found)
    return f"{pair.source}-{pair.target}", origin, *shares, f"{asked:,}" if asked else "-"


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


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns: the first and a last one of names to the left, numbers to the right."""
    return list(_aligned(rows))


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    is_name = [(i in (0, 3) and rows[0][-1] == "file") or i == 0 for i in range(len(widths))]
    for row in rows:
        cells = [
            text.ljust(width) if left else text.rjust(width)
            for text, width, left in zip(row, widths, is_name, strict=True)
        ]
        yield "  ".join(cells).rstrip()
