"""Prompts of pretrained language models: zero-shot classification and word translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.classification.base import TextClassifier
from alignx.classification.heads import log_softmax
from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from alignx.classification.transformers.cloze import ClozeModel
    from alignx.support.arrays import Double, Indices

__all__ = ["PromptClassifier", "translate_by_prompt"]


class PromptClassifier(TextClassifier):
    """Zero-shot classifier by words in the blank of a prompt, as a yardstick.

    It needs the packages of the extra ``transformers``.

    Parameters
    ----------
    model : path or str
        Folder of a masked language model or one of the T5 family, or its name on the hub of Hugging
        Face, which is fetched once.
    template : str or mapping of str to str
        Prompt with ``{text}`` and ``{blank}``, or one for each language. A prompt may be of another
        language than the text.
    max_length : int
        Most tokens of a prompt, at least 1; longer texts are cut.
    batch_size : int
        Prompts computed together, at least 1.

    Attributes
    ----------
    classes_, prior_
        The sorted labels; equal shares, which are the answer for empty texts.
    words_ : dict
        Words of each label.
    cloze_ : ClozeModel
        The model.

    Notes
    -----
    The score of a word is the mean log probability of its tokens, less that with an empty text
    (Zhao et al.: a model prefers some words whatever the text); that of a label is the mean of its
    words.

    References
    ----------
    Schick and Schuetze, "Exploiting Cloze Questions for Few Shot Text Classification and Natural
    Language Inference", EACL 2021; Zhao et al., "Calibrate Before Use", ICML 2021, section 5.
    """

    cloze_: ClozeModel
    words_: dict[Any, list[str]]

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        template: str | Mapping[str, str] = "{text} Topic: {blank}.",
        max_length: int = 256,
        batch_size: int = 16,
    ) -> None:
        self.model = model
        self.template = template
        self.max_length = max_length
        self.batch_size = batch_size

    def fit(self, labels: Sequence[str] | Mapping[Any, str | Sequence[str]]) -> Self:
        """Load the model and take labels, or the words of each label.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type, there are fewer than two labels, or a template or a
            setting is wrong.
        FormatError, MissingDependencyError
            If the model cannot be read, or a package is missing.
        """
        from alignx.classification.transformers.cloze import load_cloze, require_template

        for name in ("max_length", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for template in _templates(self.template):
            require_template(template)
        given = (
            labels if isinstance(labels, Mapping) else {x: x for x in as_texts(labels, "labels")}
        )
        self._learn_labels(list(given), len(given))
        words = {
            label: [one] if isinstance(one := given[label], str) else as_texts(one, "labels")
            for label in self.classes_.tolist()
        }
        if empty := [label for label, own in words.items() if not own]:
            raise ValueError(f"labels must have at least 1 word, got none for {empty[0]!r}")
        self.words_ = words
        self.cloze_ = load_cloze(self.model, max_length=self.max_length)
        self.prior_ = np.full(len(words), 1 / len(words))
        return self

    def predict_proba(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> Double:
        """Compute the probability of each class, (n, classes) float64.

        `language`, the code of all texts or of each, chooses the template where it is a mapping.
        Raises NotFittedError before `fit`, ValueError if a language has no template.
        """
        self._require_fitted()
        texts = as_texts(texts)
        same = language is None or isinstance(language, str)
        codes = [language] * len(texts) if same else list(language or ())
        if len(codes) != len(texts):
            raise ValueError(f"language must name {len(texts)} languages, got {len(codes)}")
        result = np.tile(self.prior_, (len(texts), 1))
        words = [word for own in self.words_.values() for word in own]
        ends = np.cumsum([0, *(len(own) for own in self.words_.values())])
        for code in dict.fromkeys(codes):
            said = [at for at, text in enumerate(texts) if codes[at] == code and text.strip()]
            prompts = ["", *(texts[at] for at in said)]
            scores = self.cloze_.log_probabilities(
                prompts, self._template_of(code), words, self.batch_size
            )
            gains = scores[1:] - scores[0]
            of_labels = np.add.reduceat(gains, ends[:-1], axis=1) / np.diff(ends)
            result[said] = np.exp(log_softmax(of_labels))
        return result

    def _template_of(self, code: Any) -> str:  # noqa: ANN401
        if not isinstance(self.template, Mapping):
            return self.template
        if code not in self.template:
            raise ValueError(f"language must be one of {', '.join(self.template)}, got {code!r}")
        return self.template[code]


def _templates(given: str | Mapping[str, str]) -> list[str]:
    return list(given.values()) if isinstance(given, Mapping) else [given]


def translate_by_prompt(
    model: str | os.PathLike[str],
    words: Sequence[str],
    candidates: Sequence[str],
    *,
    template: str,
    k: int = 1,
) -> Indices:
    """Rank candidate translations of words by their probability in a prompt.

    Parameters
    ----------
    model : path or str
        Folder of a masked language model or one of the T5 family, or its name on the hub of Hugging
        Face.
    words : sequence of str, length n
        Words to translate.
    candidates : sequence of str, length m
        Words of the other language, each known to the tokenizer.
    template : str
        Prompt with ``{text}``, where the word stands, and ``{blank}``, such as
        ``"{text} in German is {blank}."``.
    k : int
        Answers for each word, in [1, m].

    Returns
    -------
    (n, k) int64
        Rows of candidates, best first; equal scores by lower row.

    Raises
    ------
    ValueError
        If `k` or the template is wrong, or a candidate is OOV.
    FormatError, MissingDependencyError
        If the model cannot be read, or a package is missing.

    Notes
    -----
    The score is that of `PromptClassifier`: log probability less that with no word. Takes one pass
    of the model for each word and each number of tokens of candidates.

    References
    ----------
    Jiang et al., "X-FACTR: Multilingual Factual Knowledge Retrieval from Pretrained Language
    Models", EMNLP 2020.
    """
    from alignx.classification.transformers.cloze import load_cloze

    words, candidates = as_texts(words, "words"), as_texts(candidates, "candidates")
    if not 1 <= k <= len(candidates):
        raise ValueError(f"k must lie in [1, {len(candidates)}], got {k}")
    scores = load_cloze(model).log_probabilities(["", *words], template, candidates)
    gains = scores[1:] - scores[0]
    return np.argsort(-gains, axis=1, kind="stable")[:, :k].astype(np.int64)
