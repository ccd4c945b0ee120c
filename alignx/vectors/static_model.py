"""Static models of text: the vector of a text is the mean of those of its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.support.arguments import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.arrays import Matrix

__all__ = ["TokenAverages", "whole_words"]


@dataclass(frozen=True, eq=False)
class TokenAverages:
    """Vectors of any words as means of the vectors of their tokens.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Splits words into tokens.
    vectors : (t, d) float32
        Vectors of tokens, already weighted.
    unknown : int, optional
        Token to leave out.
    """

    tokenizer: Any
    vectors: Matrix
    unknown: int | None = None

    @classmethod
    def of(cls, model: Any) -> TokenAverages:  # noqa: ANN401
        """Take the parts of a `StaticModel` of model2vec, or a `StaticEmbedding`.

        Raises
        ------
        TypeError
            If the model of sentence-transformers is not static: its vectors depend on the text.
        """
        if hasattr(model, "token_mapping"):  # of model2vec
            rows = np.asarray(model.embedding, np.float32)
            if model.token_mapping is not None:
                rows = rows[model.token_mapping]
            if model.weights is not None:
                rows = rows * np.asarray(model.weights, np.float32)[:, None]
            return cls(model.tokenizer, rows, model.unk_token_id)
        static: Any = model if hasattr(model, "embedding") else next(iter(model.children()), None)
        if not hasattr(static, "embedding") or not hasattr(static, "tokenizer"):
            raise TypeError(
                f"the model must be static, got {shown(model)}; encode texts with it, and pass "
                "ax.Embeddings.from_arrays(vectors, texts)"
            )
        weight = static.embedding.weight.detach().cpu().float().numpy()
        return cls(static.tokenizer, weight)

    def __call__(self, words: Sequence[str]) -> Matrix:
        """Compute the vectors of words, (n, d) float32, zero for those without tokens."""
        from scipy.sparse import csr_array  # takes 0.2 s to import

        encoded = self.tokenizer.encode_batch(list(words), add_special_tokens=False)
        tokens = [[token for token in each.ids if token != self.unknown] for each in encoded]
        counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
        ids = np.fromiter((token for each in tokens for token in each), np.int64, counts.sum())
        offsets = np.concatenate([[0], np.cumsum(counts)])
        entries = (np.ones(len(ids), np.float32), ids, offsets)
        sums = csr_array(entries, shape=(len(words), len(self.vectors))) @ self.vectors
        found: Matrix = sums / np.maximum(counts, 1).astype(np.float32)[:, None]
        return found


def whole_words(tokenizer: Any) -> Iterator[str]:  # noqa: ANN401
    """Find the tokens that are words: those that a text of the token alone is encoded to.

    Special tokens, and parts of words such as ``##ing``, are left out.
    """
    special = {
        number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special
    }
    numbers = [number for number in range(tokenizer.get_vocab_size()) if number not in special]
    words = [tokenizer.decode([number]).strip() for number in numbers]
    encoded = tokenizer.encode_batch(words, add_special_tokens=False)
    found = dict.fromkeys(
        word
        for number, word, each in zip(numbers, words, encoded, strict=True)
        if each.ids == [number] and word and "\n" not in word and "\ufffd" not in word
    )
    return iter(found)
