"""Language codes in the names of files."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["CODES", "LanguageGuess", "guess_language"]

_ISO_639_1 = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id
ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu
rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to
tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
# Wikipedias without a two-letter code, in the collections of fastText and later ones.
_WIKIPEDIAS = """
ace ady als alt ami ang anp ann arc ary arz ast atj avk awa azb ban bar bbc bcl bdr bew bho bjn blk
bpy btm bug bxr cbk cdo ceb chr chy ckb crh csb dag deu dga din diq dsb dtp dty eml ext fat fon frp
frr fur gag gan gcr glk gom gor got gpe guc gur guw hak haw hbs hif hsb hyw igl ilo inh jam jbo kaa
kab kbd kbp kcg kge koi krc ksh kus lad lbe lez lfn lij lld lmo ltg lzh mad mai mdf mhr min mni mnw
mos mrj mwl myv mzn nah nan nap nds new nia nov nqo nrm nso nup olo pag pam pap pcd pcm pdc pfl pih
pms pnb pnt pwn rmy rsk rue sah sat scn sco sgs shi shn simple skr smn srn stq syl szl szy tay tcy
tdd tet tig tly tpi trv tum tyv udm vec vep vls vro wal war wuu xal xmf yue zea zgh
be_x_old bat_smg cbk_zam fiu_vro map_bms nds_nl roa_rup roa_tara zh_classical zh_min_nan zh_yue
"""
# ISO 639-3 codes of languages with a two-letter code, except English words (cat, sun, hat).
_ISO_639_3 = """
afr amh ara arg asm aze bak bel ben bos bre bul ces cym deu div ell eng epo eus fao fas fra gla
gle glg glv grn guj hau heb hin hrv hun hye ibo ido ile ina isl ita jav jpn kal kat kaz khm kin kir
kor kur lao lav lim lin ltz mal mkd mlg mlt mya nep nld nno nob oci ori oss pol por pus que roh ron
rus san slk slv sme snd som spa sqi srd srp swa swe tam tat tel tgk tgl tha tir tsn tuk tur uig
ukr urd uzb vie vol wln wol xho yid yor zho zul
ger fre dut gre chi cze rum slo alb arm geo wel baq bur tib
"""


def _set(*lists: str) -> frozenset[str]:
    return frozenset(" ".join(lists).split())


CODES = _set(_ISO_639_1, _WIKIPEDIAS, _ISO_639_3)
"""Codes of ISO 639-1, of Wikipedias with public vectors, and common ones of ISO 639-3."""

# More often words than languages in names of files: only names in the style of fastText's
# collections count, as in wiki.new.vec and cc.vec.300.bin.
_WORDS = _set("ace ann bar bug din ext fat fon got lad mad map min new sat simple vec war")
# Words or languages: they count at the end or between dots, if there is no other code.
_SHORT_WORDS = _set(
    "am an as be co el he hi ho id ie is la lg li lo ml my na nn no om or pa pi se sg si sm so ss "
    "te th ti to ve"
)
_COLLECTIONS = frozenset({"cc", "multi", "wiki"})
_TECHNICAL = _set(
    "align aligned bin bpe cased cbow cc crawl fasttext ft ftz glove lc lg lower lowercase mapped "
    "md multi norm normalized sg skipgram sm uncased vec wiki wikipedia gb us mx cn"
)
_NOUNS = _set("data emb embedding embeddings embs model text vector vectors vecs vocab words")
_COMPRESSED = r"\.(?:gz|bz2|xz|zip)"
_FORMATS = r"\.(?:vec|txt|bin|ftz|safetensors|w2v|kv|model|npy|csv|tsv)"
_COMPOUNDS = "|".join(sorted((c.replace("_", "[_-]") for c in CODES if "_" in c), reverse=True))
_PART = re.compile(rf"(?:{_COMPOUNDS})(?=[\W_]|$)|[^\W_]+")
_REGIONS = frozenset({("pt", "br"), ("zh", "tw")})


class LanguageGuess(NamedTuple):
    """Language that the name of a file suggests.

    Attributes
    ----------
    code : str or None
        Most likely language code; None for a pair such as en-es.
    others : tuple of str
        Further codes in the name, which make the guess doubtful.
    """

    code: str | None
    others: tuple[str, ...] = ()


class _Part(NamedTuple):
    """Part of a name, and the separators around it ("" at the ends)."""

    text: str
    before: str
    after: str


def guess_language(path: str | os.PathLike[str]) -> LanguageGuess:
    """Guess the language of a file of vectors from its name.

    Parameters
    ----------
    path : str or path-like
        A file; it need not exist.

    Returns
    -------
    LanguageGuess
        The code nearest to the extension, out of those used for public vectors.

    Examples
    --------
    >>> [guess_language(name).code for name in ("wiki.en.vec", "cc.es.300.bin", "glove.6B.txt")]
    ['en', 'es', None]
    >>> guess_language("es.from.en.vec")
    LanguageGuess(code='en', others=('es',))
    >>> guess_language("en-es.txt")
    LanguageGuess(code=None, others=('en', 'es'))
    """
    parts = _parts(PurePath(path).name)
    found = [i for i in range(len(parts)) if _is_code(parts, i)]
    if not found:
        return LanguageGuess(None)
    surest = [i for i in found if parts[i].text not in _SHORT_WORDS] or found
    best = surest[-1]
    pair = [i for i in (best - 1, best + 1) if _is_pair(parts, min(i, best), max(i, best))]
    codes = tuple(dict.fromkeys(parts[i].text for i in sorted({*found, *pair})))
    if pair:
        return LanguageGuess(None, codes)
    code = parts[best].text
    doubts = {parts[i].text for i in surest}
    return LanguageGuess(code, tuple(other for other in codes if other in doubts - {code}))


def _parts(name: str) -> list[_Part]:
    """Split the stem of a name at dots, hyphens, underscores and blanks."""
    stem = re.sub(f"{_FORMATS}$", "", re.sub(f"{_COMPRESSED}$", "", name))
    matches = list(_PART.finditer(stem))
    ends = [0, *(match.end() for match in matches)]
    starts = [*(match.start() for match in matches), len(stem)]
    between = [stem[end:start] for end, start in zip(ends, starts, strict=True)]
    return [
        _Part(_normal(match.group()), between[i], between[i + 1]) for i, match in enumerate(matches)
    ]


def _normal(text: str) -> str:
    """Write codes of several parts with underscores; leave other text alone."""
    joined = text.replace("-", "_")
    return joined if joined in CODES else text


def _is_code(parts: Sequence[_Part], i: int) -> bool:
    """Decide from its text and position if a part is a language code."""
    code, before, after = parts[i]
    if code not in CODES:
        return False
    if i and parts[i - 1].text in _COLLECTIONS and before == "." and after in ("", "."):
        return True
    if code in _WORDS or (i and before in ("-", "_") and (parts[i - 1].text, code) in _REGIONS):
        return False
    rest = [part.text for part in parts[i + 1 :] if not _has_digit(part.text)]
    is_between_dots = before in ("", ".") and after in ("", ".")
    if code in _SHORT_WORDS & _TECHNICAL and i:
        return False
    if code in _SHORT_WORDS:
        is_first = i == 0 and code not in ("my", "to")
        return not after or (is_between_dots and (is_first or _TECHNICAL.issuperset(rest)))
    return i == 0 or is_between_dots or (_TECHNICAL | _NOUNS).issuperset(rest)


def _is_pair(parts: Sequence[_Part], first: int, second: int) -> bool:
    """Recognize a pair of languages such as en-es, but not pt-br and de_DE."""
    if first < 0 or second >= len(parts) or parts[first].after not in ("-", "_"):
        return False
    codes = parts[first].text, parts[second].text
    known = CODES - _WORDS - {"my"}
    return codes[0] != codes[1] and known.issuperset(codes) and codes not in _REGIONS


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)
