from __future__ import annotations

import pytest

from alignx.vectors.language_codes import guess_language

NAMES = {
    "en": "en.vec.gz folder.de/wiki.en.vec cc.en.300.bin en.aligned.vec wiki.multi.en.vec "
    "ft.en.vec my.en.vec vectors-en.txt numberbatch-en-19.08.txt en.wiki.bpe.vs10000.d100.w2v.txt "
    "en-es.en.vec vec_en.txt",
    "es": "vectors_es.bin cc.es.300.vec.gz es.medicine.bin",
    "de": "de_core_news_sm.vec my_de.vec",  # sm is Samoan, my is Burmese
    "vec": "wiki.vec.vec",  # Venetian
    "zh_classical": "wiki.zh_classical.vec",
    "ast": "ast.safetensors",
    "eng": "vectors.eng.txt",
    "it": "it.vec",
    "my": "wiki.my.vec",
    "new": "wiki.new.vec",
    "simple": "wiki.simple.vec",
    "pt": "pt-br.vec",
    None: "EN.vec glove.6B.300d.txt vectors.bin txt my-vectors.txt my.vectors.vec new.vec "
    "ft.vec.gz words-to-vec.txt vecteurs_de_mots.bin frWac_non_lem_no_postag_200.bin en-es.txt "
    "en_es.vec all.vec xyz.vec DE.200K.sg.txt",
}


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, language) for language, names in NAMES.items() for name in names.split()],
)
def test_languages_are_guessed_from_names(name: str, language: str | None) -> None:
    assert guess_language(name).code == language


def test_pairs_and_further_codes_make_a_guess_doubtful() -> None:
    assert guess_language("en-es.vec") == (None, ("en", "es"))
    assert guess_language("es.from.en.vec") == ("en", ("es",))
