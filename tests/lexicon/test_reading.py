# ruff: noqa: RUF001  # letters and marks of other scripts are what is tested
"""Dictionaries as people and other programs write them, with the pairs that a person reads."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import alignx as ax
from alignx.errors import FormatError
from alignx.lexicon.lexicon import Lexicon

if TYPE_CHECKING:
    from pathlib import Path

CAT_DOG = [("cat", "gato"), ("dog", "perro")]
TWO_CATS = [("cat", "gato"), ("cat", "gata"), ("dog", "perro")]
FOUR = [*CAT_DOG, ("sun", "sol"), ("rain", "lluvia")]
MANY = "".join(f"w{i}\tv{i}\n" for i in range(300))
DICT_CC = """\
# EN-DE vocabulary database\tcompiled by dict.cc
# Date and time\t2021-05-08 14:26
# Private use allowed.

&#945;-Keratin {n}\t&#945;-keratin\tnoun
Katze {f}\tcat [Felis catus]\tnoun\t[zool.]
laufen\tto run\tverb
laufen [ugs.]\tto go\tadj past-p\t
"""


def loaded(folder: Path, text: str | bytes, name: str = "d.txt", **options: Any) -> Lexicon:  # noqa: ANN401
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return Lexicon.load(folder / name, **options)


# --- the shape of the table -------------------------------------------------------------------


@pytest.mark.parametrize("mark", [" -> ", " ||| ", ": ", ",", ", ", " = ", ";", "/", ":", "::"])
def test_marks_in_all_lines_separate(tmp_path: Path, mark: str) -> None:
    lexicon = loaded(tmp_path, "".join(f"{a}{mark}{b}\n" for a, b in FOUR))
    assert list(lexicon) == FOUR
    assert len(lexicon.notes) == 1
    assert mark.strip() in lexicon.notes[0] or "separated" in lexicon.notes[0]


@pytest.mark.parametrize(
    "mark",
    [" → ", " => ", "|", " | ", " – ", " — ", " : ", " ~ ", "，", "、", "：", " <-> ", "    "],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_marks_separate(tmp_path: Path, mark: str, end: str) -> None:
    assert list(loaded(tmp_path, end.join(f"{a}{mark}{b}" for a, b in FOUR))) == FOUR


@pytest.mark.parametrize(
    ("text", "pairs", "notes"),
    [
        ('"cat","gato"\n"dog","perro"\n', CAT_DOG, "comma-separated"),
        ('"cat"\t"gato"\n"dog"\t"perro"\n', CAT_DOG, ""),
        ('"cat" , "gato"\n"dog" , "perro"\n', CAT_DOG, "comma-separated"),
        ("cat\u00a0gato\ndog\u00a0perro\n", CAT_DOG, "separated by no-break space"),
        ("cat\u3000gato\n", CAT_DOG[:1], "separated by ideographic space"),
        ("cat gato\ndog\u00a0perro\n", CAT_DOG, ""),
        (
            "New York\u3000ニューヨーク\ncat\u3000猫\n",
            [("New York", "ニューヨーク"), ("cat", "猫")],
            "separated by ideographic space",
        ),
        ("10\u00a0000 año\na\u2028b reina\n", [("10\u00a0000", "año"), ("a\u2028b", "reina")], ""),
        ("\ufeff10\u00a0000\taño\r\n", [("10\u00a0000", "año")], ""),
        ("cat\tgato\t\ndog\tperro\t\r\n", CAT_DOG, ""),
        ("cat;gato;\ndog;perro;\n", CAT_DOG, "semicolon-separated"),
        ("cat,gato\n\n\ndog,perro", CAT_DOG, "comma-separated"),
        ("english\tspanish\ncat\tgato\n", CAT_DOG[:1], "tab-separated, header skipped"),
        ("English\tEspañol\ncat\tgato\n", CAT_DOG[:1], "tab-separated, header skipped"),
        ("pt-BR;en-US\ngato;cat\n", [("gato", "cat")], "semicolon-separated, header skipped"),
        ("Front,Back\ncat,gato\n", CAT_DOG[:1], "comma-separated, header skipped"),
        (
            "sep=;\r\nEnglish;Spanish\r\ncat;gato\r\ndog;perro\r\n",
            CAT_DOG,
            "semicolon-separated, header skipped",
        ),
        ("sep=,\ncat,gato\ndog,perro\n", CAT_DOG, "comma-separated"),
        ("cat\tNOUN\tgato\nrun\tVERB\tcorrer\n", [("cat", "gato"), ("run", "correr")],
         "tab-separated, columns 1 and 3"),
        ("cat NOUN gato\nrun VERB correr\n", [("cat", "gato"), ("run", "correr")],
         "space-separated, columns 1 and 3"),
        ("cat\t\tgato\ndog\t\tperro\n", CAT_DOG, "tab-separated, columns 1 and 3"),
        ("1\tcat\tgato\n2\tdog\tperro\n", CAT_DOG, "tab-separated, columns 2 and 3"),
        ("eng\tcat\tspa\tgato\neng\tdog\tspa\tperro\n", CAT_DOG, "tab-separated, columns 2 and 4"),
        (
            "id,English,Spanish,example\n1,cat,gato,The cat sat.\n2,dog,perro,A dog.\n",
            CAT_DOG,
            "comma-separated, header skipped, columns 2 and 3",
        ),
        ("lemma,pos,gloss\ncat,n,gato\ndog,n,perro\n", CAT_DOG,
         "comma-separated, header skipped, columns 1 and 3"),
        ("cat\tgato\t12345\t7.5\ndog\tperro\tnan\tinf\n", CAT_DOG,
         "tab-separated, numbers in columns 3 and 4 left out"),
        ("| English | Spanish |\n|---|---|\n| cat | gato |\n| dog | perro |\n", CAT_DOG,
         "bar-separated, header skipped"),
        ("* cat: gato\n* dog: perro\n", CAT_DOG,
         "separated by ':', 2 items of a list recognized"),
        ("1. cat - gato\n2. dog - perro\n", CAT_DOG,
         "separated by '-', 2 items of a list recognized"),
        ('english,spanish\n"ice\ncream",helado\ncat,gato\n',
         [("ice\ncream", "helado"), ("cat", "gato")], "comma-separated, header skipped"),
        ('cat\t"gato\nmontés"\ndog\tperro\n', [("cat", "gato\nmontés"), ("dog", "perro")], ""),
        ("good morning = buenos días\nthank you = gracias\n",
         [("good morning", "buenos días"), ("thank you", "gracias")], "separated by '='"),
        ('"con mèo","cat"\r\n"con chó","dog"\r\n', [("con mèo", "cat"), ("con chó", "dog")],
         "comma-separated"),
        ("con mèo,cat\ncon chó,dog\n", [("con mèo", "cat"), ("con chó", "dog")],
         "comma-separated"),
        ("l'eau;water\nl’été;summer\n", [("l'eau", "water"), ("l’été", "summer")],
         "semicolon-separated"),
        (",english,spanish\n0,cat,gato\n1,dog,perro\n", CAT_DOG,
         "comma-separated, header skipped, columns 2 and 3"),
        ("1200 cat gato\n800 dog perro\n", CAT_DOG, "space-separated, columns 2 and 3"),
        ("cat\tes\tgato\ndog\tes\tperro\n", CAT_DOG, "tab-separated, columns 1 and 3"),
        ("1990 1990\n٣ 3\n5 cinco\n", [("1990", "1990"), ("٣", "3"), ("5", "cinco")], ""),
        ("cat\tgato\r\r\ndog\tperro\r\r\n", CAT_DOG, ""),
        ("cat -> gato\nice cream ---> helado\n", [("cat", "gato"), ("ice cream", "helado")],
         "separated by '->'"),
        ("ice cream := helado\ncat == gato\n", [("ice cream", "helado"), ("cat", "gato")],
         "separated by '='"),
        ("ice cream -- helado\ncat -- gato\n", [("ice cream", "helado"), ("cat", "gato")],
         "separated by '--'"),
        ("1.cat=gato\n2.dog=perro\n", CAT_DOG, "separated by '=', 2 items of a list recognized"),
        ("1、猫 cat\n2、狗 dog\n", [("猫", "cat"), ("狗", "dog")], "2 items of a list recognized"),
        ("*nix *nix\n*cat *gato\n", [("*nix", "*nix"), ("*cat", "*gato")], ""),
        ("('cat', 'gato'),\n('dog', 'perro'),\n", CAT_DOG,
         "comma-separated, 4 pairs of quotes removed"),
        ("- [cat, gato]\n- [dog, perro]\n", CAT_DOG,
         "comma-separated, 2 items of a list recognized"),
        ("+-----+-----+\n| en  | es  |\n+-----+-----+\n| cat | gato |\n| dog | perro |\n"
         "+-----+-----+\n", CAT_DOG, "bar-separated, header skipped"),
        ("=====  =====\nEN     ES\n=====  =====\ncat    gato\ndog    perro\n=====  =====\n",
         CAT_DOG,
         "space-separated, header skipped"),
        ("--- ---\n---- ----\n= =\ncat gato\n", [("---", "---"), ("=", "="), ("cat", "gato")], ""),
        # Names that are words of the language too.
        ("source,target,score\ncat,gato,0.5\nsource,fuente,0.9\ntarget,target,0.1\n",
         [("cat", "gato"), ("source", "fuente"), ("target", "target")],
         "comma-separated, header skipped"),
        ("source,target\ncat,gato\nsource,fuente\n", [("cat", "gato"), ("source", "fuente")],
         "comma-separated, header skipped"),
        ("word,term\nword,expression\nname,term\n",
         [("word", "term"), ("word", "expression"), ("name", "term")], "comma-separated"),
    ],
)  # fmt: skip
def test_tables_are_read_as_a_person_reads_them(
    tmp_path: Path, text: str, pairs: list[tuple[str, str]], notes: str
) -> None:
    lexicon = loaded(tmp_path, text)
    assert list(lexicon) == pairs
    assert ", ".join(lexicon.notes) == notes


@pytest.mark.parametrize(
    ("text", "scores", "probabilities"),
    [
        ("cat gato 0.5\nrun correr 0.7\n", [0.5, 0.7], None),
        ("cat;gato;0,9;0,8\ndog;perro;1;0,75\n", [0.9, 1], [0.8, 0.75]),
        ("\ufeffEnglish;Spanish;Score\r\ncat;gato;0,75\r\ndog;perro;0,5\r\n", [0.75, 0.5], None),
        ("cat\tgato\t7\t7.5\n", [7], None),
        ("cat\tgato\tnan\n", None, None),
        ("cat\tgato\t1\t0.5\t3\n", None, None),
    ],
)
def test_numbers_behind_words_are_read(
    tmp_path: Path, text: str, scores: list[float] | None, probabilities: list[float] | None
) -> None:
    lexicon = loaded(tmp_path, text)
    for found, expected in ((lexicon.scores, scores), (lexicon.probabilities, probabilities)):
        assert (None if found is None else found.tolist()) == expected


@pytest.mark.parametrize(
    ("text", "pairs", "count"),
    [
        ("#separator:tab\n#html:true\n#columns:Front\tBack\ncat\tgato\ndog\tperro\n", CAT_DOG, 3),
        ("% of mine\ncat gato\n% more\ndog perro\n", CAT_DOG, 2),
        ("// mine\ncat gato\n// more words\ndog perro\n", CAT_DOG, 2),
        ("; mine\ncat = gato\ndog = perro\n", CAT_DOG, 1),
        ("cat gato\n# plants\ndog perro\n", CAT_DOG, 1),
        ("cat,gato\n# plants, animals and more\ndog,perro\n", CAT_DOG, 1),
        ("---\ncat: gato\ndog: perro\n", CAT_DOG, 1),
        ("#cat gato\n#dog perro\n", [("#cat", "gato"), ("#dog", "perro")], 0),
        ("# #\n% %\n-- --\n", [("#", "#"), ("%", "%"), ("--", "--")], 0),
        ("#\tnumber\n#aaa\t#aaa\n", [("#", "number"), ("#aaa", "#aaa")], 0),
    ],
)
def test_comments_are_skipped_and_counted(
    tmp_path: Path, text: str, pairs: list[tuple[str, str]], count: int
) -> None:
    lexicon = loaded(tmp_path, text)
    assert list(lexicon) == pairs
    noun = "comment" if count == 1 else "comments"
    assert (f"{count} {noun} skipped" in lexicon.notes) is (count > 0)


# --- the words in a cell ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("cat\tgato, gata\ndog\tperro\n", TWO_CATS),
        ("cat\tgato; gata\ndog\tperro\n", TWO_CATS),
        ("cat\tgato;gata\ndog\tperro\n", TWO_CATS),
        ("cat\tgato/gata\ndog\tperro\n", TWO_CATS),
        ("cat\tgato / gata\ndog\tperro\n", TWO_CATS),
        ("cat\tgato|gata\ndog\tperro\n", TWO_CATS),
        ("cat\tgato • gata\ndog\tperro\n", TWO_CATS),
        ('cat,"gato, gata"\ndog,perro\n', TWO_CATS),
        ('"en"\t"es"\n"cat"\t"gato, gata"\n"dog"\t"perro"\n', TWO_CATS),
        ("cat;gato, gata\ndog;perro\n", TWO_CATS),
        ("cat,gato; gata\ndog,perro\n", TWO_CATS),
        ("cat = gato, gata\ndog = perro\n", TWO_CATS),
        ("cat: gato, gata\ndog: perro\n", TWO_CATS),
        ("cat: [gato, gata]\ndog: perro\n", TWO_CATS),
        ("cat\t['gato', 'gata']\ndog\t['perro']\n", TWO_CATS),
        ("cat;gato, gata\ndog;perro, can\n", [*TWO_CATS, ("dog", "can")]),
        ("cat,gato; gata\ndog,perro; can\n", [*TWO_CATS, ("dog", "can")]),
        (
            "cat; kitty\tgato; gata\n",
            [("cat", "gato"), ("cat", "gata"), ("kitty", "gato"), ("kitty", "gata")],
        ),
        (
            "to go, to walk\tir, andar\nto eat\tcomer\nto see\tver, mirar\n",
            [("to go", "ir"), ("to go", "andar"), ("to walk", "ir"), ("to walk", "andar"),
             ("to eat", "comer"), ("to see", "ver"), ("to see", "mirar")],
        ),
        ("猫\tcat\n狗\tdog、hound\n", [("猫", "cat"), ("狗", "dog"), ("狗", "hound")]),
        ("猫：cat\n狗：dog，hound\n", [("猫", "cat"), ("狗", "dog"), ("狗", "hound")]),
        ("cat\tقطة، هرة\ndog\tكلب\n", [("cat", "قطة"), ("cat", "هرة"), ("dog", "كلب")]),
        ("кошка;cat, kitty\r\nсобака;dog\r\n",
         [("кошка", "cat"), ("кошка", "kitty"), ("собака", "dog")]),
    ],
)  # fmt: skip
def test_cells_with_several_words_are_split(
    tmp_path: Path, text: str, pairs: list[tuple[str, str]]
) -> None:
    lexicon = loaded(tmp_path, text)
    assert list(lexicon) == pairs
    assert any(note.endswith("split") for note in lexicon.notes)


@pytest.mark.parametrize(
    "text",
    [
        "New York, NY\tNueva York\ncat\tgato\ndog\tperro\n",
        "Paris, Texas\tParís de Texas\ncat\tgato\n",
        "and/or\ty o\ncat\tgato\ndog\tperro\n",
        "km/h\tkilómetros por hora\nmi/h\tmillas por hora\n",
        "New York, NY\tNueva York\nwell, then\tpues\n" + MANY,
        "Well, then.\tPues bien.\nNo, thanks.\tNo gracias.\n",
        "/c/en/cat\t/c/es/gato\n/c/en/dog\t/c/es/perro\n",
        "I like cats.\tMe gustan los gatos.\nYes, please.\tSí, por favor.\n",
        "New_York\tNueva_York\nX-ray\tradiografía\n",
        "good morning, sir\tbuenos días, señor\ncat\tgato\n",
    ],
)
def test_phrases_are_kept(tmp_path: Path, text: str) -> None:
    lexicon = loaded(tmp_path, text)
    assert list(lexicon) == [tuple(line.split("\t")) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "pairs", "note"),
    [
        (
            "# EN-ES vocabulary database\n# comment\ncat [zool.]\tgato {m}\tnoun\n"
            "dog\tperro {m}\tnoun\n\nsun\tsol {m}\n",
            [*CAT_DOG, ("sun", "sol")],
            "4 annotations removed",
        ),
        (
            DICT_CC,
            [("α-Keratin", "α-keratin"), ("Katze", "cat"), ("laufen", "to run"),
             ("laufen", "to go")],
            "2 codes of a letter decoded",
        ),
        ("cat /kæt/ <n>\tgato <m>\ndog /dɒɡ/ <n>\tperro <m>\n", CAT_DOG, "6 annotations removed"),
        ("cat\tgato(a)\ndogs (pl)\tperro (pl)\n", [("cat", "gato"), ("dogs", "perro")],
         "3 annotations removed"),
        ("cat (animal)\tgato\ndog\tperro\n", CAT_DOG, "1 annotation removed"),
        ("cat\tgato m\ndog\tperro m.\n", CAT_DOG, "2 annotations removed"),
        ("Katze, die – cat\nHund, der – dog\n", [("Katze", "cat"), ("Hund", "dog")],
         "2 annotations removed"),
        ("A (B)\tC (D)\n", [("A (B)", "C (D)")], ""),
        ("month mes,\nyear año\n", [("month", "mes"), ("year", "año")],
         "1 mark at the end of a word removed"),
        ("cat: gato\ndog perro\n", CAT_DOG, "1 mark at the end of a word removed"),
        ("«cat» «gato»\n«dog» «perro»\n", CAT_DOG, "4 pairs of quotes removed"),
        ("「cat」\t「gato」\n", CAT_DOG[:1], "2 pairs of quotes removed"),
        ("cat\t'gato'\ndog\t'perro'\n", CAT_DOG, "2 pairs of quotes removed"),
        ("„cat“ = gato\n„dog“ = perro\n", CAT_DOG, "2 pairs of quotes removed"),
        ("cat (gato)\ndog (perro)\n", CAT_DOG, "2 pairs of parentheses removed"),
        ("cat\tgato/a\ndog\tperro, -a\n", CAT_DOG, "2 annotations removed"),
        ("chat m|cat\nmaison f|house\n", [("chat", "cat"), ("maison", "house")],
         "2 annotations removed"),
        ("cat gato\ncat gato\ndog perro\n", CAT_DOG, "1 duplicate merged"),
        ("to go\tir\nthe cat\tel gato\n", [("to go", "ir"), ("the cat", "el gato")], ""),
        ("cat\tgato<br>gata\ndog\tperro<br/>can\n", [*TWO_CATS, ("dog", "can")], "2 cells split"),
        ("<br> <br>\ncat gato\n", [("<br>", "<br>"), ("cat", "gato")], ""),
        ('="cat",="gato"\n="dog",="perro"\n', CAT_DOG, "comma-separated"),
        ('"cat" = "gato";\n"dog" = "perro";\n', CAT_DOG, "2 marks at the end of a word removed"),
        ("caf\\u00e9\tcoffee\n\\ud83d\tx\n", [("café", "coffee"), ("\\ud83d", "x")],
         "1 code of a letter decoded"),
        ("cat\t猫（动物）\ndog\t【狗】\nsun\t日(ひ)\n",
         [("cat", "猫"), ("dog", "【狗】"), ("sun", "日")],
         "2 annotations removed"),
        ("cat\t【猫】\ndog\t【狗】\n", [("cat", "猫"), ("dog", "狗")], "2 pairs of quotes removed"),
        ("Katze {f} | Katzen {pl} :: cat | cats\nHund {m} :: dog\n",
         [("Katze", "cat"), ("Katzen", "cats"), ("Hund", "dog")], "1 list of forms split"),
        ("Katze, die; -, -n\tcat\nHund, -e\tdog\n", [("Katze", "cat"), ("Hund", "dog")],
         "2 annotations removed"),
        ("cat, n.\tgato\nrun, v.\tcorrer\n", [("cat", "gato"), ("run", "correr")],
         "2 annotations removed"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_a_word_is_removed_and_counted(
    tmp_path: Path, text: str, pairs: list[tuple[str, str]], note: str
) -> None:
    lexicon = loaded(tmp_path, text)
    assert list(lexicon) == pairs
    assert note in lexicon.notes if note else lexicon.notes == ()


def test_words_are_composed(tmp_path: Path) -> None:
    lexicon = loaded(tmp_path, normalize("NFD", "child niño\nyear año\nspain españa\n"))
    expected = [("child", "niño"), ("year", "año"), ("spain", "españa")]
    assert list(lexicon) == [(a, normalize("NFC", b)) for a, b in expected]


@pytest.mark.parametrize(
    ("casing", "pairs"),
    [
        ("keep", [("STRASSE", "Isı"), ("ΣΟΦΟΣ", "İstanbul"), ("strasse", "ISI")]),
        ("lower", [("strasse", "isı"), ("σοφος", "istanbul"), ("strasse", "isi")]),
        ("tr", [("strasse", "ısı"), ("σοφος", "istanbul")]),
    ],
)
def test_casing_is_a_choice(
    tmp_path: Path, casing: Literal["keep", "lower", "tr"], pairs: list[tuple[str, str]]
) -> None:
    text = "STRASSE Isı\nΣΟΦΟΣ İstanbul\nstrasse ISI\n"
    assert list(loaded(tmp_path, text, casing=casing)) == pairs
    (tmp_path / "x.vec").write_text("3 2\nISI 1 0\nİSTANBUL 0 1\nΣΟΦΟΣ 1 1\n", encoding="utf-8")
    words = {
        "keep": ("ISI", "İSTANBUL", "ΣΟΦΟΣ"),
        "lower": ("isi", "istanbul", "σοφος"),
        "tr": ("ısı", "istanbul", "σοφος"),
    }
    assert ax.load(tmp_path / "x.vec", casing=casing).words == words[casing]
    for load in (ax.Lexicon.load, ax.load):
        with pytest.raises(ValueError, match="casing must be 'keep', 'lower' or 'tr', got 'up'"):
            load(tmp_path / "x.vec", casing="up")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    "header",
    [
        "русский\tанглийский", "слово\tперевод", "单词\t翻译", "英文\t中文", "英語\t日本語",
        "ingilizce\ttürkçe", "الكلمة\tالترجمة", "English (US)\tSpanish (ES)", "key\tvalue",
        "#en\tes", "słowo\ttłumaczenie", "woord\tvertaling",
    ],
)  # fmt: skip
def test_headers_in_any_language_are_skipped(tmp_path: Path, header: str) -> None:
    lexicon = loaded(tmp_path, f"{header}\ncat\tgato\ndog\tperro\n")
    assert list(lexicon) == CAT_DOG
    assert "header skipped" in lexicon.notes


@pytest.mark.parametrize(
    "text",
    [
        "русский\trussian\nкошка\tcat\n",
        "слово\tword\nперевод\ttranslation\n",
        "key\tllave\nvalue\tvalor\n",
        "english\tenglisch\nspanish\tspanisch\n",
        "#the\t#der\n#cat\t#katze\n",
    ],
)
def test_translations_of_such_names_are_pairs(tmp_path: Path, text: str) -> None:
    assert len(loaded(tmp_path, text)) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<?xml version="1.0"?>\n<tmx version="1.4"><header/></tmx>\n', "in XML"),
        ("<dictionary><section><e/></section></dictionary>\n", "in XML"),
        ("<table>\n<tr><td>cat</td></tr>\n</table>\n", "a table of HTML"),
        ("INSERT INTO `langlinks` VALUES (1,'es','Gato');\n", "SQL"),
        ("-- dump\nCREATE TABLE d (a text, b text);\n", "SQL"),
        ('# Spanish\nmsgid "cat"\nmsgstr "gato"\n', "a gettext catalog"),
        ('#NAME "En-Es"\n#INDEX_LANGUAGE "English"\ncat\n\tgato\n', "Lingvo"),
        ("StarDict's dict ifo file\nversion=2.4.2\n", "StarDict"),
        ('{| class="wikitable"\n! English !! Spanish\n|-\n| cat || gato\n|}\n', "MediaWiki"),
        ("<http://x/cat> <http://y/same> <http://x/gato> .\n", "RDF"),
        ("- source: cat\n  target: gato\n", "YAML with keys"),
        ("2 9\ncat 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9\n", "a file of vectors"),
        ('{\n "cat": "gato",\n}\n', "looks like JSON, but is damaged"),
        (
            '{"cat": {"es": "gato", "fr": "chat"}}\n{"dog": {"es": "perro", "fr": "chien"}}\n',
            "must map words to translations",
        ),
        ('{"cat": {"es": "gato"}, "dog": {"es": "perro"}}', "must map words to translations"),
        ("# nothing\n# here\n", "got none"),
    ],
)
def test_other_formats_are_refused_by_name(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(FormatError, match=re.escape(name)) as caught:
        loaded(tmp_path, text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "pairs",
    [
        [("*cat", "*gato猫"), ("*dog", "x")],
        [("1.FC", "y"), ("2.FC", "z")],
        [("猫（x）", "n")],
        [("caf\\u00e9", "c"), ('="x"', "k"), ("cat, n.", "d")],
        [("a | b", "c | d")],
        [("(a", "b)"), ("(c", "d)")],
        [("----", "----"), ("x", "===")],
    ],
)
def test_saved_words_of_such_forms_come_back(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    ax.Lexicon(pairs).save(tmp_path / "x.tsv")
    assert list(ax.Lexicon.load(tmp_path / "x.tsv")) == pairs


# --- JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "pairs"),
    [
        ("a.jsonl", '{"en":"cat","es":"gato"}\n', CAT_DOG[:1]),
        ("b.json", '{"cat": "gato"}\n', CAT_DOG[:1]),
        ("c.jsonl", '{"source":"cat","target":["gato","gata"]}\n', TWO_CATS[:2]),
        ("d.txt", '{"cat": ["gato", "gata"], "dog": "perro"}', TWO_CATS),
        ("e.json", '{\n "cat": ["gato", "gata"],\n "dog": "perro"\n}\n', TWO_CATS),
        ("f.json", '[["cat", "gato"], ["dog", "perro"]]', CAT_DOG),
        ("g.json", '[{"en": "cat", "es": "gato"},\n {"en": "dog", "es": "perro"}]', CAT_DOG),
        ("h.jsonl", '["cat", "gato"]\n["dog", "perro"]\n', CAT_DOG),
        ("i.jsonl", '{"cat": "gato"}\n{"dog": "perro"}\n', CAT_DOG),
        ("j.json", '{"pairs": [["cat", "gato"], ["dog", "perro"]]}', CAT_DOG),
        ("k.json", '{"en-es": {"cat": "gato", "dog": "perro"}}', CAT_DOG),
        (
            "l.jsonl",
            '{"translation": {"en": "cat", "es": "gato"}}\n'
            '{"translation": {"en": "dog", "es": "perro"}}\n',
            CAT_DOG,
        ),
        (
            "m.jsonl",
            '{"id": 1, "lemma": "cat", "pos": "NOUN", "gloss": "gato"}\n'
            '{"id": 2, "lemma": "dog", "pos": "NOUN", "gloss": "perro"}\n',
            CAT_DOG,
        ),
        ("o.jsonl", '{"en":"cat","es":"gato"},\n{"en":"dog","es":"perro"},\n', CAT_DOG),
        (
            "p.json",
            '{"name":"x","entries":[{"en":"cat","es":"gato"},{"en":"dog","es":"perro"}]}',
            CAT_DOG,
        ),
        ("q.json", '{"columns":["en","es"],"data":[["cat","gato"],["dog","perro"]]}', CAT_DOG),
        ("r.json", '{"en":["cat","dog"],"es":["gato","perro"]}', CAT_DOG),
        ("n.json", '\ufeff{"english": "cat", "spanish": "gato; gata"}', TWO_CATS[:2]),
    ],
)
def test_json_of_any_form_is_read(
    tmp_path: Path, name: str, text: str, pairs: list[tuple[str, str]]
) -> None:
    assert list(loaded(tmp_path, text, name)) == pairs


def test_scores_of_json_are_read(tmp_path: Path) -> None:
    found = loaded(tmp_path, '{"cat": {"gato": 0.75, "gata": 0.25}}', "a.json")
    assert list(found) == TWO_CATS[:2]
    assert np.asarray(found.scores).tolist() == [0.75, 0.25]
    text = '{"source": "cat", "target": ["gato", "gata"], "score": [2, 1], "probability": [1, 0]}'
    found = loaded(tmp_path, text, "a.jsonl")
    assert np.asarray(found.probabilities).tolist() == [1, 0]


# --- choices of the user ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "pairs"),
    [
        ("cat#gato\ndog#perro\n", {"delimiter": "#"}, CAT_DOG),
        ("cat,gato;gata\ndog,perro;perro\n", {"delimiter": ","}, TWO_CATS),
        ("the cat\tel gato\n", {"delimiter": "tab"}, [("the cat", "el gato")]),
        ("a,b c,d\n", {"delimiter": "space"}, [("a,b", "c,d")]),
        ("foo bar\ncat gato\n", {"header": True}, CAT_DOG[:1]),
        ("en es\ncat gato\n", {"header": False}, [("en", "es"), ("cat", "gato")]),
        ("one 1\ntwo 2\n", {"columns": (1, 2)}, [("one", "1"), ("two", "2")]),
        ("cat\tgato\tKatze\n", {"columns": (3, 1)}, [("Katze", "cat")]),
        ("cat;gato;Katze\nl;i;d\n", {"columns": ("Katze", "cat")}, [("d", "l")]),
    ],
)
def test_a_user_names_what_is_found_wrong(
    tmp_path: Path, text: str, options: dict[str, Any], pairs: list[tuple[str, str]]
) -> None:
    assert list(loaded(tmp_path, text, **options)) == pairs


@pytest.mark.parametrize("delimiter", ["", "\n"])
def test_an_invalid_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(ValueError, match="delimiter must be one or more characters"):
        loaded(tmp_path, "cat gato\n", delimiter=delimiter)


def test_a_lexicon_says_how_it_was_read(tmp_path: Path) -> None:
    text = "English\tpos\tSpanish\ncat\tn\tgato, gata\ndog\tn\tperro {m}\ncow\nsun\tn\tsol\n"
    lexicon = loaded(tmp_path, text, "en-es.tsv", on_error="skip")
    assert str(lexicon) == (
        "en-es.tsv: 4 pairs; tab-separated, header skipped, columns 1 and 3, "
        "1 annotation removed, 1 cell split, 1 line skipped"
    )
    assert str(Lexicon(CAT_DOG)) == "the lexicon: 2 pairs"


# --- packed and encoded -----------------------------------------------------------------------


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("d.txt", data)
    return file.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zipped])
def test_packed_dictionaries_are_read(tmp_path: Path, pack: Any) -> None:  # noqa: ANN401
    assert list(loaded(tmp_path, pack(b"cat gato\ndog perro\n"))) == CAT_DOG


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    assert list(loaded(tmp_path, "cat\tgato\r\ndog\tperro\r\n".encode(encoding))) == CAT_DOG


def test_latin_1_is_refused_by_a_command_that_converts_it(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"iconv -f LATIN1 -t UTF-8.* if this is 'child niño'"):
        loaded(tmp_path, "child niño\n".encode("latin-1"))


# --- anything else ----------------------------------------------------------------------------

CELLS = st.sampled_from(
    ["cat", "New York", "0.5", "7", "NOUN", "{m}", "[x]", "(a)", "<n>", '"', "'a'", "«b»", "#", "%",
     "--", "{", "[", "null", '"k"', "a,b", "a;b", "a|||b", "en", "es", "&amp;", "perro,", "\u00a0",
     "1,5", "nan", ""]
)  # fmt: skip
MARKS = st.sampled_from(["\t", " ", ",", ";", " = ", ": ", "|", "/", " - ", '"', "::", "\\"])
OPTIONS = st.sampled_from(
    [{}, {"on_error": "skip"}, {"header": True}, {"columns": (2, 1)}, {"delimiter": ","},
     {"scored": True}]
)  # fmt: skip


@pytest.mark.slow
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=5), mark=MARKS,
       options=OPTIONS)  # fmt: skip
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused_as_a_file(
    tmp_path: Path, rows: list[list[str]], mark: str, options: dict[str, Any]
) -> None:
    try:
        lexicon = loaded(tmp_path, "\n".join(map(mark.join, rows)), **options)
    except FormatError:
        return
    except ValueError as error:
        if "columns of JSON" not in str(error):
            raise
        return
    assert len(lexicon) > 0
    assert str(lexicon).startswith("d.txt: ")


# --- word similarity --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("man\twoman\t3\nking\tqueen\t4\nyear\tday\t2\n", [3, 4, 2]),
        ("man,woman,3.5\nking,queen,4\n", [3.5, 4]),
        ("word1\tword2\tscore\nman\twoman\t3.5\nking\tqueen\t4\n", [3.5, 4]),
        ("Word 1,Word 2,Human (mean)\nman,woman,3.5\nking,queen,4\n", [3.5, 4]),
        ("man;woman;3,5\nking;queen;4\n", [3.5, 4]),
        ("man woman 3.5\nking queen 4\n", [3.5, 4]),
        ("word1\tword2\tPOS\tscore\tsd\nman\twoman\tN\t3\t1.5\nold\tnew\tA\t1\t7\n", [3, 1]),
        ("man\twoman\t3\n", [3]),
    ],
)
def test_similarity_files_are_read(tmp_path: Path, text: str, scores: list[float]) -> None:
    judged = loaded(tmp_path, text, scored=True)
    assert np.asarray(judged.scores).tolist() == scores
    assert judged[0] == ("man", "woman")


@pytest.mark.parametrize(
    ("text", "gist"),
    [
        ("cat\tdog\nsun\train\n", "a line must be word, word and score"),
        ("", "got none"),
        ("zzzq zzzw\n", "a line must be word, word and score"),
        ("man,woman,3,5\nking,queen,4,0\n", "one score a line, got 2 numbers"),
        ("man\twoman\tnan\n", "a score must be a finite number, got 'nan'"),
    ],
)
def test_other_similarity_files_are_refused(tmp_path: Path, text: str, gist: str) -> None:
    with pytest.raises(FormatError, match=gist):
        loaded(tmp_path, text, scored=True)


def test_constant_scores_and_one_pair_have_no_correlation(tmp_path: Path) -> None:
    words = ["man", "woman", "king", "queen", "year", "day"]
    vectors = ax.Embeddings(words, np.random.default_rng(0).standard_normal((6, 3)))
    for text in ("man\twoman\t3\nking\tqueen\t3\nyear\tday\t3\n", "man\twoman\t3\n"):
        report = ax.evaluate_similarity(vectors, vectors, loaded(tmp_path, text, scored=True))
        assert np.isnan(report.pearson)
        assert "no correlation" in str(report)
