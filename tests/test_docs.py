"""Commands and snippets of README and docs, word for word, with small files of the same names."""

from __future__ import annotations

import gzip
import json
import lzma
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import numpy as np
import pytest
from command_line import started
from file_server import Served, serving
from typer.testing import CliRunner

import alignx as ax
from alignx.classification import heads
from alignx.cli.main import app
from alignx.datasets import catalog
from alignx.datasets.languages import languages
from alignx.lexicon.lexicon import Lexicon
from alignx.ranking import ranker
from alignx.reporting import word_map
from alignx.vectors.fasttext.mapped_copy import write_mapped_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PAGES, reason="README and docs are not beside the tests"),
]

DIMENSION = 20
TOPICS, WORDS = 30, 30  # topics, words of each
N_TRAIN = 300  # enough for a learned ranking of held-out words
KNOWN = ("cat", "dog", "gato", "new", "york", "el", "partido", "terminó", "en", "empate")


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def lines(page: str) -> list[str]:
    """Return the shell lines of a page, continued lines joined."""
    return "".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()


WITH_COMMANDS = [page for page in PAGES if any(line.startswith("alignx ") for line in lines(page))]
WITH_SNIPPETS = [page for page in PAGES if blocks(page, "python")]


# --- the files that it names ---------------------------------------------------------------------


def draw_lines(rng: np.random.Generator, topics: np.ndarray, count: int) -> list[str]:
    return [" ".join(rng.choice(topics[rng.integers(TOPICS)], 10)) for _ in range(count)]


def write_texts(folder: Path, topics: np.ndarray) -> None:
    """Write labeled texts: two classes, with words of halves of the topics."""
    rng = np.random.default_rng(3)
    for name, count in (("train.en", 20), ("test.en", 10), ("test.es", 10)):
        rows = []
        for number in range(count):
            half = topics[: TOPICS // 2] if number % 2 else topics[TOPICS // 2 :]
            rows.append(f"{' '.join(rng.choice(half.ravel(), 8))}\t{'ab'[number % 2]}\n")
        (folder / f"{name}.tsv").write_text("text\tlabel\n" + "".join(rows))
    news = "\n".join(draw_lines(rng, topics, 40)) + "\n"
    for code in ("en", "es"):
        (folder / f"news.{code}.txt").write_text(news)
    (folder / "texts.es.txt").write_text("\n".join(draw_lines(rng, topics, 15)) + "\n")
    (folder / "es.txt").write_text("El partido terminó en empate.\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of fastText; the others are turned copies of it, so each word translates itself."""
    fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")
    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(1)
    words = [*KNOWN, *("".join(rng.choice(list("abdegiklmnoprstu"), 7)) for _ in range(2_000))]
    topics = np.array(list(dict.fromkeys(words))[: TOPICS * WORDS]).reshape(TOPICS, WORDS)
    lines = draw_lines(rng, topics, 5_000)
    (folder / "corpus").write_text("\n".join(lines))
    options = {"dim": DIMENSION, "minCount": 1, "bucket": 2_000, "epoch": 5, "lr": 0.1}
    model = fasttext.train_unsupervised(str(folder / "corpus"), thread=10, verbose=0, **options)
    model.save_model(str(folder / "en.bin"))
    for code in ("es", "de", "fr"):
        turn = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0]
        write_mapped_model(folder / "en.bin", folder / f"{code}.bin", turn)
    (folder / "dictionaries").mkdir()
    for code in ("en", "es", "de", "fr"):
        vectors = ax.load(folder / f"{code}.bin")
        names = ("{}.vec.gz", "wiki.{}.vec", "cc.{}.300.vec.gz", "{}.vec", "{}.safetensors")
        for name in (pattern.format(code) for pattern in names):
            ax.save(vectors, folder / name)
    for year in ("1900", "2000"):
        ax.save(vectors, folder / f"{year}.vec")
    order = rng.permutation(len(vectors))
    pairs = [(vectors.words[row], vectors.words[row]) for row in order]
    train, test = Lexicon(pairs[:N_TRAIN]), Lexicon(pairs[N_TRAIN:])
    train.save(folder / "en-es.train.txt")
    test.save(folder / "en-es.test.txt")
    for place in (folder, folder / "dictionaries"):
        for target in ("es", "de"):
            train.save(place / f"en-{target}.0-5000.txt")
            test.save(place / f"en-{target}.5000-6500.txt")
    for name in ("es-en.txt", "de-en.txt", "en-es.txt", "en-de.txt", "fr-en.txt"):
        train.save(folder / name)
    test.save(folder / "es-de.test.txt")
    english, spanish = ax.load(folder / "en.bin"), ax.load(folder / "es.bin")
    fitted = ax.align(english, spanish, lexicon=train, method="procrustes")
    fitted.save(folder / "en-es.safetensors")
    write_texts(folder, topics)
    for name, step in (("en", 1), ("es", -1)):  # the same words, in another order
        sentences = [" ".join(line.split()[::step]) for line in lines[:1_000]]
        (folder / f"news.{name}.txt").write_text("\n".join(sentences))
    (folder / "terms.txt").write_text("new york\ncatlikeness\n")
    (folder / "headwords.txt").write_text("cat\ndog\nunicorn\n")
    (folder / "stop.txt").write_text("el\nen\n")
    (folder / "wikipedia.es.txt.xz").write_bytes(lzma.compress("\n".join(lines[:300]).encode()))
    (folder / "medicine.txt.gz").write_bytes(gzip.compress("\n".join(lines[300:500]).encode()))
    (folder / "ja.txt").write_text("\n".join(lines[:200]))
    (folder / "fugashi_cut.py").write_text("def words(text):\n    return text.split()\n")
    for page in PAGES:
        for text in blocks(page, "toml"):
            (folder / "grid.toml").write_text(text)
    return folder


@pytest.fixture
def here(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with those files, to work in."""
    folder = tmp_path / "work"
    shutil.copytree(files, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("ALIGNX_CACHE", str(tmp_path / "cache"))
    unknown = {code: each._replace(sha256=None) for code, each in languages().items()}
    monkeypatch.setattr(catalog, "languages", lambda: unknown)
    monkeypatch.setattr(word_map, "is_installed", lambda _: False)  # UMAP compiles for a minute
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    monkeypatch.setattr(ranker, "FEWEST_STEPS", 100)  # each word translates itself, which is easy
    monkeypatch.setattr(ranker, "BATCH", 2_048)
    with serving() as server:
        monkeypatch.setenv("ALIGNX_MIRROR", server.url)
        server.files |= public_files(files)
        yield folder
    sys.modules.pop("fugashi_cut", None)


def public_files(folder: Path) -> dict[str, Served]:
    """Return the files with the names of public ones, at the paths of a mirror."""
    places = {"wiki.*.vec": "fasttext/vectors-wiki", "cc.*.vec.gz": "fasttext/vectors-crawl"}
    places["??-??.*.txt"] = "arrival/dictionaries"
    return {
        f"/dl.fbaipublicfiles.com/{place}/{path.name}": Served(path.read_bytes())
        for pattern, place in places.items()
        for path in folder.glob(pattern)
    }


# --- what it says --------------------------------------------------------------------------------


def run_alignx(line: str) -> Result:
    """Run a line as the shell does: words, a comment, and perhaps a file as standard input."""
    words = shlex.split(line, comments=True)
    stdin = b""
    if "<" in words:
        place = words.index("<")
        stdin = Path(words[place + 1]).read_bytes()
        del words[place : place + 2]
    assert words.pop(0) == "alignx"
    assert not set(words) & {"|", ">", "&&"}
    done = CliRunner().invoke(app, words, input=stdin)
    assert done.exit_code == 0, (line, done.output, done.exception)
    return done


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_every_command_runs(page: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page == "docs/how-to/classify.md":
        monkeypatch.setattr(heads, "FOLDS", 1)  # nothing is chosen, in a tenth of the time
        for package in ("torch", "transformers"):  # which no extra has brought so far
            monkeypatch.setitem(sys.modules, package, None)
    for line in lines(page):
        if not line.startswith(("alignx ", "pip ")) or "tcp://HOST" in line:
            continue
        if line.startswith("alignx demo --report report.html --open "):
            continue  # tests/cli/test_demo.py runs it
        if line.startswith("pip install "):
            require_extras(line)
            continue
        if line.startswith("alignx serve"):
            ask_served(line)
            continue
        if line.startswith("alignx bench"):
            thin_grid(here / "grid.toml")
        # Rankings of a space are learned for README and in the snippet of this page.
        is_hub = line.startswith("alignx hub en.vec ")
        done = run_alignx(f"{line} --no-ranker" if is_hub else line)
        look_at(line, done, here)


def thin_grid(path: Path) -> None:
    """List the cells of the grid as it is, then leave the first of each list, which takes less."""
    assert "en-de.self_learning.seed2" in run_alignx(f"alignx bench {path} --dry-run").stdout
    thin = path.read_text()
    for more in (', "en-de"', ', "all"', ", 1, 2"):
        assert thin.count(f"{more}]") == 1
        thin = thin.replace(f"{more}]", "]")
    path.write_text(thin)


def ask_served(line: str) -> None:
    """Run a server on a free port, and ask it for a word."""
    with started(*shlex.split(line, comments=True)[1:], "--port", 0) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urlopen(f"{url}api/translate?word=cat") as answer:
            (result,) = json.load(answer)["results"]
        assert result["answers"][0]["word"] == "cat"


def look_at(line: str, done: Result, folder: Path) -> None:
    """See that an answer makes sense; all words translate themselves."""
    command = shlex.split(line, comments=True)[1]
    if command == "translate":
        answers = [tuple(row.split("\t")[:2]) for row in done.stdout.splitlines()]
        asked = {("New York", "new"), ("New York", "york")}
        assert "New York" not in line or asked & set(answers)
        first = "gato" if "gato" in line else "cat"
        assert "catlikeness" in line or answers[0] == (first, first)
        assert "not in the vocabulary\n" not in done.stderr
    elif command == "evaluate":
        found = re.search(r"^csls +\d+ +([\d.]+)", done.stdout, re.MULTILINE)
        assert found is not None
        assert float(found[1]) > 80
    elif command == "induce":
        pairs = Lexicon.load(folder / ("terms.tsv" if "terms" in line else "en-es.tsv")).pairs
        assert len(pairs) > (1 if "terms" in line else 300)
        if "terms" not in line:
            assert np.mean([source == target for source, target in pairs]) > 0.9
    elif "classify predict" in line:
        assert set(done.stdout.split()) <= ({"cat", "cities"} if "named" in line else {"a", "b"})
        assert len(done.stdout.split()) == (10 if "-i test.es.tsv" in line else 1)
    elif "classify transfer" in line:
        assert "| ensemble |" in done.stdout
        assert "left out: adversarial, which needs the package torch" in done.stderr
        assert (folder / "transfer.svg").stat().st_size > 1_000
    elif command == "fetch" and "--list" not in line:
        assert all(Path(path).exists() for path in done.stdout.splitlines())
    elif command == "bench":
        table = json.loads((folder / "grid.json").read_text())
        assert len(json.dumps(table)) > 1_000


@pytest.mark.parametrize("page", WITH_SNIPPETS)
def test_every_snippet_runs(page: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for text in blocks(page, "python"):
        exec(compile(text, page, "exec"), names)
    shown = capsys.readouterr().out
    if page == "README.md":
        assert names["shared"].translate("cat")[0].word == "cat"
        assert len(names["lexicon"]) > 300
        assert "P@1" in shown
    elif page == "docs/how-to/classify.md":
        assert set(names["classifier"].classes_) == {"a", "b"}
        assert (here / "topics.safetensors").exists()
        assert re.search(r"from \d of \d words \(es\)", shown)


def require_extras(line: str) -> None:
    """Refuse extras that the project has not, and indexes that have not the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = re.findall(r"(?:alignx|\.)\[([\w,]+)\]", line)
    for extra in ",".join(wanted).split(",") if wanted else ():
        assert extra in project["optional-dependencies"], line
    package = shlex.split(line, comments=True)[-1]
    assert wanted or package == ".", f"{line}: it names no extra"
    assert "-c constraints.txt" in line or "-e" in line


TEXT = "\n".join(PAGES.values())


def test_every_install_names_an_extra() -> None:
    found = re.findall(r"pip install [^`\n&#]*", TEXT)
    assert len(found) > 3
    for line in found:
        require_extras(line.strip())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = re.findall(r"extra `(\w+)`", TEXT)
    assert set(extras) <= set(project["optional-dependencies"])
    assert {"torch", "faiss", "cluster", "transformers"} <= set(extras)


def test_every_name_exists() -> None:
    for name in set(re.findall(r"\bax\.(\w+)", TEXT)):
        assert hasattr(ax, name), name


def test_every_public_name_has_one_place_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "api.rst").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^   (\w+)$", page, re.MULTILINE)) == sorted(ax.__all__)


def test_every_block_of_code_is_run() -> None:
    """By the tests above, or by the build of the site, which executes notebooks."""
    for page, text in PAGES.items():
        kinds = set(re.findall(r"^```([^\n:]+)$", text, re.MULTILINE))
        directives = {kind for kind in kinds if kind.startswith("{")}
        assert kinds - directives <= {"bash", "python", "toml", "text"}, page
        is_notebook = text.startswith("---\nfile_format: mystnb\n")
        assert is_notebook == any(kind.startswith("{code-cell}") for kind in directives), page


def test_the_citation_is_of_this_version() -> None:
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"version: {project['version']}" in lines


def test_links_lead_somewhere() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    generated = [ROOT / line for line in ignored if line.startswith("docs/")]  # the build checks
    for page, text in PAGES.items():
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            path = (ROOT / page).parent.joinpath(target).resolve()
            made = any(path.is_relative_to(each) for each in generated)
            assert made or path.exists(), (page, target)


def test_the_readme_is_short() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_the_manual_page_is_that_of_the_help() -> None:
    page = (ROOT / "docs" / "reference" / "alignx.1").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "alignx", "--manual"], capture_output=True, text=True, check=True
    )
    assert page == done.stdout, "write it anew: alignx --manual > docs/reference/alignx.1"
