"""Recognition of file formats by their first bytes."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from alignx.support.encodings import wide_encoding

__all__ = [
    "BINARY",
    "BZIP2",
    "GZIP",
    "HEAD_SIZE",
    "NUMPY",
    "NUMPY_ARCHIVE",
    "PICKLE",
    "TAR",
    "WORD2VEC",
    "XZ",
    "ZIP",
    "FileKind",
    "described",
    "kind_of",
    "markup_of",
]

HEAD_SIZE = 4096

_ICONV = "convert it to UTF-8 first, such as with iconv -f UTF-16 -t UTF-8"
_TAR_AT, _TAR_MARK = 257, b"ustar"


class FileKind(NamedTuple):
    """Name of a file format, and advice on wrong use."""

    name: str
    advice: str

    def __str__(self) -> str:
        return f"this is {self.name}; {self.advice}"


BINARY = FileKind("binary data", "check the name")
GZIP = FileKind("a gzip archive", "unpack it with gunzip first")
BZIP2 = FileKind("a bzip2 archive", "unpack it with bunzip2 first")
XZ = FileKind("an xz archive", "unpack it with xz -d first")
TAR = FileKind("a tar archive", "unpack it with tar -x first")
ZIP = FileKind("a zip archive", "unpack it with unzip first")

NUMPY = FileKind("a NumPy array (.npy)", "name a text file")
NUMPY_ARCHIVE = FileKind("a NumPy archive (.npz)", "name a text file")
PICKLE = FileKind(
    "a pickle, such as gensim or Python saves", "load it there, and save what it holds as text"
)
WORD2VEC = FileKind("word2vec's binary format", "it holds vectors; name a text file")

_UTF16 = FileKind("text in UTF-16", _ICONV)
_ISO2022_TEXT = FileKind("text in ISO-2022", _ICONV.replace("UTF-16", "ISO-2022-JP"))
_ISO2022 = re.compile(rb"\x1b\$[@-C(]")  # escapes to Japanese, Chinese or Korean letters
_UTF32 = FileKind("text in UTF-32", _ICONV.replace("16", "32"))
_BY_MAGIC = {
    b"\xfd7zXZ\0": XZ,
    b"BZh": BZIP2,
    b"\x28\xb5\x2f\xfd": FileKind("a Zstandard archive", "unpack it with zstd -d first"),
    b"7z\xbc\xaf\x27\x1c": FileKind("a 7z archive", "unpack it first"),
    b"Rar!": FileKind("a RAR archive", "unpack it first"),
    b"\x93NUMPY": NUMPY,
    b"%PDF": FileKind("a PDF document", "save it as plain text first"),
    b"\x89HDF": FileKind("an HDF5 file", "export it as text first"),
    b"SQLite format 3": FileKind("an SQLite database", "export it as text first"),
    b"PAR1": FileKind("a Parquet file", "export it as text first"),
    b"ARROW1": FileKind("an Arrow file", "export it as text first"),
    b"\xd0\xcf\x11\xe0": FileKind("an old Office document", "save it as plain text first"),
    b"\x7fELF": FileKind("a program", "check the name"),
    b"\xba\x16\x4f\x2f": FileKind("a fastText model", "check the name"),
    codecs.BOM_UTF32_LE: _UTF32,  # begins like UTF-16
    codecs.BOM_UTF32_BE: _UTF32,
    codecs.BOM_UTF16_LE: _UTF16,
    codecs.BOM_UTF16_BE: _UTF16,
    b"\x1f\x8b": GZIP,
    b"version https://git-lfs": FileKind("a Git LFS pointer", "get the file by git lfs pull"),
}
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\((dp|lp)\d+\n|c(copy_reg|__builtin__)\n")
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_WORD2VEC = re.compile(rb"[ \t]*\d{1,18}[ \t]+(\d{1,18})[ \t]*\r?\n(?=[^ \n]+ )")
_NUMBER = re.compile(rb"[-+]?(\d*[.,]?\d+|\d+[.,])(e[-+]?\d+)?|nan|[-+]?inf", re.IGNORECASE)
_SHOWN = 8  # numbers that tell text from binary rows
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))
_HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
_ROOT = re.compile(rb"\s*<([A-Za-z][\w:.-]*)(\s[^<>]*)?>")


def kind_of(head: bytes) -> FileKind | None:
    r"""Recognize a binary format by 300 bytes or more; None for text.

    Examples
    --------
    >>> print(kind_of(b"\x93NUMPY"))
    this is a NumPy array (.npy); name a text file
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # the second is an empty one
        return _zip(head)
    if head[_TAR_AT : _TAR_AT + len(_TAR_MARK)] == _TAR_MARK:
        return TAR
    for magic, kind in _BY_MAGIC.items():
        if head.startswith(magic) and (magic != b"BZh" or _BZIP2.match(head)):
            return kind
    if _PICKLE.match(head):
        return PICKLE
    if head[4:9] == b"\0\0\0\0{":
        return FileKind("a .safetensors file", "check the name")
    if _ISO2022.search(head):
        return _ISO2022_TEXT
    return _binary(head) if b"\0" in head or _WORD2VEC.match(head) else None


def _zip(head: bytes) -> FileKind:
    """Recognize a format based on zip by the first member."""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name.endswith(b".npy"):
        return NUMPY_ARCHIVE
    if name.startswith((b"[Content_Types]", b"_rels", b"word/", b"xl/", b"mimetype")):
        return FileKind("an Office document", "save it as plain text first")
    if b"/data.pkl" in name:
        return FileKind("a model of torch", "export it as text first")
    return ZIP


def _binary(head: bytes) -> FileKind | None:
    """Recognize binary formats without a magic number."""
    if _is_word2vec(head):
        return WORD2VEC
    if wide_encoding(head):
        return _UTF16
    return BINARY if b"\0" in head else None


def _is_word2vec(head: bytes) -> bool:
    """Recognize a header, words and binary numbers; text has digits instead."""
    found = _WORD2VEC.match(head)
    if not found:
        return False
    rows = head[found.end() :]
    # The last of the first bytes may be cut.
    for line in rows.split(b"\n")[:2]:
        fields = line.split() if len(line) < len(rows) else line.split()[:-1]
        numbers = fields[-min(int(found[1]), _SHOWN) :]
        if numbers and all(map(_NUMBER.fullmatch, numbers)):
            return False
    if len(rows) > len(rows.translate(None, _CONTROLS)):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(rows)
    except UnicodeDecodeError:
        return True
    return False


def markup_of(data: bytes) -> FileKind | None:
    """Recognize HTML and XML, which servers send for missing files.

    An XML element without a declaration is recognized in a whole file only.
    """
    address = "check the address it came from"
    if _HTML.match(data):
        return FileKind("an HTML page", address)
    root = _ROOT.match(data)
    if _XML.match(data) or (root and data.rstrip().endswith(b"</" + root[1] + b">")):
        return FileKind("an XML page", address)
    return None


def described(head: bytes) -> str:
    """Describe a file of an unexpected format by its first bytes."""
    if kind := markup_of(head) or kind_of(head):
        return str(kind)
    return "this looks like text" if head else "the file is empty"
