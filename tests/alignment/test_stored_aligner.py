from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.stored_aligner import aligner_facts, restored_aligner
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import CCA, METHODS, RCSLS, Aligner, MapEnsemble, Procrustes
from alignx.support.arrays import unit_rows
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from pathlib import Path

NESTED = MapEnsemble(
    [CCA(center=False), MapEnsemble(), MapEnsemble([RCSLS(n_steps=2)])], n_components=9
)


@pytest.mark.parametrize("aligner", [*(kind() for kind in METHODS.values()), NESTED], ids=str)
def test_an_aligner_comes_back_from_json(aligner: Aligner) -> None:
    facts = json.loads(json.dumps(aligner_facts(aligner)))
    restored = restored_aligner(**facts)
    assert type(restored) is type(aligner)
    assert repr(restored) == repr(aligner)
    assert aligner_facts(restored) == facts


def test_members_of_other_classes_are_refused() -> None:
    class Own(Procrustes):
        pass

    with pytest.raises(ValueError, match=r"method must be one of .*got Own\(\)"):
        aligner_facts(MapEnsemble([Own()]))


def test_a_saved_ensemble_maps_as_before(tmp_path: Path) -> None:
    rows = unit_rows(np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32))
    rotation, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((8, 8)))
    words = [[f"{side}{i}" for i in range(60)] for side in "ab"]
    source = Embeddings(words[0], rows, "en")
    target = Embeddings(words[1], (rows @ rotation).astype(np.float32), "es")
    method = MapEnsemble([Procrustes(), RCSLS(n_steps=1)])
    original = align(
        source,
        target,
        lexicon=Lexicon(list(zip(*words, strict=True))),
        method=method,
        refinement=1,
        ranker=False,
    )
    original.save(tmp_path / "map.safetensors")
    loaded = Alignment.load(tmp_path / "map.safetensors")
    assert repr(loaded.aligner) == repr(method)
    for side, given in (("source", source), ("target", target)):
        mapped, twin = (getattr(each, f"apply_{side}")(given) for each in (original, loaded))
        assert mapped.dimension == 8
        assert mapped.vectors.tobytes() == twin.vectors.tobytes()
