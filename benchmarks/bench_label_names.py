"""Topics of sentences from the names of the labels, beside classifiers with labeled texts.

SIB-200, 204 test sentences in seven topics. The unlabeled texts are the training sentences of each
language, without their topics. Settings were chosen by the English training and development texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import f1_score

import alignx as ax
from alignx.support.wilson import wilson_interval
from benchmarks.classification_data import labeled, spaces, vectors
from benchmarks.common import parser, write
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Row = dict[str, Any]

RESAMPLES = 2_000
# Written from the names alone.
FURTHER = {
    "entertainment": "music film actor concert celebrity",
    "geography": "river mountain island region climate",
    "health": "disease medicine doctor hospital patients",
    "politics": "government president election parliament minister",
    "science/technology": "research scientists computer physics invention",
    "sports": "team game player match championship",
    "travel": "tourists flight hotel trip destination",
}


def main() -> None:
    options = parser(__doc__, "label_names.json").parse_args()
    ax.set_config(n_threads=options.threads)
    languages = vectors()
    rows = [row for space in spaces(languages, "reweighted").values() for row in measured(space)]
    write(options.json, rows)


def measured(space: ax.SharedSpace) -> Iterator[Row]:
    """Measure every classifier on English and the other language of a space."""
    train, test = labeled("sib200", "train"), labeled("sib200", "test")
    english, other = list(space)
    names = sorted(set(train[english][1]))
    described = {name: f"{name} {FURTHER[name]}" for name in names}
    texts = {code: train[code][0] for code in space}
    found: dict[str, Any] = {
        "label names": ax.LabelNameClassifier(space, language=english).fit(names),
        "label names, unlabeled texts": ax.LabelNameClassifier(space, language=english).fit(
            names, unlabeled=texts
        ),
        "names and five words": ax.LabelNameClassifier(space, language=english).fit(described),
        "names and five words, unlabeled texts": ax.LabelNameClassifier(
            space, language=english
        ).fit(described, unlabeled=texts),
        "English labels": ax.TransferClassifier(space).fit(
            *train[english], language=english, unlabeled={other: texts[other]}
        ),
        "own labels": ax.TransferClassifier(space).fit(*train[other], language=other),
    }
    for name, classifier in found.items():
        for code in space:
            true = np.array(test[code][1])
            probabilities = classifier.predict_proba(test[code][0], language=code)
            predicted = classifier.classes_[probabilities.argmax(axis=1)]
            share = float((predicted == true).mean())
            note(f"{other}: {name}, {code}: {share:.1%}")
            yield {
                "space": other,
                "name": name,
                "language": code,
                "n": len(true),
                "accuracy": share,
                "interval": wilson_interval(share, len(true)),
                "macro_f1": f1_score(true, predicted, average="macro"),
                "macro_f1_interval": f1_interval(true, predicted),
                "confidence": float(probabilities.max(axis=1).mean()),
            }


def f1_interval(true: NDArray[Any], predicted: NDArray[Any]) -> list[float]:
    """Bootstrap the 95 % interval of macro F1 over texts."""
    rng = np.random.default_rng(0)
    draws = [
        f1_score(true[rows], predicted[rows], average="macro")
        for rows in rng.integers(len(true), size=(RESAMPLES, len(true)))
    ]
    return [float(end) for end in np.quantile(draws, [0.025, 0.975])]


if __name__ == "__main__":
    main()
