"""Labeled texts as other programs write them."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alignx.classification.data.texts import LabeledTexts
from alignx.errors import FormatError

SENTENCES = [f"we talked about the matter for {number} hours" for number in range(24)]
CLASSES = [("news", "sports", "science/technology")[number % 3] for number in range(24)]
FRAME = pd.DataFrame(
    {
        "text": ['he said "the cat" sleeps', "a, b; c", "tab\there", "two\nlines", "x | y"],
        "label": ["pets", "sky", "pets", "sky", "pets"],
    }
)
RENAMED = FRAME.rename(columns={"text": "utterance", "label": "intent"})
TAB = "tab-separated, header skipped, text in column 1, label in column 2"
NO_HEADER = "tab-separated, no header, text in column 1, label in column 2"
COMMAS = NO_HEADER.replace("tab", "comma")


def load(folder: Path, content: str | bytes, name: str = "x.tsv", **options: Any) -> LabeledTexts:  # noqa: ANN401
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return LabeledTexts.load(path, **options)


def pairs(found: LabeledTexts) -> list[tuple[str, str]]:
    return list(zip(found.texts, found.labels or (), strict=True))


# --- what programs write ----------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("name", ["x.tsv", "x.csv", "x.txt"])
def test_tables_of_pandas(
    tmp_path: Path, delimiter: str, index: bool, quoting: Literal[0, 1, 2], name: str
) -> None:
    content = FRAME.to_csv(sep=delimiter, index=index, quoting=quoting)
    found = load(tmp_path, content, name)
    assert pairs(found) == list(FRAME.itertuples(index=False, name=None))
    assert f"-separated with quotes, header skipped, text in column {1 + index}" in found.notes[0]
    assert found.notes[1] == "1 text of several lines"


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00\ufeff"), max_size=12)


@pytest.mark.slow
@given(
    texts=st.lists(CELL, min_size=1, max_size=8),
    delimiter=st.sampled_from("\t,;"),
    index=st.booleans(),
)
def test_any_text_survives_a_quoted_table(texts: list[str], delimiter: str, index: bool) -> None:
    labels = [f"class {number % 2}" for number in range(len(texts))]
    frame = pd.DataFrame({"text": texts, "label": labels})
    content = frame.to_csv(sep=delimiter, index=index, quoting=csv.QUOTE_ALL)
    with tempfile.TemporaryDirectory() as folder:
        assert pairs(load(Path(folder), content)) == list(zip(texts, labels, strict=True))


@settings(max_examples=30)
@given(texts=st.lists(CELL, min_size=1, max_size=8))
def test_any_text_without_tabs_survives_a_table_without_quotes(texts: list[str]) -> None:
    assume(not any("\t" in text or "\n" in text for text in texts))
    assume(not all(re.fullmatch('"[^"]+"', text) for text in texts))
    assume(not any(re.fullmatch('".*"".*"', text, re.DOTALL) for text in texts))
    content = "text\tlabel\n" + "".join(f"{text}\ta\n" for text in texts)
    with tempfile.TemporaryDirectory() as folder:
        assert pairs(load(Path(folder), content)) == [(text, "a") for text in texts]


@pytest.mark.parametrize(
    "content",
    [
        FRAME.to_json(orient="records"),
        FRAME.to_json(orient="records", indent=2),
        FRAME.to_json(orient="records", lines=True),
        "\n" + RENAMED.to_json(orient="records", lines=True),
    ],
)
@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.txt"])
def test_json_of_pandas(tmp_path: Path, content: str, name: str) -> None:
    found = load(tmp_path, content, name)
    assert pairs(found) == list(FRAME.itertuples(index=False, name=None))
    assert re.match(
        'JSON l.*, text in "(text|utterance)", label in "(label|intent)"', found.notes[0]
    )


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (FRAME.to_json(), "an object must hold one text, got a column of them"),
        (FRAME.to_json(orient="split"), "must be a column of texts, called"),
        ('[["the cat", "pets"]]', "a line must be a JSON object, got list"),
        ('[{"text": "a", "label": "x"}, {"text": "b"}]', "object 2: there must be a column of"),
        ('{"text": null, "label": 1}', "a text is missing, got null"),
        (
            '{"text": "the cat", "label": 1.0}',
            "a label must be a string or a whole number, got 1.0",
        ),
        ('{"text": "the cat", "label": NaN}', "a label is missing, got NaN"),
    ],
)
def test_json_that_holds_no_rows(tmp_path: Path, content: str, gist: str) -> None:
    with pytest.raises(FormatError, match=re.escape(gist)):
        load(tmp_path, content, "x.json")


@pytest.mark.parametrize(
    ("content", "expected", "note"),
    [
        (  # R
            '"text"\t"label"\n"1"\t"the cat"\t"pets"\n"2"\t"the sun"\t"sky"\n',
            [("the cat", "pets"), ("the sun", "sky")],
            "tab-separated with quotes, header skipped, text in column 2, label in column 3",
        ),
        (  # Excel
            "\ufeffsep=;\r\ntext;label\r\nthe cat;pets\r\n",
            [("the cat", "pets")],
            "semicolon-separated, header skipped, text in column 1, label in column 2",
        ),
        (
            "\ttext\tlabel\n0\t\"he said \"\"the cat\"\" sleeps\"\tpets\n1\ta dog barks\tpets\n",
            [('he said "the cat" sleeps', "pets"), ("a dog barks", "pets")],
            "tab-separated with quotes, header skipped, text in column 2, label in column 3",
        ),
        (
            'text\tlabel\n"the cat\nsleeps"\tpets\nthe sun\tweather\n',
            [("the cat\nsleeps", "pets"), ("the sun", "weather")],
            "tab-separated with quotes, header skipped, text in column 1, label in column 2",
        ),
        (
            'text,label\n"the cat, sleeps",pets\nthe sun,weather\n',
            [("the cat, sleeps", "pets"), ("the sun", "weather")],
            "comma-separated with quotes, header skipped, text in column 1, label in column 2",
        ),
        (
            "__label__pets\tthe cat sleeps\n__label__weather\tthe sun shines\n",
            [("the cat sleeps", "pets"), ("the sun shines", "weather")],
            "__label__ lines of fastText",
        ),
        (
            "the cat sleeps __label__pets\n",
            [("the cat sleeps", "pets")],
            "__label__ lines of fastText",
        ),
        ("text\tlabel\nthe cat\t__label__pets\n", [("the cat", "pets")], TAB),
        ("the cat;pets\n", [("the cat", "pets")], NO_HEADER.replace("tab", "semicolon")),
        ("text\tlabel\na cat\tpets\n".encode("utf-16"), [("a cat", "pets")], TAB),
        ("text\tlabel\nyear\ta\nqueen\tb\n", [("year", "a"), ("queen", "b")], TAB),
        ("the cat\t0\nthe sun\t1\n", [("the cat", "0"), ("the sun", "1")], NO_HEADER),
        ("the cat\tpets\t\n", [("the cat", "pets")], NO_HEADER),
        ("text\tlabel\na\tx\ntext\tlabel\nb\tx\n", [("a", "x"), ("b", "x")], TAB),
        ("text|label\n---|:--\nthe cat|pets\n", [("the cat", "pets")], TAB.replace("tab", "bar")),
        ("a cat,pets\na sun,sky\n", [("a cat", "pets"), ("a sun", "sky")], COMMAS),
    ],
)  # fmt: skip
def test_tables_of_other_programs(
    tmp_path: Path, content: str | bytes, expected: list[tuple[str, str]], note: str
) -> None:
    found = load(tmp_path, content)
    assert pairs(found) == expected
    assert found.notes[0] == note


@pytest.mark.parametrize("content", ['"my cat\tpets\nit is 5"\tpets\n', 'my "cat\tpets\nb\tc\n'])
def test_lone_quotes_belong_to_the_text(tmp_path: Path, content: str) -> None:
    assert pairs(load(tmp_path, content)) == [
        tuple(line.split("\t")) for line in content.splitlines()
    ]


# --- columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("sentence1\tgold_label", 0, 1),
        ("gold_label\tsentence1", 1, 0),
        ("utterance\tintent", 0, 1),
        ("review\tsentiment", 0, 1),
        ("category\ttext", 1, 0),
        ("Tweet_Text\tairlineSentiment", 0, 1),
        ("文本\t标签", 0, 1),
        ("id\tcontent\tclass", 1, 2),
        ("label\tlabel_text\ttext", 2, 0),
        ("reviews.text\treviews.rating", 0, 1),
        ("Satz\tKlasse", 0, 1),
        ("věta\ttřída", 0, 1),
        ("문장\t라벨", 0, 1),
        ("#text\tlabel", 0, 1),
        ("review_id\tnarrative\tClass Index", 1, 2),
    ],
)
def test_headers_with_other_names(tmp_path: Path, header: str, text: int, label: int) -> None:
    row = [f"cell {number}" for number in range(header.count("\t") + 1)]
    for mark in "\t,":
        found = load(tmp_path, "\n".join(mark.join(x) for x in (header.split("\t"), row)))
        assert pairs(found) == [(row[text], row[label])]
        assert f"header skipped, text in column {text + 1}, label in column" in found.notes[0]
    rows = dict(zip(header.removeprefix("#").split("\t"), row, strict=True))
    assert pairs(load(tmp_path, json.dumps(rows))) == [(row[text], row[label])]


@pytest.mark.parametrize(
    ("header", "gist"),
    [
        ("sentence1\tsentence2\tgold_label", "texts, got 'sentence1' and 'sentence2' among"),
        ("Class Index\tTitle\tDescription", "texts, got 'Title' and 'Description' among"),
        ("text\tlabel_a\tlabel_b", "labels, got 'label_a' and 'label_b' among"),
        ("id\ttext", "must be a column of labels"),
        ("text\ttext\tlabel", "names must differ, got 'text' twice"),
        ("premise\thypothesis\tlabel", "texts, got 'premise' and 'hypothesis' among"),
        ("tweet_id\tverbatim\tsentiment", "must be a column of texts"),
        ("body_length\tverbatim\tsentiment", "must be a column of texts"),
        ("text\tsentiment_confidence\tairline", "must be a column of labels"),
        ("Titel\tBeschreibung\tKategorie", "texts, got 'Titel' and 'Beschreibung' among"),
    ],
)
def test_ambiguous_headers_name_what_is_there(tmp_path: Path, header: str, gist: str) -> None:
    row = "\t".join(f"cell {number}" for number in range(header.count("\t") + 1))
    with pytest.raises(FormatError, match=gist):
        load(tmp_path, f"{header}\n{row}\n")


def test_a_label_in_front_is_found_where_it_is_unmistakable(tmp_path: Path) -> None:
    rows = list(zip(SENTENCES, CLASSES, strict=True))
    found = load(tmp_path, "".join(f"{label}\t{text}\n" for text, label in rows))
    assert pairs(found) == rows
    assert found.notes == ("tab-separated, no header, text in column 2, label in column 1",)
    chinese = "".join(
        f"{'体育' if n % 2 else '财经'}\t昨天的比赛非常精彩第{n}场\n" for n in range(20)
    )
    assert set(load(tmp_path, chinese).labels or ()) == {"体育", "财经"}
    with pytest.raises(FormatError, match="text_column=2 and label_column=1, else with text"):
        load(tmp_path, "".join(f"{label}\t{text}\n" for text, label in rows[:6]))
    numbered = "".join(f"{number % 2}\tthe cat sleeps{number}\n" for number in range(4))
    with pytest.raises(FormatError, match="labels must be classes, got 4 different"):
        load(tmp_path, numbered)
    repeated = "pets\tthe cat sleeps\npets\ta dog barks\nweather\tthe sun shines\n" * 3
    with pytest.raises(FormatError, match="labels must be classes, got 3 different"):
        load(tmp_path, repeated)


def test_quotes_of_headers_and_after_blanks_are_no_text(tmp_path: Path) -> None:
    assert pairs(load(tmp_path, '"text"\t"label"\nthe cat\tpets\n')) == [("the cat", "pets")]
    found = load(tmp_path, 'label, text\npets, "the cat, a pet"\nsky, "rain"\n', "x.csv")
    assert pairs(found) == [("the cat, a pet", "pets"), ("rain", "sky")]


def test_a_header_of_several_words_is_doubted(tmp_path: Path) -> None:
    rows = "".join(f"{text}\t{label}\n" for text, label in zip(SENTENCES, CLASSES, strict=True))
    with pytest.raises(FormatError, match='text_column="Consumer complaint narrative" and'):
        load(tmp_path, f"Consumer complaint narrative\tProduct\n{rows}")
    for first in ("all is well now.\trare", "we talked on and on all day\trare"):
        assert load(tmp_path, f"{first}\n{rows}").labels == ("rare", *CLASSES)


def test_columns_are_suggested_by_words_and_repetition(tmp_path: Path) -> None:
    for content, gist in {
        "the cat\ta cat\tentailment\nthe dog\ta hen\tcontradictory\n": "1 and label_column=3",
        "en\tthe cat\tpets\nen\tthe sun\tsky\nen\tthe dog\tpets\n": "2 and label_column=3",
    }.items():
        with pytest.raises(FormatError, match=f"text_column={gist}"):
            load(tmp_path, content)


@pytest.mark.parametrize("header", ["text\tlabel\n", ""])
@pytest.mark.parametrize("count", [300, 1500])
def test_many_classes_stay_classes(tmp_path: Path, header: str, count: int) -> None:
    rows = [(f"item {n} of kind {n // 2}", f"class {n // 2}") for n in range(2 * count)]
    found = load(tmp_path, header + "".join(f"{text}\t{label}\n" for text, label in rows))
    assert pairs(found) == rows


def test_options_settle_what_was_found_wrong(tmp_path: Path) -> None:
    named = "Text\tLabel\nthe cat\tpets\n"
    assert pairs(load(tmp_path, named, header=False)) == [("Text", "Label"), ("the cat", "pets")]
    assert pairs(load(tmp_path, named, text_column=1, label_column=2)) == [("the cat", "pets")]
    swapped = load(tmp_path, "a\tb\nthe cat\tpets\n", text_column=2, label_column=1, header=True)
    assert pairs(swapped) == [("pets", "the cat")]
    for delimiter in ("#", "tab"):
        mark = "\t" if delimiter == "tab" else "#"
        content = f"the cat, he{mark}pets\nthe sun{mark}sky\n"
        assert pairs(load(tmp_path, content, delimiter=delimiter))[0] == ("the cat, he", "pets")
    with pytest.raises(ValueError, match="delimiter must be one character, or tab, got '##'"):
        load(tmp_path, named, delimiter="##")
    with pytest.raises(ValueError, match="must have numbers without a header"):
        load(tmp_path, named, text_column="Text", header=False)


def test_a_header_below_given_numbers_is_doubted(tmp_path: Path) -> None:
    content = "foo\tbar\n" + "the cat\t1\nthe sun\t0\n" * 2
    with pytest.raises(FormatError, match="looks like a header of unknown names"):
        load(tmp_path, content, text_column=1, label_column=2)
    found = load(tmp_path, "id\ttext\tlabel\n1\tthe cat\tpets\n", text_column=3, labeled=False)
    assert found.texts == ("pets",)
    assert len(load(tmp_path, content, text_column=1, header=True)) == 4
    assert len(load(tmp_path, content, text_column=1, header=False)) == 5


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        ("text,label\nwhy, then,pets\n", "x.tsv:2: a line must have 2 columns as the first, sep"),
        ("text,label\nwhy, then,pets\n", "got 3; quote texts that hold a comma"),
        ('text\tlabel\n"my\ncat\tpets\nb\tc\n', "a quote may be open or not doubled"),
        ("a, b;c\nd, e;f\n", "must be separated by one delimiter, got a comma or a semicolon"),
        ("Hi, you\nHello, sir\nBye, all\n", "labels must be classes, got 3 different ones in as"),
        ("__label__a,__label__b x\n", "a text must have one label, got several"),
        ("__label__pets,the cat\n", "load a table of commas with delimiter=','"),
        ("__label__a x\n__label__b __label__c y\n", "x.tsv:2: a text must have one label, got s"),
        ("0\tthe cat\tpets\n1\tthe sun\tsky\n", "text_column=2 and label_column=3"),
        ("text\tlabel\nthe cat\tpets\nthe dog\tnan\n", "x.tsv:3: a label is missing, got 'nan'"),
        ("CCAT\tgold\nMCAT\toil\nCCAT\tgas\nECAT\tcoal\n", "labels must be classes, got 4 diff"),
        (
            "a b\t1.5\nc d\t0.7\ne f\t2.2\ng h\t3.1\n",
            "classes, got 4 different numbers, such as 1.5",
        ),
        ("text\xa0label\na b\xa0pets\n", "must be two columns, got one named 'text"),
        (
            "v1,v2,,,\nham,see you there,,,\nspam,win a prize,,,\n",
            "text_column=2 and label_column=1",
        ),
        ("<!DOCTYPE html>\n<p>a\tb\n", "the beginning of a web page"),
        ("text\tlabel\nthe cat\t\n", "x.tsv:2: a label is missing; leave the line out"),
    ],
)
def test_what_cannot_be_split_is_named(tmp_path: Path, content: str, gist: str) -> None:
    with pytest.raises(FormatError, match=re.escape(gist)):
        load(tmp_path, content)


def test_a_dictionary_is_not_learned(tmp_path: Path) -> None:
    content = "".join(f"cat{n}\tgato{n}\n" for n in range(20))
    with pytest.raises(FormatError, match="as in a dictionary; if each is a class, load with text"):
        load(tmp_path, content)
    assert len(load(tmp_path, content, text_column=1, label_column=2)) == 20


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
def test_empty_rows_of_a_spreadsheet_are_left_out(tmp_path: Path, mark: str) -> None:
    content = f"{mark}\ntext{mark}label\nthe cat{mark}pets\n{mark}\n{mark}\n"
    found = load(tmp_path, content)
    assert pairs(found) == [("the cat", "pets")]
    assert "3 rows of empty cells left out" in found.notes


# --- what is counted --------------------------------------------------------------------------


def test_changes_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    labels = "the cat\t my pets \na dog\tmy pets\u200b\nthe sun\tMy Pets\nrain\tbad weather\n"
    found = load(tmp_path, f"text\tlabel\n{labels}")
    assert found.labels == ("my pets", "my pets", "My Pets", "bad weather")
    assert found.notes == (TAB, "blanks removed at the ends of 2 labels")
    assert "'my pets', 'My Pets'; write them alike to join them" in caplog.text
    load(tmp_path, "the cat\tcaf\u00e9\nrain\tcafe\u0301\n")
    assert "labels that differ only in spelling are classes apart: 'caf\u00e9'" in caplog.text
    found = load(tmp_path, '"the cat"\tpets\na dog\tpets\n"the sun" said "hi"\tsky\n')
    assert found.texts == ('"the cat"', "a dog", '"the sun" said "hi"')
    assert found.notes == (NO_HEADER, "quotes around 1 text kept")
    empty = "\ufefftext\tlabel\r\n\tpets\r\n   \tpets\r\nzzzqq\tweather\r\n"
    found = load(tmp_path, empty)
    assert pairs(found) == [("", "pets"), ("   ", "pets"), ("zzzqq", "weather")]
    assert found.notes == (TAB, "2 empty texts")


def test_a_blank_last_line_of_labels_is_left_out(tmp_path: Path) -> None:
    texts, labels = tmp_path / "a.txt", tmp_path / "b.txt"
    texts.write_text("x\ny\n")
    labels.write_text("1\n2\n\n")
    found = LabeledTexts.load_lines(texts, labels)
    assert pairs(found) == [("x", "1"), ("y", "2")]
    assert found.notes == (f"1 blank line at the end of {labels} left out",)
    labels.write_text("1\n2\n3\n")
    with pytest.raises(FormatError, match="a label for each of 2 texts, got 3"):
        LabeledTexts.load_lines(texts, labels)


# --- without labels ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "texts", "note"),
    [
        ("x.txt", "hello, there\nyou\n", ["hello, there", "you"], None),
        ("x.txt", "id,text\n1,\"a, b\"\n", ["a, b"], "comma-separated with quotes, header skipped"),
        ("x.csv", 'text\n"a, b"\nc\n', ["a, b", "c"], "comma-separated with quotes, header"),
        ("x.txt", "utterance\tgold\na b\tc\n", ["a b"], "tab-separated, header skipped, text in"),
        ("x.txt", "a b\tc\n", ["a b\tc"], "a text a line, with its tabs; text_column=1 reads"),
        ("x.txt", "__label__x the cat\n", ["the cat"], "__label__ lines of fastText, labels left"),
        ("x.txt", '{"utterance": "a"}\n', ["a"], 'JSON lines, text in "utterance"'),
        ("x.json", '["the cat",\n"a dog"]\n', ["the cat", "a dog"], "JSON list of texts"),
        ("x.txt", '"the cat","pets"\n"a dog","pets"\n', ["the cat", "a dog"], "comma-separated"),
        ("x.txt", "text\nthe cat\n", ["the cat"], "tab-separated, header skipped"),
    ],
)  # fmt: skip
def test_texts_without_labels(
    tmp_path: Path, name: str, content: str, texts: list[str], note: str | None
) -> None:
    found = load(tmp_path, content, name, labeled=False)
    assert list(found.texts) == texts
    assert (found.notes == ()) if note is None else found.notes[0].startswith(note)


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        ("2 3\ncat 0.1 0.2 0.3\ndog 1 -2e-3 .5\n", "a word and numbers, 'cat 0.1 0.2 0.3', as in"),
        ('{\n "a": 1\n}\n', "a line must be a text, got JSON"),
        ("<html>\n<p>404\n", "the beginning of a web page"),
    ],
)
def test_files_that_hold_no_texts(tmp_path: Path, content: str, gist: str) -> None:
    with pytest.raises(FormatError, match=re.escape(gist)):
        load(tmp_path, content, "x.txt", labeled=False)
