"""Values for the scripts of a page: numbers and words, deflated and in base64."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike

    from alignx.reporting.dictionary import Dictionary, Direction
    from alignx.reporting.word_map import WordMap

__all__ = ["dictionary_data", "packed_numbers", "packed_strings", "word_map_data"]


def packed_strings(strings: Sequence[str]) -> str:
    """Pack strings; any are allowed, lone surrogates and line ends too."""
    return _deflated(json.dumps([*strings], separators=(",", ":")).encode())


def packed_numbers(numbers: ArrayLike, dtype: DTypeLike) -> str:
    """Pack an array column by column.

    The bytes of equal weight lie together: most high ones are zero, and deflate well.
    """
    values = np.asarray(numbers).astype(np.dtype(dtype).newbyteorder("<"))
    planes = np.ravel(values, order="F").view(np.uint8).reshape(-1, values.itemsize).T
    return _deflated(planes.tobytes())


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 6)).decode()


def dictionary_data(
    dictionary: Dictionary, languages: Sequence[dict[str, str]]
) -> dict[str, object]:
    """Return what `carried-dictionary.js` unpacks; scores are thousandths."""
    return {
        "languages": [*languages],
        "source": packed_strings(dictionary.source),
        "target": packed_strings(dictionary.target),
        "forward": _direction(dictionary.forward),
        "backward": _direction(dictionary.backward),
    }


def _direction(direction: Direction) -> dict[str, str]:
    scores = np.nan_to_num(direction.scores, nan=-9, neginf=-9)
    return {
        "answers": packed_numbers(direction.answers, np.int32),
        "scores": packed_numbers(np.rint(1000 * scores), np.int16),
        "neighbors": packed_numbers(direction.neighbors, np.int32),
    }


def word_map_data(word_map: WordMap, languages: Sequence[dict[str, str]]) -> dict[str, object]:
    """Return what `word-map.js` unpacks; both coordinates lie in [0, 10000]."""
    points = [word_map.source_points, word_map.target_points]
    together = np.concatenate(points)
    low = together.min(axis=0)
    scale = 10_000 / np.maximum(np.ptp(together, axis=0), 1e-12)
    return {
        "languages": [*languages],
        "words": [packed_strings(words) for words in (word_map.source, word_map.target)],
        "points": [packed_numbers(np.rint((part - low) * scale), np.int16) for part in points],
        "links": packed_numbers(word_map.links, np.int32),
    }
