"""Encoders of texts that others have trained."""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from safetensors import SafetensorError

from alignx.classification.transformers.hub import folder_of
from alignx.errors import AlignxError, FormatError, MissingDependencyError
from alignx.support.arrays import unit_rows
from alignx.support.memory import peak_resident

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "transformers need the package torch: pip install 'alignx[transformers]'"
    ) from error

from alignx.support.config import get_config
from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from torch import Tensor

    from alignx.support.arrays import Indices, Matrix

__all__ = ["Encoder", "Kind", "load_encoder"]

Kind: TypeAlias = Literal["transformers", "sentence-transformers", "model2vec"]


class Encoder(ABC):
    """Turns texts into vectors.

    Parameters
    ----------
    module : torch.nn.Module
        Holds the parameters.
    """

    def __init__(self, module: torch.nn.Module, device: torch.device) -> None:
        self.module = module.float().to(device)
        self.device = device

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> Tensor:
        """Give the vectors of a few texts, (n, d) float32 on the device, with gradients."""

    def encode(self, texts: Sequence[str], batch: int) -> Matrix:
        """Give the vectors of texts.

        Parameters
        ----------
        texts : sequence of str, length n
            At least one.
        batch : int
            How many are computed together, those of like length.

        Returns
        -------
        (n, d) float32
            Unit rows.
        """
        order = np.argsort([-len(text) for text in texts], kind="stable").tolist()
        self.module.eval()
        with torch.no_grad():
            parts = [
                self.embed([texts[row] for row in order[begin : begin + batch]]).cpu().numpy()
                for begin in range(0, len(order), batch)
            ]
        rows = np.concatenate(parts)
        result = np.empty_like(rows)
        result[order] = rows
        return unit_rows(result)

    @property
    def parameters(self) -> int:
        """How many numbers the model consists of."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def size(self) -> int:
        """How many bytes they take."""
        return sum(p.numel() * p.element_size() for p in self.module.parameters())

    @property
    def peak_memory(self) -> int:
        """Most bytes occupied so far: by torch on a GPU, otherwise by the process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return peak_resident()


class _Transformer(Encoder):
    """The mean of the last hidden states of the tokens of a text."""

    def __init__(self, folder: Path, max_length: int, device: torch.device) -> None:
        from transformers import (
            MODEL_FOR_TEXT_ENCODING_MAPPING,
            AutoConfig,
            AutoModel,
            AutoModelForTextEncoding,
            AutoTokenizer,
        )

        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        has_encoder = type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING
        with _quiet(reports=False):
            model, report = (
                AutoModelForTextEncoding if has_encoder else AutoModel
            ).from_pretrained(folder, local_files_only=True, output_loading_info=True)
        # What pools is not used here, and models that were trained on words alone lack it.
        missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
        if missing:
            raise ValueError(f"{len(missing)} parameters are missing, the first is {missing[0]}")
        if config.is_encoder_decoder and not has_encoder:
            model = model.get_encoder()
        self.max_length = min(max_length, self.tokenizer.model_max_length)
        super().__init__(model, device)

    def embed(self, texts: Sequence[str]) -> Tensor:
        inputs = self.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        ).to(self.device)
        hidden: Tensor = self.module(**inputs).last_hidden_state
        mask: Tensor = inputs["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)


class _SentenceTransformer(Encoder):
    """What a model of sentence-transformers gives."""

    def __init__(self, folder: Path, max_length: int, device: torch.device) -> None:
        from sentence_transformers import SentenceTransformer

        with _quiet(reports=True):
            self.model = SentenceTransformer(str(folder), device=str(device), local_files_only=True)
        self.model.max_seq_length = min(max_length, self.model.max_seq_length or max_length)
        self.prompt = self.model.prompts.get(self.model.default_prompt_name)
        super().__init__(self.model, device)

    def embed(self, texts: Sequence[str]) -> Tensor:
        features = self.model.preprocess(list(texts), prompt=self.prompt)
        on_device = {
            name: value.to(self.device) if isinstance(value, torch.Tensor) else value
            for name, value in features.items()
        }
        found: Tensor = self.model(on_device)["sentence_embedding"]
        return found


class _StaticModel(Encoder):
    """The mean of the vectors of the tokens of a text, by model2vec; always on the processor."""

    def __init__(self, folder: Path, max_length: int, _device: torch.device) -> None:
        from model2vec import StaticModel

        self.model = StaticModel.from_pretrained(folder)
        self.model.config["max_length"] = max_length  # which it must agree with
        self.model.max_length = max_length
        self.model.embedding = np.array(self.model.embedding, dtype=np.float32)
        # The table and the array share their memory, so that `encode` sees what was learned.
        table = torch.nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
            torch.from_numpy(self.model.embedding), freeze=False
        )
        super().__init__(table, torch.device("cpu"))

    def encode(self, texts: Sequence[str], batch: int) -> Matrix:
        rows = self.model.encode(list(texts), batch_size=batch, use_multiprocessing=False)
        return unit_rows(rows.astype(np.float32))

    def embed(self, texts: Sequence[str]) -> Tensor:
        tokens = self.model.tokenize(list(texts))
        return torch.stack([self._mean(np.array(own, dtype=np.int64)) for own in tokens])

    def _mean(self, tokens: Indices) -> Tensor:
        """Average the vectors of tokens, weighted where the model has weights; 0 for none."""
        rows = tokens if self.model.token_mapping is None else self.model.token_mapping[tokens]
        vectors: Tensor = self.module(torch.from_numpy(rows))
        if self.model.weights is not None:
            vectors = vectors * torch.from_numpy(self.model.weights[tokens]).float()[:, None]
        return vectors.sum(0) / max(1, len(tokens))


_ENCODERS: dict[Kind, type[_Transformer | _SentenceTransformer | _StaticModel]] = {
    "transformers": _Transformer,
    "sentence-transformers": _SentenceTransformer,
    "model2vec": _StaticModel,
}


def load_encoder(
    model: str | os.PathLike[str],
    *,
    kind: Kind | Literal["auto"] = "auto",
    max_length: int = 256,
) -> Encoder:
    """Load an encoder.

    Parameters
    ----------
    model : path or str
        A folder, or a name on the hub of Hugging Face, whose files are then fetched, or taken from
        its cache where the hub cannot be reached.
    kind : {"auto", "transformers", "sentence-transformers", "model2vec"}
        ``"auto"`` tells by the files: model2vec writes its name in ``config.json``,
        sentence-transformers has ``modules.json``, transformers ``config.json`` alone.
    max_length : int
        Tokens after that many of a text are ignored.

    Raises
    ------
    ValueError
        If torch cannot use the device.
    FormatError
        If there is no such model, the hub cannot be reached, or it cannot be read.
    MissingDependencyError
        If a package is missing.
    """
    where = as_device(get_config().device or "cpu")
    with _needing("transformers"):
        folder = folder_of(model)
    try:
        found = _kind_of(folder) if kind == "auto" else kind
        with _needing(found):
            return _ENCODERS[found](folder, max_length, where)
    except AlignxError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise FormatError(model, f"no encoder can be read from it: {reason}") from error


@contextlib.contextmanager
def _quiet(*, reports: bool) -> Iterator[None]:
    """Let transformers show no progress while it loads, and no report of parameters either."""
    from transformers.utils import logging

    is_shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    if not reports:
        logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if is_shown:
            logging.enable_progress_bar()


@contextlib.contextmanager
def _needing(kind: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"models of {kind} need {error.name or 'further packages'}: "
            "pip install 'alignx[transformers]'"
        ) from error


def _kind_of(folder: Path) -> Kind:
    """Tell by its files who made a model."""
    path = folder / "config.json"
    config: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if config.get("model_type") == "model2vec":
        return "model2vec"
    if (folder / "modules.json").exists():
        return "sentence-transformers"
    if config:
        return "transformers"
    raise ValueError("it has neither config.json nor modules.json")
