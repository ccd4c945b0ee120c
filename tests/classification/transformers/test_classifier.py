from __future__ import annotations

import json
import shutil
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.base import clone

from alignx.classification.transformers.classifier import TransformerClassifier
from alignx.errors import FormatError, MissingDependencyError, NotFittedError
from alignx.support.config import config_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
tokenizers = pytest.importorskip("tokenizers")
stored = pytest.importorskip("safetensors.torch")

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = [f"w{number}" for number in range(120)]
HIDDEN = 16
PARAMETERS_OF_HEAD = 2 * HIDDEN + 2
# What fine-tunes the tiny models within seconds.
FAST: dict[str, Any] = {"fine_tune": True, "epochs": 8, "learning_rate": 5e-3}


def save_tokenizer(folder: Path) -> None:
    vocabulary = {word: row for row, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=32, **names
    )
    fast.save_pretrained(folder)


def bert_like(config: type[Any]) -> Any:  # noqa: ANN401
    return config(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=HIDDEN,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=2 * HIDDEN,
        max_position_embeddings=40,
        pad_token_id=0,
    )


def t5_like(config: type[Any]) -> Any:  # noqa: ANN401
    return config(
        vocab_size=len(SPECIAL) + len(WORDS),
        d_model=HIDDEN,
        d_kv=HIDDEN // 2,
        d_ff=2 * HIDDEN,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
    )


def bart() -> Any:  # noqa: ANN401
    sizes = {"layers": 1, "attention_heads": 2, "ffn_dim": 2 * HIDDEN}
    parts = {f"{part}_{k}": n for part in ("encoder", "decoder") for k, n in sizes.items()}
    return transformers.BartConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        d_model=HIDDEN,
        max_position_embeddings=40,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=3,
        forced_eos_token_id=3,
        **parts,
    )


# What is saved, and what gives its last hidden states.
MODELS: dict[str, Callable[[], tuple[Any, Callable[[Any], Any]]]] = {
    "bert": lambda: (
        transformers.BertModel(bert_like(transformers.BertConfig)),
        lambda model: model,
    ),
    "xlm-r of words": lambda: (
        transformers.XLMRobertaForMaskedLM(bert_like(transformers.XLMRobertaConfig)),
        lambda model: model.roberta,
    ),
    "mt5": lambda: (
        transformers.MT5ForConditionalGeneration(t5_like(transformers.MT5Config)),
        lambda model: model.encoder,
    ),
    "bart": lambda: (transformers.BartModel(bart()), lambda model: model.encoder),
}


def save_model(folder: Path, name: str) -> Any:  # noqa: ANN401
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model, encoder_of = MODELS[name]()
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return encoder_of(model).eval()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep torch from waiting for the threads of other tests; the models are tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bert"
    save_model(folder, "bert")
    return folder


def planted_texts(count: int, seed: int) -> tuple[list[str], NDArray[np.str_]]:
    """Draw three quarters of the words of a text from those of its class, of 60 each."""
    rng = np.random.default_rng(seed)
    is_second = rng.random(count) < 0.5
    texts = []
    for second in is_second:
        from_second = rng.random(int(rng.integers(4, 9))) < (0.75 if second else 0.25)
        texts.append(" ".join(f"w{rng.integers(60) + 60 * own}" for own in from_second))
    return texts, np.where(is_second, "weather", "pets")


TRAIN, LABELS = planted_texts(300, seed=0)
TEST, TEST_LABELS = planted_texts(200, seed=1)


# --- frozen -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_text_is_the_mean_of_its_last_hidden_states(name: str, tmp_path: Path) -> None:
    encoder = save_model(tmp_path, name)
    classifier = TransformerClassifier(tmp_path, batch_size=4).fit(TRAIN[:40], LABELS[:40])
    texts = ["w1 w2 w3", "w5", "unknown w70 w8 w9 w10", "w3 w2 w1", "w90 w91"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    expected = []
    for text in texts:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        assert ids[0, 0] == 2
        with torch.no_grad():
            hidden = encoder(input_ids=ids).last_hidden_state[0].numpy().mean(axis=0)
        expected.append(hidden / np.linalg.norm(hidden))
    found = classifier.encoder_.encode(texts, 4)
    np.testing.assert_allclose(found, expected, atol=2e-6)

    counted = sum(parameter.numel() for parameter in encoder.parameters())
    pooler = HIDDEN * (HIDDEN + 1) if name == "xlm-r of words" else 0
    assert classifier.parameters_ == counted + pooler + PARAMETERS_OF_HEAD
    assert classifier.size_ == 4 * classifier.parameters_


@pytest.mark.slow
def test_a_frozen_model_learns_and_says_what_it_took(bert_folder: Path) -> None:
    classifier = TransformerClassifier(bert_folder).fit(TRAIN, LABELS)
    assert classifier.classes_.tolist() == ["pets", "weather"]
    assert classifier.train_seconds_ > 0
    assert not hasattr(classifier, "inference_seconds_")
    probabilities = classifier.predict_proba(TEST)
    assert probabilities.shape == (len(TEST), 2)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    predicted = classifier.predict(TEST)
    assert predicted.tolist() == classifier.classes_[probabilities.argmax(axis=1)].tolist()
    accuracy = classifier.score(TEST, TEST_LABELS)
    assert accuracy == (predicted == TEST_LABELS).mean()
    assert accuracy > 0.6
    assert classifier.inference_seconds_ > 0
    assert classifier.peak_memory_ > classifier.size_


@pytest.mark.slow
def test_the_language_and_the_batch_change_nothing(bert_folder: Path) -> None:
    first = TransformerClassifier(bert_folder).fit(TRAIN[:60], LABELS[:60])
    second = TransformerClassifier(bert_folder, batch_size=7).fit(
        TRAIN[:60], LABELS[:60], language="en", unlabeled={"es": ["hola"]}
    )
    np.testing.assert_allclose(
        first.predict_proba(TEST), second.predict_proba(TEST, language="es"), atol=2e-3
    )


@pytest.mark.slow
def test_loading_shows_nothing_and_changes_no_setting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    save_model(tmp_path, "mt5")
    before = (logging.is_progress_bar_enabled(), logging.get_verbosity())
    capfd.readouterr()
    TransformerClassifier(tmp_path).fit(TRAIN[:40], LABELS[:40])
    assert capfd.readouterr() == ("", "")
    assert (logging.is_progress_bar_enabled(), logging.get_verbosity()) == before


@pytest.mark.slow
def test_long_texts_are_cut(bert_folder: Path) -> None:
    long = " ".join(["w1 w2 w3 w4"] * 50)
    classifier = TransformerClassifier(bert_folder).fit(TRAIN[:40], LABELS[:40])
    rows = classifier.encoder_.encode([long, " ".join(long.split()[:30])], 2)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    short = TransformerClassifier(bert_folder, max_length=4).fit(TRAIN[:40], LABELS[:40])
    rows = short.encoder_.encode([long, "w1 w2"], 2)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


def test_numbers_are_labels_and_the_settings_are_copied(bert_folder: Path) -> None:
    numbers = (LABELS[:60] == "pets").astype(int) * 3
    template = TransformerClassifier(bert_folder, max_length=9, random_state=4)
    copy = clone(template)
    assert copy.get_params() == template.get_params()
    assert set(copy.fit(TRAIN[:60], numbers).predict(TEST).tolist()) <= {0, 3}
    assert not hasattr(template, "head_")


# --- fine-tuned -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert", "mt5"])
def test_fine_tuning_learns_what_a_frozen_model_cannot_tell(name: str, tmp_path: Path) -> None:
    save_model(tmp_path, name)
    frozen = TransformerClassifier(tmp_path).fit(TRAIN, LABELS)
    tuned = TransformerClassifier(tmp_path, **FAST).fit(TRAIN, LABELS)
    accuracy = tuned.score(TEST, TEST_LABELS)
    assert accuracy > 0.8
    assert accuracy > frozen.score(TEST, TEST_LABELS) + 0.05
    assert tuned.parameters_ == frozen.parameters_


@pytest.mark.slow
def test_one_seed_gives_one_classifier(bert_folder: Path) -> None:
    def tuned(seed: int) -> NDArray[np.float64]:
        options: dict[str, Any] = {**FAST, "epochs": 2, "random_state": seed}
        fitted = TransformerClassifier(bert_folder, **options).fit(TRAIN[:80], LABELS[:80])
        return fitted.predict_proba(TEST[:20])

    torch.manual_seed(123)
    state = torch.get_rng_state()
    first = tuned(0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(456)
    assert np.array_equal(tuned(0), first)
    assert not np.array_equal(tuned(1), first)


@pytest.mark.slow
def test_fitting_again_begins_with_the_saved_model(bert_folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in bert_folder.iterdir()}
    options: dict[str, Any] = {**FAST, "epochs": 1}
    classifier = TransformerClassifier(bert_folder, **options)
    first = classifier.fit(TRAIN[:80], LABELS[:80]).predict_proba(TEST[:20])
    again = classifier.fit(TRAIN[:80], LABELS[:80]).predict_proba(TEST[:20])
    assert np.array_equal(first, again)
    assert {path.name: path.read_bytes() for path in bert_folder.iterdir()} == before


# --- other packages ---------------------------------------------------------------------------


def save_sentence_transformer(folder: Path, bert_folder: Path) -> Any:  # noqa: ANN401
    package = pytest.importorskip("sentence_transformers")
    modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
    words = modules.Transformer(str(bert_folder), max_seq_length=16)
    model = package.SentenceTransformer(
        modules=[words, modules.Pooling(HIDDEN, pooling_mode="cls"), modules.Normalize()],
        prompts={"topic": "w7 "},
        default_prompt_name="topic",
    )
    model.save(str(folder))
    return model


@pytest.mark.slow
def test_models_of_sentence_transformers(tmp_path: Path, bert_folder: Path) -> None:
    model = save_sentence_transformer(tmp_path, bert_folder)
    frozen = TransformerClassifier(tmp_path).fit(TRAIN, LABELS)
    expected = model.encode(TEST[:20], show_progress_bar=False)
    np.testing.assert_allclose(frozen.encoder_.encode(TEST[:20], 8), expected, atol=1e-6)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert frozen.parameters_ == counted + PARAMETERS_OF_HEAD
    tuned = TransformerClassifier(tmp_path, **FAST).fit(TRAIN, LABELS)
    assert tuned.score(TEST, TEST_LABELS) > 0.8


def save_static_model(folder: Path, **further: Any) -> Any:  # noqa: ANN401
    package = pytest.importorskip("model2vec")
    vocabulary = {word: row for row, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((len(vocabulary), 8)).astype(np.float32)
    model = package.StaticModel(vectors, tokenizer, {"model_type": "model2vec"}, **further)
    model.save_pretrained(folder)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("is_weighted", [False, True])
def test_models_of_model2vec(tmp_path: Path, is_weighted: bool) -> None:
    weights = np.linspace(0.5, 1.5, len(WORDS) + 2) if is_weighted else None
    model = save_static_model(tmp_path, weights=weights)
    frozen = TransformerClassifier(tmp_path).fit(TRAIN, LABELS)
    texts = [*TEST[:20], "only unknown words"]
    expected = model.encode(texts)
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    expected = np.divide(expected, lengths, out=np.zeros_like(expected), where=lengths > 0)
    np.testing.assert_allclose(frozen.encoder_.encode(texts, 8), expected, atol=1e-6)
    with torch.no_grad():
        embedded = frozen.encoder_.embed(texts).numpy()
    np.testing.assert_allclose(embedded, model.encode(texts), atol=1e-6)
    assert frozen.parameters_ == model.embedding.size + 8 * 2 + 2

    options: dict[str, Any] = {**FAST, "learning_rate": 5e-2}
    tuned = TransformerClassifier(tmp_path, **options).fit(TRAIN, LABELS)
    accuracy = tuned.score(TEST, TEST_LABELS)
    assert accuracy > 0.8
    assert accuracy > frozen.score(TEST, TEST_LABELS) + 0.05


@pytest.mark.slow
def test_the_kind_can_be_named(tmp_path: Path, bert_folder: Path) -> None:
    save_sentence_transformer(tmp_path, bert_folder)
    told = TransformerClassifier(tmp_path, kind="transformers").fit(TRAIN[:60], LABELS[:60])
    plain = TransformerClassifier(bert_folder).fit(TRAIN[:60], LABELS[:60])
    np.testing.assert_allclose(told.predict_proba(TEST), plain.predict_proba(TEST), atol=1e-6)


# --- what can go wrong ------------------------------------------------------------------------


def fit(model: str | Path, **options: Any) -> TransformerClassifier:  # noqa: ANN401
    return TransformerClassifier(model, **options).fit(TRAIN[:20], LABELS[:20])


def one_line_about(model: str | Path, problem: str, **options: Any) -> None:  # noqa: ANN401
    with pytest.raises(FormatError, match=problem) as caught:
        fit(model, **options)
    assert str(caught.value).startswith(f"{model}: ")
    assert "\n" not in str(caught.value)


def test_a_model_that_is_not_there(tmp_path: Path, bert_folder: Path) -> None:
    one_line_about(tmp_path / "none", "no such folder; check the name")
    one_line_about(bert_folder / "config.json", "this is a file")
    one_line_about(tmp_path, "neither config.json nor modules.json")
    one_line_about(tmp_path, "no encoder can be read", kind="transformers")


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["offline", "nobody listens", "no answer"])
def test_a_hub_that_cannot_be_reached(
    problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    from alignx.classification.transformers import encoders

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if problem == "no answer" else 1
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", problem == "offline")
        monkeypatch.setattr(encoders, "HUB_TIMEOUT", 0.1)
        one_line_about("nobody/no-model", "no such folder, and the hub cannot be reached")


class NoSuchModel(BaseHTTPRequestHandler):
    """Answers as the hub does."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_name_that_the_hub_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    with HTTPServer(("127.0.0.1", 0), NoSuchModel) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            one_line_about("nobody/no-model", "no such folder, and no model on the hub")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_what_was_fetched_before_needs_no_hub(
    weights: str, tmp_path: Path, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")  # nobody listens
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--nobody--tiny"
    snapshot = cached / "snapshots" / ("0" * 40)
    shutil.copytree(bert_folder, snapshot)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0" * 40)
    if weights == "pytorch_model.bin":
        parameters = stored.load_file(snapshot / "model.safetensors")
        (snapshot / "model.safetensors").unlink()
        torch.save(parameters, snapshot / weights)
    found = fit("nobody/tiny").predict_proba(TEST)
    assert np.array_equal(found, fit(bert_folder).predict_proba(TEST))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"{ no"])
def test_a_damaged_model(
    name: str, content: bytes | None, tmp_path: Path, bert_folder: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(bert_folder, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    one_line_about(folder, "no encoder can be read from it: .")


def test_missing_parameters_are_never_made_up(tmp_path: Path) -> None:
    save_model(tmp_path, "bert")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 2}))
    one_line_about(tmp_path, "16 parameters are missing, such as .*layer.1")


@pytest.mark.parametrize("package", ["sentence_transformers", "model2vec"])
def test_a_missing_package(
    package: str, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    kind: Any = package.replace("_", "-")
    with pytest.raises(
        MissingDependencyError, match=rf"{package}: pip install 'alignx\[transformers\]'"
    ):
        fit(bert_folder, kind=kind)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": "gpt"}, "kind must be one of auto, transformers"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"max_length": 0}, "max_length must be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be more than 0"),
    ],
)
def test_settings_out_of_range(options: dict[str, Any], problem: str, bert_folder: Path) -> None:
    with pytest.raises(ValueError, match=problem):
        fit(bert_folder, **options)


def test_a_device_that_torch_cannot_use(bert_folder: Path) -> None:
    with pytest.raises(ValueError, match="torch can use"), config_context(device="abacus"):
        fit(bert_folder)


def test_texts_and_labels_that_do_not_fit(bert_folder: Path) -> None:
    classifier = TransformerClassifier(bert_folder)
    with pytest.raises(NotFittedError, match="must be fitted"):
        classifier.predict(["w1"])
    with pytest.raises(TypeError, match="must be a sequence of strings, got the string 'w1'"):
        classifier.fit("w1", ["a", "b"])
    with pytest.raises(ValueError, match="at least 2 classes must not be empty, got 1"):
        classifier.fit(["w1", " "], ["a", "b"])


def test_empty_texts(bert_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts, labels = [*TRAIN[:30], "", " \n"], [*LABELS[:30], "weather", "pets"]
    classifier = TransformerClassifier(bert_folder).fit(texts, labels)
    shares = [float((LABELS[:30] == name).mean()) for name in ("pets", "weather")]
    assert classifier.prior_.tolist() == pytest.approx(shares)
    assert not caplog.records
    found = classifier.predict_proba(["", "w1 w2", "\t"])
    assert caplog.messages == [
        "2 of 3 texts are empty and get the shares of the classes in training"
    ]
    assert found[0].tolist() == found[2].tolist() == classifier.prior_.tolist()
    assert found[1].tolist() == pytest.approx(classifier.predict_proba(["w1 w2"])[0].tolist())
    assert classifier.predict_proba([""]).tolist() == [classifier.prior_.tolist()]
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict([]).shape == (0,)
