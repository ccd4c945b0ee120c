from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import fail, succeed
from file_server import FileServer, Served, serving

import alignx as ax
from alignx.vectors.hub import local_path, located

if TYPE_CHECKING:
    from collections.abc import Iterator

hub = pytest.importorskip("huggingface_hub")
NAME = "someone/fasttext-es-vectors"
TEXT = b"2 3\ngato 1 0 0\nperro 0 1 0\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server with the few answers of the Hub that a download takes."""
    from huggingface_hub import constants

    for name in ("http_proxy", "https_proxy", "all_proxy", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as started:
        template = started.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", started.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        yield started


def offer(server: FileServer, files: dict[str, bytes], revision: str = "main") -> None:
    """Put a repository on the server."""
    info = {"id": NAME, "siblings": [{"rfilename": name} for name in files]}
    path = "" if revision == "main" else f"/revision/{revision}"
    server.files[f"/api/models/{NAME}{path}"] = Served(
        json.dumps(info).encode(), kind="application/json"
    )
    commit = hashlib.sha1(revision.encode()).hexdigest()
    for name, data in files.items():
        server.files[f"/{NAME}/resolve/{revision}/{name}"] = Served(
            data, tag=f'"{abs(hash(data)):040x}"', headers={"X-Repo-Commit": commit}
        )


def refuse(server: FileServer, path: str, status: int, code: str) -> None:
    server.files[path] = Served(statuses=[status] * 50, headers={"X-Error-Code": code})


NOTES = {"README.md": b"# notes", ".gitattributes": b"", "config.json": b"{}", "vocab.txt": b"a"}


@pytest.mark.parametrize("path", [f"hf://{NAME}", Path(f"hf://{NAME}")])
@pytest.mark.parametrize(
    "files",
    [
        {"model.bin": TEXT},
        {"model.bin": TEXT, "other.bin": b"no"},
        {"vectors.npz": TEXT, "notes.txt": b"no"},
        {"vectors.txt.xz": TEXT, "config.json": b"no"},
        {"wiki.es.vec": TEXT, "model.safetensors": b"no"},
        {"data/glove.txt": TEXT},
        {"wiki.es.vec.gz": TEXT, "pytorch_model.bin": b"no", "training_args.bin": b"no"},
    ],
)
def test_the_one_file_of_vectors_is_found(
    server: FileServer, path: str | Path, files: dict[str, bytes]
) -> None:
    offer(server, NOTES | files)
    found = Path(local_path(path))
    assert found.read_bytes() == TEXT
    assert found.name == next(iter(files)).rpartition("/")[2]


@pytest.mark.usefixtures("server")
def test_other_paths_are_returned_unchanged() -> None:
    for path in ("wiki.en.vec", Path("wiki.en.vec"), "/dev/stdin", "hf", "-"):
        assert local_path(path) is path
        assert located(path, None) == (str(path), None)


def test_a_file_and_a_revision_are_named(server: FileServer) -> None:
    offer(server, {"a.vec": TEXT, "b.vec": b"b"})
    offer(server, {"a.vec": b"old", "deep/a.vec": b"deep"}, "v1")
    assert Path(local_path(f"hf://{NAME}/a.vec")).read_bytes() == TEXT
    assert Path(local_path(f"hf://{NAME}@v1/a.vec")).read_bytes() == b"old"
    assert Path(local_path(f"hf://{NAME}@v1/deep/a.vec")).read_bytes() == b"deep"


def test_vectors_are_loaded_with_the_language_of_the_repository(server: FileServer) -> None:
    offer(server, {"model.bin": b"no", "model.vec": TEXT, "wiki.en.vec": TEXT})
    vectors = ax.load(f"hf://{NAME}/model.vec")
    assert (list(vectors), vectors.language) == (["gato", "perro"], "es")
    assert ax.load(Path(f"hf://{NAME}/model.vec"), language="ca").language == "ca"
    assert ax.load(f"hf://{NAME}/wiki.en.vec").language == "en"


def test_commands_take_addresses(server: FileServer, tmp_path: Path) -> None:
    lines = [f"{i} {i * i % 7} {i % 5} {i % 3}\n" for i in range(1, 30)]
    files = {
        f"wiki.{code}.vec": "".join(f"{word}{line}" for line in lines).encode()
        for code, word in (("en", "cat"), ("es", "gato"))
    }
    offer(server, files)
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("".join(f"cat{i} gato{i}\n" for i in range(1, 20)))
    vectors = [f"hf://{NAME}/{name}" for name in files]
    few = ("--no-ranker", "--refinement", 0)
    succeed("align", *vectors, "-d", pairs, "-o", tmp_path / "map.safetensors", *few)
    out = succeed("translate", tmp_path / "map.safetensors", *vectors, "cat7").out
    assert "gato7" in out
    succeed("convert", vectors[0], "-o", tmp_path / "en.safetensors")
    refuse(server, f"/api/models/{NAME}/revision/v1", 404, "RevisionNotFound")
    assert fail("convert", f"hf://{NAME}@v1", "-o", tmp_path / "x.vec").endswith("no revision v1")


def test_several_files_or_none_are_an_error(server: FileServer) -> None:
    offer(server, {f"{code}.vec": TEXT for code in ("en", "es", "de", "fr", "it")})
    with pytest.raises(ax.FormatError, match=r"holds 5 files of vectors \(de.vec, .*, ...\); name"):
        local_path(f"hf://{NAME}")
    offer(server, NOTES)
    with pytest.raises(ax.FormatError, match=r"must hold vectors \(.vec, .bin.*, got .gitattrib"):
        local_path(f"hf://{NAME}")
    for text in ("hf://", "hf://someone", "hf:/", "hf://a/b@/c", "hf:///a/b"):
        with pytest.raises(ax.FormatError, match="the address must be hf://OWNER/NAME"):
            local_path(text)
    with pytest.raises(ax.FormatError, match=r"the address must be hf://OWNER/NAME"):
        local_path("hf://some one/b??")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "RepoNotFound", "no such repository; if it is private, set HF_TOKEN"),
        (401, "", "the server answers 401 Unauthorized; set HF_TOKEN"),
        (404, "RevisionNotFound", "no revision v1"),
        (403, "GatedRepo", f"accept the terms at http.*/{NAME}, and set HF_TOKEN"),
        (400, "", "the server answers 400 Bad Request"),
    ],
)
def test_refusals_are_one_line(server: FileServer, status: int, code: str, message: str) -> None:
    refuse(server, f"/api/models/{NAME}/revision/v1", status, code)
    with pytest.raises(ax.DownloadError, match=message) as caught:
        local_path(f"hf://{NAME}@v1")
    assert "\n" not in str(caught.value)
    refuse(server, f"/{NAME}/resolve/v1/a.vec", status, code)
    with pytest.raises(ax.DownloadError) as caught:
        local_path(f"hf://{NAME}@v1/a.vec")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(server: FileServer) -> None:
    offer(server, NOTES)
    refuse(server, f"/{NAME}/resolve/main/a.vec", 404, "EntryNotFound")
    with pytest.raises(ax.DownloadError, match=r"the repository has no file a.vec"):
        local_path(f"hf://{NAME}/a.vec")


@pytest.mark.slow
def test_without_a_network_the_cache_serves(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    offer(server, NOTES | {"model.bin": TEXT})
    found = local_path(f"hf://{NAME}")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    assert local_path(f"hf://{NAME}") == found
    assert local_path(f"hf://{NAME}/model.bin") == found
    for path in ("hf://someone/other", "hf://someone/other/model.bin"):
        with pytest.raises(ax.DownloadError, match=r"127.0.0.1:9 gives no answer"):
            local_path(path)


def test_a_server_out_of_order_leaves_the_cache(server: FileServer) -> None:
    offer(server, {"model.bin": TEXT})
    found = local_path(f"hf://{NAME}")
    refuse(server, f"/api/models/{NAME}", 503, "")
    assert local_path(f"hf://{NAME}") == found


@pytest.mark.slow
def test_the_offline_switch_of_the_hub_is_named(server: FileServer, tmp_path: Path) -> None:
    code = f"from alignx.vectors.hub import local_path; local_path('hf://{NAME}')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_ENDPOINT": server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1].endswith(
        "the file is not in the cache, and HF_HUB_OFFLINE is set"
    )
    assert not server.requests


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ax.MissingDependencyError, match=r"pip install 'alignx\[hub\]'"):
        local_path("hf://someone/name")
