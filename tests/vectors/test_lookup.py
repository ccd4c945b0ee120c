"""How words are found in a vocabulary, at every door."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np
import pytest
from sharding import induce_in_folder
from typer.testing import CliRunner, Result

import alignx as ax
from alignx.cli.main import app
from alignx.texts.documents import TextReader
from alignx.training.corpus_writer import write_tokenized
from alignx.vectors.lookup import Lookup
from alignx.vectors.spelling import forms_of, is_phrase, lower, words_of

if TYPE_CHECKING:
    from pathlib import Path

DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"
BLANK = "\N{NO-BREAK SPACE}"


def language(*words: str, code: str | None = None) -> ax.Embeddings:
    return ax.Embeddings(words, np.eye(len(words)), code)


def vec(path: Path, *rows: str) -> Path:
    path.write_text(f"{len(rows)} {len(rows[0].split(' ')) - 1}\n" + "\n".join(rows) + "\n")
    return path


def invoke(*arguments: object, text: str = "") -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)
    assert done.exit_code == 0, (done.stderr, done.exception)
    return done


# --- the rule ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vocabulary", "question", "found"),
    [
        (("cat", "Cat", "CAT"), "Cat", "Cat"),
        (("Cat", "cat"), "CAT", "cat"),
        (("Katze",), "katze", "Katze"),
        (("Katze",), "KATZE", "Katze"),
        (("straße",), "Straße", "straße"),
        (("d'Art",), "D'ART", None),
        (("'Tis",), "'tis", "'Tis"),
        (("iPhone",), "iphone", None),
        (("CAT",), "cat", None),
        ((normalize("NFC", "año"),), normalize("NFD", "Año"), normalize("NFC", "año")),
        ((normalize("NFD", "año"),), normalize("NFC", "AÑO"), normalize("NFD", "año")),
        ((normalize("NFD", "Écran"),), normalize("NFC", "écran"), normalize("NFD", "Écran")),
        (("σοφός",), "ΣΟΦΌΣ", "σοφός"),
        (("istanbul",), "İstanbul", "istanbul"),
        (("i\N{COMBINING DOT ABOVE}stanbul",), "İstanbul", "i\N{COMBINING DOT ABOVE}stanbul"),
        (("cat",), f" Cat{BLANK}", "cat"),
        (("new york",), f"New{BLANK}York", "new york"),
        ((f"10{BLANK}000", "10 000"), f"10{BLANK}000", f"10{BLANK}000"),
        ((BLANK,), BLANK, BLANK),
        (("cat",), "\ufeffcat", "cat"),
        (("cat",), "\u200fCat\u200e", "cat"),
        (("cat",), "", None),
        (("cat",), BLANK, None),
    ],
)
def test_a_word_is_found(vocabulary: tuple[str, ...], question: str, found: str | None) -> None:
    row = language(*vocabulary).find([question])[0]
    assert (vocabulary[row] if row >= 0 else None) == found


@pytest.mark.parametrize("code", ["tr", "az", "tr-TR", "aze"])
def test_turkish_and_its_like_have_a_dotted_and_a_dotless_i(code: str) -> None:
    words = ("istanbul", f"{DOTLESS}sparta", "İzmir")
    found = language(*words, code=code).find(["İSTANBUL", "ISPARTA", "izmir", "Istanbul"])
    assert found.tolist() == [0, 1, 2, 0]
    assert language(*words).find(["ISPARTA"]).tolist() == [-1]
    assert lower("IĞDIR", code) == f"{DOTLESS}ğd{DOTLESS}r"


def test_words_with_a_zero_row_are_not_found() -> None:
    words = ax.Embeddings(["Cat", "cat", "dog"], [[0, 0], [1, 0], [0, 0]])
    assert words.find(["Cat", "dog"]).tolist() == [1, -1]
    assert words.rows(["Cat", "dog"]).tolist() == [0, 2]
    assert words.without_zero_rows().words == ("cat",)


def test_stress_and_vowel_marks_are_looked_up_without_them() -> None:
    words = ["город", "كلب", "שלום", "й", "cafe"]
    rows = Lookup({word: row for row, word in enumerate(words)}).rows(
        ["Го\u0301род", "كَلْب", "שָׁלוֹם", "й", "café", "ко\u0301т"]  # noqa: RUF001
    )
    assert rows.tolist() == [0, 1, 2, 3, -1, -1]


def test_words_and_their_forms() -> None:
    assert list(forms_of("cat")) == ["cat", "Cat"]
    assert list(forms_of(" New  York")) == [" New  York", " new  york", " New  york", "New York",
                                           "new york", "New york"]  # fmt: skip
    assert words_of("a\u2009b\u3000c\u0085d\te f\u200bg") == ["a", "b", "c", "d", "e", "f\u200bg"]
    entries = ("new york", "york", " york ", "a\tb")
    assert [is_phrase(entry) for entry in entries] == [True, False, False, True]


def test_oov_words_are_spelled_like_the_vocabulary() -> None:
    assert Lookup({"cat": 0}).spell_oov(f" Cow{BLANK}s") == "cow s"
    assert Lookup({"Cat": 0}).spell_oov("Cow") == "Cow"
    assert Lookup({"kedi": 0}, "tr").spell_oov("Inek") == f"{DOTLESS}nek"


# --- warnings ---------------------------------------------------------------------------------


def test_a_warning_comes_once_if_many_words_differ_in_capitals(
    caplog: pytest.LogCaptureFixture,
) -> None:
    english = language("CAT", "DOG", "iPhone", "the", code="en")
    for _ in range(2):
        TextReader().read(["The cat", "a dog and a cat"], "en", english)
    [text] = caplog.messages
    for part in ("2 of 5 words of the en texts", "CAT for cat", "--casing lower"):
        assert part in text


def test_no_warning_comes_if_few_words_differ_in_capitals(caplog: pytest.LogCaptureFixture) -> None:
    english = language(*(f"w{i}" for i in range(50)), "NASA")
    lexicon = ax.Lexicon([(f"W{i}", f"w{i}") for i in range(40)] + [("nasa", "nasa")])
    lexicon.require_rows(english, english)
    assert not caplog.records


def test_dictionaries_and_queries_warn_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = language("CAT", "dog", code="en"), language("GATO", "perro", code="es")
    ax.Lexicon([("cat", "gato"), ("dog", "perro")], name="d").require_rows(source, target)
    assert [message[:20] for message in caplog.messages] == ["1 of 2 words of d ar"] * 2
    en = vec(tmp_path / "en.vec", "CAT 1 0", "dog 0 1")
    es = vec(tmp_path / "es.vec", "a 1 0", "b 0 1")
    done = invoke("translate", "-", en, es, "cat", "--neighbors", 1, "-k", 1)
    assert "cat: not in the vocabulary, which has CAT; casing=" in done.stderr
    assert "(--casing lower) finds it" in done.stderr


# --- everywhere -------------------------------------------------------------------------------


def test_dictionaries_meet_capitals_and_any_form_of_unicode() -> None:
    german, spanish = language("Haus", "jahr"), language(normalize("NFD", "año"), "casa")
    pairs = ax.Lexicon([("haus", "Casa"), ("Jahr", normalize("NFC", "año"))])
    rows = pairs.rows(german, spanish)
    assert (rows.source.tolist(), rows.target.tolist()) == ([0, 1], [1, 0])
    words = language("Haus", "Katze", "Hund")
    judged = ax.Lexicon([("haus", "katze"), ("HUND", "Hund")], np.array([1.0, 4.0]))
    assert ax.evaluate_similarity(words, words, judged).n == 2


def test_pairs_of_the_same_rows_are_one_pair() -> None:
    english, spanish = language("cat", "dog"), language("gato", "perro")
    pairs = ax.Lexicon([("Cat", "gato"), ("dog", "perro"), ("cat", "Gato"), ("cat", "perro")])
    assert pairs.rows(english, spanish).positions.tolist() == [0, 1, 3]
    shared = ax.SharedSpace.of(english, spanish)
    report = ax.evaluate(shared, pairs, n_neighbors=1)
    assert (report.words, report.csls.n, report.coverage) == (2, 2, 1)
    assert ax.evaluate(shared, pairs, n_neighbors=1, oov_policy="xling").csls.n == 3


def test_held_out_words_are_not_learned_in_other_capitals() -> None:
    from alignx.alignment.held_out import split_folds

    words = [f"w{i}" for i in range(100)]
    both = language(*words)
    pairs = ax.Lexicon([(w, w) for w in words] + [(w.upper(), w) for w in words])
    found = pairs.rows(both, both)
    for fold in split_folds(np.stack([found.source, found.target], axis=1), 4, 0):
        assert len(fold.held_out) == 25
        assert not set(fold.held_out[:, 0]) & set(fold.train[:, 0])


def test_identical_words_are_compared_in_one_form_of_unicode() -> None:
    first = language(normalize("NFC", "café"), "Taxi")
    second = language(normalize("NFD", "café"), "taxi")
    assert list(ax.Lexicon.identical(first, second)) == [(first.words[0], second.words[0])]


def test_queries_lists_and_phrases_meet_capitals() -> None:
    shared = ax.SharedSpace.of(language("Neu", "Haus", "Tor"), language("nuevo", "casa", "puerta"))
    found = shared.translate(["haus", "neu haus"], 1, n_neighbors=1)
    assert found[0][0].word == "casa"
    assert found[1][0].origin == "phrase"
    lexicon = ax.induce_lexicon(shared, words=["haus", "Haus", "x"], mutual=False, n_neighbors=1)
    assert list(lexicon) == [("Haus", "casa")]


def test_texts_keep_their_capitals_until_they_are_looked_up() -> None:
    german = language("haus", "Katze", "WELT", "gross")
    read = TextReader().read(["Haus und Katze, GROOOSS"], "de", german)
    assert read.words.tolist() == [0, 1, 3]
    assert TextReader().read(["Soo-Gross welt"], "de", german).words.tolist() == [3]
    turkish = language(f"{DOTLESS}s{DOTLESS}", "ilk", code="tr")
    assert TextReader().read(["ISI İLK"], "tr", turkish).words.tolist() == [0, 1]


@pytest.mark.parametrize(("words", "asked"), [(("cat",), ["cow"]), (("Cat",), ["Cow", "cow"])])
def test_a_model_is_asked_for_unseen_words_as_it_wspell_oov(
    words: tuple[str, ...], asked: list[str]
) -> None:
    given: list[str] = []

    def unseen(some: Any) -> np.ndarray[Any, np.dtype[np.float32]]:  # noqa: ANN401
        given.extend(some)
        return np.ones((len(some), 1), np.float32)

    TextReader(oov_vectors={"en": unseen}).read(["Cow cow"], "en", language(*words))
    assert given == asked


def test_a_space_of_named_languages_knows_their_rules() -> None:
    turkish = language(f"{DOTLESS}s{DOTLESS}", "kedi")
    shared = ax.SharedSpace({"tr": turkish, "en": language("heat", "cat")})
    assert shared.translate("ISI", 1, n_neighbors=1)[0].word == "heat"


@pytest.mark.parametrize("suffix", [".vec", ".safetensors"])
def test_vectors_are_lower_cased_by_the_rules_of_their_language(
    tmp_path: Path, suffix: str
) -> None:
    ax.save(language("ISI", "İlk", "The"), tmp_path / f"wiki.tr{suffix}")
    found = ax.load(tmp_path / f"wiki.tr{suffix}", casing="lower")
    assert found.words == (f"{DOTLESS}s{DOTLESS}", "ilk", "the")
    assert ax.load(tmp_path / f"wiki.tr{suffix}", casing="lower", language="en").words[0] == "isi"


@pytest.mark.parametrize(
    ("vocabulary", "query", "found"),
    [
        ("straße masse", "STRASSE", "straße"),
        ("straße masse", "STRA\N{LATIN CAPITAL LETTER SHARP S}E", "straße"),
        ("straße masse", "MASSE", "masse"),
        ("straße masse", "Maße", None),  # another word
        ("maße", "Masse", None),
        ("\u03c3\u03bf\u03c6\u03cc\u03c2", "\u03a3\u039f\u03a6\u038c\u03a3", 0),
        (
            "\u03c3\u03bf\u03c6\u03cc\u03c2",
            "\u03a3\u039f\u03a6\u039f\u03a3",
            0,
        ),  # without its accent
        (
            "\u03c3\u03bf\u03c6\u03cc\u03c3",
            "\u03c3\u03bf\u03c6\u03cc\u03c2",
            0,
        ),  # lower-cased by the letter
        ("\u03c0\u03bf\u03c4\u03ad", "\u03c0\u03cc\u03c4\u03b5", None),  # "ever" and "when"
        ("istanbul", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stanbul", "istanbul"),
        ("i\N{COMBINING DOT ABOVE}stanbul", "istanbul", 0),
        ("istanbul", "i\N{COMBINING DOT ABOVE}stanbul", "istanbul"),
    ],
)
def test_capitals_that_are_not_one_to_one_are_met(
    vocabulary: str, query: str, found: str | int | None
) -> None:
    words = vocabulary.split()
    row = Lookup({word: i for i, word in enumerate(words)}).row(query)
    assert row == (-1 if found is None else words.index(found) if isinstance(found, str) else found)


def test_training_text_is_lower_cased_by_the_rules_of_its_language(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(normalize("NFD", "ISI İlk Ñu\n"))
    for code, words in {None: "isi ilk ñu", "tr": f"{DOTLESS}s{DOTLESS} ilk ñu"}.items():
        output = io.BytesIO()
        write_tokenized([str(tmp_path / "text")], output, language=code)
        assert output.getvalue().decode() == normalize("NFC", words) + "\n"


# --- blanks and words without a vector, on the command line ------------------------------------


def test_the_vocabulary_is_asked_with_the_line_as_it_is_first(tmp_path: Path) -> None:
    files = (
        vec(tmp_path / "en.vec", f"10{BLANK}000 1 0", "10 0 1", "000 0 -1", f"{BLANK} -1 0"),
        vec(tmp_path / "es.vec", "diezmil 1 0", "diez 0 1", "gato -1 0"),
    )
    options = ("--neighbors", 2)
    line = f"10{BLANK}000"
    rows = [f"{line}\tdiezmil", f"{BLANK}\tgato", "10\tdiez"]
    for arguments, text in (((line, BLANK, " 10 "), ""), ((), f"{line}\n{BLANK}\n 10 \n\n")):
        done = invoke("translate", "-", *files, *arguments, *options, "-k", 1, text=text)
        assert [part.rsplit("\t", 1)[0] for part in done.stdout.split("\n")[:-1]] == rows
    (tmp_path / "list").write_text(f"{line}\r\n{BLANK}\n")
    out = tmp_path / "out.tsv"
    listed = ("--phrases", tmp_path / "list", "--numbers", "--punctuation")
    invoke("induce", "-", *files, *listed, "-o", out, *options)
    assert [s for s, _ in ax.Lexicon.load(out)] == [line, BLANK]
    (tmp_path / "d.txt").write_text(f"{line} diezmil\n")
    done = invoke("evaluate", "-", *files, "-d", tmp_path / "d.txt", "--json", *options)
    assert json.loads(done.stdout)["csls"]["n"] == 1


def test_a_zero_row_is_no_vector_on_the_command_line(tmp_path: Path) -> None:
    en = vec(tmp_path / "en.vec", "year 0 0", "cat 1 0", "dog 0 1", "sun 1 1")
    es = vec(tmp_path / "es.vec", "de 1 -1", "gato 1 0", "año 0 0", "sol 1 1")
    options = ("--neighbors", 1)
    done = invoke("translate", "-", en, es, "year", "cat", "cow", "-k", 3, *options)
    assert "year: in the vocabulary, but its vector is zero" in done.stderr
    assert "cow: not in the vocabulary\n" in done.stderr
    assert "año" not in done.stdout
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {"cat"}
    (tmp_path / "d.txt").write_text("year año\ncat gato\n")
    done = invoke("evaluate", "-", en, es, "-d", tmp_path / "d.txt", "--json", *options)
    report = json.loads(done.stdout)
    assert (report["csls"]["n"], report["coverage"]) == (1, 0.5)
    (tmp_path / "d.txt").write_text("year año\n")
    failed = CliRunner().invoke(
        app, ["evaluate", "-", str(en), str(es), "-d", str(tmp_path / "d.txt")]
    )
    assert isinstance(failed.exception, ax.EmptyLexiconError)
    invoke("convert", en, "-o", tmp_path / "en.safetensors")
    assert ax.load(tmp_path / "en.safetensors").words == ("year", "cat", "dog", "sun")


@pytest.mark.parametrize("index", ["exact", "clustered"])
def test_induction_in_files_leaves_words_without_a_vector_out(tmp_path: Path, index: Any) -> None:  # noqa: ANN401
    # All cosines are negative, so that a zero row would be the nearest of all.
    rows = np.abs(np.random.default_rng(0).standard_normal((60, 4))).astype(np.float32)
    source, target = np.vstack([rows, rows[:1] * 0]), np.vstack([rows[:1] * 0, -rows])
    english = ax.Embeddings([f"a{i}" for i in range(61)], source)
    spanish = ax.Embeddings([f"b{i}" for i in range(61)], target)
    found = induce_in_folder(None, english, spanish, tmp_path / "work", index=index, mutual=False)
    small = ax.induce_lexicon(ax.SharedSpace.of(english, spanish), mutual=False)
    assert len(small) == 60
    assert list(found.lexicon) == list(small)
    assert "b0" not in dict(small).values()


@pytest.mark.parametrize(
    "steps",
    [
        ("unit", "center", "unit"),
        ("unit", "project", "unit"),
        ("unit", "center", "unit", "center", "unit"),
    ],
)
def test_what_normalization_takes_away_has_no_vector(steps: Any) -> None:  # noqa: ANN401
    rows = np.full((6, 3), 0.7, np.float32) * np.arange(1, 7, dtype=np.float32)[:, None]
    normalizer = ax.Normalizer(steps=steps)
    assert not normalizer.fit_transform(rows).any()
    assert not normalizer.transform(rows).any()
    constant = ax.Embeddings([f"a{i}" for i in range(6)], rows)
    other = ax.Embeddings([f"b{i}" for i in range(6)], np.random.default_rng(0).random((6, 3)))
    pairs = ax.Lexicon([("a0", "b0"), ("a1", "b1")])
    for lexicon in (pairs, None):
        with pytest.raises(ax.AlignxError, match="all 6 vectors are zero after normalization"):
            ax.align(constant, other, lexicon=lexicon, normalize=steps)


def test_centering_gives_words_without_a_vector_none() -> None:
    rng = np.random.default_rng(1)
    rows = rng.random((40, 5)).astype(np.float32)
    rows[3] = 0
    one, other = (ax.Embeddings([f"{p}{i}" for i in range(40)], rows, p) for p in ("en", "es"))
    alignment = ax.align(
        one, other, lexicon=ax.Lexicon([(f"en{i}", f"es{i}") for i in range(40)]), ranker=False
    )
    assert alignment.pairs == 39
    assert not alignment.apply_source(one).vectors[3].any()
    assert "en3" not in alignment.apply(one, other).source


# --- classes of arguments ---------------------------------------------------------------------

# As a caller sees them who does not check types.
AX: Any = ax
READ: Any = TextReader().read
ENGLISH: Any = language("cat", "dog")
PAIRS: Any = ax.Lexicon([("cat", "dog")])
TEXTS: Any = ax.LabeledTexts(("cat",), ("x",))
SHARED: Any = ax.SharedSpace.of(ENGLISH, ENGLISH)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AX.Lexicon(["no"]), "a pair of a Lexicon must be two strings, got str 'no'"),
        (lambda: AX.Lexicon([("cat", np.nan)]), "a Lexicon must be two strings, got tuple"),
        (lambda: AX.Lexicon([("a", "b", "c")]), "a Lexicon must be two strings, got tuple"),
        (lambda: AX.Lexicon([{"a", "b"}]), "a Lexicon must be two strings, got set"),
        (lambda: AX.Lexicon({("cat", "gato")}), "Lexicon takes a list of pairs.* got set"),
        (lambda: AX.Lexicon("d.txt"), r"Lexicon takes.*'d.txt'; Lexicon.load\(path\) reads a file"),
        (lambda: AX.Lexicon({"a": 1}), "Lexicon takes"),
        (lambda: AX.Embeddings({"a", "b"}, np.eye(2)), "words of Embeddings must be in order"),
        (lambda: AX.Embeddings(7, np.eye(2)), "words of Embeddings must be in order.* got int 7"),
        (lambda: AX.Embeddings(["a"], [[1]], 7), "must be of class str, got int 7"),
        (lambda: AX.align(ENGLISH, ENGLISH, lexicon=3), "Lexicon takes a list of pairs.*got int 3"),
        (lambda: AX.align(ENGLISH, 3), "vectors must be embeddings, a path, a dict.* got int 3"),
        (lambda: AX.align(ENGLISH, ENGLISH, refinement="5"), "must be a whole number, got str '5'"),
        (lambda: AX.align(ENGLISH, ENGLISH, progress=3), "progress must be a function, got int 3"),
        (lambda: AX.align(ENGLISH, ENGLISH, log="x"), "log must be a function, got str 'x'"),
        (lambda: AX.align(ENGLISH, ENGLISH, normalize=3), "normalize must be in order"),
        (lambda: AX.evaluate(SHARED, 3), "Lexicon takes a list of pairs"),
        (lambda: SHARED.translate("cat", k="3"), "k must be a whole number, got str '3'"),
        (lambda: SHARED.translate("cat", k=1.0), "k must be a whole number, got float 1.0"),
        (lambda: SHARED.translate("cat", k=True), "k must be a whole number, got bool"),
        (lambda: AX.induce_lexicon(SHARED, k="3"), "k must be a whole number, got str '3'"),
        (lambda: AX.evaluate(ENGLISH, PAIRS), "must be of class SharedSpace"),
        (lambda: AX.induce_lexicon(ENGLISH), "must be of class SharedSpace"),
        (lambda: AX.evaluate_similarity(ENGLISH, ENGLISH, 3), "Lexicon takes a list of pairs"),
        (lambda: AX.SharedSpace([ENGLISH, ENGLISH]), "must be of class Mapping, got list"),
        (lambda: AX.SharedSpace({"en": "a", "es": "b"}), r"languages\['en'\] .*class Embeddings"),
        (lambda: AX.SharedSpace.of(ENGLISH, "es.vec"), "target must be of class Embeddings"),
        (lambda: AX.Lexicon.identical(ENGLISH, "es.vec"), "target must be of class Embeddings"),
        (lambda: PAIRS.rows("en.vec", ENGLISH), "source must be of class Embeddings"),
        (lambda: AX.save("x.vec", ENGLISH), "embeddings must be of class Embeddings"),
        (lambda: SHARED.extended("new york"), "sequence of words, got the string 'new york'"),
        (lambda: AX.TransferClassifier(ENGLISH).fit(["a"], ["x"]), "class SharedSpace"),
        (lambda: AX.TransferClassifier(SHARED, reader="x").fit(["a"], ["x"]), "class TextReader"),
        (lambda: AX.TransferClassifier(SHARED, encoder=1).fit(["a"], ["x"]), "class DocumentEnc"),
        (lambda: AX.TransferClassifier(SHARED, alpha="1").fit(["a"], ["x"]), "alpha must be a num"),
        (lambda: AX.TransferClassifier(SHARED).fit(TEXTS, ["x"]), "pass its texts and its labels"),
        (lambda: AX.LabeledTexts("abc"), "texts must be a sequence of strings, got the string"),
        (lambda: AX.LabeledTexts(["a"], [1]), "labels must be strings, got int 1"),
        (lambda: AX.LabeledTexts.load("x", text_column=1.5), "whole number, got float 1.5"),
        (lambda: AX.LabeledTexts.load("x", header="yes"), "header must be of class bool"),
        (lambda: AX.TransferData("en", "a.tsv", {}), "train must be of class Mapping, got str"),
        (lambda: AX.TransferData("en", {"en": ["a"]}, {}), r"a pair \(texts, labels\) or Labeled"),
        (lambda: AX.TransferData("en", {}, {}, {"es": "a b"}), "unlabeled must be a sequence"),
        (lambda: AX.evaluate_transfer(SHARED, {}), "data must be of class TransferData, got dict"),
        (lambda: AX.train("x", "y.bin", parameters={"dim": 3}), "class FastTextParameters"),
        (lambda: AX.train("x", "y.bin", tokenizer="jieba"), "tokenizer must be a function"),
        (lambda: AX.rank_sources({"en": ENGLISH}, "es", sizes={"en": 1}), "class SharedSpace"),
        (lambda: READ({"1": "cat"}, "en", ENGLISH), "sequence of strings, got dict"),
    ],
)  # fmt: skip
def test_what_is_of_another_class_is_refused_by_name(call: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(TypeError, match=message):
        call()


def test_a_lexicon_takes_a_dict_and_copies_everything() -> None:
    words: Any = {"no": "nunca", "cat": ["gato", "gata"]}
    scores = np.arange(3.0)
    lexicon = ax.Lexicon(words, scores)
    words["cat"].clear()
    scores[0] = 7
    assert list(lexicon) == [("no", "nunca"), ("cat", "gato"), ("cat", "gata")]
    assert lexicon.scores is not None
    assert lexicon.scores.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        lexicon.scores[0] = 2
    pair: Any = ["cat", "gato"]
    pairs = [pair]
    lexicon = ax.Lexicon(pairs)
    pair[1] = "perro"
    pairs.append(("a", "b"))
    assert list(lexicon) == [("cat", "gato")]
