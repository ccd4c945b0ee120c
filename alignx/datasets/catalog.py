"""Table of public vectors and dictionaries.

Sources, as of the year in brackets:

- addresses, languages and licenses of vectors: fastText's ``docs/pretrained-vectors.md``,
  ``docs/crawl-vectors.md`` and ``docs/aligned-vectors.md`` (2024), and the list of codes in its
  Python package, ``fasttext.util`` (0.9.3);
- SHA-256 of ``wiki.CODE.vec``: PyTorch's torchtext 0.9, ``torchtext/experimental/vectors.py``,
  for 173 of 294 languages. fastText itself publishes none;
- MUSE: its README, ``data/get_evaluation.sh`` and ``LICENSE`` (2019);
- XLING: the repository codogogo/xling-eval at the commit in the address, which fixes the content;
- sizes: those that users report, rounded; no publisher lists them, so none is enforced;
- names and other codes of languages: Unicode CLDR, and fastText's tables where that has none.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from alignx.datasets.languages import languages

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DICTIONARIES",
    "VECTORS",
    "Dictionaries",
    "License",
    "PublicFile",
    "Vectors",
    "dictionary_file",
    "vectors_file",
]

_FASTTEXT = "https://dl.fbaipublicfiles.com/fasttext"
_MUSE = "https://dl.fbaipublicfiles.com/arrival/dictionaries"
_XLING = (
    "https://raw.githubusercontent.com/codogogo/xling-eval/"
    "88f037f567a1fb0cb75e5a923d512c57fdef3a10/bli_datasets"
)


class License(NamedTuple):
    """Terms of use, and the work to cite."""

    name: str
    url: str
    cite: str


_BY_SA = ("CC BY-SA 3.0", "https://creativecommons.org/licenses/by-sa/3.0/")
_BY_NC = ("CC BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/")


class Vectors(NamedTuple):
    """Collection of vectors: its files by format, of a language ``{}``, and a size."""

    title: str
    names: dict[str, str]
    folder: str
    sizes: str
    license: License


class Dictionaries(NamedTuple):
    """Collection of dictionaries: its files by part, of a pair ``{}``, and a size."""

    title: str
    names: dict[str, str]
    folder: str
    sizes: str
    license: License
    pairs: tuple[tuple[str, str], ...]


VECTORS = {
    "wiki": Vectors(
        "fastText, trained on Wikipedia, lower case",
        {"vec": "wiki.{}.vec", "bin": "wiki.{}.zip"},
        f"{_FASTTEXT}/vectors-wiki",
        "Spanish: 2.6 GB, bin 5.4 GB",
        License(*_BY_SA, "Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606"),
    ),
    "crawl": Vectors(
        "fastText, trained on Common Crawl and Wikipedia",
        {"vec": "cc.{}.300.vec.gz", "bin": "cc.{}.300.bin.gz"},
        f"{_FASTTEXT}/vectors-crawl",
        "Spanish: 1.3 GB, bin 7.2 GB unpacked",
        License(*_BY_SA, "Grave et al. 2018, https://arxiv.org/abs/1802.06893"),
    ),
    "aligned": Vectors(
        "the Wikipedia vectors, aligned by fastText's authors",
        {"vec": "wiki.{}.align.vec"},
        f"{_FASTTEXT}/vectors-aligned",
        "Spanish: 2.2 GB",
        License(*_BY_SA, "Joulin et al. 2018, https://arxiv.org/abs/1804.07745"),
    ),
}
"""Collections of vectors by the name of option ``--vectors``."""

_EUROPEAN = ("de", "en", "es", "fr", "it", "pt")
_WITH_ENGLISH = """
af ar bg bn bs ca cs da de el es et fa fi fr he hi hr hu id it ja ko lt lv mk ms nl no pl pt ro ru
sk sl sq sv ta th tl tr uk vi zh
"""
_XLING_PAIRS = """
de-fi de-fr de-hr de-it de-ru de-tr en-de en-fi en-fr en-hr en-it en-ru en-tr fi-fr fi-hr fi-it
fi-ru hr-fr hr-it hr-ru it-fr ru-fr ru-it tr-fi tr-fr tr-hr tr-it tr-ru
"""


def _muse_pairs() -> Iterator[tuple[str, str]]:
    yield from itertools.permutations(_EUROPEAN, 2)
    for code in _WITH_ENGLISH.split():
        yield from ((code, "en"), ("en", code))


DICTIONARIES = {
    "muse": Dictionaries(
        "MUSE, by a translation tool",
        {"train": "{}.0-5000.txt", "test": "{}.5000-6500.txt", "full": "{}.txt"},
        _MUSE,
        "English-Spanish, train: 0.2 MB",
        License(*_BY_NC, "Conneau et al. 2018, https://arxiv.org/abs/1710.04087"),
        tuple(dict.fromkeys(_muse_pairs())),
    ),
    "xling": Dictionaries(
        "XLING, words by frequency",
        {
            "train": "yacle.train.freq.5k.{}.tsv",
            "test": "yacle.test.freq.2k.{}.tsv",
            "500": "yacle.train.freq.500.{}.tsv",
            "1k": "yacle.train.freq.1k.{}.tsv",
            "3k": "yacle.train.freq.3k.{}.tsv",
        },
        _XLING,
        "English-German, train: 0.1 MB",
        License(
            "no license is stated",
            "https://github.com/codogogo/xling-eval",
            "Glavaš et al. 2019, https://arxiv.org/abs/1902.00508",
        ),
        tuple((pair[:2], pair[3:]) for pair in _XLING_PAIRS.split()),
    ),
}
"""Collections of dictionaries by the name of option ``--dictionary``."""


class PublicFile(NamedTuple):
    """File of a collection.

    Attributes
    ----------
    kind : str
        Collection.
    name, url : str
        Name of the file, and its address.
    result : str
        Name after unpacking.
    license : License
        Terms of use.
    sha256 : str or None
        Published SHA-256.
    """

    kind: str
    name: str
    url: str
    result: str
    license: License
    sha256: str | None = None


def vectors_file(code: str, kind: str, form: str) -> PublicFile:
    """Return the file with the vectors of a language.

    Raises
    ------
    ValueError
        If it does not exist; the message names those of the language.
    """
    language, collection = languages()[code], VECTORS[kind]
    if kind not in language.vectors:
        raise ValueError(
            f"{kind} has no vectors of {language}; {' and '.join(language.vectors)} has some"
        )
    if form not in collection.names:
        raise ValueError(f"{kind} has vectors as {', '.join(collection.names)} only, got {form!r}")
    name = collection.names[form].format(code)
    # Text is read packed; models are mapped into memory.
    result = name if form == "vec" else name.removesuffix(".gz").replace(".zip", ".bin")
    sha256 = language.sha256 if (kind, form) == ("wiki", "vec") else None
    return PublicFile(kind, name, f"{collection.folder}/{name}", result, collection.license, sha256)


def dictionary_file(source: str, target: str, kind: str, part: str) -> PublicFile:
    """Return the file with a part of a dictionary.

    Raises
    ------
    ValueError
        If it does not exist; the message names what does.
    """
    collection = DICTIONARIES[kind]
    if part not in collection.names:
        raise ValueError(f"{kind} has the parts {', '.join(collection.names)}, got {part!r}")
    if (source, target) not in collection.pairs:
        raise ValueError(f"{kind} has no dictionary {source}-{target}; {_others(source, target)}")
    pair = f"{source}-{target}"
    name = collection.names[part].format(pair)
    folder = f"{collection.folder}/{pair}" if kind == "xling" else collection.folder
    return PublicFile(kind, name, f"{folder}/{name}", name, collection.license)


def _others(source: str, target: str) -> str:
    """Name dictionaries of a pair elsewhere, or by way of other languages."""
    for kind, collection in DICTIONARIES.items():
        if (source, target) in collection.pairs:
            return f"{kind} has one"
    for kind, collection in DICTIONARIES.items():
        if (target, source) in collection.pairs:
            return f"fetch {target}-{source} of {kind} and read it with columns=2,1"
    return "use your own, or `alignx align --identical` or `--unsupervised` without one"
