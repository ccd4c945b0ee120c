"""What `align` and `evaluate` take: files and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import alignx as ax

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {"cat": "gato", "dog": "perro", "sun": "sol", "rain": "lluvia", "house": "casa"}
PAIRS = list(WORDS.items())
OPTIONS: dict[str, Any] = {"method": "procrustes", "refinement": 0, "ranker": False}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    rows = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    ax.save(ax.Embeddings(list(WORDS), rows), tmp_path / "en.vec")
    ax.save(ax.Embeddings(list(WORDS.values()), rows[:, ::-1].copy()), tmp_path / "es.vec")
    (tmp_path / "en-es.txt").write_text("".join(f"{s} {t}\n" for s, t in PAIRS))
    return tmp_path


def test_files_and_objects_give_the_same_map(files: Path) -> None:
    names = str(files / "en.vec"), files / "es.vec"
    english, spanish = ax.load(names[0]), ax.load(names[1])
    lexica: list[Any] = [
        files / "en-es.txt",
        str(files / "en-es.txt"),
        PAIRS,
        WORDS,
        {word: [other] for word, other in PAIRS},
        pd.DataFrame(PAIRS, columns=["en", "es"]),
        ax.Lexicon(PAIRS),
    ]
    expected = ax.align(english, spanish, lexicon=lexica[-1], **OPTIONS)
    for lexicon in lexica:
        found = ax.align(*names, lexicon=lexicon, **OPTIONS)
        assert repr(found) == repr(expected) == "Alignment(en -> es, Procrustes(), 5 pairs)"
        np.testing.assert_array_equal(found.aligner.source_map_, expected.aligner.source_map_)
        report = ax.evaluate(found.apply(english, spanish), lexicon, n_neighbors=1)
        assert report.csls.n == 5
        assert report.nn.precision[1] == 1


def test_vectors_are_dicts_and_data_frames_too(files: Path) -> None:
    english, spanish = ax.load(files / "en.vec"), ax.load(files / "es.vec")
    words = dict(zip(english.words, english.vectors, strict=True))
    frame = pd.DataFrame(spanish.vectors, index=spanish.words)
    found = ax.align(words, frame, lexicon=PAIRS, **OPTIONS)
    expected = ax.align(english, spanish, lexicon=PAIRS, **OPTIONS)
    np.testing.assert_array_equal(found.aligner.source_map_, expected.aligner.source_map_)


def test_files_that_are_missing_are_named(files: Path) -> None:
    for arguments in (("no.vec", files / "es.vec"), (files / "en.vec", files / "es.vec")):
        with pytest.raises(FileNotFoundError, match=r"no\.(vec|txt): no such file"):
            ax.align(*arguments, lexicon="no.txt" if arguments[0] != "no.vec" else PAIRS)


def test_vectors_that_are_zero_or_equal_are_named(files: Path) -> None:
    (files / "const.vec").write_text("".join(f"{word} 1 1 1\n" for word in WORDS))
    (files / "zero.vec").write_text("".join(f"{word} 0 0 0\n" for word in WORDS))
    with pytest.raises(ax.AlignxError, match=r"const\.vec: all 5 vectors are equal, and zero"):
        ax.align(files / "const.vec", files / "es.vec", lexicon=PAIRS)
    with pytest.raises(ax.AlignxError, match=r"zero\.vec: all 5 vectors are zero$"):
        ax.align(files / "zero.vec", files / "es.vec", lexicon=PAIRS)
    one = ax.Embeddings(["cat"], [[1.0, 0.0]])
    with pytest.raises(ax.AlignxError, match="source: its only vector is zero after normalization"):
        ax.align(one, one, lexicon=[("cat", "cat")])


def test_a_toy_of_six_words_takes_the_defaults(files: Path) -> None:
    english = ["cat 1 0 0", "dog 0 1 0", "sun 0 0 1", "rain 1 1 0", "house 0 1 1", "tree 1 0 1"]
    spanish = ["gato", "perro", "sol", "lluvia", "casa", "árbol"]
    rows = [line.split(" ", 1) for line in english]
    (files / "en.vec").write_text("6 3\n" + "".join(f"{line}\n" for line in english))
    pairs = [(word, other) for (word, _), other in zip(rows, spanish, strict=True)]
    lines = [f"{other} {row}\n" for (_, row), other in zip(rows, spanish, strict=True)]
    (files / "es.vec").write_text("6 3\n" + "".join(lines))
    alignment = ax.align(files / "en.vec", files / "es.vec", lexicon=pairs[:3])
    space = alignment.apply(ax.load(files / "en.vec"), ax.load(files / "es.vec"))
    assert [space.translate(word)[0].word for word, _ in pairs] == spanish
    assert ax.evaluate(space, pairs).csls.precision[1] == 1
    assert len(ax.induce_lexicon(space)) > 0
    with pytest.raises(ValueError, match=r"n_neighbors must lie in \[1, 6\], got 7"):
        space.translate("cat", n_neighbors=7)


def test_labeled_texts_are_data_of_a_comparison() -> None:
    rows = [[3, 0], [4, 1], [0, 3], [1, 4]]
    english = ax.Embeddings(["cat", "dog", "sun", "rain"], rows)
    spanish = ax.Embeddings(["gato", "perro", "sol", "lluvia"], rows)
    space = ax.SharedSpace({"en": english, "es": spanish})
    labels = ("pets", "pets", "weather", "weather")
    train = ax.LabeledTexts(("the cat", "a dog", "the sun", "rain"), labels, ("en",) * 4)
    test = ax.LabeledTexts(("el gato", "el perro", "el sol", "lluvia"), labels, ("es",) * 4)
    given: list[Any] = [
        ax.TransferData("en", train, test),
        ax.TransferData("en", {"en": train}, {"es": test}, {"es": test}),
        ax.TransferData("en", {"en": (train.texts, labels)}, {"es": (test.texts, labels)}),
    ]
    for data in given:
        report = ax.evaluate_transfer(space, data)
        assert report.as_dict()["strategies"]["zero_shot"]["languages"]["es"]["accuracy"] == 1
    with pytest.raises(ValueError, match="train texts of 'en' must have labels, got none"):
        ax.TransferData("en", {"en": ax.LabeledTexts(("a",))}, test)
    with pytest.raises(ValueError, match="train must name languages"):
        ax.TransferData("en", ax.LabeledTexts(("a",), ("x",)), test)
