from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alignx.errors import FormatError, OutputError
from alignx.lexicon.lexicon import Lexicon

if TYPE_CHECKING:
    from pathlib import Path

CAT_DOG = [("cat", "gato"), ("dog", "perro")]


def loaded(path: Path, content: str | bytes, **options: Any) -> Lexicon:  # noqa: ANN401
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Lexicon.load(path, **options)


def values(numbers: Any) -> list[float]:  # noqa: ANN401  # an array or None
    return np.asarray(numbers).tolist()  # type: ignore[no-any-return]


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("  cat   gato \n", CAT_DOG[:1]),
        ("cat \t gato\n", CAT_DOG[:1]),
        ("\n\ncat gato\n   \n\r\n\t\ndog perro\n\n", CAT_DOG),
        ("cat gato\ncat gata\ncat gato\n", [("cat", "gato"), ("cat", "gata")]),
        ("New York\tNueva York\n", [("New York", "Nueva York")]),
        ("a\u00a0b c\u00a0d\n", [("a\u00a0b", "c\u00a0d")]),
        ("a\u2028b c\u2029d\n", [("a\u2028b", "c\u2029d")]),
        ("a\x85b\tc\x0bd\n", [("a\x85b", "c\x0bd")]),
        ("日本 Japan\n🎉\tparty\n", [("日本", "Japan"), ("🎉", "party")]),
        ("Cat GATO\ncat gato\n", [("Cat", "GATO"), ("cat", "gato")]),
        (
            '"Paris, Texas","Paris, Texas"\n"a ""b""","c"\n',
            [("Paris, Texas", "Paris, Texas"), ('a "b"', "c")],
        ),
        ('hush\t"well, then"\n', [("hush", "well, then")]),
    ],
)
def test_two_columns_load(tmp_path: Path, text: str, pairs: list[tuple[str, str]]) -> None:
    lexicon = loaded(tmp_path / "pairs.txt", text)
    assert list(lexicon) == pairs
    assert lexicon.scores is None
    assert lexicon.probabilities is None


@pytest.mark.parametrize(
    "text",
    [
        "cat gato\r\ndog\tperro\r\n",
        "cat,gato\ndog,perro\n",
        "cat, gato\ndog, perro\n",
        "cat;gato\ndog;perro\n",
        "cat: gato\ndog: perro\n",
        "cat = gato\ndog = perro\n",
        "cat=gato\ndog=perro\n",
        "cat ||| gato\ndog ||| perro\n",
        "cat -> gato\ndog -> perro\n",
        "cat - gato\ndog - perro\n",
        '"cat","gato"\n"dog","perro"\n',
        '"cat"\t"gato"\n"dog"\t"perro"\n',
        '"cat" "gato"\n"dog" "perro"\n',
        "cat\tgato\n# a comment\ndog\tperro\n",
        "# comment\ncat gato\ndog perro\n",
        "english\tspanish\ncat\tgato\ndog\tperro\n",
        "Source_word,Target_word\ncat,gato\ndog,perro\n",
        "en es\ncat gato\ndog perro\n",
        "mot\tWort\tvaleur\ncat\tgato\t1\ndog\tperro\t2\n",
        "\ufeffcat\tgato\rdog\tperro\r",
    ],
)
def test_separators_headers_and_comments_are_recognized(tmp_path: Path, text: str) -> None:
    assert list(loaded(tmp_path / "a.txt", text)) == CAT_DOG
    assert list(loaded(tmp_path / "a.txt.gz", gzip.compress(text.encode()))) == CAT_DOG


@pytest.mark.parametrize(
    "text",
    [
        "es it\nsie she\n",
        "is es\nto a\n",
        "en en\nde de\n",
        "spanish español\nenglish inglés\n",
        "#the #der\n#a #b\n",
        ", ,\n: :\n",
        '" "\n( (\n',
        "1,000 1.000\n2,5 2.5\n",
        "1990 1990\n٣ 3\n",
        "Paris, Texas\tParis, Texas\nA (B)\tC (D)\n",
        "a=b c\nd=e f\n",
        "and/or\ty/o\nkm/h\tkm/h\n",
        "</s> </s>\n<unk> <unk>\n",
        "[ [\n] ]\n",
        "jedoch however,\n" + "".join(f"w{i} v{i}\n" for i in range(200)),
    ],
)
def test_words_that_look_like_marks_are_kept(tmp_path: Path, text: str) -> None:
    expected = [tuple(line.split("\t" if "\t" in text else " ")) for line in text.splitlines()]
    lexicon = loaded(tmp_path / "a.txt", text)
    assert list(lexicon) == expected
    assert lexicon.notes == ()


@pytest.mark.parametrize(
    ("text", "scores", "probabilities"),
    [
        ("cat\tgato\t0.5\t0.9\ndog\tperro\t-1e-3\t1\n", [0.5, -1e-3], [0.9, 1]),
        ("cat\tgato\t0.5\t0.9\ndog\tperro\t0.4\n", [0.5, 0.4], None),
        ("cat\tgato\t0.5\ndog\tperro\n", None, None),
        ("cat\tgato\t0.5\ncat\tgato\t0.9\n", [0.5], None),  # the first of equal pairs
        ("de\tel\t0.9\nhuis\tcasa\t0.8\n", [0.9, 0.8], None),  # no header
    ],
)
def test_numbers_load_if_every_pair_has_them(
    tmp_path: Path,
    text: str,
    scores: list[float] | None,
    probabilities: list[float] | None,
) -> None:
    lexicon = loaded(tmp_path / "a.tsv", text)
    assert values(lexicon.scores) == scores
    assert values(lexicon.probabilities) == probabilities
    is_partial = len({line.count("\t") for line in text.splitlines()}) > 1
    assert ("left out, as only 1 of 2 pairs have one" in " ".join(lexicon.notes)) is is_partial


@pytest.mark.parametrize("header", ["english\tpos\tspanish\n", ""])
def test_columns_are_chosen(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.tsv"
    found = loaded(path, header + "cat\tNOUN\tgato\t0.5\ndog\tNOUN\tperro\t0.25\n", columns=(1, 3))
    assert list(found) == CAT_DOG
    assert found.scores is None
    assert found.notes == (("tab-separated", "header skipped") if header else ())
    turned = Lexicon.load(path, columns=(3, 1, 4))
    assert list(turned) == [("gato", "cat"), ("perro", "dog")]
    assert values(turned.scores) == [0.5, 0.25]
    by_content = Lexicon.load(path)
    assert list(by_content) == CAT_DOG
    assert by_content.notes[-1] == "columns 1 and 3"
    if header:
        assert list(Lexicon.load(path, columns=("English", "spanish"))) == CAT_DOG
        with pytest.raises(FormatError, match="there must be a column 'german', got 'english'"):
            Lexicon.load(path, columns=("english", "german"))


@pytest.mark.parametrize("columns", [(1,), (0, 1), (1, 1), ("a", 2), "12", (1, 2, 3, 4, 5)])
def test_invalid_columns_are_refused(tmp_path: Path, columns: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match="columns must"):
        loaded(tmp_path / "a.txt", "cat gato\n", columns=columns)


def test_a_similarity_file_has_a_score_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert values(loaded(path, "man,woman,3.5\nking,queen,4\n", scored=True).scores) == [3.5, 4]
    with pytest.raises(FormatError, match=r"a\.txt:2: a line must be word, word and score"):
        loaded(path, "man\twoman\t3.5\nking\tqueen\n", scored=True)
    assert Lexicon.load(path, scored=True, on_error="skip").skipped == 1


# --- JSON lines -------------------------------------------------------------------------------


def test_json_lines_load(tmp_path: Path) -> None:
    lines = [
        {"source": "cat", "target": "gato", "score": 1, "probability": 0.25},
        {"source": "New\u2028York", "target": "Nueva York", "score": -0.5, "probability": 1},
    ]
    lexicon = loaded(tmp_path / "a.jsonl", "\n\n".join(map(json.dumps, lines)))
    assert list(lexicon) == [("cat", "gato"), ("New\u2028York", "Nueva York")]
    assert (values(lexicon.scores), values(lexicon.probabilities)) == ([1.0, -0.5], [0.25, 1.0])


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_words_are_lower_cased_on_request(tmp_path: Path, name: str) -> None:
    text = "ÉTÉ Sommer\nété sommer\n"
    if name == "a.jsonl":
        text = r'{"source": "\u00c9T\u00c9", "target": "Sommer"}' + "\n"
    assert list(loaded(tmp_path / name, text, casing="lower")) == [("été", "sommer")]


def test_keys_of_json_lines_are_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = '{"en": "cat", "es": "gato"}\n{"en": "dog", "es": "perro"}\n'
    assert list(loaded(path, text, columns=("en", "es"))) == CAT_DOG
    found = Lexicon.load(path)
    assert list(found) == CAT_DOG
    assert found.notes == ("keys 'en' and 'es'",)
    with pytest.raises(ValueError, match="columns of JSON objects have names"):
        Lexicon.load(path, columns=(1, 2))


@pytest.mark.parametrize(
    ("line", "gist"),
    [
        ('{"source": "cat", "target": ', "must be a JSON object"),
        ("cat\tgato", "must be a JSON object"),
        ('{"source": "cat"}', "must be a JSON object"),
        ("[" * 100_000, "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"source": "cat", "target": 7}', "each a word or a list of words"),
        ('{"source": "", "target": "gato"}', "each a word or a list of words"),
        ('{"source": "cat", "target": []}', "each a word or a list of words"),
        ('{"source": "cat", "target": ["gato"], "score": 1}', "must be numbers"),
        *(
            (f'{{"source": "cat", "target": "gato", "score": {number}}}', "must be numbers")
            for number in ("null", "[1]", '"0.5"', "true")
        ),
    ],
)
def test_malformed_json_lines_are_refused(tmp_path: Path, line: str, gist: str) -> None:
    path = tmp_path / "pairs.jsonl"
    with pytest.raises(FormatError) as caught:
        loaded(path, f'{{"source": "dog", "target": "perro"}}\n{line}\n')
    assert str(caught.value).startswith(f"{path}:2: ")
    assert gist in str(caught.value)


# --- refusals ---------------------------------------------------------------------------------

PAGE = b"<!DOCTYPE html>\n<html><body>Not Found</body></html>\n"


@pytest.mark.parametrize(
    ("content", "line", "gist"),
    [
        (PAGE, None, "this is an HTML page"),
        (b"\n <HTML>", None, "this is an HTML page"),
        ("<Error> <Code>Denied</Code>\n<A>b</A> </Error>\n", None, "an XML page"),
        (b"\x7fELF\x02\x01\x01\0\0\0", None, "this is a program"),
        ("cat\0x gato\n" + "dog perro\n" * 9, None, "binary data"),
        (b"cat gato\nse\xf1or sir\n", 2, "must be UTF-8"),
        (b"cat gato\ncow\ndog perro\n", 2, "a pair needs two words, got 1"),
        (b"cat gato\n\nNew York Nueva York\n", 3, "got 4; separate entries of several words by"),
        (b"cat\t\n", 1, "got an empty one"),
        (b"\tgato\t0.5\n", 1, "got an empty one"),
        (b"cat\t \t0.5\n", 1, "got an empty one"),
        ("cat\tgato\tgata\tminino\n", 1, "say which columns"),
        ("cat\tNOUN\nrun\tVERB\n", 1, "a target must be a word, got a column of 2"),
        ("NOUN\tcat\nNOUN\tdog\n", 1, "a source must be a word"),
        ("".join(f"w{i}\tclass{i % 2}\n" for i in range(40)), 1, "a column of 2 different values"),
        ("cat\tn.\ndog\tn.\neat\tv.\nred\tadj.\n", 1, "column of 3 different values"),
        ("1 2\n3 4\n", 1, "got numbers only"),
        ("cat\t1200\ndog\t1100\n", 1, "got a number beside each"),
        ('[\n"cat", "gato"\n]\n', 1, "a JSON list must hold pairs"),
        ('{"message": "Not Found", "status": "404"}', None, "a server's answer: 'Not Found'"),
        ("404: Not Found\n", None, "a server's answer"),
        ("cat,gato\ndog;perro\n", 1, "got 1, 'cat,gato'; separate words by a tab or a space, or"),
        ("cat,gato;gata\ndog,perro;perra\n", None, "got ';' and ',' in all lines"),
        ("cat,gato\ndog,\nsun,sol\n", 2, "got an empty one"),
        ("cat,gato\ndog,perro,can\n" + "sun,sol\n" * 20, 2, "2 columns as the others, comma"),
        ("cat\tgato\n" * 20 + "sun\tsol\tSonne\n", 21, "say which columns"),
        ("to go ir\nto eat comer\n", 1, "got 3; separate entries of several words by a tab"),
        ("kočka\tcat\t1 234\npes\tdog\t987\n", 1, "say which columns"),
        ("cat;gato;gata\ndog;perro\nsun;sol\n", 1, "got 1, 'cat;gato;gata'; separate words by"),
        ("cat\tes\tgato\ncat\tde\tKatze\ndog\tes\tperro\n", 1, "say which columns"),
        ("cat\tgato\tKatze\ndog\tperro\tHund\n", 1, "say which columns"),
    ],
)
def test_malformed_and_ambiguous_files_are_refused_by_line(
    tmp_path: Path, content: str | bytes, line: int | None, gist: str
) -> None:
    with pytest.raises(FormatError, match=re.escape(gist)) as caught:
        loaded(tmp_path / "a.txt", content)
    assert caught.value.line == line


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such\.txt: no such file"):
        Lexicon.load(tmp_path / "no-such.txt")
    with pytest.raises(OSError, match="this is a directory"):
        Lexicon.load(tmp_path)


@pytest.mark.parametrize("name", ["pairs.txt", "pairs.jsonl"])
def test_malformed_lines_are_skipped_on_request(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Lexicon(CAT_DOG).save(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["cow", lines[0], "{}", "one two three", "", lines[1]]))
    found = Lexicon.load(path, on_error="skip")
    assert (list(found), found.skipped) == (CAT_DOG, 3)
    with pytest.raises(FormatError, match=f"{name}:1: "):
        Lexicon.load(path)
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', got 'bogus'"):
        Lexicon.load(path, on_error="bogus")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("content", [PAGE, b"\0\0", b"se\xf1or sir\n", b"alone\n\n"])
def test_files_without_any_pair_cannot_be_skipped(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FormatError):
        loaded(tmp_path / "pairs.txt", content, on_error="skip")


# --- writing ----------------------------------------------------------------------------------

# What text can hold: a tab separates, lines end in "\n" or "\r\n", spaces around words go.
WORDS = (
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0\t\n\r\ufeff"), min_size=1, max_size=8
    )
    .map(lambda word: normalize("NFC", word))
    .filter(lambda word: word == word.strip(" ") and word.strip())
)
NUMBERS = st.floats(-4, 4).map(lambda value: round(value, 4) + 0.0)


@pytest.mark.slow
@given(
    entries=st.lists(
        st.tuples(WORDS, WORDS, NUMBERS, st.integers(0, 10_000)), min_size=1, max_size=8,
        unique_by=lambda entry: entry[:2],
    ),
    numbers=st.sampled_from([0, 1, 2]),
    suffix=st.sampled_from([".tsv", ".txt", ".jsonl"]),
)  # fmt: skip
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_saved_lexicon_loads_unchanged(
    tmp_path: Path, entries: list[tuple[str, str, float, int]], numbers: int, suffix: str
) -> None:
    pairs = [(source, target) for source, target, *_ in entries]
    assume(any(not word.isnumeric() for pair in pairs for word in pair))  # or it is no dictionary
    scores = np.array([entry[2] for entry in entries])
    probabilities = np.array([entry[3] / 10_000 for entry in entries])
    saved = Lexicon(pairs, scores if numbers > 0 else None, probabilities if numbers > 1 else None)
    saved.save(tmp_path / f"pairs{suffix}")
    assert Lexicon.load(tmp_path / f"pairs{suffix}") == saved


@pytest.mark.parametrize("first", [("english", "spanish"), ("key", "value"), ("source", "target")])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_first_pair_like_a_header_is_kept(
    tmp_path: Path, first: tuple[str, str], grouped: bool
) -> None:
    for scores in (None, np.array([0.5, 1.0])):
        saved = Lexicon([first, ("cat", "gato")], scores)
        saved.save(tmp_path / "pairs.tsv", grouped=grouped)
        loaded = Lexicon.load(tmp_path / "pairs.tsv")
        assert loaded == (Lexicon(saved.pairs) if grouped else saved)


def test_content_of_saved_files(tmp_path: Path) -> None:
    lexicon = Lexicon([("cat", "gato"), ("été", "verano")], np.array([0.5, 1]), np.array([1, 1e-5]))
    lexicon.save(tmp_path / "a.tsv")
    tabbed = (tmp_path / "a.tsv").read_bytes()
    assert tabbed == "cat\tgato\t0.5000\t1.0000\nété\tverano\t1.0000\t0.0000\n".encode()
    lexicon.save(tmp_path / "a.jsonl")
    first, second = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == {"source": "cat", "target": "gato", "score": 0.5, "probability": 1}
    assert '"été"' in second


def test_ambiguous_words_are_saved_in_quotes(tmp_path: Path) -> None:
    pairs = [("perro,", "x"), ("a, b", "c"), ('"d"', "e"), ("f {g}", "h"), ('"', ",")]
    Lexicon(pairs).save(tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == '"perro,"\tx'
    assert list(Lexicon.load(tmp_path / "a.tsv")) == pairs


@pytest.mark.parametrize("word", ["a\tb", "a\nb"])
def test_tabs_and_line_ends_are_saved_in_json_only(tmp_path: Path, word: str) -> None:
    lexicon = Lexicon([("cat", word)])
    with pytest.raises(FormatError, match=r"must not contain tabs or line ends"):
        lexicon.save(tmp_path / "a.tsv")
    assert not (tmp_path / "a.tsv").exists()
    lexicon.save(tmp_path / "a.jsonl")
    assert Lexicon.load(tmp_path / "a.jsonl") == lexicon


@pytest.mark.parametrize("name", ["no/such/directory/a.tsv", "."])
def test_unwritable_paths_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="directory"):
        Lexicon(CAT_DOG).save(tmp_path / name)


# --- published files --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["muse", "xling"])
def test_published_dictionaries_load_unchanged(
    shared_data: Path, folder: Literal["muse", "xling"]
) -> None:
    paths = sorted((shared_data / "dictionaries" / folder).iterdir())
    assert paths
    for path in paths:
        lines = path.read_bytes().decode().split("\n")
        expected = {tuple(line.replace("\t", " ").split(" ")) for line in lines if line}
        lexicon = Lexicon.load(path)
        assert len(lexicon) == len(expected)
        assert set(lexicon) == expected


@pytest.mark.parametrize("language", ["en", "es", "de", "en-es", "en-de", "de-es"])
def test_similarity_files_load_with_their_scores(shared_data: Path, language: str) -> None:
    path = shared_data / "similarity" / f"semeval2017.{language}.txt"
    fields = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    lexicon = Lexicon.load(path)
    assert list(lexicon) == [(first.strip(), second.strip()) for first, second, _ in fields]
    assert values(lexicon.scores) == [float(score) for *_, score in fields]
