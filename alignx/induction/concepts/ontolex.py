"""Concepts as linked data: OntoLex-Lemon in Turtle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.lexicon.formats.ontolex import iri, lexicon_lines, prefix_lines

if TYPE_CHECKING:
    import io

    from alignx.induction.concepts.table import Table

__all__ = ["write_ontolex"]


def write_ontolex(file: io.StringIO, table: Table) -> None:
    """Write a lexicon for each language, and a lexical concept for each row.

    The words of a row evoke its concept; its score is the value of the concept. IRIs are relative
    to the address of the file.
    """
    codes, rows, scores = table
    codes = [code.replace("_", "-") for code in codes]
    file.writelines(prefix_lines("lime", "ontolex", "rdf", "skos"))
    for column, code in enumerate(codes):
        file.writelines(lexicon_lines(code, dict.fromkeys(w for row in rows for w in row[column])))
    file.write("\n<#concepts> a ontolex:ConceptSet .\n")
    for number, (row, score) in enumerate(zip(rows, scores, strict=True), start=1):
        entries = [iri(code, w) for code, words in zip(codes, row, strict=True) for w in words]
        file.write(
            f"{iri('concepts', str(number))} a ontolex:LexicalConcept ; rdf:value {score:.4f} ;\n"
            "  skos:inScheme <#concepts> ;\n"
            f"  ontolex:isEvokedBy {', '.join(entries)} .\n"
        )
