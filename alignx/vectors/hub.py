"""Vectors in repositories of the Hugging Face Hub, as hf://OWNER/NAME."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from alignx.errors import DownloadError, FormatError
from alignx.support.packages import require_packages
from alignx.vectors.language_codes import guess_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.files import StrPath

__all__ = ["local_path", "located"]

# Path() leaves one slash of two.
_ADDRESS = re.compile(r"hf:/{1,2}([^/@]+)/([^/@]+)(?:@([^/]+))?(?:/(.+))?")
_PACKED = ("", ".gz", ".bz2", ".xz", ".zip")
_VECTORS = tuple(
    f"{name}{packed}" for name in (".vec", ".bin", ".ftz", ".npz") for packed in _PACKED
)
_OTHERS = (".safetensors", *(f".txt{packed}" for packed in _PACKED))
# Files of models of other kinds, and notes.
_NO_VECTORS = (
    *("pytorch_model*", "training_args*", "optimizer*", "scheduler*", "adapter_model*"),
    *("requirements*", "vocab*", "merges*", "readme*", "license*", "*.onnx*"),
)


class _Address(NamedTuple):
    owner: str
    name: str
    revision: str | None
    file: str | None

    @property
    def repository(self) -> str:
        return f"{self.owner}/{self.name}"


def local_path(path: StrPath) -> StrPath:
    """Fetch a file of the Hugging Face Hub into its cache; other paths are returned unchanged.

    Parameters
    ----------
    path : path
        ``hf://OWNER/NAME``, ``hf://OWNER/NAME/FILE``, or with a branch, tag or commit,
        ``hf://OWNER/NAME@REVISION``. Without a file the repository must hold one of vectors only.

    Returns
    -------
    path
        File in the cache of huggingface_hub, whose variables such as ``HF_TOKEN``, ``HF_HOME``,
        ``HF_ENDPOINT`` and ``HF_HUB_OFFLINE`` apply.

    Raises
    ------
    DownloadError
        If the repository or file is missing or out of reach.
    FormatError
        If the address has another form, or does not tell which file is meant.
    MissingDependencyError
        If huggingface_hub is not installed.

    Examples
    --------
    >>> local_path("wiki.en.vec")
    'wiki.en.vec'
    """
    address = _address(path)
    if address is None:
        return path
    require_packages({"hf://": "huggingface_hub"})
    import huggingface_hub as hub
    from huggingface_hub import errors

    url = _url(os.fspath(path))
    try:
        files = _files_of(address)
        is_offline = files is None
        file = address.file or _only_file(url, _cached_files(address) if files is None else files)
        return Path(
            hub.hf_hub_download(
                address.repository, file, revision=address.revision, local_files_only=is_offline
            )
        )
    except errors.HFValidationError as error:
        raise FormatError(
            url, "the address must be hf://OWNER/NAME or hf://OWNER/NAME/FILE"
        ) from error
    except (errors.HTTPError, OSError) as error:
        raise DownloadError(url, _reason(error, address)) from error


def located(path: StrPath, language: str | None) -> tuple[str, str | None]:
    """Return the local file of a path, and the language that the name of a repository tells."""
    name, address = os.fspath(local_path(path)), _address(path)
    # A cache stores its language, and the name of a file says more than that of the repository.
    if language or not address or name.endswith(".safetensors") or guess_language(name).code:
        return name, language
    return name, guess_language(address.name).code


def _url(text: str) -> str:
    return f"hf://{text.removeprefix('hf:').lstrip('/')}"


def _address(path: StrPath) -> _Address | None:
    text = os.fspath(path)
    if not text.startswith("hf:/"):
        return None
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise FormatError(_url(text), "the address must be hf://OWNER/NAME or hf://OWNER/NAME/FILE")
    owner, name, revision, file = found.groups()
    return _Address(owner, name, revision and unquote(revision), file)


def _files_of(address: _Address) -> Sequence[str] | None:
    """List the files of a repository; None if the server is out of reach or order."""
    import huggingface_hub as hub
    from huggingface_hub import errors

    try:
        # Other functions would try for half a minute without a network.
        info = hub.HfApi().model_info(address.repository, revision=address.revision, timeout=10)
    except errors.HfHubHTTPError as error:
        if error.response is not None and error.response.status_code < 500:
            raise
        return None
    except (errors.HTTPError, OSError):
        return None
    return [sibling.rfilename for sibling in info.siblings or ()]


def _cached_files(address: _Address) -> Sequence[str]:
    """List the files of a repository that are in the cache."""
    import huggingface_hub as hub

    folder = Path(
        hub.snapshot_download(address.repository, revision=address.revision, local_files_only=True)
    )
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def _only_file(url: str, files: Sequence[str]) -> str:
    """Return the file of vectors in a repository; refuse none and several."""
    names = [file for file in files if not _is_other(file)]
    for endings in (_VECTORS, _OTHERS[:1], _OTHERS[1:]):
        found = sorted(file for file in names if file.lower().endswith(endings))
        if len(found) == 1 or "model.bin" in found:
            return "model.bin" if "model.bin" in found else found[0]
        if found:
            shown = ", ".join(found[:4]) + (", ..." if len(found) > 4 else "")
            problem = f"the repository holds {len(found)} files of vectors ({shown})"
            raise FormatError(url, f"{problem}; name one, such as {url}/{found[0]}")
    shown = ", ".join(sorted(files)[:4]) or "no file"
    raise FormatError(
        url, f"the repository must hold vectors (.vec, .bin, .npz, .safetensors), got {shown}"
    )


def _is_other(file: str) -> bool:
    name = file.rpartition("/")[2].lower()
    return any(fnmatchcase(name, pattern) for pattern in _NO_VECTORS)


def _reason(error: Exception, address: _Address) -> str:
    """Describe an error of huggingface_hub in one line."""
    from huggingface_hub import constants, errors

    if isinstance(error, errors.GatedRepoError):
        return f"accept the terms at {constants.ENDPOINT}/{address.repository}, and set HF_TOKEN"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "there is no such repository; if it is private, set HF_TOKEN"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the repository has no revision {address.revision}"
    if isinstance(error, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled):
        return f"the file is not in the cache, and {_offline(constants.ENDPOINT)}"
    if isinstance(error, errors.EntryNotFoundError):
        return f"the repository has no file {address.file}"
    if isinstance(error, errors.HfHubHTTPError) and error.response is not None:
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        advice = "; set HF_TOKEN" if error.response.status_code in (401, 403) else ""
        return f"the server answers {status}{advice}"
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return error.strerror
    return _offline(constants.ENDPOINT)


def _offline(endpoint: str) -> str:
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set"
    return f"{endpoint} gives no answer; check the connection"
