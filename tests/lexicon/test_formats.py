"""Dictionaries in other formats, read back by other programs."""

from __future__ import annotations

import csv
import errno
import functools
import json
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alignx.errors import FormatError, MissingDependencyError, OutputError
from alignx.lexicon.formats.write import FORMATS, files_of, require_savable
from alignx.lexicon.lexicon import Lexicon
from alignx.support import outputs, packages

if TYPE_CHECKING:
    from pathlib import Path
from types import SimpleNamespace

etree = pytest.importorskip("lxml.etree")
html = pytest.importorskip("lxml.html")
feather = pytest.importorskip("pyarrow.feather")
pystardict = pytest.importorskip("pystardict")
rdflib = pytest.importorskip("rdflib")

WORDS = (
    "cat", "Cat", "CAT", 'say "no"', "R&D", "<b>", "a|b", "a,b", "a;b", "a*b_c", "New York",
    "a\N{NO-BREAK SPACE}b", "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}", "été",
    "e\N{COMBINING ACUTE ACCENT}te", "\N{PARTY POPPER}", "naïve", "$1", ":-)", "~x~", "[x](y)",
    "x" * 200, "%41/#?", "'", "\\n", "`x`", "&amp;", "日本", "ñ", "z", "Zoo", "#", "-", "=1+1",
    "]]>", "--",
)  # fmt: skip
LEXICON = Lexicon(
    [(word, f"{word}{i}") for i, word in enumerate(WORDS)] + [("cat", "gato"), ("cat", "gata")],
    scores=np.linspace(-1, 1, len(WORDS) + 2),
    probabilities=np.linspace(0, 1, len(WORDS) + 2),
    languages=("en", "es"),
)
PLAIN = Lexicon([("cat", "gato"), ("dog", "perro"), ("cat", "gata")])

# Words of any printable characters; other characters are refused or tested below.
ODD = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn"]), min_size=1, max_size=60
).filter(str.strip)
PAIRS = st.lists(st.tuples(ODD, ODD), min_size=1, max_size=12, unique=True)
check = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def odd(test: Any) -> Any:  # noqa: ANN401  # a function
    """Try a test with odd words of ours, and with those of hypothesis."""
    return check(given(PAIRS)(example(list(LEXICON.pairs))(test)))


def saved(folder: Path, name: str, lexicon: Any, **options: Any) -> Path:  # noqa: ANN401
    given = lexicon if isinstance(lexicon, Lexicon) else Lexicon(lexicon, languages=("en", "es"))
    given.save(folder / name, **options)
    return folder / name


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.slow
@odd
def test_csv_by_the_csv_module_and_pandas(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    path = saved(tmp_path, "a.csv", pairs)
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["source", "target"], *map(list, pairs)]
    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert list(frame.itertuples(index=False, name=None)) == pairs


def test_csv_with_numbers(tmp_path: Path) -> None:
    frame = pd.read_csv(saved(tmp_path, "a.csv", LEXICON))
    assert list(frame) == ["source", "target", "score", "probability"]
    np.testing.assert_allclose(frame["score"], np.asarray(LEXICON.scores), atol=1e-4)
    np.testing.assert_allclose(frame["probability"], np.asarray(LEXICON.probabilities), atol=1e-4)


@odd
def test_groups_of_csv_and_tsv(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    lexicon = Lexicon(pairs)
    with saved(tmp_path, "a.csv", lexicon, grouped=True).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    found = {
        source: next(csv.reader([cell], delimiter=";", skipinitialspace=True))
        for source, cell in rows
    }
    stripped = {
        source: [target.lstrip(" ") for target in targets]
        for source, targets in lexicon.translations().items()
    }
    assert {s: [t.lstrip(" ") for t in targets] for s, targets in found.items()} == stripped


def test_groups_of_every_kind(tmp_path: Path) -> None:
    def text(suffix: str) -> str:
        return saved(tmp_path, f"a.{suffix}", PLAIN, grouped=True).read_text(encoding="utf-8")

    assert text("tsv") == "cat\tgato; gata\ndog\tperro\n"
    assert text("csv") == "source,target\ncat,gato; gata\ndog,perro\n"
    assert text("md").splitlines()[2:] == ["| cat | gato, gata |", "| dog | perro |"]
    assert "<tbody>\n<tr><td" in text("html")
    assert [json.loads(line) for line in text("jsonl").splitlines()] == [
        {"source": "cat", "target": ["gato", "gata"]},
        {"source": "dog", "target": ["perro"]},
    ]
    numbered = saved(tmp_path, "b.jsonl", LEXICON, grouped=True).read_text(encoding="utf-8")
    assert json.loads(numbered.splitlines()[0])["probability"] == [0, 0.973, 1]


@odd
def test_markdown_as_a_parser_renders_it(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    text = saved(tmp_path, "a.md", pairs).read_text(encoding="utf-8")
    page = html.fromstring(MarkdownIt("commonmark").enable("table").render(text))
    cells = [[cell.text_content() for cell in row] for row in page.iter("tr")]
    assert cells[0] == ["en", "es"]
    assert cells[1:] == [[word.strip() for word in pair] for pair in pairs]


@odd
def test_html_as_a_browser_parses_it(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    path = saved(tmp_path, "a.html", pairs)
    page = html.parse(str(path), html.HTMLParser(encoding="utf-8")).getroot()
    cells = [[cell.text_content() for cell in row] for row in page.iter("tr")]
    assert cells == [["en", "es"], *map(list, pairs)]
    assert {cell.get("lang") for cell in page.iter("td")} == {"en", "es"}
    path = saved(tmp_path, "b.html", pairs, grouped=True)
    page = html.parse(str(path), html.HTMLParser(encoding="utf-8")).getroot()
    words = {
        row[0].text_content(): [each.text_content() for each in row[1]]
        for row in page.find(".//tbody")
    }
    assert words == Lexicon(pairs).translations()


@pytest.mark.slow
@odd
def test_arrow_in_memory_and_in_files(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    lexicon = Lexicon(pairs, scores=np.arange(len(pairs)) / 7)
    table = lexicon.to_arrow()
    assert table.to_pydict() == {
        "source": [s for s, _ in pairs], "target": [t for _, t in pairs],
        "score": list(np.arange(len(pairs)) / 7),
    }  # fmt: skip
    assert feather.read_table(saved(tmp_path, "a.feather", lexicon)).equals(table)
    assert feather.read_table(saved(tmp_path, "a.arrow", lexicon)).equals(table)
    frame = pd.read_parquet(saved(tmp_path, "a.parquet", lexicon))
    pd.testing.assert_frame_equal(frame, lexicon.to_frame())


# --- StarDict ---------------------------------------------------------------------------------


def stardict_order(one: str, other: str) -> int:
    """Compare as stardict_strcmp: g_ascii_strcasecmp, then strcmp."""

    def lower(text: str) -> list[int]:
        return [byte + 32 if 65 <= byte <= 90 else byte for byte in text.encode()]

    pairs = (lower(one), lower(other)), (list(one.encode()), list(other.encode()))
    return next(((a > b) - (a < b) for a, b in pairs if a != b), 0)


@odd
def test_stardict_by_pystardict(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    path = saved(tmp_path, "en-es.ifo", pairs)
    dictionary = pystardict.Dictionary(str(path.with_suffix("")), in_memory=True)
    lexicon = Lexicon(pairs)
    for source, targets in lexicon.translations().items():
        assert dictionary[source] == "\n".join(targets)
    assert dictionary.ifo.wordcount == len(lexicon.translations())
    assert dictionary.ifo.bookname == "en-es"
    index = path.with_suffix(".idx").read_bytes()
    words = [found[1].decode() for found in re.finditer(rb"([^\0]+)\0.{8}", index, re.DOTALL)]
    assert words == sorted(lexicon.translations(), key=functools.cmp_to_key(stardict_order))
    assert f"idxfilesize={len(index)}\n" in path.read_text(encoding="utf-8")


def test_the_files_of_stardict_appear_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, "a.ifo", PLAIN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dict", "a.idx", "a.ifo"]
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    # Not in the module struct itself, by which processes of pytest talk to each other.
    monkeypatch.setattr("alignx.lexicon.formats.stardict.struct", SimpleNamespace(pack=full))
    with pytest.raises(OutputError, match="no space is left"):
        saved(tmp_path, "a.ifo", LEXICON)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(FormatError, match="several files"):
        LEXICON.save("/dev/x.ifo")
    (tmp_path / "a.dict.dz").touch()
    with pytest.raises(OutputError, match=r"a\.dict\.dz: programs would read this file of another"):
        LEXICON.save(tmp_path / "a.ifo")


def test_stardict_refuses_long_headwords(tmp_path: Path) -> None:
    saved(tmp_path, "a.ifo", [("é" * 127, "x" * 1000)])
    with pytest.raises(FormatError, match="at most 255 bytes, got 'ééé"):
        saved(tmp_path, "b.ifo", [("cat", "gato"), ("é" * 128, "x")])
    assert not (tmp_path / "b.idx").exists()


# --- XML --------------------------------------------------------------------------------------

# Our own schemas of the parts that are written, after the documentation of the formats: Apertium's
# dictionaries, and TMX 1.4b.
DIX = """
<!ELEMENT dictionary (alphabet?, sdefs?, pardefs?, section+)>
<!ELEMENT alphabet (#PCDATA)> <!ELEMENT sdefs (sdef+)> <!ELEMENT sdef EMPTY>
<!ATTLIST sdef n ID #REQUIRED> <!ELEMENT pardefs EMPTY>
<!ELEMENT section (e*)>
<!ATTLIST section id ID #REQUIRED type (standard|inconditional|postblank|preblank) #REQUIRED>
<!ELEMENT e (p)> <!ATTLIST e w CDATA #IMPLIED r (LR|RL) #IMPLIED>
<!ELEMENT p (l, r)> <!ELEMENT l (#PCDATA|b)*> <!ELEMENT r (#PCDATA|b)*> <!ELEMENT b EMPTY>
"""
TMX = """
<!ELEMENT tmx (header, body)> <!ATTLIST tmx version CDATA #FIXED "1.4">
<!ELEMENT header (note|prop)*>
<!ATTLIST header creationtool CDATA #REQUIRED creationtoolversion CDATA #REQUIRED
  segtype (block|paragraph|sentence|phrase) #REQUIRED o-tmf CDATA #REQUIRED
  adminlang CDATA #REQUIRED srclang CDATA #REQUIRED datatype CDATA #REQUIRED>
<!ELEMENT body (tu*)> <!ELEMENT tu ((note|prop)*, tuv+)> <!ELEMENT tuv ((note|prop)*, seg)>
<!ATTLIST tuv xml:lang CDATA #REQUIRED> <!ELEMENT seg (#PCDATA)> <!ELEMENT note (#PCDATA)>
<!ELEMENT prop (#PCDATA)> <!ATTLIST prop type CDATA #REQUIRED>
"""


def valid(path: Path, schema: str) -> Any:  # noqa: ANN401  # an element
    import io

    root = etree.parse(str(path)).getroot()
    dtd = etree.DTD(io.StringIO(schema))
    assert dtd.validate(root), dtd.error_log
    return root


def text_of(element: Any) -> str:  # noqa: ANN401
    return (element.text or "") + "".join(" " + (blank.tail or "") for blank in element)


@odd
def test_apertium_is_valid(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    root = valid(saved(tmp_path, "a.dix", pairs), DIX)
    assert [(text_of(p.find("l")), text_of(p.find("r"))) for p in root.iter("p")] == pairs
    assert not any(" " in (each.text or "") for each in root.iter("l", "r"))
    assert {each.get("w") for each in root.iter("e")} == {None}


def test_weights_of_apertium(tmp_path: Path) -> None:
    root = valid(saved(tmp_path, "a.dix", LEXICON), DIX)
    weights = np.array([float(each.get("w")) for each in root.iter("e")])
    probabilities = np.asarray(LEXICON.probabilities)
    np.testing.assert_allclose(np.exp(-weights[1:]), probabilities[1:], atol=1e-3)
    assert weights[0] == pytest.approx(9.2103)


@odd
def test_tmx_is_valid(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    root = valid(saved(tmp_path, "a.tmx", pairs), TMX)
    assert root.find("header").get("srclang") == "en"
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    units = [{each.get(lang): each.findtext("seg") for each in tu} for tu in root.iter("tu")]
    assert units == [{"en": source, "es": target} for source, target in pairs]


def test_tmx_with_numbers_and_other_languages(tmp_path: Path) -> None:
    root = valid(saved(tmp_path, "a.tmx", LEXICON, languages=("zh-Hant", "pt-BR")), TMX)
    props = [{p.get("type"): float(p.text) for p in tu.iter("prop")} for tu in root.iter("tu")]
    assert props[-1] == {"x-score": 1, "x-probability": 1}
    assert root.find("header").get("srclang") == "zh-Hant"


# --- OntoLex ----------------------------------------------------------------------------------

TRANSLATIONS = """
PREFIX ontolex: <http://www.w3.org/ns/lemon/ontolex#>
PREFIX vartrans: <http://www.w3.org/ns/lemon/vartrans#>
PREFIX lexinfo: <http://www.lexinfo.net/ontology/3.0/lexinfo#>
PREFIX lime: <http://www.w3.org/ns/lemon/lime#>
SELECT ?source ?target ?confidence WHERE {
  ?set vartrans:trans ?translation .
  ?translation a vartrans:Translation ; vartrans:source ?from ; vartrans:target ?to .
  ?one ontolex:sense ?from ; ontolex:canonicalForm/ontolex:writtenRep ?source .
  ?other ontolex:sense ?to ; ontolex:canonicalForm/ontolex:writtenRep ?target .
  ?lexicon a lime:Lexicon ; lime:language "en" ; lime:entry ?one .
  ?lexicon2 a lime:Lexicon ; lime:language "es" ; lime:entry ?other .
  OPTIONAL { ?translation lexinfo:translationConfidence ?confidence }
}"""


def translations(path: Path) -> list[Any]:
    graph = rdflib.Graph().parse(path, format="turtle", publicID="https://example.org/en-es")
    return list(graph.query(TRANSLATIONS))


@pytest.mark.slow
@settings(check, max_examples=10)
@given(PAIRS)
@example(list(LEXICON.pairs))
def test_ontolex_by_rdflib(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    found = translations(saved(tmp_path, "a.ttl", pairs))
    assert sorted((str(row.source), str(row.target)) for row in found) == sorted(pairs)
    assert {(row.source.language, row.target.language) for row in found} == {("en", "es")}
    assert {row.confidence for row in found} == {None}


@pytest.mark.slow
def test_ontolex_with_confidence(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.ttl", LEXICON)
    found = {
        (str(row.source), str(row.target)): float(row.confidence) for row in translations(path)
    }
    probabilities = np.asarray(LEXICON.probabilities).tolist()
    assert found == pytest.approx(dict(zip(LEXICON, probabilities, strict=True)), abs=1e-4)
    graph = rdflib.Graph().parse(path, format="turtle", publicID="https://example.org/d")
    kind = rdflib.URIRef("http://www.w3.org/ns/lemon/ontolex#MultiWordExpression")
    phrases = {str(each) for each in graph.subjects(rdflib.RDF.type, kind)}
    assert "https://example.org/d#en/New%20York" in phrases


# --- words, names and options that a format cannot hold ---------------------------------------


LINES, XML = "\r\n", "\0\x1b\ufffe"
REFUSED = {
    ".tsv": "\t" + LINES, ".txt": "\t" + LINES, ".csv": LINES + "\0", ".md": LINES + "\0",
    ".ifo": LINES + "\0", ".dix": "\t" + LINES + XML, ".html": "\t" + LINES + XML,
    ".tmx": "\r" + XML,
}  # fmt: skip


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@pytest.mark.parametrize("character", [*"\n\t\r\0\x1b\ufffe\ud800"])
def test_control_characters_are_kept_or_refused(
    tmp_path: Path, suffix: str, character: str
) -> None:
    word = f"a{character}b"
    lexicon = Lexicon([("cat", "gato"), ("dog", word), (word, "can")], languages=("en", "es"))
    path = tmp_path / f"a{suffix}"
    if character in REFUSED.get(suffix, "") + "\ud800":
        with pytest.raises(FormatError, match=r"words must not contain .*, got ") as caught:
            lexicon.save(path)
        assert repr(word) in str(caught.value)
        assert not list(tmp_path.iterdir())
        lexicon = lexicon[:1]
    lexicon.save(path)
    if suffix == ".jsonl":
        assert list(Lexicon.load(path)) == list(lexicon)
    elif suffix == ".parquet":
        assert Lexicon(pd.read_parquet(path).values.tolist()) == lexicon
    elif suffix == ".tmx":
        segments = [seg.text for seg in valid(path, TMX).iter("seg")]
        assert segments == [word for pair in lexicon for word in pair]
    elif suffix == ".ttl":
        graph = rdflib.Graph().parse(path, format="turtle")
        name = rdflib.URIRef("http://www.w3.org/ns/lemon/ontolex#writtenRep")
        words = {str(written) for written in graph.objects(None, name)}
        assert words == {word for pair in lexicon for word in pair}


def test_skipped_pairs_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lexicon = Lexicon([("cat", "gato"), ("a\tb", "x"), ("dog", "p\n")], scores=np.arange(3.0))
    lexicon.save(tmp_path / "a.tsv", on_error="skip")
    assert (tmp_path / "a.tsv").read_text() == "cat\tgato\t0.0000\n"
    assert (
        "left out 2 of 3 pairs: words must not contain tabs or line ends, got 'a\\tb'"
        in caplog.text
    )
    with pytest.raises(ValueError, match="on_error must be"):
        lexicon.save(tmp_path / "b.tsv", on_error="keep")  # type: ignore[arg-type]  # the test


def test_languages_are_needed_and_checked(tmp_path: Path) -> None:
    for suffix in (".tmx", ".ttl"):
        with pytest.raises(FormatError, match=r"names its languages; give .* languages=\("):
            PLAIN.save(tmp_path / f"a{suffix}")
        with pytest.raises(
            FormatError, match="a language has a code such as en or pt-BR, got 'e n'"
        ):
            PLAIN.save(tmp_path / f"a{suffix}", languages=("e n", "es"))
        with pytest.raises(FormatError, match="such as en or pt-BR, got 'english'"):
            PLAIN.save(tmp_path / f"a{suffix}", languages=("english", "spanish"))
        PLAIN.save(tmp_path / f"a{suffix}", languages=("zh_min_nan", "es"))
        assert "zh-min-nan" in (tmp_path / f"a{suffix}").read_text()
    with pytest.raises(ValueError, match="languages must be two codes"):
        PLAIN.save(tmp_path / "a.tsv", languages="en")  # type: ignore[arg-type]  # the test


def test_formats_of_pairs_have_no_groups(tmp_path: Path) -> None:
    for suffix in (".dix", ".tmx", ".ttl", ".parquet"):
        with pytest.raises(FormatError, match=f"{suffix} holds an entry for each pair"):
            PLAIN.save(tmp_path / f"a{suffix}", grouped=True, languages=("en", "es"))
    assert not list(tmp_path.iterdir())


def test_names_of_formats() -> None:
    assert set(outputs._WRITTEN["a dictionary"]) == FORMATS.keys()
    for name in ("a.xlsx", "a.tbx", "a.zip", "a.tsv.zip"):
        with pytest.raises(FormatError, match=r"is written as \.tsv, .* or \.parquet, not as"):
            require_savable(name)
    assert [path.name for path in files_of("x/en-es.IFO")] == [
        "en-es.IFO",
        "en-es.idx",
        "en-es.dict",
    ]
    assert [path.name for path in files_of("en-es.train")] == ["en-es.train"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(
        MissingDependencyError, match=r"\.parquet output needs .* 'alignx\[arrow\]'"
    ):
        PLAIN.save("a.parquet")
    with pytest.raises(MissingDependencyError, match="to_arrow needs the package pyarrow"):
        PLAIN.to_arrow()


def test_an_empty_dictionary_is_valid(tmp_path: Path) -> None:
    empty = LEXICON[:0]
    for suffix in FORMATS:
        empty.save(tmp_path / f"a{suffix}")
    valid(tmp_path / "a.dix", DIX)
    valid(tmp_path / "a.tmx", TMX)
    assert translations(tmp_path / "a.ttl") == []
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 0


# --- choice and order -------------------------------------------------------------------------


def test_pairs_are_selected_by_their_words() -> None:
    lexicon = Lexicon(
        [("The", "El"), ("cat", "gato"), ("cat", "gata"), ("e-mail", "correo"), ("dog", "can")],
        scores=np.arange(5.0), languages=("en", "es"),
    )  # fmt: skip
    assert list(lexicon.select(sources=["cat", "dog"], targets=["gata", "can"])) == [
        ("cat", "gata"), ("dog", "can"),
    ]  # fmt: skip
    kept = lexicon.select(stop_words=["THE"], target_stop_words=["Can"], only_letters=True, most=1)
    assert list(kept) == [("cat", "gato")]
    assert np.asarray(kept.scores).tolist() == [1]
    assert kept.languages == ("en", "es")
    assert kept.reversed().languages == ("es", "en")
    with pytest.raises(ValueError, match="most must be at least 1, got 0"):
        lexicon.select(most=0)
    with pytest.raises(TypeError, match="got a string; put it in a list"):
        lexicon.select(sources="cat")


def test_stop_words_match_in_any_case_and_form() -> None:
    lexicon = Lexicon([("Straße", "a"), ("e\N{COMBINING ACUTE ACCENT}te", "b"), ("cat", "c")])
    assert list(lexicon.select(stop_words=["STRASSE", "Éte"])) == [("cat", "c")]


def test_orders() -> None:
    words = ["zoo", "École", "eau", "école", "Eau", "ecole", "año", "ano"]
    lexicon = Lexicon([(word, "x") for word in words] + [("eau", "y")])
    assert [source for source, _ in lexicon.sorted()] == [
        "ano", "año", "Eau", "eau", "eau", "ecole", "École", "école", "zoo",
    ]  # fmt: skip
    assert [source for source, _ in lexicon.sorted(["zoo", "eau"])[:3]] == ["zoo", "eau", "eau"]
    scored = Lexicon(PLAIN.pairs, scores=np.arange(3.0))
    assert list(scored.sorted("best")) == [("cat", "gata"), ("dog", "perro"), ("cat", "gato")]
    assert list(scored.sorted()) == [("cat", "gata"), ("cat", "gato"), ("dog", "perro")]
    probable = Lexicon(PLAIN.pairs, scores=np.arange(3.0), probabilities=np.array([1, 0.5, 0.2]))
    assert list(probable.sorted("best")) == list(PLAIN)
    for wrong, problem in (("best", "must have scores"), ("rank", "by must be 'alphabet'")):
        with pytest.raises(ValueError, match=problem):
            PLAIN.sorted(wrong)


@pytest.mark.parametrize("suffix", [".tsv.gz", ".csv.bz2", ".jsonl.XZ", ".html.gz"])
def test_dictionaries_are_packed_by_their_ending(tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{folder}{suffix}" for folder in ("a", "b")]
    for path in paths:
        PLAIN.save(path)
    assert paths[0].read_bytes() == paths[1].read_bytes() != b""
    if ".html" not in suffix:
        assert list(Lexicon.load(paths[0])) == list(PLAIN)
    assert len(list(tmp_path.iterdir())) == 2
    for other in ("a.ifo.gz", "a.parquet.gz"):
        with pytest.raises(FormatError, match="is not packed; drop the last ending"):
            PLAIN.save(tmp_path / other)
    with pytest.raises(FormatError, match=r"written as \.tsv, .*, not as \.xlsx"):
        PLAIN.save(tmp_path / "a.xlsx.gz")
