"""Languages of dictionaries, by the names of their files and by their words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations, permutations
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.errors import FormatError
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.language_codes import guess_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alignx.support.arrays import Double
    from alignx.vectors.embeddings import Embeddings

__all__ = ["assign_languages", "identical_lexicons", "joined_lexicons", "named_pair"]

Pair = tuple[str, str]

MOST_PAIRS = 1_000  # that are looked up to find the languages
# Between the best and the next ordered pair of English, Spanish and German, the 17 dictionaries of
# these languages by MUSE and XLING have 0.8 to 3.2, 26 standard errors or more, and no 300 samples
# of 5, 10, 20 and 50 pairs of each were clear and wrong. Chinese-English ones have 0.0.
CLEAR_MEAN = 0.4
CLEAR_ERRORS = 4.0
FEWEST = 5
SHOWN = 3
# Two dictionaries of the same languages have translations in common for most words of both.
LEAST_IN_COMMON = 0.05
ENOUGH_IN_COMMON = 20


class _Fit(NamedTuple):
    """Ordered pairs of languages, the best first, and whether the first is clear."""

    best: list[Pair]
    is_clear: bool


def named_pair(path: str, codes: Iterable[str]) -> Pair | None:
    """Find two language codes beside each other in the name of a file.

    Parameters
    ----------
    path : str
        A file, such as ``"en-es.0-5000.txt"``.
    codes : iterable of str
        Codes of the languages that there are; the capitals of a name do not matter.

    Returns
    -------
    (str, str) or None
        Source and target; perhaps codes of other languages, as in ``"en-fr.txt"``. None if the name
        holds no pair, or several.

    Examples
    --------
    >>> named_pair("muse/EN_es.train.txt", ["en", "es", "de"])
    ('en', 'es')
    >>> named_pair("1990-2000.tsv", ["1990", "2000"]), named_pair("words.txt", ["en", "es"])
    (('1990', '2000'), None)
    """
    name = PurePath(path).name
    by_lower = {code.lower(): code for code in codes}
    one = "|".join(re.escape(code) for code in sorted(by_lower, key=len, reverse=True))
    pair = rf"(?<![^\W_])(?=(?P<s>{one})(?:[-_. ]|2|-to-|_to_)(?P<t>{one})(?![^\W_]))"
    matches = re.finditer(pair, name.lower())
    found = {(each["s"], each["t"]) for each in matches if each["s"] != each["t"]}
    if len(found) == 1:
        source, target = found.pop()
        return by_lower[source], by_lower[target]
    guess = guess_language(name)
    is_pair = guess.code is None and len(guess.others) == 2 and not found
    return (guess.others[0], guess.others[1]) if is_pair else None


def assign_languages(
    lexicon: Lexicon, languages: Mapping[str, Embeddings], given: Pair | None = None
) -> Lexicon:
    """Find the languages of a lexicon, and turn it if its columns are exchanged.

    Parameters
    ----------
    lexicon : Lexicon
        Its `name` is the path of its file.
    languages : mapping of str to Embeddings
        Languages by code, of which two are meant.
    given : (str, str), optional
        Source and target code, if they are known. Default: those in the name of the file, otherwise
        the ordered pair of vocabularies that its words fit best.

    Returns
    -------
    Lexicon
        With `languages`, and a note where they were found by its words or its columns exchanged.

    Raises
    ------
    FormatError
        If a code is unknown or twice the same, the words fit no pair of languages clearly, or they
        clearly fit another pair than the name of the file says.

    Notes
    -----
    A word speaks for a language by its frequency rank there: loans and names are in many
    vocabularies, but common in few. Ranks beyond the smallest vocabulary count as unknown. The mean
    logarithms of ranks of all ordered pairs are compared, the best with the next by its paired
    standard error. Cost: O(p N) for p pairs, at most 1,000, and N languages.
    """
    stated = given or named_pair(lexicon.name, languages)
    if stated is not None:
        _require_languages(lexicon, stated, languages, is_given=given is not None)
    fit = _fit(list(languages), _log_ranks(lexicon, languages))
    best = fit.best[0]
    if stated is None:
        if not fit.is_clear:
            raise _ambiguous(lexicon, fit.best)
        return _with_note(replace(lexicon, languages=best), f"{'-'.join(best)}, by its words")
    if best == stated[::-1] and fit.is_clear:
        turned = replace(lexicon.reversed(), languages=stated, name=lexicon.name)
        return _with_note(turned, f"columns exchanged, as its words are {'-'.join(best)}")
    if best != stated and fit.is_clear and given is None:
        raise FormatError(
            lexicon.name,
            f"its words must be of the languages in its name, {'-'.join(stated)}, got words of "
            f"{'-'.join(best)}; {'-'.join(best)}={lexicon.name} takes them as such",
        )
    return replace(lexicon, languages=stated)


def joined_lexicons(lexicons: Iterable[Lexicon]) -> dict[Pair, Lexicon]:
    """Join the lexicons of the same two languages, in the direction of the first.

    Parameters
    ----------
    lexicons : iterable of Lexicon
        With `languages`.

    Returns
    -------
    dict of (str, str) to Lexicon
        Distinct pairs of words by source and target code.

    Raises
    ------
    FormatError
        If two of them contradict each other: they have 20 source words in common, and a common
        translation for less than 5 % of these.

    Examples
    --------
    >>> one = Lexicon([("cat", "gato")], languages=("en", "es"))
    >>> two = Lexicon([("perro", "dog")], languages=("es", "en"))
    >>> joined_lexicons([one, two])[("en", "es")].pairs
    (('cat', 'gato'), ('dog', 'perro'))
    """
    parts: dict[Pair, list[Lexicon]] = {}
    for lexicon in lexicons:
        if lexicon.languages is None:
            raise ValueError(f"{lexicon.name}: a lexicon to join must have languages, got none")
        pair = lexicon.languages
        if pair[::-1] in parts:
            pair, lexicon = pair[::-1], replace(lexicon.reversed(), name=lexicon.name)
        for other in parts.setdefault(pair, []):
            _require_agreement(other, lexicon)
        parts[pair].append(lexicon)
    return {pair: _joined(given, pair) for pair, given in parts.items()}


def identical_lexicons(languages: Mapping[str, Embeddings]) -> dict[Pair, Lexicon]:
    """Pair the identical words of each two languages; see `Lexicon.identical`.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> early = Embeddings(["gay", "car"], [[1, 0], [0, 1]])
    >>> identical_lexicons({"1900": early, "1990": early})[("1900", "1990")].pairs
    (('gay', 'gay'), ('car', 'car'))
    """
    return {
        pair: replace(Lexicon.identical(languages[pair[0]], languages[pair[1]]), languages=pair)
        for pair in combinations(languages, 2)
    }


def _require_languages(
    lexicon: Lexicon, pair: Pair, languages: Mapping[str, Embeddings], *, is_given: bool
) -> None:
    """Refuse codes that are no two of the languages."""
    missing = [code for code in pair if code not in languages]
    if not missing and pair[0] != pair[1]:
        return
    origin = "" if is_given else "in its name "
    raise FormatError(
        lexicon.name,
        f"the codes {origin}must be two of {', '.join(languages)}, got {'-'.join(pair)}; "
        f"{_example(languages)}={lexicon.name} says which",
    )


def _example(languages: Iterable[str]) -> str:
    return "-".join(list(languages)[:2])


def _ambiguous(lexicon: Lexicon, best: Sequence[Pair]) -> FormatError:
    names = [("-".join(pair)) for pair in best[:SHOWN]]
    return FormatError(
        lexicon.name,
        f"its words must fit one pair of languages clearly, got {', '.join(names[:-1])} or "
        f"{names[-1]}; say which, such as {names[0]}={lexicon.name}",
    )


def _log_ranks(lexicon: Lexicon, languages: Mapping[str, Embeddings]) -> Double:
    """Return logarithms of ranks by language, side and pair, (N, 2, p)."""
    step = max(1, len(lexicon) // MOST_PAIRS)
    sides = list(zip(*lexicon.pairs[::step], strict=True))
    window = min(map(len, languages.values()))
    found = np.empty((len(languages), 2, len(sides[0])))
    for place, language in enumerate(languages.values()):
        for side, words in enumerate(sides):
            rows = language.find(words)
            known = (rows >= 0) & (rows < window)
            found[place, side] = np.log(np.where(known, rows, window) + 1.0)
    return found


def _fit(codes: Sequence[str], log_ranks: Double) -> _Fit:
    """Order the ordered pairs of languages by the mean rank of the words."""
    sides, mean = (log_ranks[:, 0], log_ranks[:, 1]), log_ranks.mean(2)
    places = sorted(permutations(range(len(codes)), 2), key=lambda p: mean[p[0], 0] + mean[p[1], 1])
    first, second = (sides[0][i] + sides[1][j] for i, j in places[:2])
    gap = second - first
    error = gap.std() / np.sqrt(len(gap))
    is_clear = len(gap) >= FEWEST and gap.mean() > max(CLEAR_MEAN, CLEAR_ERRORS * error)
    return _Fit([(codes[i], codes[j]) for i, j in places], bool(is_clear))


def _with_note(lexicon: Lexicon, note: str) -> Lexicon:
    return replace(lexicon, notes=(*lexicon.notes, note))


def _require_agreement(one: Lexicon, two: Lexicon) -> None:
    first, second = one.translations(), two.translations()
    common = first.keys() & second.keys()
    same = sum(not set(first[word]).isdisjoint(second[word]) for word in common)
    if len(common) >= ENOUGH_IN_COMMON and same < LEAST_IN_COMMON * len(common):
        raise FormatError(
            two.name,
            f"dictionaries of the same languages must agree, got {len(common):,} words in this one "
            f"and {one.name}, {same} of them with a common translation; leave one of them out",
        )


def _joined(lexicons: Sequence[Lexicon], pair: Pair) -> Lexicon:
    if len(lexicons) == 1:
        return replace(lexicons[0], languages=pair)
    pairs = dict.fromkeys(each for lexicon in lexicons for each in lexicon)
    return Lexicon(list(pairs), name=", ".join(each.name for each in lexicons), languages=pair)
