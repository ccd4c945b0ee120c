"""Vectors from and to objects of other packages."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import alignx as ax
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.objects import as_embeddings
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["cat", "dog", "New York", "日本"]
VECTORS = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)
SENTENCES = [["the", "cat", "sat", "on", "the", "mat"], ["a", "dog", "ate", "the", "cat"]] * 20


def assert_same(found: Embeddings, language: str | None = "en") -> None:
    assert list(found.words) == WORDS
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.language == language
    assert not found.vectors.flags.writeable


def test_plain_objects(tmp_path: Path) -> None:
    english = Embeddings(WORDS, VECTORS, "en")
    assert as_embeddings(english) is english
    assert as_embeddings(english, language="de").language == "de"
    assert_same(as_embeddings(dict(zip(WORDS, VECTORS, strict=True)), language="en"))
    assert_same(as_embeddings({w: v.tolist() for w, v in zip(WORDS, VECTORS, strict=True)}), None)
    save(english, tmp_path / "wiki.en.safetensors")
    assert_same(as_embeddings(tmp_path / "wiki.en.safetensors"))
    assert as_embeddings(str(tmp_path / "wiki.en.safetensors"), language="de").language == "de"
    assert ax.as_embeddings is as_embeddings


def test_data_frames() -> None:
    frame = pd.DataFrame(VECTORS, index=WORDS)
    assert_same(as_embeddings(frame, language="en"))
    beside = frame.reset_index().rename(columns={"index": "word"})
    assert_same(as_embeddings(beside, language="en"))
    assert_same(as_embeddings(beside[[*beside.columns[1:], "word"]], language="en"))
    for odd in (pd.DataFrame(VECTORS), beside.assign(tag="x"), frame.index.to_frame()):
        with pytest.raises(TypeError, match="must hold words in its index or in one"):
            as_embeddings(odd)
    column = pd.DataFrame({"word": WORDS, "vector": list(VECTORS)})
    assert_same(as_embeddings(column, language="en"))
    assert_same(as_embeddings(column.set_index("word"), language="en"))
    for name in ("Unnamed: 0", "count"):  # numbers of rows, which are no dimension
        for numbered in (beside, column):
            with pytest.raises(ValueError, match=rf"got '{name}' .*drop\(columns=\['{name}'\]\)"):
                as_embeddings(numbered.assign(**{name: range(4)}))
    with pytest.raises(TypeError, match=r"got nan in row 1; .*keep_default_na=False"):
        as_embeddings(beside.assign(word=["cat", np.nan, "dog", "car"]))
    with pytest.raises(TypeError, match="a column for each dimension, got Series"):
        as_embeddings(frame[0])
    with pytest.raises(ValueError, match="words must be distinct, got 'cat' twice"):
        as_embeddings(pd.concat([frame, frame]))


@pytest.mark.parametrize(
    ("data", "gist"),
    [
        ({"cat": [1, 2], "dog": [1]}, r"one length, got shape \(2,\) first, \(1,\) of 'dog'"),
        ({"cat": 1.0}, "one length"),
        ({"cat": "1 2"}, "one length"),
        ({}, "words must not be empty"),
        ({1: [1.0]}, "words must be strings, got int"),
        ({"cat": ["a", "b"]}, "real numbers"),
        (np.ones(3), "2 dimensions, got 1"),
        ({"words": WORDS, "vectors": VECTORS}, r"of 'vectors'; ax\.Embeddings\.from_arrays"),
        ([1, 2], r"got list \[1, 2\]; ax\.Embeddings\.from_arrays"),
        (None, "got NoneType; ax"),
    ],
    ids=str,
)
def test_what_is_no_vectors_is_named(data: Any, gist: str) -> None:  # noqa: ANN401
    with pytest.raises((TypeError, ValueError), match=gist):
        as_embeddings(data)


def test_arrays_without_words_are_numbered() -> None:
    found = Embeddings.from_arrays(VECTORS.astype(np.float64), language="a", source="model")
    assert found.words == ("0", "1", "2", "3")
    assert (found.language, found.source) == ("a", "model")
    np.testing.assert_array_equal(as_embeddings(VECTORS).vectors, found.vectors)
    assert_same(Embeddings.from_arrays(VECTORS, WORDS, language="en"))
    assert type(Embeddings.from_arrays(VECTORS, np.array(WORDS)).words[0]) is str
    with pytest.raises(ValueError, match="4 rows, 3 words"):
        Embeddings.from_arrays(VECTORS, WORDS[:3])
    with pytest.raises(ValueError, match="2 dimensions, got 1"):
        Embeddings.from_arrays(VECTORS[0])


@pytest.mark.slow
def test_two_models_of_texts_are_aligned_by_paired_rows() -> None:
    """Models of different dimensions, whose rows are pairs."""
    rng = np.random.default_rng(1)
    old = rng.standard_normal((600, 12))
    new = old @ np.linalg.qr(rng.standard_normal((12, 12)))[0]
    old_texts = Embeddings.from_arrays(old, language="old")
    new_texts = Embeddings.from_arrays(new, language="new")
    pairs = ax.Lexicon([(row, row) for row in old_texts[:400]])
    alignment = ax.align(old_texts, new_texts, lexicon=pairs, method="procrustes", ranker=False)
    space = alignment.apply(old_texts, new_texts)
    answers = space.translate(list(old_texts[400:]), k=1)
    assert [answer[0][0] for answer in answers] == list(old_texts[400:])


# --- gensim ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gensim() -> Any:  # noqa: ANN401
    return pytest.importorskip("gensim.models", reason="gensim is not installed")


@pytest.mark.slow
def test_gensim_and_back(gensim: Any) -> None:  # noqa: ANN401
    vectors = Embeddings(WORDS, VECTORS, "en").to_gensim()
    assert isinstance(vectors, gensim.KeyedVectors)
    assert vectors.index_to_key == WORDS
    assert_same(as_embeddings(vectors, language="en"))
    expected = Embeddings(WORDS, VECTORS).most_similar("cat")
    got = vectors.most_similar("cat")
    assert [word for word, _ in got] == [word for word, _ in expected]


@pytest.mark.slow
def test_models_of_gensim(gensim: Any) -> None:  # noqa: ANN401
    options = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 1}
    plain = gensim.Word2Vec(SENTENCES, **options)
    found = as_embeddings(plain)
    assert list(found.words) == plain.wv.index_to_key
    np.testing.assert_array_equal(found["cat"], plain.wv["cat"])
    assert found.oov_vectors is None
    subwords = gensim.FastText(SENTENCES, bucket=100, **options)
    found = pickle.loads(pickle.dumps(as_embeddings(subwords)))
    assert found.oov_vectors is not None
    np.testing.assert_array_equal(found["cat"], subwords.wv["cat"])
    oov = found.oov_vectors(["catlike", "cat"])
    np.testing.assert_array_equal(oov, [subwords.wv["catlike"], subwords.wv["cat"]])
    with pytest.raises(TypeError, match="gensim's object must hold word vectors, got LdaModel"):
        as_embeddings(gensim.LdaModel.__new__(gensim.LdaModel))


@pytest.mark.slow
def test_gensim_reads_written_files(gensim: Any, tmp_path: Path) -> None:  # noqa: ANN401
    words = ["cat", "dog", "日本"]
    english = Embeddings(words, VECTORS[:3], "en")
    for name in ("en.w2v.bin", "en.w2v.bin.gz", "en.w2v.bin.bz2", "en.vec", "en.vec.xz"):
        save(english, tmp_path / name)
        load = gensim.KeyedVectors.load_word2vec_format
        found = load(str(tmp_path / name), binary=".w2v" in name)
        assert found.index_to_key == words
        np.testing.assert_array_equal(found.vectors, VECTORS[:3])


# --- spaCy -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "tlh", None])
def test_spacy_answers_similarity_from_disk(tmp_path: Path, language: str | None) -> None:
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
    english = Embeddings(WORDS, VECTORS, language)
    vocab = english.to_spacy()
    vocab.to_disk(tmp_path / "vocab")
    spacy.blank(vocab.lang, vocab=vocab).to_disk(tmp_path / "pipeline")
    loaded = [
        spacy.vocab.Vocab().from_disk(tmp_path / "vocab"),
        spacy.load(tmp_path / "pipeline").vocab,
    ]
    cosine = dict(english.most_similar("cat"))["dog"]
    for found in (vocab, *loaded):
        assert found["cat"].similarity(found["dog"]) == pytest.approx(cosine, abs=1e-6)
        assert not found["cow"].has_vector
        assert_same(as_embeddings(found, language="en"))
    pipeline = spacy.load(tmp_path / "pipeline")
    cat, dog = pipeline("cat dog")
    assert cat.similarity(dog) == pytest.approx(cosine, abs=1e-6)
    assert_same(as_embeddings(pipeline, language="en"))
    with pytest.raises(ValueError, match="spaCy's vectors must have words, got none"):
        as_embeddings(spacy.blank("en"))


# --- fastText and static models ----------------------------------------------------------------


@pytest.mark.slow
def test_a_fasttext_model(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")
    (tmp_path / "t.txt").write_text("\n".join(" ".join(line) for line in SENTENCES))
    model = fasttext.train_unsupervised(
        str(tmp_path / "t.txt"), dim=4, minCount=1, epoch=1, thread=10, bucket=90, verbose=0
    )
    found = as_embeddings(model)
    assert list(found.words) == model.get_words()
    np.testing.assert_array_equal(found["cat"], model.get_word_vector("cat"))
    assert found.oov_vectors is not None
    np.testing.assert_array_equal(found.oov_vectors(["cow"])[0], model.get_word_vector("cow"))


TOKENS = ["[PAD]", "[UNK]", "cat", "dog", "##s", "house", "##like", "un", "日"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:  # noqa: ANN401
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    model = tokenizers.models.WordPiece({t: i for i, t in enumerate(TOKENS)}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]"])
    return tokenizer


@pytest.mark.slow
@pytest.mark.parametrize("is_quantized", [False, True])
def test_a_static_model_of_model2vec(tokenizer: Any, is_quantized: bool) -> None:  # noqa: ANN401
    model2vec = pytest.importorskip("model2vec", reason="model2vec is not installed")
    rows = np.random.default_rng(0).standard_normal((len(TOKENS), 6)).astype(np.float32)
    options: dict[str, Any] = {}
    if is_quantized:
        mapping = np.arange(len(TOKENS))[::-1].copy()
        options = {"weights": np.linspace(1, 2, len(TOKENS)), "token_mapping": mapping}
    model = model2vec.StaticModel(rows, tokenizer, normalize=False, **options)
    found = copy.deepcopy(as_embeddings(model, language="en"))
    assert found.words == ("cat", "dog", "house", "un", "日")
    np.testing.assert_allclose(found.vectors, model.encode(list(found.words)), rtol=1e-6)
    oov = ["cats", "doglike cat", "zzz", "unhouses", ""]
    assert found.oov_vectors is not None
    vectors = found.oov_vectors(oov)
    np.testing.assert_allclose(vectors, model.encode(oov), rtol=1e-6)
    assert vectors.any(axis=1).tolist() == [True, True, False, False, False]


@pytest.mark.slow
def test_a_static_model_of_sentence_transformers(tokenizer: Any) -> None:  # noqa: ANN401
    package = pytest.importorskip("sentence_transformers", reason="it is not installed")
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    rows = np.random.default_rng(0).standard_normal((len(TOKENS), 6)).astype(np.float32)
    module = StaticEmbedding(tokenizer, embedding_weights=rows)
    model = package.SentenceTransformer(modules=[module], device="cpu")
    for each in (module, model):
        found = as_embeddings(each)
        assert found.words == ("cat", "dog", "house", "un", "日")
        np.testing.assert_array_equal(found["cat"], rows[2])
        assert found.oov_vectors is not None
        asked = ["cats", "doglike"]
        np.testing.assert_allclose(found.oov_vectors(asked), model.encode(asked), rtol=1e-5)


@pytest.mark.slow
def test_tensors() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    tensor = torch.tensor(VECTORS, requires_grad=True)
    np.testing.assert_array_equal(as_embeddings(tensor).vectors, VECTORS)
    assert as_embeddings(tensor.bfloat16()).words == ("0", "1", "2", "3")
    with pytest.raises(TypeError, match="must be a matrix, got Linear"):
        as_embeddings(torch.nn.Linear(2, 2))


def test_no_package_is_imported_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gensim", "spacy", "fasttext", "model2vec", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    assert_same(as_embeddings(dict(zip(WORDS, VECTORS, strict=True))), None)
    english = Embeddings(WORDS, VECTORS)
    for convert, extra in ((english.to_gensim, "gensim"), (english.to_spacy, "spacy")):
        with pytest.raises(ax.MissingDependencyError, match=rf"pip install 'alignx\[{extra}\]'"):
            convert()


@pytest.mark.slow
def test_tensors_of_words_and_layers() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert as_embeddings(dict(zip("ab", rows, strict=True))).vectors.tolist() == rows.tolist()
    layer = torch.nn.Embedding.from_pretrained(rows.detach())
    assert as_embeddings(layer).vectors.tolist() == rows.tolist()
