from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alignx.errors import EmptyLexiconError, FormatError, OutputError
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = [("cat", "gato"), ("dog", "perro"), ("cat", "gata"), ("tiger", "tigre")]


def loaded(path: Path, content: str | bytes, *, lowercase: bool = False) -> Lexicon:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Lexicon.load(path, lowercase=lowercase)


def embeddings(*words: str) -> Embeddings:
    return Embeddings(words, np.eye(len(words), dtype=np.float32))


# --- what loads -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("cat gato\ndog perro\n", [("cat", "gato"), ("dog", "perro")]),
        ("cat\tgato\ndog\tperro", [("cat", "gato"), ("dog", "perro")]),
        ("  cat   gato \n", [("cat", "gato")]),
        ("cat \t gato\n", [("cat", "gato")]),
        ("cat gato\r\ndog\tperro\r\n", [("cat", "gato"), ("dog", "perro")]),
        ("\ufeffcat gato\n", [("cat", "gato")]),
        ("\n\ncat gato\n   \n\r\n\t\ndog perro\n\n", [("cat", "gato"), ("dog", "perro")]),
        ("cat gato\ncat gata\ncat gato\n", [("cat", "gato"), ("cat", "gata")]),
        ("New York\tNueva York\n", [("New York", "Nueva York")]),
        ("a\u00a0b c\u00a0d\n", [("a\u00a0b", "c\u00a0d")]),
        ("a\u2028b c\u2029d\n", [("a\u2028b", "c\u2029d")]),
        ("a\x85b\tc\x0bd\n", [("a\x85b", "c\x0bd")]),
        ("日本 Japan\n🎉\tparty\n", [("日本", "Japan"), ("🎉", "party")]),
    ],
)
def test_two_columns_load(tmp_path: Path, text: str, pairs: list[tuple[str, str]]) -> None:
    lexicon = loaded(tmp_path / "pairs.txt", text)
    assert list(lexicon) == pairs
    assert lexicon.scores is None
    assert lexicon.probabilities is None


def test_words_are_lower_cased_on_request(tmp_path: Path) -> None:
    text = "Cat GATO\ncat gato\nÉTÉ Sommer\n"
    assert list(loaded(tmp_path / "a.txt", text)) == [
        ("Cat", "GATO"),
        ("cat", "gato"),
        ("ÉTÉ", "Sommer"),
    ]
    lowered = loaded(tmp_path / "a.txt", text, lowercase=True)
    assert list(lowered) == [("cat", "gato"), ("été", "sommer")]


def test_score_and_probability_load_from_further_columns(tmp_path: Path) -> None:
    lexicon = loaded(tmp_path / "a.tsv", "cat\tgato\t0.5\t0.9\ndog\tperro\t-1e-3\t1\n")
    assert list(lexicon) == [("cat", "gato"), ("dog", "perro")]
    assert lexicon.scores is not None
    assert lexicon.probabilities is not None
    assert lexicon.scores.tolist() == [0.5, -1e-3]
    assert lexicon.probabilities.tolist() == [0.9, 1.0]


def test_scores_are_kept_only_if_every_pair_has_one(tmp_path: Path) -> None:
    lexicon = loaded(tmp_path / "a.tsv", "cat\tgato\t0.5\t0.9\ndog\tperro\t0.4\n")
    assert lexicon.scores is not None
    assert lexicon.scores.tolist() == [0.5, 0.4]
    assert lexicon.probabilities is None
    assert loaded(tmp_path / "a.tsv", "cat\tgato\t0.5\ndog\tperro\n").scores is None


def test_columns_behind_the_words_that_are_no_numbers_are_passed_over_on_request(
    tmp_path: Path,
) -> None:
    text = "cat\tgato\tnoun\t0.5\ndog\tperro\tnoun\t0.4\n"
    with pytest.raises(FormatError, match=r"a\.tsv:1: .* got 'cat', 'gato', 'noun', '0\.5'; say"):
        loaded(tmp_path / "a.tsv", text)
    lexicon = Lexicon.load(tmp_path / "a.tsv", columns=(1, 2))
    assert list(lexicon) == [("cat", "gato"), ("dog", "perro")]
    assert lexicon.scores is None
    scored = Lexicon.load(tmp_path / "a.tsv", columns=(2, 1, 4))
    assert list(scored) == [("gato", "cat"), ("perro", "dog")]
    assert np.asarray(scored.scores).tolist() == [0.5, 0.4]


def test_of_equal_pairs_the_first_score_stays(tmp_path: Path) -> None:
    lexicon = loaded(tmp_path / "a.tsv", "cat\tgato\t0.5\ncat\tgato\t0.9\n")
    assert lexicon.scores is not None
    assert lexicon.scores.tolist() == [0.5]


def test_json_lines_load(tmp_path: Path) -> None:
    lines = [
        {"source": "cat", "target": "gato", "score": 1, "probability": 0.25},
        {"source": "New\u2028York", "target": "Nueva York", "score": -0.5, "probability": 1},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)
    lexicon = loaded(tmp_path / "a.jsonl", text)
    assert list(lexicon) == [("cat", "gato"), ("New\u2028York", "Nueva York")]
    assert lexicon.scores is not None
    assert lexicon.probabilities is not None
    assert lexicon.scores.tolist() == [1.0, -0.5]
    assert lexicon.probabilities.tolist() == [0.25, 1.0]


def test_json_lines_need_no_numbers(tmp_path: Path) -> None:
    lexicon = loaded(tmp_path / "a.jsonl", '{"source": "Cat", "target": "GATO"}', lowercase=True)
    assert list(lexicon) == [("cat", "gato")]
    assert lexicon.scores is None


# --- what does not ----------------------------------------------------------------------------

PAGE = b"<!DOCTYPE html>\n<html><body>Not Found</body></html>\n"


@pytest.mark.parametrize(
    ("content", "line", "gist"),
    [
        (PAGE, None, "this is an HTML page"),
        (b"\n <HTML>", None, "this is an HTML page"),
        (b"\x7fELF\x02\x01\x01\0\0\0", None, "this is a program"),
        ("cat gato\n".encode("utf-16-le"), None, "this is text in UTF-16"),
        (b"cat gato\nse\xf1or sir\n", 2, "must be UTF-8"),
        (b"cat gato\ncow\ndog perro\n", 2, "a pair needs two words, got 1"),
        (b"cat gato\n\nNew York Nueva York\n", 3, "got 4; separate entries of several words by"),
        (b"cat el gato\n", 1, "a pair needs two words, got 3"),
        (b"cat\t\n", 1, "got an empty one"),
        (b"\tgato\t0.5\n", 1, "got an empty one"),
        (b"cat\t \t0.5\n", 1, "got an empty one"),
    ],
)
def test_what_holds_no_pair_is_refused(
    tmp_path: Path, content: bytes, line: int | None, gist: str
) -> None:
    path = tmp_path / "pairs.txt"
    with pytest.raises(FormatError) as caught:
        loaded(path, content)
    place = f"{path}: " if line is None else f"{path}:{line}: "
    assert str(caught.value).startswith(place)
    assert gist in str(caught.value)


@pytest.mark.parametrize(
    ("line", "gist"),
    [
        ('{"source": "cat", "target": ', "must be a JSON object"),
        ("cat\tgato", "must be a JSON object"),
        ('{"source": "cat"}', "must be a JSON object"),
        ('["cat", "gato"]', "must be a JSON object"),
        ('"cat"', "must be a JSON object"),
        ("7", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"source": "cat", "target": 7}', '"source" and "target" must be words'),
        ('{"source": ["cat"], "target": "gato"}', '"source" must be one word, got a list'),
        ('{"source": "", "target": "gato"}', '"source" and "target" must be words'),
        ('{"source": "cat", "target": "gato", "score": "high"}', "must be numbers"),
    ],
)
def test_json_lines_of_another_kind_are_refused(tmp_path: Path, line: str, gist: str) -> None:
    path = tmp_path / "pairs.jsonl"
    good = '{"source": "dog", "target": "perro"}\n'
    with pytest.raises(FormatError) as caught:
        loaded(path, good + line + "\n")
    assert str(caught.value).startswith(f"{path}:2: ")
    assert gist in str(caught.value)


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such\.txt: no such file"):
        Lexicon.load(tmp_path / "no-such.txt")
    with pytest.raises(OSError, match="this is a directory"):
        Lexicon.load(tmp_path)


@pytest.mark.parametrize("name", ["pairs.txt", "pairs.jsonl"])
def test_malformed_lines_are_skipped_on_request(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Lexicon(PAIRS[:2]).save(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["cow", lines[0], "{}", "one two three", lines[1]]))
    assert list(Lexicon.load(path, on_error="skip")) == PAIRS[:2]
    with pytest.raises(FormatError, match=f"{name}:1: "):
        Lexicon.load(path)


@pytest.mark.parametrize("content", [PAGE, b"\0\0", b"se\xf1or sir\n"])
def test_what_is_no_dictionary_at_all_cannot_be_skipped(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError):
        Lexicon.load(path, on_error="skip")


# --- saving -----------------------------------------------------------------------------------

# What text can hold: a tab separates, lines end in "\n" or "\r\n", spaces around words go.
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\t\n\r\ufeff"), min_size=1, max_size=8
).filter(lambda word: word == word.strip(" ") and word.strip())
NUMBERS = st.floats(-4, 4).map(lambda value: round(value, 4) + 0.0)


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
def test_saving_and_loading_gives_the_same(
    tmp_path: Path, entries: list[tuple[str, str, float, int]], numbers: int, suffix: str
) -> None:
    scores = np.array([entry[2] for entry in entries])
    probabilities = np.array([entry[3] / 10_000 for entry in entries])
    pairs = [(source, target) for source, target, *_ in entries]
    assume(any(not word.isnumeric() for pair in pairs for word in pair))  # or it is no dictionary
    given_columns = [scores, probabilities][:numbers]
    given = Lexicon(pairs, scores if numbers > 0 else None, probabilities if numbers > 1 else None)
    given.save(tmp_path / f"pairs{suffix}")
    found = Lexicon.load(tmp_path / f"pairs{suffix}")
    assert list(found) == pairs
    for column, expected in zip((found.scores, found.probabilities), given_columns, strict=False):
        np.testing.assert_allclose(np.asarray(column), expected, atol=1e-9)
    assert sum(column is not None for column in (found.scores, found.probabilities)) == numbers


def test_what_is_written(tmp_path: Path) -> None:
    lexicon = Lexicon([("cat", "gato"), ("été", "verano")], np.array([0.5, 1]), np.array([1, 1e-5]))
    lexicon.save(tmp_path / "a.tsv")
    tabbed = (tmp_path / "a.tsv").read_bytes()
    assert tabbed == "cat\tgato\t0.5000\t1.0000\nété\tverano\t1.0000\t0.0000\n".encode()
    lexicon.save(tmp_path / "a.jsonl")
    first, second = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == {"source": "cat", "target": "gato", "score": 0.5, "probability": 1}
    assert '"été"' in second


@pytest.mark.parametrize("name", ["no/such/directory/a.tsv", "."])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="directory"):
        Lexicon(PAIRS).save(tmp_path / name)


# --- the value --------------------------------------------------------------------------------


def test_there_is_one_number_for_each_pair() -> None:
    with pytest.raises(ValueError, match="scores must hold one value for each of 4 pairs, got 3"):
        Lexicon(PAIRS, np.zeros(3))
    with pytest.raises(ValueError, match="probabilities must hold one value for each of 4"):
        Lexicon(PAIRS, np.zeros(4), np.zeros(5))
    with pytest.raises(ValueError, match="probabilities need scores beside them"):
        Lexicon(PAIRS, None, np.zeros(4))


def test_translations_keep_the_order() -> None:
    lexicon = Lexicon(PAIRS)
    assert lexicon.translations() == {
        "cat": ["gato", "gata"],
        "dog": ["perro"],
        "tiger": ["tigre"],
    }
    assert list(lexicon.translations()) == ["cat", "dog", "tiger"]
    assert repr(lexicon) == "Lexicon(4 pairs)"


def test_reversed_keeps_the_numbers() -> None:
    lexicon = Lexicon(PAIRS, np.arange(4.0), np.arange(4) / 4)
    turned = lexicon.reversed()
    assert list(turned) == [(target, source) for source, target in PAIRS]
    assert turned.scores is lexicon.scores
    assert turned.probabilities is lexicon.probabilities


def test_at_least_keeps_pairs_at_the_bound() -> None:
    lexicon = Lexicon(PAIRS, np.arange(4.0), np.array([0.5, 0.2, 0.9, 0.4999]))
    kept = lexicon.at_least(0.5)
    assert list(kept) == [PAIRS[0], PAIRS[2]]
    assert kept.scores is not None
    assert kept.probabilities is not None
    assert kept.scores.tolist() == [0.0, 2.0]
    assert kept.probabilities.tolist() == [0.5, 0.9]
    with pytest.raises(ValueError, match="must have probabilities"):
        Lexicon(PAIRS, np.arange(4.0)).at_least(0.5)


MANY = Lexicon([(f"s{i % 40}", f"t{i}") for i in range(100)])


@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.99])
def test_split_shares_no_source_word_and_loses_no_pair(fraction: float) -> None:
    rest, held_out = MANY.split(fraction, random_state=3)
    sources = [{source for source, _ in part} for part in (rest, held_out)]
    assert not sources[0] & sources[1]
    assert len(sources[1]) == round(40 * fraction)
    assert sorted([*rest, *held_out]) == sorted(MANY)
    for part in (rest, held_out):  # in the order of the lexicon
        assert list(part) == [pair for pair in MANY if pair in set(part)]


def test_split_depends_on_the_seed_alone() -> None:
    assert list(MANY.split(0.3, random_state=1)[1]) == list(MANY.split(0.3, random_state=1)[1])
    assert list(MANY.split(0.3)[1]) == list(MANY.split(0.3, random_state=0)[1])
    assert list(MANY.split(0.3, random_state=1)[1]) != list(MANY.split(0.3, random_state=2)[1])


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_split_refuses_a_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"fraction must lie in \(0, 1\), got"):
        MANY.split(fraction)


def test_identical_words_are_paired_in_the_order_of_the_source() -> None:
    source = embeddings("the", "taxi", "1990", "Kiel", "no", "٣٤", "1,5", "x2")
    target = embeddings("x2", "٣٤", "no", "kiel", "1990", "1,5", "taxi", "el")
    found = Lexicon.identical(source, target)
    words = ("taxi", "1990", "no", "٣٤", "1,5", "x2")
    assert list(found) == [(word, word) for word in words]
    assert found.name == "identical words"
    assert found.scores is None
    back = Lexicon.identical(target, source)
    assert set(back) == set(found)
    assert back.pairs[0] == ("x2", "x2")
    numerals = Lexicon.identical(source, target, numerals_only=True)
    assert list(numerals) == [("1990", "1990"), ("٣٤", "٣٤")]
    assert numerals.name == "identical numerals"


def test_there_may_be_no_identical_words() -> None:
    source, target = embeddings("a", "b"), embeddings("c")
    found = Lexicon.identical(source, target)
    assert len(found) == 0
    with pytest.raises(EmptyLexiconError, match="identical words"):
        found.require_rows(source, target)


# --- published files --------------------------------------------------------------------------


def distinct_pairs(path: Path) -> set[tuple[str, ...]]:
    lines = path.read_bytes().decode().split("\n")
    return {tuple(line.replace("\t", " ").split(" ")) for line in lines if line}


@pytest.mark.parametrize("folder", ["muse", "xling"])
def test_published_dictionaries_load_as_they_are(shared_data: Path, folder: str) -> None:
    paths = sorted((shared_data / "dictionaries" / folder).iterdir())
    assert paths
    for path in paths:
        expected = distinct_pairs(path)
        assert {len(pair) for pair in expected} == {2}
        lexicon = Lexicon.load(path)
        assert len(lexicon) == len(expected)
        assert set(lexicon) == expected


@pytest.mark.parametrize("language", ["en", "es", "de", "en-es", "en-de", "de-es"])
def test_similarity_files_load_with_their_scores(shared_data: Path, language: str) -> None:
    path = shared_data / "similarity" / f"semeval2017.{language}.txt"
    fields = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    lexicon = Lexicon.load(path)
    assert list(lexicon) == [(first.strip(), second.strip()) for first, second, _ in fields]
    assert lexicon.scores is not None
    assert lexicon.scores.tolist() == [float(score) for *_, score in fields]


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_blank_lines_are_no_error(tmp_path: Path, on_error: Literal["raise", "skip"]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n\ncat gato\n")
    assert len(Lexicon.load(path, on_error=on_error)) == 1


@pytest.mark.parametrize("number", ["null", "[1]", '"0.5"', "{}"])
def test_numbers_of_json_lines_must_be_numbers(tmp_path: Path, number: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"source": "cat", "target": "gato", "score": {number}}}\n')
    with pytest.raises(FormatError, match=r"a\.jsonl:1: .* must be numbers"):
        Lexicon.load(path)


def test_json_that_nests_too_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("[" * 100_000 + "\n")
    with pytest.raises(FormatError, match=r"a\.jsonl:1: "):
        Lexicon.load(tmp_path / "a.jsonl")


def test_lowercase_understands_escapes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(r'{"source": "\u00c9T\u00c9", "target": "Verano"}' + "\n")
    loaded = Lexicon.load(tmp_path / "a.jsonl", lowercase=True)
    assert list(loaded) == [("été", "verano")]


def test_skipped_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat gato\nalone\na b c\n")
    loaded = Lexicon.load(tmp_path / "a.txt", on_error="skip")
    assert (len(loaded), loaded.skipped) == (1, 2)
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', got 'bogus'"):
        Lexicon.load(tmp_path / "a.txt", on_error="bogus")  # type: ignore[arg-type]  # on purpose


def test_a_file_without_pairs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("alone\n\n")
    with pytest.raises(FormatError, match=r"a\.txt: .* got none"):
        Lexicon.load(tmp_path / "a.txt", on_error="skip")


@pytest.mark.parametrize("word", ["a\tb", "a\nb"])
def test_words_that_would_break_a_line_are_refused(tmp_path: Path, word: str) -> None:
    lexicon = Lexicon([("cat", word)])
    with pytest.raises(FormatError, match=r"must not contain tabs or line ends"):
        lexicon.save(tmp_path / "a.tsv")
    assert not (tmp_path / "a.tsv").exists()
    lexicon.save(tmp_path / "a.jsonl")
    assert list(Lexicon.load(tmp_path / "a.jsonl")) == [("cat", word)]


# --- tables of all kinds ----------------------------------------------------------------------

CAT_DOG = [("cat", "gato"), ("dog", "perro")]


@pytest.mark.parametrize(
    "text",
    [
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
        "cat\rgato\n".replace("\r", "\t") + "# a comment\ndog\tperro\n",
        "# comment\ncat gato\ndog perro\n",
        "english\tspanish\ncat\tgato\ndog\tperro\n",
        "Source_word,Target_word\ncat,gato\ndog,perro\n",
        "en es\ncat gato\ndog perro\n",
        "\ufeffcat\tgato\rdog\tperro\r",
    ],
)
def test_pairs_are_those_that_a_person_reads(tmp_path: Path, text: str) -> None:
    assert list(loaded(tmp_path / "a.txt", text)) == CAT_DOG
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    assert list(Lexicon.load(tmp_path / "a.txt.gz")) == CAT_DOG


def test_quotes_enclose_what_would_separate(tmp_path: Path) -> None:
    text = '"Paris, Texas","Paris, Texas"\n"a ""b""","c"\n'
    pairs = [("Paris, Texas", "Paris, Texas"), ('a "b"', "c")]
    assert list(loaded(tmp_path / "a.csv", text)) == pairs
    assert list(loaded(tmp_path / "a.tsv", 'hush\t"well, then"\n')) == [("hush", "well, then")]
    with pytest.raises(FormatError, match=r"a\.csv:1: .* got a list, 'gato, gata'"):
        loaded(tmp_path / "a.csv", 'cat,"gato, gata"\ndog,perro\n')


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
    ],
)
def test_what_looks_like_a_mark_may_be_a_word(tmp_path: Path, text: str) -> None:
    expected = [tuple(line.split("\t" if "\t" in text else " ")) for line in text.splitlines()]
    lexicon = loaded(tmp_path / "a.txt", text)
    assert list(lexicon) == expected
    assert lexicon.notes == ()


@pytest.mark.parametrize(
    ("text", "line", "gist"),
    [
        ("dog\tperro\ncat\tgato, gata\n", 2, "got a list, 'gato, gata'"),
        ("dog\tperro\ncat\tgato;gata\n", 2, "got a list"),
        ("dog\tperro\ncat\tgato / gata\n", 2, "got a list"),
        ("dog\tperro\ncat\tgato/gata\n", 2, "got a list"),
        ("cat\tgato(a)\n", 1, "the note '(a)'"),
        ("猫\tcat\n狗\tdog、hound\n", 2, "got a list"),
        ("month mes,\nyear año\n", 1, "got 'mes,'"),
        ("cat: gato\ndog perro\n", 1, "got 'cat:'"),
        ("cat\tgato {m}\n", 1, "the note '{m}'"),
        ("cat [zool.]\tgato\n", 1, "the note '[zool.]'"),
        ("cat\tNOUN\tgato\n", 1, "got 'cat', 'NOUN', 'gato'; say which columns"),
        ("cat\tgato\tgata\tminino\n", 1, "say which columns"),
        ("cat\tNOUN\nrun\tVERB\n", 1, "a target must be a word, got a column of 2"),
        ("NOUN\tcat\nNOUN\tdog\n", 1, "a source must be a word"),
        ("".join(f"w{i}\tclass{i % 2}\n" for i in range(40)), 1, "a column of 2 different values"),
        ("1 2\n3 4\n", 1, "got numbers only"),
        ("cat\tgato\t7\t7.5\n", 1, "must lie in [0, 1], got 7.5"),
        ("cat\tgato\tnan\n", 1, "a score must be finite"),
        ("cat\tgato\t1\t0.5\t3\n", 1, "got 3 numbers"),
        ("«cat» «gato»\n«dog» «perro»\n", 1, "without quotes"),
        ("cat\u00a0gato\n", 1, "U+00A0 may be part of a word"),
        ("cat/gato\n", 1, "got 1, 'cat/gato'"),
        ('{"cat": "gato"}\n', 1, "JSON as a whole"),
        ('[\n"cat", "gato"\n]\n', 1, "JSON as a whole"),
        ("<Error> <Code>Denied</Code>\n<A>b</A> </Error>\n", None, "an XML page"),
        ("cat\0x gato\n" + "dog perro\n" * 9, None, "binary data"),
    ],
)
def test_doubtful_pairs_are_refused_by_line(
    tmp_path: Path, text: str, line: int | None, gist: str
) -> None:
    with pytest.raises(FormatError) as caught:
        loaded(tmp_path / "a.txt", text)
    assert gist in str(caught.value)
    assert caught.value.line == line


def test_a_few_words_may_end_in_a_comma(tmp_path: Path) -> None:
    text = "jedoch however,\n" + "".join(f"w{i} v{i}\n" for i in range(200))
    assert loaded(tmp_path / "a.txt", text).pairs[0] == ("jedoch", "however,")


@pytest.mark.parametrize("header", ["english\tpos\tspanish\n", ""])
def test_columns_are_chosen(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(header + "cat\tNOUN\tgato\t0.5\ndog\tNOUN\tperro\t0.25\n")
    found = Lexicon.load(path, columns=(1, 3))
    assert list(found) == CAT_DOG
    assert found.scores is None
    assert found.notes == (("line 1 is a header",) if header else ())
    turned = Lexicon.load(path, columns=(3, 1, 4))
    assert list(turned) == [("gato", "cat"), ("perro", "dog")]
    assert np.asarray(turned.scores).tolist() == [0.5, 0.25]
    if header:
        assert list(Lexicon.load(path, columns=("English", "spanish"))) == CAT_DOG
        with pytest.raises(FormatError, match="there must be a column 'german', got 'english'"):
            Lexicon.load(path, columns=("english", "german"))


def test_keys_of_json_lines_are_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"en": "cat", "es": "gato"}\n{"en": "dog", "es": "perro"}\n')
    assert list(Lexicon.load(path, columns=("en", "es"))) == CAT_DOG
    with pytest.raises(FormatError, match=r"a\.jsonl:1: .* got 'en', 'es'; name others"):
        Lexicon.load(path)


@pytest.mark.parametrize("columns", [(1,), (0, 1), (1, 1), ("a", 2), "12", (1, 2, 3, 4, 5)])
def test_columns_that_cannot_be_are_refused(tmp_path: Path, columns: Any) -> None:  # noqa: ANN401
    (tmp_path / "a.txt").write_text("cat gato\n")
    with pytest.raises(ValueError, match="columns must"):
        Lexicon.load(tmp_path / "a.txt", columns=columns)


def test_a_name_over_numbers_is_a_header(tmp_path: Path) -> None:
    lexicon = loaded(tmp_path / "a.tsv", "mot\tWort\tvaleur\ncat\tgato\t1\ndog\tperro\t2\n")
    assert list(lexicon) == CAT_DOG
    assert np.asarray(lexicon.scores).tolist() == [1, 2]


def test_a_similarity_file_has_a_score_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("man,woman,3.5\nking,queen,4\n")
    found = Lexicon.load(path, scored=True)
    assert np.asarray(found.scores).tolist() == [3.5, 4]
    path.write_text("man\twoman\t3.5\nking\tqueen\n")
    with pytest.raises(FormatError, match=r"a\.txt:2: a line must be word, word and score"):
        Lexicon.load(path, scored=True)
    assert Lexicon.load(path, scored=True, on_error="skip").skipped == 1


def test_scores_that_only_some_pairs_have_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded(tmp_path / "a.tsv", "cat\tgato\t0.5\ndog\tperro\n")
    assert "scores are left out, as only 1 of 2 pairs have one" in caplog.text


def test_what_would_be_doubtful_is_saved_in_quotes(tmp_path: Path) -> None:
    pairs = [("perro,", "x"), ("a, b", "c"), ('"d"', "e"), ("f {g}", "h"), ('"', ",")]
    Lexicon(pairs).save(tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == '"perro,"\tx'
    assert list(Lexicon.load(tmp_path / "a.tsv")) == pairs


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        ("cat\tقطة، هرة\n", "got a list"),
        ("cat\tgato • gata\n", "got a list"),
        ("cat; kitty\tgato; gata\n", "got a list"),
        ("cat\t1200\ndog\t1100\n", "got a number beside each"),
        ("cat\tn.\ndog\tn.\neat\tv.\nred\tadj.\n", "column of 3 different values"),
        ("cat\tgato m\nhouse\tcasa f\n", "without their gender"),
        ("cat\tgato (m)\n", "the note '(m)'"),
        ("「cat」\t「gato」\n", "without quotes"),
        ("cat\t'gato'\ndog\t'perro'\n", "without quotes"),
    ],
)
def test_further_notes_and_lists_are_refused(tmp_path: Path, content: str, gist: str) -> None:
    (tmp_path / "d.tsv").write_text(content)
    with pytest.raises(FormatError, match=re.escape(gist)):
        Lexicon.load(tmp_path / "d.tsv")


def test_a_first_pair_with_a_score_is_no_header(tmp_path: Path) -> None:
    pairs = Lexicon([("de", "el"), ("huis", "casa")], np.array([0.9, 0.8]))
    pairs.save(tmp_path / "d.tsv")
    assert Lexicon.load(tmp_path / "d.tsv").pairs == pairs.pairs


@pytest.mark.parametrize(
    ("target", "score", "probability", "gist"),
    [
        ("", 1.0, 1.0, "must hold two words"),
        ("gato", np.nan, 1.0, "scores must be finite"),
        ("gato", 1.0, 2.0, "probabilities must lie in"),
    ],
)
def test_missing_words_and_numbers_are_refused(
    target: str, score: float, probability: float, gist: str
) -> None:
    with pytest.raises(ValueError, match=gist):
        Lexicon([("cat", target)], np.array([score]), np.array([probability]))
