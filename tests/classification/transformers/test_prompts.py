from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.classification.transformers.cloze import SpanModel, load_cloze
from alignx.classification.transformers.prompts import PromptClassifier, translate_by_prompt
from alignx.errors import FormatError, MissingDependencyError, NotFittedError

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
tokenizers = pytest.importorskip("tokenizers")

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*(f"w{number}" for number in range(30)), "foot", "##ball", "##er", "is", "."]
VOCABULARY = {word: row for row, word in enumerate([*SPECIAL, *PIECES])}
TEMPLATE = "{text} is {blank} ."
TEXTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10", "w3 w3 w1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with word pieces."""
    place = tmp_path_factory.mktemp("models") / "cloze"
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=40, pad_token_id=0,
        initializer_range=0.5,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(1)
        transformers.BertForMaskedLM(config).save_pretrained(place)
    pieces = tokenizers.models.WordPiece(VOCABULARY, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(pieces)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=20, **dict(zip(names, SPECIAL, strict=True))
    ).save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def span_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random T5 with the same pieces, the mask being its first span."""
    place = tmp_path_factory.mktemp("models") / "spans"
    config = transformers.T5Config(
        vocab_size=len(VOCABULARY), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        pad_token_id=0, decoder_start_token_id=0, eos_token_id=3, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(2)
        transformers.T5ForConditionalGeneration(config).save_pretrained(place)
    tokenizer = (folder / "tokenizer.json").read_text().replace("[MASK]", "<extra_id_0>")
    (place / "tokenizer.json").write_text(tokenizer)
    transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(place / "tokenizer.json"), model_max_length=20,
        pad_token="[PAD]", unk_token="[UNK]", eos_token="[SEP]",
    ).save_pretrained(place)  # fmt: skip
    return place


def plain_spans(folder: Path, text: str, words: list[list[str]]) -> list[float]:
    """Score words token by token, each given those before it."""
    model = transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()
    names = ["[CLS]", *text.split(), "is", "[MASK]", ".", "[SEP]"]
    given = torch.tensor([[VOCABULARY[x] for x in names]])
    scores = []
    for pieces in words:
        said, logs = [0, VOCABULARY["[MASK]"]], []
        for piece in pieces:
            with torch.no_grad():
                logits = model(input_ids=given, decoder_input_ids=torch.tensor([said])).logits
            logs.append(float(logits[0, -1].double().log_softmax(dim=0)[VOCABULARY[piece]]))
            said.append(VOCABULARY[piece])
        scores.append(sum(logs) / len(logs))
    return scores


def plain(folder: Path, text: str, words: list[list[str]]) -> list[float]:
    """Score words of pieces one by one, from ids that are written down."""
    model = transformers.BertForMaskedLM.from_pretrained(folder).eval()
    scores = []
    for pieces in words:
        masks = ["[MASK]"] * len(pieces)
        ids = [VOCABULARY[x] for x in ["[CLS]", *text.split(), "is", *masks, ".", "[SEP]"]]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(dim=1)
        at = 2 + len(text.split())
        own = [float(logits[at + i, VOCABULARY[x]]) for i, x in enumerate(pieces)]
        scores.append(sum(own) / len(own))
    return scores


def test_probabilities_are_those_of_masks_one_by_one(folder: Path) -> None:
    labels = {"sport": ["football", "footballer"], "other": "w20"}
    classifier = PromptClassifier(folder, template=TEMPLATE, batch_size=3).fit(labels)
    found = classifier.predict_proba([*TEXTS, " "])
    pieces = [["w20"], ["foot", "##ball"], ["foot", "##ball", "##er"]]
    empty = np.array(plain(folder, "", pieces))
    for text, row in zip(TEXTS, found, strict=False):
        gains = np.array(plain(folder, text, pieces)) - empty
        scores = np.exp([gains[0], gains[1:].mean()])
        np.testing.assert_allclose(row, scores / scores.sum(), rtol=1e-4)
    assert classifier.classes_.tolist() == ["other", "sport"]
    assert found[4].tolist() == [0.5, 0.5]
    assert np.ptp(found[:4, 0]) > 0.01


def test_words_of_several_tokens_follow_each_other_in_a_model_of_spans(span_folder: Path) -> None:
    words = ["w20", "football", "footballer", "w21", "footer"]
    pieces = [["w20"], ["foot", "##ball"], ["foot", "##ball", "##er"], ["w21"], ["foot", "##er"]]
    cloze = load_cloze(span_folder)
    assert isinstance(cloze, SpanModel)
    found = cloze.log_probabilities(TEXTS, TEMPLATE, words, batch_size=3)
    right = [plain_spans(span_folder, text, pieces) for text in TEXTS]
    np.testing.assert_allclose(found, right, rtol=1e-4)
    assert np.ptp(found, axis=0).min() > 1e-3
    masked = cloze.log_probabilities(["w1 <extra_id_0> w2", "w1 w2"], TEMPLATE, words)
    np.testing.assert_allclose(masked[0], masked[1], rtol=1e-5)
    labels = {"sport": "football", "other": "w20"}
    classifier = PromptClassifier(span_folder, template=TEMPLATE).fit(labels)
    gains = found[:, [0, 1]] - plain_spans(span_folder, "", pieces)[:2]
    scores = np.exp(gains) / np.exp(gains).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), scores, rtol=1e-4)


def test_translations_are_ranked_by_the_same_scores(folder: Path) -> None:
    candidates = ["w20", "football", "w21", "footballer"]
    pieces = [["w20"], ["foot", "##ball"], ["w21"], ["foot", "##ball", "##er"]]
    found = translate_by_prompt(folder, ["w1", "w2"], candidates, template=TEMPLATE, k=4)
    empty = np.array(plain(folder, "", pieces))
    for word, row in zip(["w1", "w2"], found, strict=True):
        gains = np.array(plain(folder, word, pieces)) - empty
        assert row.tolist() == np.argsort(-gains).tolist()
    with pytest.raises(ValueError, match=r"k must lie in \[1, 4\], got 5"):
        translate_by_prompt(folder, ["w1"], candidates, template=TEMPLATE, k=5)


def test_long_texts_are_cut_and_masks_in_texts_are_blanks(folder: Path) -> None:
    classifier = PromptClassifier(folder, template=TEMPLATE).fit(["w20", "football"])
    room = 20 - len(["[CLS]", "is", "[MASK]", "[MASK]", ".", "[SEP]"])
    words = [f"w{number % 30}" for number in range(100)]
    cut = classifier.predict_proba([" ".join(words)])
    # A word of one token leaves room for one word more.
    scores = [
        classifier.cloze_.log_probabilities([" ".join(words[:length]), ""], TEMPLATE, [word])
        for word, length in (("football", room), ("w20", room + 1))
    ]
    gains = np.exp([score[0, 0] - score[1, 0] for score in scores])
    np.testing.assert_allclose(cut[0], gains / gains.sum(), rtol=1e-5)
    masked = classifier.predict_proba(["w1 [MASK] w2", "w1 w2"])
    np.testing.assert_allclose(masked[0], masked[1], rtol=1e-5)


def test_templates_by_language(folder: Path) -> None:
    by_language = {"en": TEMPLATE, "es": "{blank} is {text}"}
    classifier = PromptClassifier(folder, template=by_language).fit(["w20", "w21"])
    found = classifier.predict_proba(["w1", "w1"], language=["en", "es"])
    for code, row in zip(by_language, found, strict=True):
        one = PromptClassifier(folder, template=by_language[code]).fit(["w20", "w21"])
        np.testing.assert_allclose(one.predict_proba(["w1"])[0], row, rtol=1e-5)
    assert abs(found[0, 0] - found[1, 0]) > 1e-3
    with pytest.raises(ValueError, match="language must be one of en, es, got 'de'"):
        classifier.predict(["w1"], language="de")


@pytest.mark.parametrize(
    ("labels", "options", "problem"),
    [
        (["w1"], {}, "labels must hold at least 2 classes"),
        ({"a": [], "b": "w1"}, {}, "labels must have at least 1 word, got none for 'a'"),
        (["w1", "w2"], {"template": "{text}"}, "template must hold {text} and {blank}, once each"),
        (["w1", "w2"], {"batch_size": 0}, "batch_size must be at least 1, got 0"),
        (["w1", "unheard"], {}, "words must be of tokens that the model has, got 'unheard'"),
        (["w1", "w2"], {"max_length": 5}, "template must leave tokens to the text"),
    ],
)
def test_what_is_refused(folder: Path, labels: Any, options: Any, problem: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=problem):
        PromptClassifier(folder, **{"template": TEMPLATE, **options}).fit(labels).predict(["w3"])


def test_models_that_are_refused(folder: Path, span_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        PromptClassifier(folder).predict(["w1"])
    with pytest.raises(FormatError, match="no such folder"):
        PromptClassifier(tmp_path / "none").fit(["w1", "w2"])
    # An encoder without the part that predicts words.
    transformers.BertModel.from_pretrained(folder).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    with pytest.raises(FormatError, match=r"it is no masked language model: \d parameters"):
        PromptClassifier(tmp_path).fit(["w1", "w2"])
    # A model of spans without the token for them.
    spanless = tmp_path / "spanless"
    transformers.T5ForConditionalGeneration.from_pretrained(span_folder).save_pretrained(spanless)
    transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]"
    ).save_pretrained(spanless)
    with pytest.raises(FormatError, match="a fast one with a mask token, or <extra_id_0> of T5"):
        PromptClassifier(spanless).fit(["w1", "w2"])


def test_a_missing_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cloze", "encoders"):
        monkeypatch.delitem(
            sys.modules, f"alignx.classification.transformers.{module}", raising=False
        )
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="torch: pip install 'alignx"):
        PromptClassifier(folder).fit(["w1", "w2"])
