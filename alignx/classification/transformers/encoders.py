"""Pretrained text encoders, loaded by sentence-transformers."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from alignx.errors import FormatError, MissingDependencyError
from alignx.support.arrays import Matrix, unit_rows
from alignx.support.config import get_config
from alignx.support.memory import peak_resident

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "transformers need the package torch: pip install 'alignx[transformers]'"
    ) from error

from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from torch import Tensor

__all__ = ["Encoder", "Kind", "load_encoder", "loading", "model_folder"]

Kind: TypeAlias = Literal["transformers", "sentence-transformers", "model2vec"]

HUB_TIMEOUT = 5.0  # seconds
# The files of a model, without the copies for other frameworks.
FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "[0-9]_*/*"]


class Encoder:
    """A model of sentence-transformers with its device.

    Parameters
    ----------
    module : sentence_transformers.SentenceTransformer
        The model.
    """

    def __init__(self, module: Any) -> None:  # noqa: ANN401  # the package may be missing
        self.module = module.float()
        self.device: torch.device = module.device
        self.prompt = module.prompts.get(module.default_prompt_name)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Compute the vectors of a few texts, (n, d) on the device, with gradients."""
        features = {
            name: value.to(self.device) if isinstance(value, torch.Tensor) else value
            for name, value in self.module.preprocess(list(texts), prompt=self.prompt).items()
        }
        return cast("Tensor", self.module(features)["sentence_embedding"])

    def encode(self, texts: Sequence[str], batch_size: int) -> Matrix:
        """Compute the vectors of at least one text, (n, d) unit rows."""
        rows = self.module.encode(list(texts), batch_size=batch_size, show_progress_bar=False)
        return unit_rows(rows)

    @property
    def parameters(self) -> int:
        """Number of parameters of the model."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def size(self) -> int:
        """Bytes that the parameters take."""
        return sum(p.numel() * p.element_size() for p in self.module.parameters())

    @property
    def peak_memory(self) -> int:
        """Most bytes occupied so far: by torch on a GPU, otherwise by the process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return peak_resident()


def load_encoder(
    model: str | os.PathLike[str],
    *,
    kind: Kind | Literal["auto"] = "auto",
    max_length: int = 256,
) -> Encoder:
    """Load an encoder onto the configured device.

    Parameters
    ----------
    model : path or str
        A folder, or a name on the hub of Hugging Face. Without a connection to the hub, files that
        were fetched before come from its cache.
    kind : {"auto", "transformers", "sentence-transformers", "model2vec"}
        Kind of the model; ``"auto"`` finds it by the files: ``config.json`` of model2vec names it,
        sentence-transformers has ``modules.json``, transformers ``config.json`` alone.
    max_length : int
        Most tokens of a text; the rest is ignored.

    Raises
    ------
    ValueError
        If torch cannot use the device.
    FormatError
        If there is no such model, the hub cannot be reached, or the model cannot be read.
    MissingDependencyError
        If a package is missing.
    """
    device = as_device(get_config().device or "cpu")
    with loading(model, "no encoder can be read from it"):
        folder = model_folder(model)
        return Encoder(
            _load(folder, _kind_of(folder) if kind == "auto" else kind, max_length).to(device)
        )


@contextlib.contextmanager
def loading(model: str | os.PathLike[str], problem: str) -> Iterator[None]:
    """Load a pretrained model quietly, and give errors of other packages as ours."""
    try:
        with _quiet_loading():
            yield
    except ImportError as error:
        raise MissingDependencyError(
            f"pretrained models need {error.name or 'further packages'}: "
            "pip install 'alignx[transformers]'"
        ) from error
    except FormatError:
        raise
    except Exception as error:  # each package has its own
        reason = str(error).strip().partition("\n")[0]
        raise FormatError(model, f"{problem}: {reason}") from error


def _load(folder: Path, kind: Kind, max_length: int) -> Any:  # noqa: ANN401
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import (
        Pooling,
        StaticEmbedding,
        Transformer,
    )

    class PlainTransformer(Transformer):  # type: ignore[misc]  # the package has no types here
        """A model of transformers without a decoder, all of whose parameters were saved."""

        def _load_model(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            model, report = super()._load_model(*arguments, output_loading_info=True, **options)
            # Poolers are not used here, and masked language models have none.
            missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
            if missing:
                raise ValueError(f"{len(missing)} parameters are missing, such as {missing[0]}")
            return model.get_encoder() if hasattr(model, "decoder") else model

    if kind == "model2vec":
        import model2vec  # noqa: F401  # so that the error names it

        static = StaticEmbedding.from_model2vec(str(folder))
        static.tokenizer.enable_truncation(max_length)
        static.embedding.float().padding_idx = _unknown_token(static.tokenizer)
        return SentenceTransformer(modules=[static], device="cpu")
    if kind == "transformers":
        words = PlainTransformer(str(folder), config_kwargs={"local_files_only": True})
        pooling = Pooling(words.get_embedding_dimension(), pooling_mode="mean")
        model = SentenceTransformer(modules=[words, pooling], device="cpu")
    else:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    if not isinstance(model[0], StaticEmbedding):
        model.max_seq_length = min(max_length, model.max_seq_length or max_length)
    return model


def _unknown_token(tokenizer: Any) -> int | None:  # noqa: ANN401
    """Number of the OOV token, which model2vec leaves out of its means."""
    facts = json.loads(tokenizer.to_str())["model"]
    token = facts.get("unk_token")
    found: int | None = facts.get("unk_id") if token is None else tokenizer.token_to_id(token)
    return found


@contextlib.contextmanager
def _quiet_loading() -> Iterator[None]:
    """Keep transformers from showing progress and reports while it loads."""
    from transformers.utils import logging

    is_shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if is_shown:
            logging.enable_progress_bar()


def _kind_of(folder: Path) -> Kind:
    path = folder / "config.json"
    config: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if config.get("model_type") == "model2vec":
        return "model2vec"
    if (folder / "modules.json").exists():
        return "sentence-transformers"
    if config:
        return "transformers"
    raise ValueError("it has neither config.json nor modules.json")


def model_folder(model: str | os.PathLike[str]) -> Path:
    """Find the folder of a model; fetch it from the hub if it is not here."""
    path = Path(model)
    if path.is_dir():
        return path
    if path.exists():
        raise FormatError(model, "this is a file; name the folder of a saved model")
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    is_offline = False
    try:
        HfApi().model_info(str(model), timeout=HUB_TIMEOUT)
    except HFValidationError as error:
        raise FormatError(model, "no such folder; check the name") from error
    except RepositoryNotFoundError as error:
        raise FormatError(
            model, "no such folder, and no model on the hub that you may read; check the name"
        ) from error
    except Exception:  # of the network; each version of the hub's client has its own
        is_offline = True
    try:
        fetch = {"repo_id": str(model), "local_files_only": is_offline}
        folder = Path(snapshot_download(allow_patterns=FILES, **fetch))
        if not any(folder.rglob("*.safetensors")):
            snapshot_download(allow_patterns="*.bin", **fetch)
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        reason = "the hub cannot be reached" if is_offline else f"fetching it failed: {first}"
        raise FormatError(model, f"no such folder, and {reason}; check the name") from error
    return folder
