from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = [("cat", "gato"), ("dog", "perro"), ("cat", "gata"), ("tiger", "tigre")]
SCORED = Lexicon(PAIRS, np.arange(4.0), np.array([0.5, 0.2, 0.9, 0.4999]), name="en-es")
MANY = Lexicon([(f"s{i % 40}", f"t{i}") for i in range(100)])


def vocabulary(*words: str) -> Embeddings:
    return Embeddings(words, np.eye(len(words), dtype=np.float32))


def values(numbers: Any) -> list[float]:  # noqa: ANN401  # an array or None
    return np.asarray(numbers).tolist()  # type: ignore[no-any-return]


# --- a value ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "scores", "probabilities", "gist"),
    [
        ("gato", [1.0, 2.0], None, "scores must hold one value for each of 1 pairs, got 2"),
        ("gato", [1.0], [], "probabilities must hold one value for each of 1"),
        ("gato", None, [0.5], "probabilities need scores beside them"),
        ("gato", [np.nan], None, "scores must be finite"),
        ("gato", [1.0], [2.0], "probabilities must lie in"),
        ("", [1.0], [1.0], "must hold two words"),
    ],
)
def test_invalid_words_and_numbers_are_refused(
    target: str, scores: list[float] | None, probabilities: list[float] | None, gist: str
) -> None:
    given = [None if values is None else np.array(values) for values in (scores, probabilities)]
    with pytest.raises(ValueError, match=gist):
        Lexicon([("cat", target)], given[0], given[1])


@pytest.mark.parametrize("pairs", ["ab", {("a", "b")}, [("a",)], [("a", 1)], ["ab"], 7])
def test_pairs_of_another_type_are_refused(pairs: Any) -> None:  # noqa: ANN401
    with pytest.raises(TypeError, match="Lexicon"):
        Lexicon(pairs)


def test_a_lexicon_is_a_sequence_of_pairs() -> None:
    assert (SCORED[0], SCORED[-1], len(SCORED)) == (PAIRS[0], PAIRS[-1], 4)
    assert list(SCORED) == PAIRS
    assert ("dog", "perro") in SCORED
    assert ("dog", "gato") not in SCORED
    assert SCORED.index(("dog", "perro")) == 1
    part = SCORED[::-2]
    assert list(part) == [PAIRS[3], PAIRS[1]]
    assert (values(part.scores), values(part.probabilities)) == ([3, 1], [0.4999, 0.2])
    assert (repr(SCORED), repr(MANY[:5])) == (
        "Lexicon(4 pairs, scores, probabilities)",
        "Lexicon(5 pairs)",
    )


def test_pairs_in_any_form_become_a_lexicon(tmp_path: Path) -> None:
    expected = Lexicon(PAIRS[:3])
    expected.save(tmp_path / "a.tsv")
    assert Lexicon.of(SCORED) is SCORED
    assert Lexicon.of(str(tmp_path / "a.tsv")) == Lexicon.of(tmp_path / "a.tsv") == expected
    assert Lexicon.of(PAIRS[:3]) == expected
    assert list(Lexicon.of({"cat": ["gato", "gata"], "dog": "perro"})) == [
        ("cat", "gato"), ("cat", "gata"), ("dog", "perro"),
    ]  # fmt: skip
    assert Lexicon.of(SCORED.to_frame()) == SCORED
    frame = expected.to_frame()
    assert Lexicon.of(frame) == Lexicon.of(frame.set_axis(["en", "es"], axis=1)) == expected
    with pytest.raises(ValueError, match=r"or two columns, got target; choose two, such as"):
        Lexicon.of(frame[["target"]])
    with pytest.raises(TypeError, match="a pair of a Lexicon must be two strings"):
        Lexicon.of(frame.assign(target=1.5))
    with pytest.raises(TypeError, match="Lexicon takes a list of pairs"):
        Lexicon.of(7)


def test_lexicons_are_compared_by_value_and_copied() -> None:
    assert Lexicon(PAIRS) not in (SCORED, PAIRS)
    for copied in (pickle.loads(pickle.dumps(SCORED)), copy.deepcopy(SCORED)):
        assert copied == SCORED
        assert hash(copied) == hash(SCORED)
        assert copied.name == "en-es"
        assert copied.scores is not None
        assert not copied.scores.flags.writeable


def test_a_lexicon_cannot_change() -> None:
    scores = np.zeros(4)
    lexicon = Lexicon(PAIRS, scores)
    scores[:] = 7
    assert values(lexicon.scores) == [0] * 4


def test_a_lexicon_becomes_a_frame() -> None:
    frame = SCORED.to_frame()
    assert list(frame.columns) == ["source", "target", "score", "probability"]
    assert list(frame["target"]) == ["gato", "perro", "gata", "tigre"]
    assert list(Lexicon(PAIRS).to_frame().columns) == ["source", "target"]


# --- selections -------------------------------------------------------------------------------


def test_translations_keep_the_order() -> None:
    found = SCORED.translations()
    assert found == {"cat": ["gato", "gata"], "dog": ["perro"], "tiger": ["tigre"]}
    assert list(found) == ["cat", "dog", "tiger"]


def test_reversed_keeps_the_numbers() -> None:
    turned = SCORED.reversed()
    assert list(turned) == [(target, source) for source, target in PAIRS]
    assert turned.scores is SCORED.scores
    assert turned.probabilities is SCORED.probabilities


def test_at_least_keeps_pairs_at_the_bound() -> None:
    kept = SCORED.at_least(0.5)
    assert list(kept) == [PAIRS[0], PAIRS[2]]
    assert (values(kept.scores), values(kept.probabilities)) == ([0, 2], [0.5, 0.9])
    with pytest.raises(ValueError, match="must have probabilities"):
        Lexicon(PAIRS, np.arange(4.0)).at_least(0.5)


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
    first, again, other = (MANY.split(0.3, random_state=seed)[1] for seed in (0, 0, 2))
    assert first == again == MANY.split(0.3)[1]
    assert first != other


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_split_refuses_a_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"fraction must lie in \(0, 1\), got"):
        MANY.split(fraction)


def test_identical_words_are_paired_in_the_order_of_the_source() -> None:
    source = vocabulary("the", "taxi", "1990", "Kiel", "no", "٣٤", "1,5", "x2")
    target = vocabulary("x2", "٣٤", "no", "kiel", "1990", "1,5", "taxi", "el")
    found = Lexicon.identical(source, target)
    assert list(found) == [(word, word) for word in ("taxi", "1990", "no", "٣٤", "1,5", "x2")]
    assert (found.name, found.scores) == ("identical words", None)
    back = Lexicon.identical(target, source)
    assert set(back) == set(found)
    assert back[0] == ("x2", "x2")
    numerals = Lexicon.identical(source, target, numerals_only=True)
    assert list(numerals) == [("1990", "1990"), ("٣٤", "٣٤")]
    assert numerals.name == "identical numerals"
    assert len(Lexicon.identical(vocabulary("a", "b"), vocabulary("c"))) == 0


def test_languages_are_kept() -> None:
    lexicon = Lexicon(PAIRS, languages=("en", "es"))
    for same in (lexicon[:2], pickle.loads(pickle.dumps(lexicon)), copy.copy(lexicon)):
        assert same.languages == ("en", "es")
    assert [part.languages for part in lexicon.split(0.5)] == [("en", "es")] * 2
    assert lexicon.reversed().languages == ("es", "en")
    assert Lexicon(PAIRS).reversed().languages is None
    for wrong in ("en", ("en",), ("en", ""), (1, 2)):
        with pytest.raises(ValueError, match="languages must be two codes"):
            Lexicon(PAIRS, languages=wrong)  # type: ignore[arg-type]  # the test


def test_parts_of_speech_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "en-es.tsv"
    path.write_text("English\tclass\tSpanish\nCat\tnoun\tgato, gata\nrun\tverb\tcorrer\na\t\tun\n")
    lexicon = Lexicon.load(path)
    tags = {"Cat": "noun", "run": "verb"}
    assert lexicon.parts_of_speech == Lexicon.load(path, columns=(1, 3)).parts_of_speech == tags
    copied = pickle.loads(pickle.dumps(lexicon))
    assert lexicon[2:].parts_of_speech == copied.parts_of_speech == tags
    assert Lexicon.load(path, casing="lower").parts_of_speech == {"cat": "noun", "run": "verb"}
    assert lexicon.reversed().parts_of_speech == Lexicon([("a", "b")]).parts_of_speech == {}
