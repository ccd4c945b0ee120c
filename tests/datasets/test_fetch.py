from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import logging
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from file_server import FileServer, Served

import alignx as ax
from alignx.datasets import transfer
from alignx.datasets.catalog import DICTIONARIES, VECTORS, PublicFile
from alignx.datasets.download import cache_folder, download, mirrored
from alignx.datasets.fetch import fetch, public_file
from alignx.datasets.languages import Language, languages, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

AFAR = "/dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.aa.vec"  # without a known checksum
CRAWL = "/dl.fbaipublicfiles.com/fasttext/vectors-crawl/cc.es.300"
MUSE = "/dl.fbaipublicfiles.com/arrival/dictionaries/en-es"
DATA = b"3000 2\n" + b"".join(b"word%d 0.5 %d\n" % (i, i) for i in range(3000))


@pytest.fixture
def afar(mirror: FileServer) -> Served:
    """The small file that most tests fetch."""
    mirror.files[AFAR] = Served(DATA)
    return mirror.files[AFAR]


def left(folder: Path | None = None) -> set[str]:
    """Return the names of all files in the cache."""
    return {path.name for path in (folder or cache_folder()).glob("*")}


WHOLE = {"wiki.aa.vec", "wiki.aa.vec.json", "wiki.aa.vec.LICENSE.txt"}
PART = {"wiki.aa.vec.part", "wiki.aa.vec.part.json"}


# --- the catalog ----------------------------------------------------------------------------------


def test_the_catalog_has_what_the_publishers_list() -> None:
    counts = {kind: sum(kind in each.vectors for each in languages().values()) for kind in VECTORS}
    assert counts == {"wiki": 294, "crawl": 158, "aligned": 44}
    assert {kind: len(each.pairs) for kind, each in DICTIONARIES.items()} == {
        "muse": 108,
        "xling": 28,
    }
    known = [each.sha256 for each in languages().values() if each.sha256]
    assert len(known) == len(set(known)) == 173
    assert all(len(sha) == 64 and int(sha, 16) for sha in known)
    # https://dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.es.vec, hashed by others too
    assert languages()["es"].sha256 == (
        "cf2e9a1976055a18ad358fb0331bc5f9b2e8541d6d4903b562a63b60f3ae392e"
    )
    for collection in DICTIONARIES.values():
        assert {code for pair in collection.pairs for code in pair} <= languages().keys()
        assert all(source != target for source, target in collection.pairs)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": "es"}, "fasttext/vectors-wiki/wiki.es.vec"),
        ({"name": "es", "format": "bin"}, "fasttext/vectors-wiki/wiki.es.zip"),
        ({"name": "es", "vectors": "crawl"}, "fasttext/vectors-crawl/cc.es.300.vec.gz"),
        (
            {"name": "es", "vectors": "crawl", "format": "bin"},
            "fasttext/vectors-crawl/cc.es.300.bin.gz",
        ),
        ({"name": "es", "vectors": "aligned"}, "fasttext/vectors-aligned/wiki.es.align.vec"),
        ({"name": "zh-yue"}, "fasttext/vectors-wiki/wiki.zh_yue.vec"),
        ({"name": "en-es"}, "arrival/dictionaries/en-es.0-5000.txt"),
        ({"name": "en-es", "part": "test"}, "arrival/dictionaries/en-es.5000-6500.txt"),
        ({"name": "German-Italian", "part": "full"}, "arrival/dictionaries/de-it.txt"),
    ],
)
def test_addresses_are_those_of_the_publisher(given: dict[str, str], path: str) -> None:
    file = public_file(**given)
    assert file.url == f"https://dl.fbaipublicfiles.com/{path}"
    assert file.name == path.rpartition("/")[2]


def test_dictionaries_of_xling_are_those_of_one_commit() -> None:
    file = public_file("de-it", dictionary="xling", part="1k")
    assert file.url == (
        "https://raw.githubusercontent.com/codogogo/xling-eval/88f037f567a1fb0cb75e5a923d512c57fdef3a10"
        "/bli_datasets/de-it/yacle.train.freq.1k.de-it.tsv"
    )
    assert file.license.name == "no license is stated"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("es", ("es",)),
        ("ES", ("es",)),
        ("spanish", ("es",)),
        ("spa", ("es",)),
        ("Volapük", ("vo",)),
        ("volapuk", ("vo",)),
        ("zh_min_nan", ("zh_min_nan",)),
        ("zh-min-nan", ("zh_min_nan",)),
        ("Serbo-Croatian", ("sh",)),
        ("Serbo-Croatian-English", ("sh", "en")),
        ("en-es", ("en", "es")),
        ("eng-deu", ("en", "de")),
        ("en-zh-min-nan", ("en", "zh_min_nan")),
    ],
)
def test_languages_are_found_by_code_and_name(text: str, codes: tuple[str, ...]) -> None:
    assert parse_name(text) == codes


def test_all_languages_are_found_by_all_their_names() -> None:
    for code, language in languages().items():
        for name in (code, language.name, *language.other_codes):
            assert parse_name(name) == (code,), name
    assert str(languages()["es"]) == "Spanish (es)"
    assert isinstance(languages()["es"], Language)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "spansh"}, r"got 'spansh' \(near: Spanish \(es\)"),
        ({"name": "en-spansh"}, r"in 'en-spansh', got 'spansh' \(near: Spanish"),
        ({"name": ""}, "got ''; `alignx fetch --list` prints all"),
        ({"name": "-"}, "in '-', got ''"),
        (
            {"name": "aa", "vectors": "crawl"},
            r"crawl has no vectors of Afar \(aa\); wiki has some",
        ),
        ({"name": "es", "vectors": "glove"}, "one of wiki, crawl, aligned, got 'glove'"),
        ({"name": "es", "vectors": "aligned", "format": "bin"}, "as vec only, got 'bin'"),
        ({"name": "es", "part": "test"}, "part=test is for a dictionary"),
        ({"name": "en-es", "format": "bin"}, "format=bin is for vectors of a language"),
        ({"name": "en-de", "dictionary": "xling", "part": "full"}, "parts train, test, 500"),
        ({"name": "en-es", "dictionary": "xling"}, "xling has no dictionary en-es; muse has one"),
        ({"name": "fr-ru"}, "fetch ru-fr of xling and read it with columns=2,1"),
        ({"name": "aa-ab"}, "or `alignx align --identical`"),
    ],
)
def test_what_does_not_exist_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        public_file(**given)


# --- a download -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("afar")
def test_a_file_is_fetched_once_with_its_license_and_its_record(
    mirror: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[float] = []
    path = fetch("aa", progress=seen.append)
    assert path == cache_folder() / "wiki.aa.vec"
    assert path.read_bytes() == DATA
    assert left() == WHOLE
    assert "license CC BY-SA 3.0, https://creativecommons.org/licenses/by-sa/3.0/" in caplog.text
    terms = (path.parent / "wiki.aa.vec.LICENSE.txt").read_text()
    assert "from https://dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.aa.vec" in terms
    assert "CC BY-SA 3.0" in terms
    assert "Bojanowski" in terms
    record = json.loads((path.parent / "wiki.aa.vec.json").read_text())
    assert record["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert (record["size"], record["url"]) == (len(DATA), mirror.url + AFAR)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    caplog.clear()
    assert fetch("Afar") == path
    assert mirror.requests == [(AFAR, 0)]
    assert not caplog.records
    assert len(ax.load(path)) == 3000
    assert mirror.seen[0]["User-Agent"].startswith("alignx/")
    assert mirror.seen[0]["Accept-Encoding"] == "identity"


@pytest.mark.usefixtures("afar", "mirror")
def test_a_folder_can_be_named(tmp_path: Path) -> None:
    assert fetch("aa", folder=tmp_path / "new" / "folder").parent == tmp_path / "new" / "folder"
    assert not cache_folder().exists()


@pytest.mark.usefixtures("afar")
def test_files_without_a_network_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = fetch("aa")
    path.parent.chmod(0o555)  # as a shared folder may be
    monkeypatch.setenv("ALIGNX_MIRROR", "http://127.0.0.1:9")
    try:
        assert fetch("aa") == path
    finally:
        path.parent.chmod(0o755)


@pytest.mark.usefixtures("afar")
def test_a_changed_file_is_kept_aside_and_fetched_again(
    mirror: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    path = fetch("aa")
    path.write_bytes(DATA[:-1])
    assert fetch("aa").read_bytes() == DATA
    assert path.with_name("wiki.aa.vec.changed").read_bytes() == DATA[:-1]
    assert "damaged or changed; renamed to wiki.aa.vec.changed, and fetched again" in caplog.text
    path.write_bytes(b"X" + DATA[1:])  # of the same length
    assert fetch("aa").read_bytes() == DATA
    assert len(mirror.requests) == 3


def test_a_file_put_there_by_hand_is_used_and_said(
    mirror: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    cache_folder().mkdir()
    (cache_folder() / "wiki.aa.vec").write_bytes(DATA)
    assert fetch("aa").read_bytes() == DATA
    assert "not fetched by alignx, so used without a check" in caplog.text
    assert not mirror.requests


def test_a_published_checksum_is_enforced(
    mirror: FileServer,
) -> None:
    path = AFAR.replace("aa", "es")
    mirror.files[path] = Served(DATA)
    with pytest.raises(ax.DownloadError, match=r"SHA-256 must be cf2e9a19.*, got"):
        fetch("es")
    assert left() == set()
    known = public_file("es")._replace(sha256=hashlib.sha256(DATA).hexdigest())
    assert download(known, cache_folder()).read_bytes() == DATA


def test_the_models_are_unpacked(mirror: FileServer) -> None:
    model = b"\xba\x16\x4f\x2f" + bytes(range(256)) * 40
    mirror.files[f"{CRAWL}.bin.gz"] = Served(gzip.compress(model))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wiki.es.bin", model)
        archive.writestr("wiki.es.vec", DATA)
    mirror.files[AFAR.replace("aa.vec", "es.zip")] = Served(packed.getvalue())
    seen: list[float] = []
    for kind, name in (("crawl", "cc.es.300.bin"), ("wiki", "wiki.es.bin")):
        path = fetch("es", vectors=kind, format="bin", progress=seen.append)  # type: ignore[arg-type]
        assert (path.name, path.read_bytes()) == (name, model)
        assert seen[-1] == 1.0
    assert left() == {
        f"{name}{ending}"
        for name in ("cc.es.300.bin", "wiki.es.bin")
        for ending in ("", ".json", ".LICENSE.txt")
    }
    fetch("es", format="bin")
    assert len(mirror.requests) == 2


def test_text_stays_packed_and_is_tested(mirror: FileServer) -> None:
    packed = gzip.compress(DATA)
    served = mirror.files[f"{CRAWL}.vec.gz"] = Served(packed)
    path = fetch("es", vectors="crawl")
    assert path.read_bytes() == packed
    assert len(ax.load(path)) == 3000
    path.unlink()
    path.with_name(f"{path.name}.json").unlink()
    served.data = packed[:2000] + bytes([packed[2000] ^ 1]) + packed[2001:]  # a flipped bit
    with pytest.raises(ax.FormatError, match=r"cc.es.300.vec.gz: the archive is truncated or dam"):
        fetch("es", vectors="crawl")
    assert not path.exists()
    served.data = DATA
    with pytest.raises(ax.DownloadError, match=r"this must be cc.es.300.vec.gz, got text"):
        fetch("es", vectors="crawl")
    served.data = b""
    with pytest.raises(ax.DownloadError, match=r"this must be cc.es.300.vec.gz, got an empty file"):
        fetch("es", vectors="crawl")


def test_a_damaged_model_leaves_no_model(mirror: FileServer) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("another.bin", bytes(100))
    mirror.files[AFAR.replace("aa.vec", "es.zip")] = Served(packed.getvalue())
    with pytest.raises(ax.FormatError, match=r"an intact zip archive with wiki.es.bin; fetch it"):
        fetch("es", format="bin")
    assert not left()


def test_a_model_that_did_not_fit_is_unpacked_by_the_next_call(
    mirror: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = b"\xba\x16\x4f\x2f" + bytes(1000)
    mirror.files[f"{CRAWL}.bin.gz"] = Served(gzip.compress(model))
    with monkeypatch.context() as patched:
        patched.setattr("alignx.datasets.download.unpacked", _full)
        with pytest.raises(ax.OutputError, match="no space is left on the device"):
            fetch("es", vectors="crawl", format="bin")
    assert left() == {"cc.es.300.bin.gz"}
    assert fetch("es", vectors="crawl", format="bin").read_bytes() == model
    assert len(mirror.requests) == 1


def _full(*_: object) -> Iterator[bytes]:
    yield b"model"
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_dictionary_is_fetched(mirror: FileServer) -> None:
    mirror.files[f"{MUSE}.0-5000.txt"] = Served(b"cat\tgato\n", kind="text/plain")
    assert list(ax.Lexicon.load(fetch("en-es"))) == [("cat", "gato")]


# --- interruptions --------------------------------------------------------------------------------


def test_a_broken_connection_is_resumed(mirror: FileServer, afar: Served) -> None:
    afar.cuts = [10_000, 5_000, 7]
    assert fetch("aa").read_bytes() == DATA
    assert mirror.requests == [(AFAR, 0), (AFAR, 10_000), (AFAR, 15_000), (AFAR, 15_007)]
    assert mirror.sent == len(DATA)
    assert left() == WHOLE


def test_what_has_arrived_is_kept_for_the_next_call(mirror: FileServer, afar: Served) -> None:
    afar.cuts = [10_000, *[0] * 20]
    with pytest.raises(ax.DownloadError, match=r"6 times in a row; 10.0 kB of 51.8 kB are kept"):
        fetch("aa")
    assert left() == PART
    assert len(mirror.requests) == 6
    afar.cuts.clear()
    assert fetch("aa").read_bytes() == DATA
    assert mirror.sent == len(DATA)
    assert left() == WHOLE


@pytest.mark.usefixtures("afar")
def test_a_part_that_is_whole_needs_no_request(mirror: FileServer) -> None:
    fetch("aa")
    record = {"url": mirror.url + AFAR, "validator": '"1"', "size": len(DATA)}
    for name in left():
        (cache_folder() / name).unlink()
    (cache_folder() / "wiki.aa.vec.part").write_bytes(DATA)
    (cache_folder() / "wiki.aa.vec.part.json").write_text(json.dumps(record))
    assert fetch("aa").read_bytes() == DATA
    assert len(mirror.requests) == 1
    assert left() == WHOLE


@pytest.mark.parametrize("ranges", ["yes", "blind"])
def test_a_file_that_changes_between_attempts_starts_again(
    mirror: FileServer, afar: Served, ranges: str
) -> None:
    afar.cuts = [10_000, *[0] * 5]
    with pytest.raises(ax.DownloadError):
        fetch("aa")
    afar.data, afar.tag, afar.ranges = DATA.replace(b"word", b"wort"), '"2"', ranges
    afar.cuts.clear()
    assert fetch("aa").read_bytes() == afar.data
    assert mirror.requests[-1] == (AFAR, 0)


@pytest.mark.usefixtures("mirror")
def test_a_file_that_shrinks_starts_again(afar: Served) -> None:
    afar.cuts = [10_000, *[0] * 5]
    with pytest.raises(ax.DownloadError):
        fetch("aa")
    afar.cuts.clear()
    afar.data, afar.tag, afar.ranges = DATA[: DATA.index(b"word2980")], '"2"', "blind"
    assert fetch("aa").read_bytes() == afar.data


def test_a_server_without_ranges_starts_again(mirror: FileServer, afar: Served) -> None:
    afar.ranges = "no"
    afar.cuts = [10_000, 20_000]
    assert fetch("aa").read_bytes() == DATA
    assert mirror.requests == [(AFAR, 0)] * 3


def test_a_server_without_ranges_that_always_breaks_off_is_given_up(
    mirror: FileServer, afar: Served
) -> None:
    afar.ranges = "no"
    afar.cuts = [10_000] * 50
    with pytest.raises(ax.DownloadError, match="6 times in a row"):
        fetch("aa")
    assert len(mirror.requests) == 6


@pytest.mark.parametrize(
    ("tag", "modified", "starts"),
    [
        (None, None, [0, 0]),  # nothing tells a change
        ('W/"1"', None, [0, 0]),  # nor does a weak tag
        (None, "Sat, 01 Jan 2022 00:00:00 GMT", [0, 10_000]),
    ],
)
def test_only_what_a_validator_protects_is_resumed(
    mirror: FileServer, afar: Served, tag: str | None, modified: str | None, starts: list[int]
) -> None:
    afar.tag, afar.modified, afar.cuts = tag, modified, [10_000]
    assert fetch("aa").read_bytes() == DATA
    assert [start for _, start in mirror.requests] == starts


@pytest.mark.usefixtures("afar")
def test_a_garbled_record_of_a_part_starts_again(mirror: FileServer) -> None:
    cache_folder().mkdir()
    (cache_folder() / "wiki.aa.vec.part").write_bytes(b"old")
    for text in ("", "[]", '{"url": 3}', '{"other": 1}', "null"):
        (cache_folder() / "wiki.aa.vec.part.json").write_text(text)
        (cache_folder() / "wiki.aa.vec.part").write_bytes(b"old")
        fetch("aa").unlink()
    assert {start for _, start in mirror.requests} == {0}


# --- what servers answer --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408, 0])
def test_temporary_errors_are_retried(mirror: FileServer, afar: Served, status: int) -> None:
    afar.statuses = [status, status]
    assert fetch("aa").read_bytes() == DATA
    assert len(mirror.requests) == 3


@pytest.mark.usefixtures("mirror")
def test_retry_after_is_obeyed(afar: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("alignx.datasets.transfer.time.sleep", waits.append)
    afar.statuses, afar.headers = [503, 503, 503], {"Retry-After": "7"}
    fetch("aa")
    assert waits == [7.0, 7.0, 7.0]
    afar.headers = {"Retry-After": "100000"}
    afar.statuses = [503] * 9
    with pytest.raises(ax.DownloadError, match=r"503 Service Unavailable, 6 times in a row$"):
        fetch("aa", folder=cache_folder() / "other")
    assert waits[3:] == [60.0] * 5


@pytest.mark.usefixtures("mirror")
def test_waits_grow(afar: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("alignx.datasets.transfer.time.sleep", waits.append)
    monkeypatch.setattr("alignx.datasets.transfer._FIRST_WAIT", 1.0)
    afar.statuses = [500] * 5
    fetch("aa")
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "404 Not Found; the file is not there, or no more"),
        (403, "403 Forbidden; it may be gone, or ask for a password"),
        (401, "401 Unauthorized"),
        (410, "410 Gone"),
        (204, "204 No Content"),
    ],
)
def test_final_errors_are_final(
    mirror: FileServer, afar: Served, status: int, message: str
) -> None:
    afar.statuses = [status] * 9
    with pytest.raises(ax.DownloadError, match=message) as caught:
        fetch("aa")
    assert caught.value.path == mirror.url + AFAR
    assert isinstance(caught.value, OSError)
    assert len(mirror.requests) == 1
    assert left() == set()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "text/html; charset=utf-8"),
        (b"\n<html><body>Log in</body></html>", "application/octet-stream"),
        (b"<head><title>Log in</title></head>", "text/html"),
        (b'{"error": "quota"}', "application/json"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "binary/octet-stream"),
    ],
)
def test_pages_in_place_of_files_are_refused(afar: Served, data: bytes, kind: str) -> None:
    afar.data, afar.kind = data, kind
    with pytest.raises(
        ax.DownloadError, match=r"got an? (HTML page|XML page|JSON answer); does the network ask"
    ):
        fetch("aa")
    assert not left()


def test_redirects_are_followed(mirror: FileServer, afar: Served) -> None:
    mirror.files[AFAR] = Served(redirect=f"{mirror.url}/elsewhere")
    mirror.files["/elsewhere"] = afar
    afar.cuts = [10_000]
    assert fetch("aa").read_bytes() == DATA
    assert mirror.requests[-1] == ("/elsewhere", 10_000)
    mirror.files[AFAR].redirect = AFAR
    with pytest.raises(ax.DownloadError, match="the server redirects in a circle"):
        fetch("aa", folder=cache_folder() / "other")


def test_a_page_behind_a_redirect_is_named(mirror: FileServer) -> None:
    mirror.files[AFAR] = Served(redirect="/portal")
    mirror.files["/portal"] = Served(b"<html>Log in</html>", kind="text/html")
    with pytest.raises(ax.DownloadError, match=rf"got an HTML page \(at {mirror.url}/portal\)"):
        fetch("aa")


@pytest.mark.usefixtures("mirror")
def test_a_length_that_is_too_large_is_an_error(afar: Served) -> None:
    afar.length = len(DATA) + 1000
    with pytest.raises(ax.DownloadError, match="6 times in a row"):
        fetch("aa")
    assert "wiki.aa.vec" not in left()


def test_a_length_that_is_too_small_is_found_where_a_checksum_is_known(
    mirror: FileServer,
) -> None:
    packed = gzip.compress(DATA)
    mirror.files[f"{CRAWL}.vec.gz"] = Served(packed, length=len(packed) - 9)
    with pytest.raises(ax.FormatError, match="truncated or damaged"):
        fetch("es", vectors="crawl")
    assert not left()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA[:30_000], r"its header promises 3,000 words, got 1,\d\d\d; fetch it again"),
        (b"error 17\n", "this must be vectors with a header, got other text"),
        (b"", r"this must be wiki.aa.vec, got an empty file"),
        (b"\x93NUMPY" + bytes(9), r"this must be wiki.aa.vec, got a NumPy array"),
    ],
)
def test_text_without_a_checksum_is_looked_at(afar: Served, data: bytes, message: str) -> None:
    afar.data = data
    with pytest.raises(ax.DownloadError, match=message):
        fetch("aa")
    assert not left()


def test_a_header_that_is_off_by_one_is_accepted(afar: Served) -> None:
    afar.data = DATA.replace(b"3000", b"3001", 1)
    assert fetch("aa").read_bytes() == afar.data


@pytest.mark.parametrize(("length", "said"), [("chunked", False), ("none", True)])
@pytest.mark.usefixtures("mirror")
def test_a_file_without_a_length(
    afar: Served, caplog: pytest.LogCaptureFixture, length: str, said: bool
) -> None:
    afar.length = length
    assert fetch("aa").read_bytes() == DATA
    assert ("tells no length, so a cut file may pass" in caplog.text) == said


@pytest.mark.usefixtures("mirror")
def test_a_chunked_file_that_is_cut_is_fetched_again(afar: Served) -> None:
    afar.length, afar.cuts = "chunked", [10_000]
    assert fetch("aa").read_bytes() == DATA


def test_a_packed_answer_is_refused(afar: Served) -> None:
    afar.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(ax.DownloadError, match="send the file as it is, got it as gzip"):
        fetch("aa")


def test_a_gzip_file_that_is_also_called_packed_arrives_as_it_is(mirror: FileServer) -> None:
    packed = gzip.compress(DATA)
    mirror.files[f"{CRAWL}.vec.gz"] = Served(packed, headers={"Content-Encoding": "gzip"})
    assert fetch("es", vectors="crawl").read_bytes() == packed


@pytest.mark.slow
def test_a_server_that_stalls_is_tried_again(
    mirror: FileServer, afar: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_TIMEOUTS", (1.0, 0.1))
    monkeypatch.setattr(transfer, "_CHUNK", 1024)
    small = b"9 9" + DATA[6:3000]
    afar.data, afar.pause = small, 0.5
    assert fetch("aa").read_bytes() == small
    assert [start for _, start in mirror.requests] == [0, 1024, 2048]


@pytest.mark.usefixtures("mirror")
def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_TIMEOUTS", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ALIGNX_MIRROR", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ax.DownloadError, match=r"127.0.0.1 must be in reach, got no answer"):
            fetch("aa")


@pytest.mark.slow
def test_a_slow_server_is_waited_for(mirror: FileServer, afar: Served) -> None:
    afar.data, afar.pause = b"9" + DATA[4 : DATA.index(b"word900")], 0.02
    assert fetch("aa").read_bytes() == afar.data
    assert len(mirror.requests) == 1


# --- networks -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("mirror")
def test_no_network_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as reserved:  # bound, not listening
        reserved.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ALIGNX_MIRROR", f"http://127.0.0.1:{reserved.getsockname()[1]}")
        with pytest.raises(ax.DownloadError, match=r"127.0.0.1 must be in reach, got no answer"):
            fetch("aa")
    monkeypatch.setenv("ALIGNX_MIRROR", "http://no-such-host.invalid/")
    with pytest.raises(ax.DownloadError, match=r"no address is found for no-such-host.invalid"):
        fetch("aa")
    assert left() == set()


def test_a_certificate_that_nobody_signed_is_refused(
    mirror: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIGNX_MIRROR", mirror.url.replace("http:", "https:"))
    with pytest.raises(ax.DownloadError, match=r"the certificate of 127.0.0.1 must be valid"):
        fetch("aa")


class _Proxy(BaseHTTPRequestHandler):
    """Proxy that counts what passes."""

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self.server.passed.append(self.path)  # type: ignore[attr-defined]
        with urlopen(self.path) as answer:
            data = answer.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def proxy() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Proxy)
    server.passed = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("afar")
def test_proxies_of_the_usual_variables_are_used(
    mirror: FileServer, proxy: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setattr("urllib.request.getproxies", dict)  # as the proxy sees them
    assert fetch("aa").read_bytes() == DATA
    assert proxy.passed == [mirror.url + AFAR]  # type: ignore[attr-defined]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fetch("aa", folder=cache_folder() / "other")
    assert len(proxy.passed) == 1  # type: ignore[attr-defined]


@pytest.mark.usefixtures("mirror")
def test_a_proxy_out_of_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ax.DownloadError, match=r"the proxy http://127.0.0.1:9 must let it thr"):
        fetch("aa")


def test_passwords_are_not_shown(
    mirror: FileServer, afar: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIGNX_MIRROR", mirror.url.replace("//", "//me:secret@"))
    afar.statuses = [404]
    with pytest.raises(ax.DownloadError) as caught:
        fetch("aa")
    assert caught.value.path == mirror.url + AFAR
    afar.cuts = [10_000]
    path = fetch("aa")
    assert mirror.seen[-1]["Authorization"].startswith("Basic ")
    assert mirror.requests[-1] == (AFAR, 10_000)
    monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:9")
    path.unlink()
    with pytest.raises(ax.DownloadError) as caught:
        fetch("aa")
    assert "secret" not in str(caught.value)
    assert not any(b"secret" in each.read_bytes() for each in cache_folder().glob("*"))


def test_a_mirror_has_the_folders_of_wget(monkeypatch: pytest.MonkeyPatch) -> None:
    url = public_file("es").url
    monkeypatch.delenv("ALIGNX_MIRROR", raising=False)
    assert mirrored(url) == url
    monkeypatch.setenv("ALIGNX_MIRROR", "https://mirror.example/vectors/")
    assert mirrored(url) == (
        "https://mirror.example/vectors/dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.es.vec"
    )
    monkeypatch.setenv("ALIGNX_MIRROR", "mirror.example")
    with pytest.raises(ValueError, match="ALIGNX_MIRROR must begin with http:// or https://"):
        mirrored(url)


def test_the_cache_is_the_folder_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ALIGNX_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "alignx"
    monkeypatch.setenv("ALIGNX_CACHE", "~/vectors")
    assert cache_folder() == Path.home() / "vectors"


# --- disks and other processes --------------------------------------------------------------------


@pytest.mark.usefixtures("afar")
def test_a_full_disk_is_seen_before(mirror: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(free=5)
    monkeypatch.setattr("alignx.datasets.transfer.shutil.disk_usage", lambda _: full)
    with pytest.raises(ax.OutputError, match=r"51\.8 kB must be free here, got 5 bytes"):
        fetch("aa")
    assert left() == set()
    assert mirror.sent <= len(DATA)


@pytest.mark.usefixtures("afar")
def test_a_folder_that_cannot_be_written_is_named(mirror: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ax.OutputError, match="file"):
        fetch("aa", folder=tmp_path / "file")
    with pytest.raises(ax.OutputError, match="file"):
        fetch("aa", folder=tmp_path / "file" / "folder")
    assert not mirror.requests


def test_two_at_once_fetch_a_file_once(
    mirror: FileServer, afar: Served, caplog: pytest.LogCaptureFixture
) -> None:
    afar.pause = 0.002
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch("aa").read_bytes())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [DATA, DATA]
    assert mirror.requests == [(AFAR, 0)]
    assert "another process is fetching wiki.aa.vec; waiting for it" in caplog.text
    assert left() == WHOLE


@pytest.mark.usefixtures("afar")
def test_the_log_of_pooch_stays_silent(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        fetch("aa")
    assert {record.name for record in caplog.records} <= {"alignx", "urllib3.connectionpool"}
    assert isinstance(public_file("aa"), PublicFile)
