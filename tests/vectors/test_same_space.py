from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pytest
from sharding import induce_in_folder

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.shared_space import SharedSpace
from alignx.cli.inputs import shared_space
from alignx.errors import SpaceError
from alignx.evaluation.word_similarity import evaluate_similarity
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.same_space import warn_of_different_spaces
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path


def rotated(prefix: str, language: str, seed: int) -> Embeddings:
    """Words of a language whose vectors are those of the hub, rotated."""
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((8, 8)))
    words = [f"{prefix}{i}" for i in range(len(HUB))]
    return Embeddings(words, HUB.vectors @ rotation, language, source=f"{language}.vec")


HUB = Embeddings(
    [f"cat{i}" for i in range(150)],
    np.random.default_rng(0).standard_normal((150, 8)).astype(np.float32),
    "en",
    source="en.vec",
)
Pair: TypeAlias = tuple[Embeddings, Embeddings]
SPANISH, GERMAN = rotated("gato", "es", 1), rotated("Katze", "de", 2)


def mapped_by(source: Embeddings, target: Embeddings, method: str = "procrustes") -> Alignment:
    pairs = Lexicon(list(zip(source.words, target.words, strict=False)))
    return align(source, target, lexicon=pairs, method=method, ranker=False, refinement=0)


def test_both_sides_of_a_map_have_one_space() -> None:
    alignment = mapped_by(SPANISH, HUB)
    shared = alignment.apply(SPANISH, HUB)
    assert [language.space for language in shared.values()] == [alignment.space] * 2
    assert shared.reversed().source.space == alignment.space
    assert shared.extended(["gato1 gato2"]).source.space == alignment.space
    assert shared.source.head(5).space == alignment.space
    assert pickle.loads(pickle.dumps(shared.source)).space == alignment.space
    assert shared.source.with_vectors(shared.source.vectors).space is None
    assert SPANISH.space is None


@pytest.mark.parametrize("method", ["procrustes", "least_squares"])
def test_languages_mapped_into_the_same_target_share_it(tmp_path: Path, method: str) -> None:
    mapped_by(SPANISH, HUB, method).save(tmp_path / "es-en.safetensors")
    spanish = Alignment.load(tmp_path / "es-en.safetensors")
    german = mapped_by(GERMAN, HUB.head(100), method)  # with another --limit
    assert spanish.space == german.space
    shared = SharedSpace({"es": spanish.apply_source(SPANISH), "de": german.apply_source(GERMAN)})
    answers = shared.translate("gato3", k=1)
    assert answers[0].word == "Katze3"


@pytest.mark.parametrize(
    ("first", "second", "method"),
    [
        ((HUB, SPANISH), (GERMAN, HUB), "procrustes"),  # en-es and de-en
        ((SPANISH, HUB), (GERMAN, HUB), "reweighted"),
        ((SPANISH, HUB), (GERMAN, HUB), "cca"),
        ((HUB, SPANISH), (HUB, GERMAN), "procrustes"),
    ],
)
def test_languages_of_different_spaces_are_not_joined(
    tmp_path: Path, first: Pair, second: Pair, method: str
) -> None:
    one, other = mapped_by(*first, method=method), mapped_by(*second, method=method)
    spanish = one.apply(*first)["es"]
    german = other.apply(*second)["de"]
    told = r"got es \(es.vec\) and de \(de.vec\) of different ones; .* --method procrustes"
    with pytest.raises(SpaceError, match=told):
        SharedSpace({"es": spanish, "de": german})
    # In files, too, also when they are converted.
    side: Literal["source", "target"] = "target" if first[1] is SPANISH else "source"
    one.save_mapped(SPANISH, tmp_path / "a.safetensors", side=side)
    save(german, tmp_path / "b.safetensors", dtype="float16")
    read = [load(tmp_path / f"{name}.safetensors") for name in ("a", "b")]
    assert [language.space for language in read] == [one.space, other.space]
    for refused in (
        lambda: SharedSpace.of(spanish, german),
        lambda: evaluate_similarity(spanish, german, Lexicon([("gato1", "Katze1")], np.ones(1))),
        lambda: shared_space("-", read),
        lambda: induce_in_folder(None, read[0], read[1], tmp_path / "work"),
    ):
        with pytest.raises(SpaceError):
            refused()


def test_vectors_of_unknown_spaces_are_trusted(tmp_path: Path) -> None:
    alignment = mapped_by(SPANISH, HUB)
    alignment.save_mapped(SPANISH, tmp_path / "es.vec")
    alignment.save_mapped(HUB, tmp_path / "en.safetensors", side="target")
    spanish, english = load(tmp_path / "es.vec"), load(tmp_path / "en.safetensors")
    assert (spanish.space, english.space) == (None, alignment.space)
    assert SharedSpace.of(spanish, english).translate("gato3", k=1)[0].word == "cat3"


def test_unrelated_vectors_cause_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    names = Embeddings(HUB.words, SPANISH.vectors, "es", source="es.vec")
    shared_space("-", [HUB, names])
    told = "en.vec and es.vec hardly share a space: of 150 words spelled the same,"
    assert told in caplog.text
    mapped = mapped_by(names, HUB).apply(names, HUB)
    caplog.clear()
    shared_space("-", list(mapped.values()))
    unknown = [language.with_vectors(language.vectors) for language in mapped.values()]
    shared_space("-", unknown)
    shared_space("-", [names.head(90), HUB])  # too few words to judge by
    assert not caplog.records


@pytest.mark.slow
def test_real_vectors_show_whether_they_share_a_space(
    shared_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shared_data / "ubilexat" / "es-en"
    raw = [load(folder / f"word2vec.{code}", language=code, limit=8_000) for code in ("en", "es")]
    warn_of_different_spaces(*raw)
    assert "hardly share a space" in caplog.text
    caplog.clear()
    muse = shared_data / "dictionaries" / "muse" / "en-es.0-5000.txt"
    mapped = align(*raw, lexicon=muse, method="procrustes", ranker=False).apply(*raw)
    warn_of_different_spaces(
        *(language.with_vectors(language.vectors) for language in mapped.values())
    )
    assert not caplog.records
