"""Languages added to a space on disk, brought up to date, or removed; the others stay."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from alignx.alignment.space_folder.codes import require_code
from alignx.alignment.space_folder.manifest import Manifest, read_manifest
from alignx.alignment.space_folder.prepare import prepare_language
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.space_folder.writer import changing
from alignx.errors import MissingFileError, SpaceError
from alignx.multilingual.extend import fit_new_language
from alignx.ranking.ranker import PairRanker
from alignx.support.arguments import require_callable, require_instance
from alignx.support.progress import part_of
from alignx.vectors.objects import as_embeddings

if TYPE_CHECKING:
    from alignx.lexicon.lexicon import LexiconLike
    from alignx.multilingual.extend import NewLanguage
    from alignx.support.files import StrPath
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["add_language", "remove_language", "require_presence", "update_language"]

Lexicons: TypeAlias = "Mapping[str, LexiconLike] | Mapping[tuple[str, str], LexiconLike]"

ATTEMPTS = 3  # fits, where others change the space meanwhile
FIT = 0.9  # part of the progress; the rest is that of `prepare_space`

logger = logging.getLogger("alignx")


def add_language(
    folder: StrPath,
    code: str,
    embeddings: Any,  # noqa: ANN401  # what as_embeddings takes
    lexicons: Lexicons | None = None,
    *,
    ranker: PairRanker | bool = True,
    allow_failed: bool = False,
    prepare: bool = True,
    progress: Progress | None = None,
) -> NewLanguage:
    """Add a language to a space on disk, without moving a vector of the others.

    Several processes may add languages at once. The space is locked only while files are written.

    Parameters
    ----------
    folder : path
        Folder of the space.
    code : str
        Code of the new language, such as ``"fr"``.
    embeddings : Embeddings, path or object
        Its vectors, as `as_embeddings` takes them.
    lexicons : mapping of str to Lexicon, path, list of pairs, dict or DataFrame, optional
        Known translations from the new language into that of each code; or by two codes in either
        order, such as ``{("en", "fr"): lexicon}``. Default: none; `SelfLearning` finds the first
        pairs, with the hub and the two most similar languages.
    ranker : PairRanker or bool
        Learn the ranking of translations from and to each language with a dictionary. The others
        take that of pairs without a dictionary, if the space has one.
    allow_failed : bool
        Keep a map that has failed its check.
    prepare : bool
        Then store CSLS biases, so that single words are translated at once. That takes a search of
        all words with each language that has evidence and the first two; see `prepare_space`.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    NewLanguage
        The map, and its evidence and accuracy with each language.

    Raises
    ------
    ValueError
        If the language is there already, or a code or lexicon is not as above.
    EmptyLexiconError, DirectionError
        If no pair of a lexicon is known, or its words are exchanged.
    AlignmentFailed
        If the map does not translate held-out words, or vectors alone give no map.
    MissingFileError, FormatError, OutputError
        If the folder holds no space, or cannot be written; it is as before then.

    Notes
    -----
    German joining English and Spanish, 20,000 words each, without a dictionary: 60.1 of 100
    held-out words right from English and 53.2 from Spanish; with 5,891 pairs of English and German
    61.3 and 54.1; in a joint fit of all three with these pairs 63.6 and 55.0 (1,500 and 2,420
    words, intervals of 2.5 and 2.0 points on either side).

    Examples
    --------
    >>> import alignx as ax  # doctest: +SKIP
    >>> ax.add_language("space", "fr", "wiki.fr.vec", {"en": "fr-en.txt"})  # doctest: +SKIP
    >>> ax.add_language("space", "it", "wiki.it.vec")  # doctest: +SKIP
    """
    options = {"ranker": ranker, "allow_failed": allow_failed, "progress": progress}
    fitted = _put(folder, code, embeddings, lexicons, options, is_new=True)
    _prepare(folder, code, prepare, progress)
    return fitted


def update_language(
    folder: StrPath,
    code: str,
    embeddings: Any,  # noqa: ANN401  # what as_embeddings takes
    lexicons: Lexicons | None = None,
    *,
    ranker: PairRanker | bool = True,
    allow_failed: bool = False,
    prepare: bool = True,
    progress: Progress | None = None,
) -> NewLanguage:
    """Replace the vectors and the map of a language of a space on disk; the others stay.

    Learned rankings of the old vectors are removed. Parameters, result and errors are those of
    `add_language`; a language that is not there raises ValueError. The maps of the others were
    fitted on the old dictionaries, so the accuracy on words of these can be too high.
    """
    options = {"ranker": ranker, "allow_failed": allow_failed, "progress": progress}
    fitted = _put(folder, code, embeddings, lexicons, options, is_new=False)
    _prepare(folder, code, prepare, progress)
    return fitted


def remove_language(folder: StrPath, code: str) -> None:
    """Remove a language of a space on disk, and its learned rankings; the others stay.

    Also that of the hub: the space is made and needs it no more.

    Raises
    ------
    ValueError
        If the language is not there, or is one of the last two.
    MissingFileError, FormatError, OutputError
        As `add_language`.
    """
    with changing(folder) as writer:
        writer.remove_language(code)


def _put(
    folder: StrPath,
    code: str,
    embeddings: Any,  # noqa: ANN401
    lexicons: Lexicons | None,
    options: dict[str, Any],
    *,
    is_new: bool,
) -> NewLanguage:
    """Fit against the space as it is, then lock it and write, unless it has changed meanwhile."""
    require_code(code)
    lexicons = {} if lexicons is None else lexicons
    require_instance(lexicons, Mapping, "lexicons")
    progress = options["progress"]
    require_callable(progress, "progress")
    if not isinstance(options["ranker"], bool):
        require_instance(options["ranker"], PairRanker, "ranker")
        options["ranker"].require_valid()
    by_pair = {(code, key) if isinstance(key, str) else key: each for key, each in lexicons.items()}
    options = {**options, "progress": part_of(progress, 0, FIT)}
    language: Embeddings | None = None
    for _ in range(ATTEMPTS):
        opened = SpaceFolder.open(folder)
        require_presence(opened.manifest, code, is_new=is_new)
        language = language or as_embeddings(embeddings, language=code)
        try:
            fitted = fit_new_language(opened, code, language, by_pair, **options)
        except MissingFileError:  # of a language that has been replaced before it was read
            if read_manifest(opened.path) == opened.manifest:
                raise
        else:
            with changing(folder) as writer:
                now = read_manifest(opened.path)
                require_presence(now, code, is_new=is_new)
                if not _has_moved(opened.manifest, now, fitted):
                    writer.remove_pairs(code)
                    writer.put_language(code, language, fitted.language_map)
                    for pair in fitted.pairs:
                        writer.put_pair(pair.record(), pair.ranker, pair.known)
                    return fitted
        logger.warning(
            "%s: languages that %s was fitted on have changed meanwhile; fitting it again",
            folder,
            code,
        )
    raise SpaceError(
        f"{folder} must stay as it is during the fit of {code}, got a change each time"
    )


def _prepare(folder: StrPath, code: str, is_wanted: bool, progress: Progress | None) -> None:
    """Store the CSLS biases of the language, if that is wanted, and end the progress."""
    if is_wanted:
        prepare_language(folder, code, progress=part_of(progress, FIT, 1 - FIT))
    if progress is not None:
        progress(1.0)


def require_presence(manifest: Manifest, code: str, *, is_new: bool) -> None:
    """Refuse a new language that is there, in whatever capitals, or another one that is not.

    Raises ValueError.
    """
    there = next((known for known in manifest.codes if known.lower() == code.lower()), None)
    if is_new and there is not None:
        raise ValueError(f"a new language must not be in the space, got {there}; update it instead")
    if not is_new and code not in manifest.codes:
        advice = "; add it instead" if there is None else ""
        raise ValueError(
            f"the language must be one of {', '.join(manifest.codes)}, got {code}{advice}"
        )


def _has_moved(before: Manifest, now: Manifest, fitted: NewLanguage) -> bool:
    """Whether a language that the new one was fitted on has changed or gone."""
    files = {each.code: each.vectors for each in now.languages}
    own = fitted.language_map.code
    others = {code for pair in fitted.pairs for code in (pair.source, pair.target)} - {own}
    return before.space != now.space or any(
        files.get(other) != before.language(other).vectors for other in others
    )
