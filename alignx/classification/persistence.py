"""Files of transfer models: safetensors with one JSON entry, no pickle."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save as to_bytes

from alignx.classification.ensemble import Member, VotingModel
from alignx.classification.heads import LinearHead, NeuralHead
from alignx.classification.model import TransferModel
from alignx.classification.strategies import STRATEGIES
from alignx.classification.word_translator import WordTranslator
from alignx.errors import FormatError
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.support.safetensors import reading_model
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.known_vectors import require_known_vectors, vector_marks

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from alignx.classification.task import Strategy
    from alignx.texts.documents import TextReader
    from alignx.vectors.embeddings import Embeddings

__all__ = ["as_bytes", "read", "write"]

FORMAT = "alignx-classifier"
FORMAT_VERSION = "3"

Tensors = dict[str, "NDArray[Any]"]


def write(
    model: TransferModel, strategy: Strategy, language: str | None, path: str | os.PathLike[str]
) -> None:
    """Write a fitted model with its strategy and default language."""
    require_suffix(path, "a model")
    content = as_bytes(model, strategy, language)
    with replacing(path, "wb") as file:
        file.write(content)


def as_bytes(model: TransferModel, strategy: Strategy, language: str | None = None) -> bytes:
    """Return the content of the file; ValueError for a head that only pickle could hold."""
    encoder, space = model.encoder, model.space
    languages, tensors = vector_marks(space)
    tensors |= {"prior": model.prior, "components": encoder.components_}
    for code in space:
        tensors[f"mean.{code}"] = encoder.means_[code]
        if encoder.weighting == "idf":  # the others follow from ranks
            tensors[f"weights.{code}"] = encoder.weights_[code].astype(np.float16)
    for code, shift in model.heads.shifts.items():
        tensors[f"shift.{code}"] = shift
    for source, target in _routes(model.heads):
        rows = model.translator.best(source, target)
        tensors[f"route.{source}.{target}"] = rows.astype(np.int32)
    members = [
        {
            "heads": _store_heads(member, number, tensors),
            "routes": member.routes,
            "weights": member.weights,
            "keeps_own": member.keeps_own,
        }
        for number, member in enumerate(model.heads.members)
    ]
    facts = {
        "format_version": FORMAT_VERSION,
        "alignx_version": version("alignx"),
        "classes": model.classes.tolist(),
        "language": language,
        "learned_from": model.languages,
        "strategy": strategy.name,
        "options": strategy.options(),
        "encoder": encoder.get_params(),
        "languages": languages,
        "members": members,
        "facts": model.facts,
    }
    text = json.dumps(facts, ensure_ascii=False, default=lambda number: number.item())
    return to_bytes(tensors, {FORMAT: text})


def read(
    path: str | os.PathLike[str], space: Mapping[str, Embeddings], reader: TextReader
) -> tuple[TransferModel, Strategy, str | None]:
    """Read a model with its strategy and default language; see `TransferClassifier.load`."""
    maker = "a classifier that alignx has saved; make one with `alignx classify fit`"
    with reading_model(path, FORMAT, FORMAT_VERSION, maker=maker, advice="fit again") as (
        facts,
        tensors,
    ):
        require_known_vectors(space, facts["languages"], tensors, path)
        _require_translations(space, tensors, path)
        strategy = STRATEGIES[facts["strategy"]](**facts["options"])
        return _model(space, facts, tensors, reader), strategy, facts["language"]


def _model(
    space: Mapping[str, Embeddings], facts: dict[str, Any], tensors: Tensors, reader: TextReader
) -> TransferModel:
    encoder = DocumentEncoder(**facts["encoder"])
    encoder.restore(
        space,
        _by_language("weights", tensors, np.float32),
        _by_language("mean", tensors, np.float32),
        tensors["components"],
    )
    routes = {name: rows for name, rows in tensors.items() if name.startswith("route.")}
    translations = {}
    for name, rows in routes.items():
        _, source, target = name.split(".")
        translations[source, target] = rows.astype(np.int64)
    members = tuple(
        Member(
            {
                code: _load_head(kind, f"member.{number}.{code}", tensors)
                for code, kind in member["heads"].items()
            },
            member["routes"],
            member["weights"],
            member.get("keeps_own", False),  # files of earlier versions lack it
        )
        for number, member in enumerate(facts["members"])
    )
    return TransferModel(
        space,
        np.array(facts["classes"]),
        tensors["prior"],
        tuple(facts["learned_from"]),
        encoder,
        WordTranslator(space, translations),  # type: ignore[arg-type]  # or one language
        VotingModel(members, _by_language("shift", tensors, np.float64), facts["facts"]),
        reader,
    )


def _require_translations(
    space: Mapping[str, Embeddings], tensors: Tensors, path: str | os.PathLike[str]
) -> None:
    for _, target in (name.split(".")[1:] for name in tensors if name.startswith("route.")):
        if target not in space:
            raise FormatError(
                path, f"it translates into {target}; give the vectors of {target} too"
            )


def _routes(model: VotingModel) -> set[tuple[str, str]]:
    return {route for member in model.members for route in member.routes.items()}


def _by_language(kind: str, tensors: Tensors, dtype: type) -> dict[str, Any]:
    """Collect the tensors of a kind, one for each language."""
    return {
        name.removeprefix(f"{kind}."): values.astype(dtype)
        for name, values in tensors.items()
        if name.startswith(f"{kind}.")
    }


def _store_heads(member: Member, number: int, tensors: Tensors) -> dict[str, str]:
    """Add the heads of a member to the tensors; return the kind of each."""
    kinds = {}
    for code, head in member.heads.items():
        kind = type(head).__name__
        if kind not in ("LinearHead", "NeuralHead"):
            raise ValueError(
                "head must be 'logistic' or 'mlp' to be saved: alignx writes no pickle files"
            )
        kinds[code] = kind
        for field, values in vars(head).items():
            tensors[f"member.{number}.{code}.{field}"] = np.ascontiguousarray(values)
    return kinds


def _load_head(kind: str, prefix: str, tensors: Tensors) -> Any:  # noqa: ANN401
    if kind == "LinearHead":
        return LinearHead(tensors[f"{prefix}.weights"], tensors[f"{prefix}.bias"])
    fields = ("hidden", "hidden_bias", "weights", "bias")
    return NeuralHead(*(tensors[f"{prefix}.{field}"] for field in fields))
