"""Languages and figures of a space, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignx.support.counts import counted
from alignx.support.tables import aligned_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alignx.alignment.space_folder.manifest import Manifest, PairRecord, TriangleRecord
    from alignx.alignment.validation import Validation

__all__ = [
    "FITS",
    "each_pair_once",
    "figures_of",
    "manifest_facts",
    "manifest_text",
    "share",
    "text_of_figures",
]

FITS = ("pairwise", "star", "joint")
SHOWN = 5  # pairs of languages without a dictionary
WORST = 10  # triangles; with many languages there are thousands


def figures_of(
    pairs: Iterable[PairRecord], triangles: Iterable[TriangleRecord], apart: Mapping[str, str]
) -> dict[str, Any]:
    """Return the figures of a fit for ``--json``."""
    return {
        "pairs": [_pair_facts(each) for each in pairs],
        "triangles": [{**each.model_dump(mode="json"), "error": each.error} for each in triangles],
        "apart": dict(apart),
    }


def text_of_figures(
    pairs: Iterable[PairRecord], triangles: Iterable[TriangleRecord], apart: Mapping[str, str]
) -> list[str]:
    """Return a table of the pairs of languages with evidence, and remarks on all others."""
    listed = each_pair_once(pairs)
    shown = [pair for pair in listed if pair.found_by != "pivot"]
    lines = []
    if shown:
        head = ("", "known", "induced", *FITS, "learned", "words")
        lines.append("P@1 on held-out words in %, with its 95 % interval:")
        lines += aligned_lines([head, *map(_pair_row, shown)], right=range(1, len(head)))
    return lines + list(_remarks(listed, triangles, apart))


def each_pair_once(pairs: Iterable[PairRecord]) -> list[PairRecord]:
    """List the two languages of each pair once, in the direction that comes first."""
    first: dict[frozenset[str], PairRecord] = {}
    for pair in pairs:
        first.setdefault(frozenset(pair.codes), pair)
    return list(first.values())


def manifest_facts(manifest: Manifest) -> dict[str, Any]:
    """Return the languages and figures of a space on disk for ``--json``."""
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
        **figures_of(manifest.pairs, manifest.triangles, manifest.apart),
    }


def manifest_text(manifest: Manifest) -> str:
    """Return the languages and figures of a space on disk as tables."""
    rows = [("language", "words", "dimensions", "file", "added", "changed")]
    for each in manifest.languages:
        name = f"{each.code} (hub)" if each.code == manifest.hub else each.code
        changed = each.changed[:10] if each.changed != each.added else ""
        counts = f"{each.words:,}", str(each.dimension)
        rows.append((name, *counts, each.name, each.added[:10], changed))
    figures = text_of_figures(manifest.pairs, manifest.triangles, manifest.apart)
    return "\n".join([*aligned_lines(rows, right=(1, 2)), *(figures and ["", *figures])])


def _remarks(
    listed: Sequence[PairRecord], triangles: Iterable[TriangleRecord], apart: Mapping[str, str]
) -> Iterator[str]:
    """Describe pairs without a dictionary, triangles, and languages that were left out."""
    for pair in listed:
        if pair.diagnosis is not None:
            yield f"{pair.source}-{pair.target}: joined by vectors alone, {pair.diagnosis}"
    without = [pair for pair in listed if pair.found_by == "pivot"]
    if without:
        names = [f"{pair.source}-{pair.target}" for pair in without]
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        gain = next((pair.ranking_gain for pair in without if pair.ranking_gain is not None), None)
        yield f"through other languages: {shown}" + ("" if gain is None else f"; {gain}")
    worst = sorted(triangles, key=lambda triangle: -triangle.error)
    for triangle in worst[:WORST]:
        name = "-".join((*triangle.languages, triangle.languages[0]))
        words = counted(triangle.cycles, "word")
        yield f"around {name}: {triangle.error:.1%} of {words} end at another word"
    if len(worst) > WORST:
        yield f"around {counted(len(worst) - WORST, 'other triangle')}: fewer"
    for code, reason in apart.items():
        yield f"left out: {code} ({reason})"


def _pair_row(pair: PairRecord) -> tuple[str, ...]:
    found: list[Validation | None] = [getattr(pair, name) for name in FITS]
    asked = max((each.n for each in found if each is not None), default=0)
    gain = pair.ranking_gain
    learned = "-" if gain is None else f"{100 * gain.learned:.1f}"
    known = f"{pair.pairs:,}" if pair.pairs else "none"
    name = f"{pair.source}-{pair.target}"
    return name, known, f"{pair.induced:,}", *map(share, found), learned, f"{asked:,}"


def share(found: Validation | None) -> str:
    """Return P@1 in percent with its interval, as text."""
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
