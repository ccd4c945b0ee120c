from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from conftest import plant_clusters

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.methods import METHODS, as_method
from alignx.alignment.model_selection import Auto
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import MapEnsemble, Procrustes, method_name
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Planted


def languages(data: Planted) -> tuple[Embeddings, Embeddings, Lexicon]:
    source = Embeddings([f"a{i}" for i in range(len(data.source))], data.source, "en")
    target = Embeddings([f"b{i}" for i in range(len(data.target))], data.target, "es")
    return source, target, Lexicon([(f"a{s}", f"b{t}") for s, t in data.pairs])


@pytest.mark.parametrize("name", METHODS)
def test_a_name_is_the_class_with_its_defaults(name: str) -> None:
    method = as_method(name, has_lexicon=name != "adversarial")
    assert type(method) is METHODS[name]
    assert method.get_params() == METHODS[name]().get_params()
    assert method_name(method, METHODS) == name


def test_the_default_depends_on_the_lexicon() -> None:
    assert type(as_method(None, has_lexicon=True)) is Auto
    assert type(as_method(None, has_lexicon=False)) is SelfLearning


@pytest.mark.parametrize(
    ("method", "has_lexicon", "gist"),
    [
        ("magic", False, "method must be one of auto, procrustes, .*adversarial.*, got 'magic'"),
        ("magic", True, "got 'magic'"),
        ("procrustes", False, "self_learning or adversarial where there is no lexicon"),
        ("auto", False, "where there is no lexicon, got 'auto'"),
        (Procrustes(), False, "where there is no lexicon, got "),
        (MapEnsemble([Procrustes(), "rcsls"]), True, "method must be one of .*got 'rcsls'"),
        (MapEnsemble([Auto()]), True, r"method must be one of .*got Auto\(\)"),
        ("adversarial", True, "method must use the lexicon .*got 'adversarial'"),
    ],
)
def test_methods_that_do_not_fit_are_refused(method: Any, has_lexicon: bool, gist: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=gist):
        as_method(method, has_lexicon=has_lexicon)


@pytest.mark.slow
def test_auto_takes_the_best_in_cross_validation(tmp_path: Path) -> None:
    source, target, truth = languages(plant_clusters(0.2, count=800))
    logged: list[dict[str, Any]] = []
    options: dict[str, Any] = {"refinement": 2, "ranker": False, "log": logged.append}
    some = Lexicon(truth.pairs[:300])
    alignment = align(source, target, lexicon=some, method="auto", **options)
    assert logged[0]["stage"] == "selection"
    assert logged[0]["aligner"] == str(alignment.aligner)
    assert logged[0]["refinement"] == len(alignment.rounds)
    assert len(logged[0]["candidates"]) == 1
    assert evaluate(alignment.apply(source, target), truth).csls.precision[1] > 0.98
    alignment.save(tmp_path / "map.safetensors")
    for each in (alignment, Alignment.load(tmp_path / "map.safetensors")):
        assert (each.found_by, each.diagnosis) == ("lexicon", None)
        assert each.strategy == alignment.strategy is not None
