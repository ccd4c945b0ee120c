"""WECHSEL, which initializes the embedding matrix of a language model, on aligned models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ciphered import cipher, random_words

from alignx.alignment.align import align
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch", reason="torch is not installed")
fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

pytestmark = [
    pytest.mark.slow,
    # Of packages that WECHSEL imports.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

TOPICS, WORDS = 12, 15  # topics, words of each
SPECIAL = ["<unk>", "<pad>"]


def train(folder: Path, code: str, topics: np.ndarray, seed: int) -> Path:
    """Train a model on lines of one topic each."""
    rng = np.random.default_rng(seed)
    lines = [" ".join(rng.choice(topics[rng.integers(TOPICS)], 10)) for _ in range(1_500)]
    (folder / f"{code}.txt").write_text("\n".join(lines), encoding="utf-8")
    model = fasttext.train_unsupervised(
        str(folder / f"{code}.txt"), dim=20, bucket=2_000, epoch=5, thread=10, lr=0.1, verbose=0
    )
    model.save_model(str(folder / f"{code}.bin"))
    return folder / f"{code}.bin"


def tokenizer_of(words: list[str]) -> Any:  # noqa: ANN401
    """A tokenizer of transformers whose tokens are words."""
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *words])}
    plain = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    plain.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="<unk>", pad_token="<pad>"
    )


def language_model(n_tokens: int) -> Any:  # noqa: ANN401
    """A tiny language model with random numbers."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=n_tokens,
        hidden_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    return transformers.BertModel(config).eval()


def test_a_language_model_is_initialized_from_aligned_models(tmp_path: Path) -> None:
    wechsel = pytest.importorskip("wechsel", reason="wechsel is not installed")
    english = np.array(random_words(TOPICS * WORDS)).reshape(TOPICS, WORDS)
    russian = np.vectorize(cipher)(english)
    paths = {
        "en": train(tmp_path, "en", english, 1),
        "ru": train(tmp_path, "ru", russian, 2),
    }
    pairs = list(zip(english.ravel().tolist(), russian.ravel().tolist(), strict=True))
    alignment = align(
        *(load(path) for path in paths.values()),
        lexicon=Lexicon(pairs[::2]),
        method="procrustes",
        normalize="linear",
        ranker=False,
        allow_failed=True,  # words of one topic stand for each other: few first answers are right
    )
    models = []
    for code, side in (("en", "source"), ("ru", "target")):
        aligned = tmp_path / f"aligned.{code}.bin"
        alignment.save_mapped_model(paths[code], aligned, side=side)  # type: ignore[arg-type]
        models.append(fasttext.load_model(str(aligned)))
    source, target = tokenizer_of(english.ravel().tolist()), tokenizer_of(russian.ravel().tolist())
    model = language_model(len(source))
    matrix = model.get_input_embeddings().weight.detach().numpy()
    # Without a dictionary of its own: the models share a space.
    initialized, info = wechsel.WECHSEL(*models, align_strategy=None).apply(
        source, target, matrix, neighbors=3, temperature=0.02
    )
    assert initialized.shape == (len(target), 24)
    assert initialized.dtype == np.float32
    assert np.isfinite(initialized).all()
    np.testing.assert_array_equal(initialized[: len(SPECIAL)], matrix[: len(SPECIAL)])
    topic_of = {word: topic for topic, words in enumerate(english) for word in words.tolist()}
    right = [
        topic_of.get(info.sources[translation][0][0]) == topic_of[word]
        for word, translation in pairs[1::2]  # not in the dictionary
    ]
    assert np.mean(right) > 0.7  # by chance 1 of 12
    model.resize_token_embeddings(len(target))
    model.get_input_embeddings().weight.data.copy_(torch.from_numpy(initialized))
    text = " ".join(russian[0])
    states = model(**target(text, return_tensors="pt")).last_hidden_state
    assert states.shape == (1, WORDS, 24)
    assert torch.isfinite(states).all()
