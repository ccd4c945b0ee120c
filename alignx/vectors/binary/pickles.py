"""Refusal of pickles, which run code when they are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from alignx.errors import FormatError
from alignx.support.file_kinds import PICKLE, kind_of

if TYPE_CHECKING:
    from alignx.vectors.load_options import LoadOptions
    from alignx.vectors.vector_stream import VectorStream

__all__ = ["is_pickle", "refuse_pickle"]


def is_pickle(head: bytes) -> bool:
    """Recognize a pickle, as Python and gensim save."""
    return kind_of(head) is PICKLE


def refuse_pickle(stream: VectorStream, path: str, _: LoadOptions) -> Never:
    """Raise a FormatError that names the way out."""
    is_gensim = b"gensim" in stream.head
    name = "a pickled gensim model" if is_gensim else "a pickle, such as gensim or Python saves"
    problem = (
        f"this is {name}, and pickles are never loaded; load it there, and save it as text (in "
        "gensim: save_word2vec_format) or pass what it holds to ax.as_embeddings"
    )
    raise FormatError(path, problem)
