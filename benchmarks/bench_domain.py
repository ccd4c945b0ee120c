"""German vectors continued on unlabeled tweets (`ax.train` with `init`), to classify German tweets.

The tweets are UMSAB's 1,839 of training, without their labels. A classifier learns from labeled
English tweets and reads German ones, through a map that is fitted again for each vectors: those
given, those continued, and those given with the new words alone of the continued ones. P@1 is on
MUSE's test dictionary.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import alignx as ax
from benchmarks.classification_data import labeled
from benchmarks.common import data_directory, parser, save
from benchmarks.retrieval_data import note

CODES = ("en", "de")
PARAMETERS = ax.FastTextParameters(epoch=5, maxn=0, minCount=2)


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "domain.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    return options.parse_args()


def main() -> None:
    options = read_options()
    rows = []
    with ax.config_context(n_threads=options.threads):
        vectors = [ax.load(data_directory() / "vectors" / f"{code}.vec.gz") for code in CODES]
        continued = continue_on_tweets(vectors[1])
        added = with_new_words(vectors[1], continued)
        compared = {"given": vectors[1], "continued": continued, "given, new words added": added}
        for name, german in compared.items():
            rows.append({"vectors": name, **measured(vectors[0], german)})
            save(options.json, rows)
            note(str(rows[-1]))
    note(f"{options.json}: now run benchmarks/render.py")


def continue_on_tweets(german: ax.Embeddings) -> ax.Embeddings:
    """Continue vectors on the tweets without their labels."""
    texts, _ = labeled("umsab", "train")["de"]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "tweets.txt"
        corpus.write_text("\n".join(" ".join(text.split()) for text in texts), encoding="utf-8")
        model = Path(folder) / "de.safetensors"
        found = ax.train(corpus, model, init=german, parameters=PARAMETERS)
        return ax.Embeddings(found.words, np.array(found.vectors), language="de")


def with_new_words(german: ax.Embeddings, continued: ax.Embeddings) -> ax.Embeddings:
    """Add the words that the given vectors lack."""
    new = [word for word in continued.words if word not in german and word != "</s>"]
    vectors = np.vstack([german.vectors, *(continued[word][None] for word in new)])
    return ax.Embeddings([*german.words, *new], vectors, language="de")


def measured(english: ax.Embeddings, german: ax.Embeddings) -> dict[str, Any]:
    """Fit a map, evaluate it, and classify German tweets by English labels and by their own."""
    muse = data_directory() / "dictionaries" / "muse"
    train = ax.Lexicon.load(muse / "en-de.0-5000.txt")
    alignment = ax.align(english, german, lexicon=train, method="reweighted", ranker=False)
    space = alignment.apply(english, german)
    accuracy = ax.evaluate(space, ax.Lexicon.load(muse / "en-de.5000-6500.txt")).csls
    texts, test = ({c: labeled("umsab", part)[c] for c in CODES} for part in ("train", "test"))
    report = ax.evaluate_transfer(
        {"de": space}, ax.TransferData("en", texts, test), {"zero-shot": ax.Experiment()}, seeds=[0]
    )
    own = report.baselines["target-trained"]
    return {
        "words": len(german),
        "csls": {"p@1": accuracy.precision[1], "n": accuracy.n},
        "zero_shot": report.experiments["zero-shot"].as_dict()["languages"]["de"],
        "target_trained": own.as_dict()["languages"]["de"],
    }


if __name__ == "__main__":
    main()
