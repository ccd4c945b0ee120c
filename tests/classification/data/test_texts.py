from __future__ import annotations

import gzip
import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.classification.data.streams import read_texts
from alignx.classification.data.texts import LabeledTexts
from alignx.classification.labels import require_labels
from alignx.errors import FormatError
from alignx.support.archives import BLOCK_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

TEXTS = ("my cat", "el sol")
LABELS = ("pets", "weather")
LANGUAGES = ("en", "es")
MISSING = ("nan", "NaN", "None", "null", "NA", "n/a", '"nan"', "<NA>", " ", "")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give what writes a file, gzipped if its name says so."""

    def write_file(name: str, content: str | bytes) -> Path:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write_file


# --- formats ----------------------------------------------------------------------------------


WITH_HEADER = "index_id\tcategory\ttext\tlang\n4\tpets\tmy cat\ten\n7\tweather\tel sol\tes\n"
JSON_LINES = (
    '{"text": "my cat", "label": "pets", "language": "en", "id": 4}\n'
    '{"lang": "es", "class": "weather", "sentence": "el sol"}\n'
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.tsv", WITH_HEADER),
        ("x.tsv", WITH_HEADER.replace("category\ttext", "Sentiment\tTweet")),
        ("x.tsv", "my cat\tpets\ten\nel sol\tweather\tes\n"),
        ("x.txt", "my cat\tpets\ten\nel sol\tweather\tes"),
        ("x.jsonl", JSON_LINES),
        ("x.jsonl", JSON_LINES.replace("\n", "\n\n")),
    ],
    ids=["header", "other names", "no header", "no last line end", "json", "blank lines"],
)
@pytest.mark.parametrize("change", ["as is", "gz", "bom", "crlf"])
def test_every_format_says_the_same(write: Write, name: str, content: str, change: str) -> None:
    name = f"{name}.gz" if change == "gz" else name
    content = content.replace("\n", "\r\n") if change == "crlf" else content
    path = write(name, content.encode("utf-8-sig" if change == "bom" else "utf-8"))
    found = LabeledTexts.load(path)
    assert (found.texts, found.labels, found.languages) == (TEXTS, LABELS, LANGUAGES)
    assert (len(found), found.replaced, found.name) == (2, 0, str(path))


def test_two_columns_without_language(write: Write) -> None:
    path = write("x.tsv", "my cat\tpets\nel sol\tweather\n")
    assert LabeledTexts.load(path).languages is None
    assert LabeledTexts.load(path, language="de").languages == ("de", "de")


def test_the_language_of_the_file_goes_before_that_of_the_call(write: Write) -> None:
    path = write("x.tsv", "text\tlabel\tlanguage\nmy cat\tpets\t\nel sol\tweather\tes\n")
    assert LabeledTexts.load(path, language="en").languages == LANGUAGES
    with pytest.raises(FormatError, match=r"x\.tsv:2: each text or none must say its language"):
        LabeledTexts.load(path)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("pets\tmy cat\nweather\tel sol\n", {"label_column": 1}),
        ("pets\tmy cat\nweather\tel sol\n", {"text_column": 2}),
        ("1\tx\tmy cat\tpets\n2\tx\tel sol\tweather\n", {"text_column": 3, "label_column": 4}),
        ("Title\tText\tKind\na\tmy cat\tpets\nb\tel sol\tweather\n", {"label_column": "Kind"}),
        (
            "what\tof\nmy cat\tpets\nel sol\tweather\n",
            {"text_column": "what", "label_column": "of"},
        ),
        ("text\tbody\tlabel\n-\tmy cat\tpets\n-\tel sol\tweather\n", {"text_column": "body"}),
    ],
)
def test_columns_are_chosen(write: Write, content: str, columns: dict[str, Any]) -> None:
    found = LabeledTexts.load(write("x.tsv", content), **columns)
    assert (found.texts, found.labels) == (TEXTS, LABELS)


def test_a_language_column_is_chosen(write: Write) -> None:
    path = write("x.tsv", "en\tmy cat\tpets\nes\tel sol\tweather\n")
    found = LabeledTexts.load(path, text_column=2, label_column=3, language_column=1)
    assert (found.texts, found.labels, found.languages) == (TEXTS, LABELS, LANGUAGES)
    named = write("y.jsonl", '{"text": "my cat", "label": 3, "code": "en"}\n')
    assert LabeledTexts.load(named, language_column="code").languages == ("en",)


def test_quotes_protect_nothing(write: Write) -> None:
    path = write("x.tsv", 'text\tlabel\n"my cat\tpets\nshe said "miau"\tpets\n')
    assert LabeledTexts.load(path).texts == ('"my cat', 'she said "miau"')


def test_only_a_line_feed_ends_a_line(write: Write) -> None:
    path = write("x.tsv", "my\u2028cat\x85\x0b\tpets\nel sol\tweather\n")
    assert LabeledTexts.load(path).texts == ("my\u2028cat\x85\x0b", "el sol")


def test_numbers_are_labels_and_empty_texts_are_texts(write: Write) -> None:
    assert LabeledTexts.load(write("x.jsonl", '{"text": "", "label": 3}\n')).labels == ("3",)
    assert LabeledTexts.load(write("x.tsv", "\t 1 \n")).labels == ("1",)


def test_unlabeled_texts(write: Write) -> None:
    lines = write("x.txt", "my cat\tor dog\n\nel sol\n")
    found = LabeledTexts.load(lines, labeled=False, language="es")
    assert (found.texts, found.labels) == (("my cat\tor dog", "el sol"), None)
    assert found.languages == ("es", "es")
    columns = write("x.tsv", "id\ttext\n1\tmy cat\n2\tel sol\n")
    assert LabeledTexts.load(columns, labeled=False).texts == TEXTS
    without_header = write("y.tsv", "my cat\nel sol\n")
    assert LabeledTexts.load(without_header, labeled=False).texts == TEXTS
    objects = write("x.jsonl", '{"text": "my cat"}\n{"text": "el sol", "label": null}\n')
    assert LabeledTexts.load(objects, labeled=False).texts == TEXTS


def test_a_line_may_be_long(write: Write) -> None:
    long = "cat " * 2_500_000
    found = LabeledTexts.load(write("x.tsv", f"{long}\tpets\nel sol\tweather\n"))
    assert (found.texts[0], found.labels) == (long, LABELS)


def test_invalid_utf8_is_replaced_counted_and_logged(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("x.tsv", b"my c\xe4t\tpets\nel sol\tweather\n\xff\xfe\tpets\n")
    with caplog.at_level(logging.WARNING, "alignx"):
        found = LabeledTexts.load(path)
    assert found.texts == (
        "my c\N{REPLACEMENT CHARACTER}t",
        "el sol",
        "\N{REPLACEMENT CHARACTER}" * 2,
    )
    assert found.replaced == 2
    assert f"{path}: invalid UTF-8 in 2 lines was replaced" in caplog.text


# --- two files --------------------------------------------------------------------------------


def test_a_file_of_texts_beside_one_of_labels(write: Write) -> None:
    texts = write("texts.txt", "my cat\tor dog\n\nel sol\n")
    found = LabeledTexts.load_lines(texts, write("labels.txt", "2\n0\n1\n"), language="en")
    assert found.texts == ("my cat\tor dog", "", "el sol")
    assert (found.labels, found.languages) == (("2", "0", "1"), ("en",) * 3)


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ("a\nb\n", "1\n", r"labels\.txt: there must be a label for each of 2 texts, got 1"),
        ("a\nb\n", "1\n \n", r"labels\.txt:2: a label is missing"),
        ("", "", r"texts\.txt: a file of texts must hold at least one"),
    ],
)
def test_two_files_that_do_not_fit(write: Write, texts: str, labels: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        LabeledTexts.load_lines(write("texts.txt", texts), write("labels.txt", labels))


# --- what cannot be read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.tsv", "", "x.tsv: a file of texts must hold at least one, got none"),
        ("x.tsv", "text\tlabel\n", "x.tsv: a file of texts must hold at least one, got none"),
        ("x.jsonl", "\n\n", "x.jsonl: a file of texts must hold at least one, got none"),
        ("x.tsv", "id\ttext\n1\tmy cat\n", "x.tsv:1: there must be a column of labels, called 'l"),
        ("x.tsv", "id\tlabel\n1\tpets\n", "x.tsv:1: there must be a column of texts, called 'text"),
        ("x.tsv", "my cat\n", "x.tsv:1: without a header that names texts and labels"),
        ("x.tsv", "a\tb\tc\td\n", "text, label, language; got 4"),
        ("x.tsv", "text\tlabel\na\tb\n\nmy cat\n", "x.tsv:4: a line must have 2 columns"),
        ("x.tsv", "a\tb\nc\td\te\n", "x.tsv:2: a line must have 2 columns as the first"),
        ("x.tsv", "a\tb\nmy cat\t \n", "x.tsv:2: a label is missing"),
        ("x.tsv", "a\tb\nc\t\n", "x.tsv:2: a label is missing"),
        ("x.jsonl", '{"text": "a", "label": "b"}\n{"text"\n', "x.jsonl:2: a line must be a JSON"),
        ("x.jsonl", "[" * 100_000, "x.jsonl:1: a line must be a JSON object"),
        ("x.jsonl", '["a", "b"]\n', "object 1: an object must hold a text and a label"),
        ("x.jsonl", '{"label": "b"}\n', "x.jsonl:1: there must be a column of texts"),
        ("x.jsonl", '{"text": "a"}\n', "x.jsonl:1: there must be a column of labels"),
        ("x.jsonl", '{"text": 1, "label": "b"}\n', "x.jsonl:1: a text must be a string, got int"),
        ("x.jsonl", '{"text": "a", "label": null}\n', "a label is missing, got null"),
        ("x.jsonl", '{"text": "a", "label": true}\n', "whole number, got true"),
        ("x.jsonl", '{"text": "a", "label": 0.5}\n', "whole number, got 0.5"),
        ("x.jsonl", '{"text": "a", "label": "b\\tc"}\n', "neither tabs nor line ends, got 'b\\tc'"),
        ("x.jsonl", '{"text": "a", "label": "b", "lang": 1}\n', "a language must be a string"),
        ("x.tsv.gz", b"a\0b\tc\n", "UTF-8, but this is binary data"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(
    write: Write, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(FormatError) as caught:
        LabeledTexts.load(write(name, content))
    assert message in str(caught.value)


def test_a_missing_file_and_a_cut_archive_are_named(write: Write, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.tsv: no such file"):
        LabeledTexts.load(tmp_path / "no.tsv")
    whole = gzip.compress("".join(f"w{i} {i * i}\tpets\n" for i in range(999)).encode())
    path = write("x.tsv", whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"x\.tsv: the archive is truncated or damaged"):
        LabeledTexts.load(path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text_column": "text", "label_column": 2}, "all names or all numbers"),
        ({"text_column": 0}, "numbered from 1"),
        ({"text_column": "a", "label_column": "a"}, "must differ"),
    ],
)
def test_columns_that_contradict_each_other(
    write: Write, columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LabeledTexts.load(write("x.tsv", WITH_HEADER), **columns)


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("x.tsv", {"text_column": 5}, "a line must have at least 5 columns, got 4"),
        ("x.tsv", {"text_column": "body"}, "called 'body', got 'index_id'"),
        ("x.jsonl", {"text_column": 1}, "have names, got numbers"),
        ("x.jsonl", {"language_column": "code"}, "column of languages, called 'code'"),
    ],
)
def test_columns_that_are_not_there(
    write: Write, name: str, columns: dict[str, Any], message: str
) -> None:
    path = write(name, WITH_HEADER if name == "x.tsv" else JSON_LINES)
    with pytest.raises(FormatError, match=message):
        LabeledTexts.load(path, **columns)


# --- the value --------------------------------------------------------------------------------


def test_texts_of_a_language() -> None:
    found = LabeledTexts(TEXTS * 2, LABELS * 2, LANGUAGES * 2)
    spanish = found.of("es")
    assert (spanish.texts, spanish.labels, spanish.languages) == (
        ("el sol",) * 2,
        ("weather",) * 2,
        ("es",) * 2,
    )
    assert len(found.of("de")) == 0
    assert LabeledTexts(TEXTS, None, LANGUAGES).of("en").labels is None
    with pytest.raises(ValueError, match="must have languages"):
        LabeledTexts(TEXTS, LABELS).of("es")


@pytest.mark.parametrize("field", ["labels", "languages"])
def test_fields_of_other_length_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be one for each of 2 texts, got 1"):
        LabeledTexts(TEXTS, **{field: ("one",)})  # type: ignore[arg-type]  # replaced is no tuple


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_published_texts_load(shared_data: Path, language: str) -> None:
    folder = shared_data / "classification"
    if not folder.exists():
        pytest.skip(f"the texts are absent: {folder}")
    topics = LabeledTexts.load(folder / "sib200" / language / "train.tsv", language=language)
    assert (len(topics), len(set(topics.labels or ()))) == (701, 7)
    assert topics.replaced == 0
    tweets = folder / "umsab" / language
    moods = LabeledTexts.load_lines(tweets / "train_text.txt", tweets / "train_labels.txt")
    assert (len(moods), set(moods.labels or ())) == (1839, {"0", "1", "2"})


# --- streams ----------------------------------------------------------------------------------


class Pipe(io.BytesIO):
    """A pipe whose writer sends one piece after the other."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def read1(self, size: int | None = -1, /) -> bytes:
        assert size == BLOCK_SIZE
        return self.pieces.pop(0) if self.pieces else b""


def test_lines_are_given_as_soon_as_they_are_complete() -> None:
    pipe = Pipe(b"o", b"ne\ntw", b"o\n", b"\n\r\nfi", b"ve")
    blocks = read_texts(pipe)
    assert next(blocks).texts == ["one"]
    assert len(pipe.pieces) == 3  # nothing was read ahead
    assert [block.texts for block in blocks] == [["two"], ["", ""], ["five"]]


def test_nothing_gives_nothing() -> None:
    assert list(read_texts(io.BytesIO())) == []
    assert list(read_texts(io.BytesIO(b"\n\n"), json_lines=True)) == []


def test_a_long_line_and_characters_that_are_cut_by_blocks_arrive_whole() -> None:
    line = "ñandú " * 500_000
    data = f"{line}\n{line}".encode()
    pieces = [data[start : start + 65_537] for start in range(0, len(data), 65_537)]
    blocks = list(read_texts(Pipe(*pieces)))
    assert [text for block in blocks for text in block.texts] == [line, line]
    assert sum(block.replaced for block in blocks) == 0


def test_streams_drop_the_bom_and_count_invalid_utf8() -> None:
    (block,) = read_texts(io.BytesIO(b"\xef\xbb\xbfone\nt\xffo\n\xef\xbb\xbfthree\n"))
    assert block.texts == [
        "one",
        "t\N{REPLACEMENT CHARACTER}o",
        "\N{ZERO WIDTH NO-BREAK SPACE}three",
    ]
    assert (block.replaced, block.records, block.languages) == (1, [], [None] * 3)


def test_json_lines_keep_their_objects() -> None:
    records: list[dict[str, Any]] = [
        {"text": "my cat", "id": 7},
        {"tweet": "el sol", "lang": "es", "label": "weather"},
    ]
    data = "\n\n".join(json.dumps(record) for record in records).encode()
    blocks = list(read_texts(io.BytesIO(data), json_lines=True, languages=["en", "es"]))
    assert [text for block in blocks for text in block.texts] == ["my cat", "el sol"]
    assert [code for block in blocks for code in block.languages] == [None, "es"]
    assert [record for block in blocks for record in block.records] == records


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("my cat", "input:3: a line must be a JSON object"),
        ('{"id": 1}', "input:3: there must be a column of texts, called 'text'"),
        ('{"text": "a", "language": "fr"}', "input:3: a language must be one of en, es, got 'fr'"),
    ],
)
def test_texts_before_a_bad_line_are_given(line: str, message: str) -> None:
    data = f'{{"text": "one"}}\n\n{line}\n{{"text": "two"}}\n'.encode()
    blocks = read_texts(io.BytesIO(data), json_lines=True, languages=["en", "es"])
    assert next(blocks).texts == ["one"]
    with pytest.raises(FormatError) as caught:
        next(blocks)
    assert message in str(caught.value)


# --- what is in doubt -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        ("pets\tthe cat sleeps\npets\ta dog barks\nnews\tit rains\n", "the other way round"),
        ("0\tthe cat sleeps\n1\tthe sun shines today\n", "the other way round"),
        ("体育\t昨天的比赛非常精彩\n体育\t他们赢得了冠军\n", "the other way round"),
        ("oración\tclave\nmy cat\ta\nmy dog\ta\nel sol\tb\nel mar\tb\n", "looks like a header"),
        ("xyz\tabc\nmy cat\t1\nmy dog\t0\n", "looks like a header"),
        ("1\tmy cat\tpets\n2\tel sol\tweather\n", "must hold codes of languages, got 'pets'"),
        ("__label__pets __label__cat my cat\n", "must have one label, got several"),
        ("__label__pets my cat\nel sol\n", "must begin with __label__"),
        *((f"text\tlabel\nmy cat\t{label}\n", "a label is missing") for label in MISSING),
        ("positive\tlove\nnegative\thate\npositive\tgood\nnegative\tbad\n", "must be classes"),
    ],
)  # fmt: skip
def test_columns_and_labels_in_doubt_are_refused(write: Write, content: str, gist: str) -> None:
    with pytest.raises(FormatError, match=r"x\.tsv:\d: ") as caught:
        LabeledTexts.load(write("x.tsv", content))
    assert gist in str(caught.value)


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("the cat sleeps\tpets\nthe sun\tweather forecast\n", ["pets", "weather forecast"]),
        ("the sun\tweather\nthe cat\tpets\nthe dog\tpets\n", ["weather", "pets", "pets"]),
        ("cat\tscience fiction\ndog\tscience fiction\n", ["science fiction"] * 2),
        ("text\tlabel\nthe cat\tit is about a pet\n", ["it is about a pet"]),
        ("the cat\tnone\nthe dog\tNONE\n", ["none", "NONE"]),
        ("__label__pets my cat\n__label__sun\tel sol\n", ["pets", "sun"]),
        ("".join(f"text number {i}\t{i}\n" for i in range(50)), [str(i) for i in range(50)]),
        ("cat\ta\n" * 3, ["a"] * 3),
    ],
)
def test_what_is_right_is_not_doubted(write: Write, content: str, labels: list[str]) -> None:
    assert LabeledTexts.load(write("x.tsv", content)).labels == tuple(labels)


def test_columns_settle_every_doubt(write: Write) -> None:
    swapped = write("x.tsv", "pets\tthe cat sleeps\nnews\tit rains again\n")
    assert LabeledTexts.load(swapped, text_column=2).labels == ("pets", "news")
    assert LabeledTexts.load(swapped, text_column=1, label_column=2).texts == ("pets", "news")
    header = write("y.tsv", "utterance\tgold\nmy cat\tpets\nel sol\tweather\n")
    found = LabeledTexts.load(header, text_column="utterance", label_column="gold")
    assert (found.texts, found.labels) == (TEXTS, LABELS)


def test_quotes_of_a_program_are_taken_off(write: Write) -> None:
    content = '"text"\t"label"\n"say ""miau"""\t"pets"\n"el sol"\t"weather"\n'
    found = LabeledTexts.load(write("x.tsv", content))
    assert (found.texts, found.labels) == (('say "miau"', "el sol"), LABELS)


def test_unlabeled_columns_are_not_guessed_against_the_evidence(write: Write) -> None:
    path = write("x.tsv", "1\tthe cat sleeps\n2\ta dog barks\n")
    with pytest.raises(FormatError, match=r"x\.tsv:1: texts are read from the first column, '1'"):
        LabeledTexts.load(path, labeled=False)
    assert LabeledTexts.load(path, labeled=False, text_column=2).texts[1] == "a dog barks"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_encodings_and_line_ends_of_other_systems(write: Write, encoding: str, end: str) -> None:
    content = "my cat\tpets\nel sol\tweather\n".replace("\n", end).encode(encoding)
    assert LabeledTexts.load(write("x.tsv", content)).texts == TEXTS
    stream = io.BytesIO("my cat\nel sol".replace("\n", end).encode(encoding))
    assert tuple(text for block in read_texts(stream) for text in block.texts) == TEXTS


def test_labels_that_differ_in_case_are_told(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    content = "text\tlabel\na\tPets\nb\t pets \nc\tpets\n"
    assert LabeledTexts.load(write("x.tsv", content)).labels == ("Pets", "pets", "pets")
    assert "classes apart: 'Pets', 'pets'" in caplog.text


@pytest.mark.parametrize(
    ("labels", "gist"),
    [
        (["a", None], "must not be missing, got None in row 1"),
        (["a", float("nan")], "must not be missing, got nan in row 1"),
        (np.array([1.0, np.nan]), "must not be missing, got nan in row 1"),
        (["a", "nan"], "must not be missing, got 'nan' in row 1"),
        (["a", ""], "must not be missing, got '' in row 1"),
        ([" a", "a"], "must not begin or end with blanks, got ' a' in row 0"),
        ([0, 1.0], "must be of one type, got int in row 0 and float in row 1"),
        (["a", 1], "must be of one type, got str in row 0 and int in row 1"),
    ],
)
def test_missing_and_mixed_labels_are_refused_in_python(labels: Any, gist: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=re.escape(gist)):
        require_labels(labels)


def test_missing_labels_of_a_value_are_refused() -> None:
    with pytest.raises(ValueError, match="labels must not be missing, got None in row 1"):
        LabeledTexts(TEXTS, ("a", None))  # type: ignore[arg-type]  # on purpose


def test_labels_that_lost_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes("text\tlabel\na\taño\nb\taço\n".encode("latin-1"))
    with pytest.raises(FormatError, match="labels must be UTF-8"):
        LabeledTexts.load(tmp_path / "t.tsv")
