"""Pretrained language models that score words in the blank of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from alignx.classification.transformers.encoders import loading, model_folder
from alignx.errors import FormatError
from alignx.support.config import get_config
from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from torch import Tensor

    from alignx.support.arrays import Double

__all__ = ["BLANK", "TEXT", "ClozeModel", "SpanModel", "load_cloze", "require_template"]

TEXT, BLANK = "{text}", "{blank}"
"""Places in a template."""

_SPAN = "<extra_id_0>"  # the token of T5 for words that are left out


class ClozeModel:
    """A masked language model of transformers with its tokenizer.

    Parameters
    ----------
    module : transformers.PreTrainedModel
        The model, which predicts a token for each mask.
    tokenizer : transformers.PreTrainedTokenizerFast
        Its tokenizer, with a mask token.
    max_length : int
        Most tokens of a prompt. A longer text is cut, never the rest of the prompt.
    """

    def __init__(self, module: Any, tokenizer: Any, max_length: int) -> None:  # noqa: ANN401
        self.module, self.tokenizer, self.max_length = module, tokenizer, max_length

    def log_probabilities(
        self, texts: Sequence[str], template: str, words: Sequence[str], batch_size: int = 16
    ) -> Double:
        """Score words in the blank of a template that is filled with each text.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts.
        template : str
            Prompt with ``{text}`` and ``{blank}``, once each.
        words : sequence of str, length m
            Words of one or more tokens, all known to the tokenizer.
        batch_size : int
            Prompts computed together, at least 1.

        Returns
        -------
        (n, m) float64
            Mean log probabilities of the tokens of each word, at most 0. In a masked language model
            a word of several tokens is scored in as many masks, each predicted independently; in a
            `SpanModel` each token is predicted from those before it.

        Raises
        ------
        ValueError
            If the template lacks a place, a word is OOV, or the template leaves no token to texts.

        References
        ----------
        Jiang et al., "X-FACTR: Multilingual Factual Knowledge Retrieval from Pretrained Language
        Models", EMNLP 2020, section 4.1 (independent prediction of several tokens).
        """
        import torch  # which encoders.py has checked for

        require_template(template)
        tokens = [self._tokens(word) for word in words]
        result = np.zeros((len(texts), len(words)))
        for length in sorted({len(each) for each in tokens}):
            columns = [at for at, each in enumerate(tokens) if len(each) == length]
            ids = torch.tensor([tokens[at] for at in columns], device=self.module.device)
            for start in range(0, len(texts), batch_size):
                some = texts[start : start + batch_size]
                prompts = [self._prompt(text, template, length) for text in some]
                scores = self._scores(prompts, ids)
                result[start : start + len(some), columns] = scores.double().cpu().numpy()
        return result

    def _blank(self, length: int) -> str:
        """Return the tokens in a prompt for a word of some tokens."""
        return str(self.tokenizer.mask_token) * length

    def _scores(self, prompts: list[str], ids: Tensor) -> Tensor:
        """Compute the mean log probabilities (b, m) of words, given as tokens (m, length)."""
        import torch

        encoded = self.tokenizer(prompts, padding=True, return_tensors="pt").to(self.module.device)
        with torch.no_grad():
            logits = self.module(**encoded).logits
        is_mask = encoded["input_ids"] == self.tokenizer.mask_token_id
        length = ids.shape[1]
        found = logits[is_mask].reshape(len(prompts), length, -1).log_softmax(dim=2)
        # (b, masks, vocabulary) at (masks, words)
        return cast("Tensor", found[:, torch.arange(length)[:, None], ids.T].mean(dim=1))

    def _tokens(self, word: str) -> list[int]:
        # The blank before it makes a word of it for tokenizers that keep blanks.
        ids = self.tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
        if not ids or self.tokenizer.unk_token_id in ids:
            raise ValueError(f"words must be of tokens that the model has, got {word!r}")
        return [int(one) for one in ids]

    def _prompt(self, text: str, template: str, length: int) -> str:
        """Fill a template with a text and masks, and cut the text to the room that is left."""
        blank = self._blank(length)
        before, after = (part.replace(BLANK, blank) for part in template.split(TEXT))
        room = self.max_length - len(self.tokenizer(before + after)["input_ids"])
        if room < 1:
            raise ValueError(
                f"template must leave tokens to the text, got {template!r} for max_length "
                f"{self.max_length}"
            )
        text = text.replace(self._blank(1), " ")
        offsets = self.tokenizer(
            text, add_special_tokens=False, truncation=True, max_length=room,
            return_offsets_mapping=True,
        )["offset_mapping"]  # fmt: skip
        return f"{before}{text[: offsets[-1][1] if offsets else 0]}{after}"


class SpanModel(ClozeModel):
    """A model of the T5 family, which writes the words that are left out of a text.

    Takes one pass of the encoder for each prompt and number of tokens, and one of the decoder for
    each beginning that words of several tokens have.

    References
    ----------
    Xue et al., "mT5: A Massively Multilingual Pre-trained Text-to-Text Transformer", NAACL 2021;
    Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
    Transformer", JMLR 2020, section 3.1.4 (spans left out).
    """

    def _blank(self, length: int) -> str:  # noqa: ARG002  # one span, whatever it holds
        return _SPAN

    def _scores(self, prompts: list[str], ids: Tensor) -> Tensor:
        import torch

        encoded = self.tokenizer(prompts, padding=True, return_tensors="pt").to(self.module.device)
        given = {key: encoded[key] for key in ("input_ids", "attention_mask")}
        length = ids.shape[1]
        first = [
            self.module.config.decoder_start_token_id, self.tokenizer.convert_tokens_to_ids(_SPAN)
        ]  # fmt: skip
        result = torch.empty(len(prompts), len(ids), device=self.module.device)
        words: dict[tuple[int, ...], list[int]] = {}
        for column, tokens in enumerate(ids.tolist()):
            words.setdefault(tuple(tokens[:-1]), []).append(column)
        with torch.no_grad():
            read = self.module.get_encoder()(**given)
            for beginning, columns in words.items():
                said = torch.tensor([*first, *beginning], device=self.module.device)
                logits = self.module(
                    encoder_outputs=read,
                    attention_mask=given["attention_mask"],
                    decoder_input_ids=said.expand(len(prompts), -1),
                ).logits[:, 1:]
                found = logits.log_softmax(dim=2)[:, torch.arange(length)[:, None], ids[columns].T]
                result[:, columns] = found.mean(dim=1)
        return result


def require_template(template: str) -> None:
    """Refuse a template without exactly one place of text and blank each."""
    if template.count(TEXT) != 1 or template.count(BLANK) != 1:
        raise ValueError(f"template must hold {TEXT} and {BLANK}, once each, got {template!r}")


def load_cloze(model: str | os.PathLike[str], *, max_length: int = 256) -> ClozeModel:
    """Load a masked language model, or a model of the T5 family, onto the configured device.

    `model` is a folder, or a name on the hub of Hugging Face. Raises FormatError if there is no
    such model, it cannot be read, or it predicts no words that are left out.
    """
    device = as_device(get_config().device or "cpu")
    with loading(model, "no masked language model can be read"):
        from transformers import (
            AutoConfig,
            AutoModelForMaskedLM,
            AutoModelForSeq2SeqLM,
            AutoTokenizer,
        )

        folder = str(model_folder(model))
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        spans = (
            AutoConfig.from_pretrained(folder, local_files_only=True).is_encoder_decoder
            and tokenizer.mask_token is None
        )
        kind = AutoModelForSeq2SeqLM if spans else AutoModelForMaskedLM
        module, report = kind.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
    if missing := sorted(report["missing_keys"]):
        raise FormatError(
            model,
            f"it is no masked language model: {len(missing)} parameters are missing, such as "
            f"{missing[0]}",
        )
    has_blank = _SPAN in tokenizer.get_vocab() if spans else tokenizer.mask_token is not None
    if not has_blank or not tokenizer.is_fast:
        raise FormatError(
            model, f"its tokenizer must be a fast one with a mask token, or {_SPAN} of T5"
        )
    most = getattr(module.config, "max_position_embeddings", max_length)
    limit = min(max_length, tokenizer.model_max_length, most)
    return (SpanModel if spans else ClozeModel)(module.float().to(device).eval(), tokenizer, limit)
