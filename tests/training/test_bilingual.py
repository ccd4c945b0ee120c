from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.errors import FormatError, OutputError
from alignx.parallel_text.sentence_pairs import SentencePairs
from alignx.support.config import config_context
from alignx.training.bilingual import train_bilingual
from alignx.training.parameters import FastTextParameters
from alignx.training.train import train
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("fasttext")
pytestmark = pytest.mark.slow  # it trains in other processes

WORDS = 20


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with config_context(n_threads=1):
        yield


def translated(count: int, length: int = 5) -> SentencePairs:
    """Sentences in which cat<i> and la gato<i> translate each other; la is in one language."""
    rows = [(np.arange(length) + first) % WORDS for first in range(count)]
    return SentencePairs(
        [" ".join(f"Cat{i}" for i in row) for row in rows],
        [" ".join(f"la gato{i}" for i in row) for row in rows],
        "cats",
    )


def test_translations_are_nearest_neighbors(tmp_path: Path) -> None:
    outputs = tmp_path / "en.vec", tmp_path / "es.safetensors"
    stages: list[dict[str, Any]] = []
    parameters = FastTextParameters(dim=20, epoch=100, maxn=0, t=1)
    english, spanish = train_bilingual(
        translated(300), outputs, parameters=parameters, log=stages.append
    )
    assert {*english} == {f"cat{i}" for i in range(WORDS)}
    assert {*spanish} == {"la", *(f"gato{i}" for i in range(WORDS))}
    assert (english.language, spanish.language) == ("en", "es")
    for found, path in zip((english, spanish), outputs, strict=True):
        np.testing.assert_array_equal(found.vectors, load(path).vectors)
    units = [
        each.vectors / np.linalg.norm(each.vectors, axis=1)[:, None] for each in (english, spanish)
    ]
    nearest = (units[0] @ units[1].T).argmax(axis=1)
    right = [spanish[i] == english[row].replace("cat", "gato") for row, i in enumerate(nearest)]
    assert np.mean(right) > 0.4  # 0.05 by chance; the next best are neighbors in the sentences
    assert [each["stage"] for each in stages] == ["corpus", "parameters", "model"]
    assert stages[0]["files"] == ("cats",)
    assert (stages[0]["lines"], stages[0]["tokens"]) == (300, 300 * 15)
    assert stages[2]["words"] == 2 * WORDS + 1
    assert stages[2]["bytes"] == sum(path.stat().st_size for path in outputs)


def test_the_text_of_fasttext_has_the_words_by_turns(tmp_path: Path) -> None:
    pairs = SentencePairs(["A b, c."] * 3, ["x a"] * 3)
    by_hand = tmp_path / "by-hand.txt"
    # Places of the words: a 1/6, x 1/4, b 1/2, a 3/4, c 5/6.
    by_hand.write_text("s:a t:x s:b t:a s:c\n" * 3)
    parameters = FastTextParameters(dim=5, epoch=2, maxn=0, minCount=1)
    expected = train(by_hand, tmp_path / "by-hand.vec", parameters=parameters, tokenizer=str.split)
    english, spanish = train_bilingual(
        pairs, (tmp_path / "en.vec", tmp_path / "es.vec"), parameters=parameters
    )
    np.testing.assert_array_equal(english["a"], expected["s:a"])
    np.testing.assert_array_equal(spanish["a"], expected["t:a"])
    assert {*english} == {"a", "b", "c"}


def test_words_are_lower_cased_by_the_rules_of_their_language(tmp_path: Path) -> None:
    pairs = SentencePairs(["The heat IS high."] * 20, ["ISI ILIK İYİ."] * 20)
    parameters = FastTextParameters(dim=5, epoch=1, minCount=1, maxn=0)
    english, turkish = train_bilingual(
        pairs, (tmp_path / "en.vec", tmp_path / "tr.vec"), parameters=parameters
    )
    assert "is" in english
    assert {*turkish} == {"ısı", "ılık", "iyi"}  # noqa: RUF001  # dotless


def test_a_tokenizer_may_give_words_with_blanks(tmp_path: Path) -> None:
    english, spanish = train_bilingual(
        SentencePairs(["a b"] * 3, ["c"] * 3),
        (tmp_path / "en.vec", tmp_path / "es.vec"),
        parameters=FastTextParameters(dim=5, epoch=1, minCount=1),
        tokenizers=(lambda text: [text, "!"], list),
    )
    assert ({*english}, {*spanish}) == ({"a", "b"}, {"c"})


@pytest.mark.parametrize(
    ("outputs", "pairs", "error", "message"),
    [
        (("en.bin", "es.vec"), translated(3), FormatError, "en.bin: vectors of two .* no model"),
        (("en.vec", "es.kv"), translated(3), FormatError, "es.kv: the name must end in one of"),
        (("en.vec", "en.vec"), translated(3), OutputError, "en.vec: output would replace output"),
        (("en.vec", "es.vec"), SentencePairs(["a"], ["b"], "few"), FormatError, "few: no word"),
        (
            ("en.vec", "es.vec"),
            SentencePairs(["a b c"] * 3, ["1", "2", "3"], "few"),
            FormatError,
            "es.vec: no word of the language occurs often enough",
        ),
    ],
)
def test_what_cannot_be_learned_leaves_no_file(
    outputs: tuple[str, str],
    pairs: SentencePairs,
    error: type[Exception],
    message: str,
    tmp_path: Path,
) -> None:
    names = tmp_path / outputs[0], tmp_path / outputs[1]
    with pytest.raises(error, match=message):
        train_bilingual(pairs, names)
    assert not list(tmp_path.iterdir())


def test_other_numbers_of_outputs_are_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outputs must be 2 files, one for each language, got 1"):
        train_bilingual(translated(3), (tmp_path / "en.vec",))  # type: ignore[arg-type]


def test_parameters_are_checked_first(tmp_path: Path) -> None:
    names = tmp_path / "en.vec", tmp_path / "es.vec"
    with pytest.raises(TypeError, match="pairs"):
        train_bilingual([("a", "b")], names)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="log"):
        train_bilingual(translated(3), names, log="x")  # type: ignore[arg-type]
