"""Classifiers in files: safetensors with one JSON entry, no pickle."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save as to_bytes

from alignx.classification.encoder import DocumentEncoder
from alignx.classification.ensemble import Member, Model
from alignx.classification.heads import LinearHead, NeuralHead
from alignx.classification.word_translator import WordTranslator
from alignx.errors import AlignxError, FormatError
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.support.safetensors import read_tensors
from alignx.vectors.sif import expected_shares

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from alignx.classification.classifier import TransferClassifier
    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["as_bytes", "read", "write"]

FORMAT = "alignx-classifier"
FORMAT_VERSION = "2"
TOLERANCE = 1e-3  # of cosines; other processors round mapped vectors differently

Tensors = dict[str, "NDArray[Any]"]


def write(classifier: TransferClassifier, path: str | os.PathLike[str]) -> None:
    """Write a fitted classifier; see `TransferClassifier.save`."""
    require_suffix(path, "a model")
    content = as_bytes(classifier)
    with replacing(path, "wb") as file:
        file.write(content)


def as_bytes(classifier: TransferClassifier) -> bytes:
    """Give what `write` writes.

    Raises
    ------
    ValueError
        If a head is neither linear nor a network of ours.
    """
    encoder, space = classifier.encoder_, classifier.space
    tensors: Tensors = {"prior": classifier.prior_, "components": encoder.components_}
    for code, language in space.items():
        tensors[f"mean.{code}"] = encoder.means_[code]
        tensors[f"probe.{code}"] = _probe(language)
        if encoder.weighting == "idf":  # the others follow from ranks
            tensors[f"weights.{code}"] = encoder.weights_[code].astype(np.float16)
    for code, shift in classifier.model_.shifts.items():
        tensors[f"shift.{code}"] = shift
    for source, target in _routes(classifier.model_):
        rows = classifier.translator_.best(source, target)
        tensors[f"route.{source}.{target}"] = rows.astype(np.int32)
    members = [
        {"heads": _heads(member, number, tensors), "routes": member.routes}
        for number, member in enumerate(classifier.model_.members)
    ]
    facts = {
        "format_version": FORMAT_VERSION,
        "alignx_version": version("alignx"),
        "classes": classifier.classes_.tolist(),
        "language": classifier.language,
        "learned_from": classifier.languages_,
        "strategy": classifier.strategy,
        "options": dict(classifier.options or {}),
        "encoder": encoder.get_params(),
        "languages": {
            code: {"words": len(language), "checksum": _checksum(language)}
            for code, language in space.items()
        },
        "members": members,
        "facts": classifier.model_.facts,
    }
    text = json.dumps(facts, ensure_ascii=False, default=lambda number: number.item())
    return to_bytes(tensors, {FORMAT: text})


def read(classifier: TransferClassifier, path: str | os.PathLike[str]) -> None:
    """Fill a classifier with what `write` wrote; see `TransferClassifier.load`."""
    metadata, tensors = read_tensors(path)
    if FORMAT not in metadata:
        raise FormatError(
            path, "not a classifier that alignx has saved; make one with `alignx classify fit`"
        )
    try:
        facts = json.loads(metadata[FORMAT])
        found = facts["format_version"]
        if found == FORMAT_VERSION:
            _check_vectors(classifier, facts, tensors, path)
            _fill(classifier, facts, tensors)
            return
    except AlignxError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(path, f"damaged: {error!r}; fit again") from None
    raise FormatError(
        path,
        f"format version must be {FORMAT_VERSION}, got {found}: written by alignx "
        f"{facts.get('alignx_version')}; update alignx",
    )


def _fill(classifier: TransferClassifier, facts: dict[str, Any], tensors: Tensors) -> None:
    space = classifier.space
    classifier.language = facts["language"]
    classifier.languages_ = tuple(facts["learned_from"])
    classifier.strategy = facts["strategy"]
    classifier.options = facts["options"] or None
    classifier.classes_ = np.array(facts["classes"])
    classifier.prior_ = tensors["prior"]
    classifier.encoder = DocumentEncoder(**facts["encoder"])
    classifier.encoder_ = DocumentEncoder(**facts["encoder"])
    classifier.encoder_.restore(
        space,
        _of_languages("weights", tensors, np.float32),
        _of_languages("mean", tensors, np.float32),
        tensors["components"],
    )
    classifier.translator_ = WordTranslator(space)
    for name, rows in tensors.items():
        if name.startswith("route."):
            _, source, target = name.split(".")
            classifier.translator_.enter(source, target, rows.astype(np.int64))
    members = tuple(
        Member(
            {
                code: _head(kind, f"member.{number}.{code}", tensors)
                for code, kind in member["heads"].items()
            },
            member["routes"],
        )
        for number, member in enumerate(facts["members"])
    )
    shifts = _of_languages("shift", tensors, np.float64)
    classifier.model_ = Model(members, shifts, facts["facts"])


def _check_vectors(
    classifier: TransferClassifier,
    facts: dict[str, Any],
    tensors: Tensors,
    path: str | os.PathLike[str],
) -> None:
    """Refuse vectors that the classifier was not fitted on."""
    for code, language in classifier.space.items():
        if code not in facts["languages"]:
            known = ", ".join(facts["languages"])
            raise FormatError(path, f"made for languages {known}, got vectors of {code}")
        expected = facts["languages"][code]
        if (len(language), _checksum(language)) != (expected["words"], expected["checksum"]):
            raise FormatError(
                path,
                f"made with other {code} vectors, of {expected['words']:,} words; give those, with "
                f"the same --limit, got {len(language):,} words",
            )
        probe = _probe(language)
        if probe.shape != tensors[f"probe.{code}"].shape or not np.allclose(
            probe, tensors[f"probe.{code}"], atol=TOLERANCE
        ):
            raise FormatError(path, f"the {code} vectors are mapped otherwise; give the same map")

    for _, target in (name.split(".")[1:] for name in tensors if name.startswith("route.")):
        if target not in classifier.space:
            raise FormatError(
                path, f"it translates into {target}; give the vectors of {target} too"
            )


def _routes(model: Model) -> set[tuple[str, str]]:
    return {route for member in model.members for route in member.routes.items()}


def _of_languages(kind: str, tensors: Tensors, dtype: type) -> dict[str, Any]:
    """Give the tensors that there is one of for each language."""
    return {
        name.removeprefix(f"{kind}."): values.astype(dtype)
        for name, values in tensors.items()
        if name.startswith(f"{kind}.")
    }


def _heads(member: Member, number: int, tensors: Tensors) -> dict[str, str]:
    """Store the heads of a member; return the kind of each."""
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


def _head(kind: str, place: str, tensors: Tensors) -> Any:  # noqa: ANN401
    if kind == "LinearHead":
        return LinearHead(tensors[f"{place}.weights"], tensors[f"{place}.bias"])
    fields = ("hidden", "hidden_bias", "weights", "bias")
    return NeuralHead(*(tensors[f"{place}.{field}"] for field in fields))


def _checksum(language: Embeddings) -> str:
    """SHA-256 of the words."""
    return hashlib.sha256("\n".join(language.words).encode()).hexdigest()


def _probe(language: Embeddings) -> Matrix:
    """Mean of the rows, weighted by rank: changes with any other map or other vectors."""
    return np.asarray(expected_shares(len(language)).astype(np.float32) @ language.vectors)
