from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
from pathlib import Path

import pytest
from command_line import (
    MAPPED,
    VECTORS,
    WORDS,
    environment,
    fail,
    mapped_space,
    misuse,
    piped,
    run,
    succeed,
)
from command_line import SCRIPT as ALIGNX

from alignx.vectors.saving import save

TRANSLATE = ("translate", *MAPPED)


def second_column(out: str) -> list[str]:
    return [line.split("\t")[1] for line in out.splitlines()]


@pytest.mark.usefixtures("folder")
def test_answers_on_stdout_and_notes_on_stderr() -> None:
    done = succeed(*TRANSLATE, "cat7", "dragon", "cat250", "-k", 3)
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[0] for line in lines] == ["cat7"] * 3 + ["cat250"] * 3
    assert (lines[0][1], lines[3][1]) == ("gato7", "gato250")
    scores = [float(line[2]) for line in lines]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert "dragon: not in the vocabulary" in done.err
    assert "wiki.en.vec: " in done.err


@pytest.mark.usefixtures("folder")
def test_quietly_the_answer_alone() -> None:
    done = succeed(*TRANSLATE, "cat7", "dragon", "-k", 1, "--quiet")
    assert done.out.startswith("cat7\tgato7\t")
    assert done.out.count("\n") == 1
    assert done.err == ""


@pytest.mark.usefixtures("folder")
def test_words_from_stdin() -> None:
    done = succeed(*TRANSLATE, "-k", 1, text="cat3 \n\tcat5\n")
    assert second_column(done.out) == ["gato3", "gato5"]


@pytest.mark.usefixtures("folder")
def test_json() -> None:
    answers = succeed(*TRANSLATE, "cat7", "Ñandú", "-k", 2, "--json").json
    assert list(answers) == ["cat7", "Ñandú"]
    assert answers["Ñandú"] == []
    keys = {"word", "score", "origin", "probability"}
    assert [answer.keys() for answer in answers["cat7"]] == [keys] * 2
    assert answers["cat7"][0]["word"] == "gato7"


@pytest.mark.usefixtures("folder")
def test_in_reverse_and_by_cosine() -> None:
    options = ("-k", 1, "--json", "--quiet")
    back = succeed(*TRANSLATE, "gato7", "--reverse", *options).json
    assert back["gato7"][0]["word"] == "cat7"
    cosine = succeed(*TRANSLATE, "cat7", "--ranking", "nn", *options).json
    ((expected,),) = mapped_space().translate(["cat7"], 1, ranking="nn")
    assert cosine["cat7"] == [expected._asdict()]


@pytest.mark.usefixtures("folder")
def test_the_learned_ranking_is_the_default() -> None:
    shared, options = mapped_space(), ("cat7", "-k", 2, "--json", "--quiet")
    usual = succeed(*TRANSLATE, *options).json
    assert usual == succeed(*TRANSLATE, "--ranking", "learned", *options).json
    expected = shared.translate("cat7", 2)
    assert usual["cat7"] == [x._asdict() | {"probability": x.score} for x in expected]
    by_csls = succeed(*TRANSLATE, "--ranking", "csls", *options).json
    expected = shared.translate("cat7", 2, ranking="csls")
    assert by_csls["cat7"] == [answer._asdict() for answer in expected] != usual["cat7"]
    told = "ranking 'learned' needs a map with a learned ranking"
    assert told in fail(*TRANSLATE, "gato7", "--reverse", "--ranking", "learned")
    assert told in fail("translate", "-", *VECTORS, "cat7", "--ranking", "learned")


def test_lowercase_applies_to_words_and_vectors(folder: Path) -> None:
    text = (folder / "wiki.en.vec").read_text().replace("cat7 ", "Cat7 ")
    (folder / "wiki.en.vec").write_text(text)
    done = succeed(*TRANSLATE, "CAT7", "--casing", "lower", "-k", 1, "--quiet")
    assert done.out.startswith("cat7\tgato7\t")


def test_vectors_that_share_a_space_need_no_map(folder: Path) -> None:
    shared = mapped_space()
    save(shared.source, folder / "en.safetensors")
    save(shared.target, folder / "es.vec")
    options = ("cat7", "cat200", "-k", 2, "--ranking", "csls", "--quiet")
    mapped = succeed(*TRANSLATE, *options).out
    assert succeed("translate", "-", "en.safetensors", "es.vec", *options).out == mapped


def test_defaults_that_exceed_a_toy_vocabulary_are_lowered_and_said(here: Path) -> None:
    (here / "en.vec").write_text("cat 1 0\ndog 0 1\nsun 1 1\n")
    (here / "es.vec").write_text("gato 1 0\nperro 0 1\nsol 1 1\n")
    done = succeed("translate", "-", "en.vec", "es.vec", "cat")
    answers = second_column(done.out)
    assert (answers[0], len(answers)) == ("gato", 3)
    for name, usual in (("k", 5), ("n_neighbors", 10)):
        assert f"{name} is 3 instead of {usual}: there are only 3 words" in done.err


@pytest.mark.usefixtures("folder")
def test_another_limit_is_told_once() -> None:
    done = succeed(*TRANSLATE, "cat1", "--limit", 200)
    lines = [line for line in done.err.splitlines() if "the map was fitted on" in line]
    assert [line.split()[0] for line in lines] == list(VECTORS)
    assert all("has 200 words, and the map" in line for line in lines)


def test_oov_words_and_phrases(models: Path) -> None:
    files = (models / "map", models / "en.bin", models / "es.bin")
    oov, phrase = "karanexing", "karane karaneing"
    done = succeed("translate", *files, oov, phrase, "--oov", "subword", "--json")
    origins = {name: found[0]["origin"] for name, found in done.json.items()}
    assert origins == {oov: "subwords", phrase: "phrase"}
    assert all(found[0]["word"].startswith("karane") for found in done.json.values())
    assert f"{oov}: not in the vocabulary, translated by its characters" in done.err
    blind = succeed("translate", *files, text=f"{oov}\n {phrase} \n\n")
    assert f"{oov}: not in the vocabulary\n" in blind.err
    assert {line.split("\t")[0] for line in blind.out.splitlines()} == {phrase}
    texts = (models / "map", models / "en.vec", models / "es.vec")
    assert "en.vec" in fail("translate", *texts, "cat", "--oov", "subword", "-q")


@pytest.mark.usefixtures("folder")
def test_scores_are_named() -> None:
    assert "scores: probabilities\n" in succeed(*TRANSLATE, "cat7").err
    for ranking, name in {"csls": "CSLS", "nn": "the cosine", "hnn": "hubless neighbors"}.items():
        assert f"scores: {name}\n" in succeed(*TRANSLATE, "cat7", "--ranking", ranking).err


def test_every_word_without_an_answer_gets_its_reason(here: Path) -> None:
    (here / "en.vec").write_text("4 2\nyear 0 0\ncat 1 0\ndog 0 1\nsun 1 1\n")
    (here / "es.vec").write_text("4 2\nde 1 -1\ngato 1 0\naño 0 0\nsol 1 1\n")
    done = succeed("translate", "-", "en.vec", "es.vec", "year", "moon", "dog year", "cat")
    assert second_column(done.out)[0] == "gato"
    assert "en.vec: 4 words of 2 dimensions; 1 zero row" in done.err
    for note in (
        "year: in the vocabulary, but its vector is zero\n",
        "moon: not in the vocabulary\n",
        "dog year: its word 'year' is in the vocabulary, but its vector is zero\n",
    ):
        assert note in done.err


def test_characters_that_a_model_does_not_know(models: Path) -> None:
    files = (models / "map", models / "en.bin", models / "es.bin")
    done = succeed("translate", *files, "\ud800", "--oov", "subword", "-k", 1)
    assert done.out == ""
    assert "not in the vocabulary, and the model gives no vector to its characters" in done.err


# --- a session on a terminal ------------------------------------------------------------------


class Person:
    """The other end of a terminal."""

    def __init__(self, *arguments: object) -> None:
        self.screen, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [str(ALIGNX), *map(str, arguments)],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env=environment() | {"TERM": "dumb", "XDG_STATE_HOME": str(Path("state").resolve())},
            preexec_fn=self._prepare,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""

    @staticmethod
    def _prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs inherit "ignore"
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.screen)

    def see(self, text: str) -> str:
        """Read until a text appears; return what came before it."""
        while text not in self.seen:
            ready, _, _ = select.select([self.screen], [], [], 60)
            assert ready, self.seen
            self.seen += os.read(self.screen, 4096).decode()
        before, _, self.seen = self.seen.partition(text)
        return before

    def write(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def interrupt(self, prompt: str) -> None:
        """Press Ctrl-C until a prompt appears: readline waits on after one while it draws."""
        for _ in range(20):
            self.write("\x03")
            while prompt not in self.seen and select.select([self.screen], [], [], 3)[0]:
                self.seen += os.read(self.screen, 4096).decode()
            if prompt in self.seen:
                break
        self.see(prompt)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_a_session_answers_until_its_end_and_remembers() -> None:
    with Person(*TRANSLATE, "-i", "-k", 1) as person:
        assert "type a word or phrase; Ctrl-D ends" in person.see("en> ")
        person.write("cat7\n")
        assert re.search(r"\d\d\.\d%  gato7\r\n", person.see("en> "))
        person.write("half a li")
        person.see("half a li")  # or the interrupt may come before the line
        person.interrupt("en> ")
        person.write("catt7\n")
        assert "catt7: not in the vocabulary; similar: cat7, " in person.see("en> ")
        person.write("\n")
        person.see("en> ")
        person.write("\x04")
        assert person.process.wait(timeout=60) == 0
    with Person(*TRANSLATE, "-i", "-k", 1, "--ranking", "csls") as person:
        person.see("en> ")
        person.write("\x1b[A\x1b[A\n")  # the last line but one
        assert re.search(r"\d\.\d{4}  gato7\r\n", person.see("en> "))
        person.write("\x04")
        assert person.process.wait(timeout=60) == 0
    assert Path("state/alignx/translate_history").read_text().splitlines()[-3:] == [
        "cat7",
        "catt7",
        "cat7",
    ]


@pytest.mark.usefixtures("folder")
def test_a_session_needs_a_terminal_and_no_words() -> None:
    assert "it needs a terminal" in misuse(*TRANSLATE, "-i")
    assert "it takes no words" in misuse(*TRANSLATE, "cat7", "-i")


@pytest.mark.usefixtures("folder")
def test_numbers_out_of_range() -> None:
    assert f"-k must lie in [1, {WORDS}]" in fail(*TRANSLATE, "cat7", "-k", WORDS + 1)
    assert "--neighbors must lie in" in fail(*TRANSLATE, "cat7", "--neighbors", WORDS + 1)
    for option, value in (("-k", "many"), ("-k", 0), ("--neighbors", 0)):
        assert option in misuse("translate", "no.map", "no.vec", "no.vec", "cat", option, value)
    assert "--neighbors" in misuse(*TRANSLATE, "cat", "--ranking", "nn", "--neighbors", 5)


@pytest.mark.usefixtures("folder")
@pytest.mark.slow
def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    words = " ".join(f"cat{i}" for i in range(WORDS))
    command = f"'{ALIGNX}' {' '.join(TRANSLATE)} -k 300 -q"
    assert piped(f"printf '%s\\n' {words} | {command} | head -1").startswith("cat0\tgato0\t")


@pytest.mark.usefixtures("folder")
def test_standard_input_that_is_no_text() -> None:
    done = run(*TRANSLATE, "-q", text=b"caf\xe9\n")
    assert (done.code, done.out) == (1, "")
    assert "standard input:1: " in done.err
