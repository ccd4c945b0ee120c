from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import plant_clusters
from reference import csls, mutual_neighbors

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.comparison.source_ranking import SourceRanking, rank_sources
from alignx.classification.comparison.space_similarity import Bootstrap
from alignx.support.arrays import unit_rows
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

COUNT, DIMENSION = 400, 20
BASE = plant_clusters(0.0, COUNT, DIMENSION).source


def language(code: str, vectors: NDArray[np.floating]) -> Embeddings:
    return Embeddings([f"{code}{row}" for row in range(len(vectors))], vectors)


def space(code: str, noise: float, seed: int = 0, count: int = COUNT) -> SharedSpace:
    """The target xx, and a language whose words are those of it in another order, distorted."""
    rng = np.random.default_rng(seed)
    distorted = BASE + noise * rng.standard_normal(BASE.shape) / np.sqrt(DIMENSION)
    order = rng.permutation(COUNT)[:count]
    return SharedSpace({code: language(code, distorted[order]), "xx": language("xx", BASE)})


def same_sizes(spaces: Mapping[str, SharedSpace]) -> dict[str, int]:
    return dict.fromkeys(spaces, 500)


def figures(ranking: SourceRanking, code: str) -> tuple[float, float, float]:
    found = next(one for one in ranking.candidates if one.language == code)
    return found.mutual, found.spectral, found.relational


def expected(X: NDArray[np.float32], Y: NDArray[np.float32]) -> tuple[float, float, float]:
    """Mutual, spectral and relational figures as their descriptions read."""
    k = min(10, len(X), len(Y))
    rng = np.random.default_rng([0, 4])
    rotation, _ = np.linalg.qr(rng.standard_normal((X.shape[1], X.shape[1])))
    scores, turned = csls(Y, X, k), csls(Y, X @ rotation, k)
    real, chance = mutual_neighbors(scores), mutual_neighbors(turned)
    counts = {
        least: sum(scores[pair] >= least for pair in real)
        - sum(turned[pair] >= least for pair in chance)
        for least in sorted(scores[pair] for pair in real)
    }
    mutual = max(counts.values()) / len(Y)
    pairs = [pair for pair in real if scores[pair] >= max(counts, key=lambda least: counts[least])]
    first, second = (
        np.linalg.svd(rows.astype(np.float64), compute_uv=False) / np.linalg.norm(rows)
        for rows in (X, Y)
    )
    spectral = np.exp(-np.sqrt(np.mean((np.log(first) - np.log(second)) ** 2)))
    A, B = (
        np.array([float(rows[i].astype(float) @ rows[j]) for i, j in upper])
        for rows, upper in (
            (Y, [(a[0], b[0]) for n, a in enumerate(pairs) for b in pairs[:n]]),
            (X, [(a[1], b[1]) for n, a in enumerate(pairs) for b in pairs[:n]]),
        )
    )
    return mutual, float(spectral), float(np.corrcoef(A, B)[0, 1])


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "count"), [(0.0, COUNT), (0.5, COUNT), (1.0, 150), (2.0, 40)])
def test_figures_are_those_of_their_definitions(noise: float, count: int) -> None:
    shared = space("aa", noise, count=count)
    ranking = rank_sources({"aa": shared}, "xx", sizes={"aa": 300}, half_size=100)
    figure = figures(ranking, "aa")
    assert figure == pytest.approx(expected(shared["aa"].vectors, shared["xx"].vectors), abs=1e-6)
    assert ranking.best.score == pytest.approx(np.prod(figure) ** (1 / 3) * 300 / 400)
    assert ranking.best.coverage is None
    assert ranking.confidence == 1.0


@pytest.mark.slow
def test_the_better_aligned_language_comes_first() -> None:
    spaces = {"aa": space("aa", 1.2, 1), "bb": space("bb", 0.4, 2), "cc": space("cc", 0.8, 3)}
    ranking = rank_sources(spaces, "xx", sizes=same_sizes(spaces))
    assert [one.language for one in ranking.candidates] == ["bb", "cc", "aa"]
    assert ranking.best.language == "bb"
    assert ranking.confidence > 0.95
    for better, worse in zip(ranking.candidates, ranking.candidates[1:], strict=False):
        assert better.score > worse.score
        assert better.mutual > worse.mutual
        assert better.relational > worse.relational


def test_a_map_that_is_wrong_is_seen_whatever_the_vectors() -> None:
    good = space("aa", 0.4)
    turned = good["aa"].with_vectors(good["aa"].vectors[:, ::-1].copy())
    spaces = {"aa": SharedSpace({"aa": turned, "xx": good["xx"]}), "bb": space("bb", 1.2)}
    ranking = rank_sources(spaces, "xx", sizes={"aa": 1_000, "bb": 500})
    assert ranking.best.language == "bb"
    assert ranking.confidence > 0.95
    mutual, spectral, _ = figures(ranking, "aa")
    assert mutual < 0.1
    assert spectral == pytest.approx(
        figures(rank_sources({"aa": good}, "xx", sizes={"aa": 1}), "aa")[1]
    )


def test_languages_that_have_nothing_in_common_hardly_score() -> None:
    rows = np.random.default_rng(0).standard_normal(BASE.shape)
    shared = SharedSpace({"aa": language("aa", rows), "xx": language("xx", BASE)})
    best = rank_sources({"aa": shared}, "xx", sizes={"aa": 10_000}).best
    raw = mutual_neighbors(csls(shared["xx"].vectors, shared["aa"].vectors, 10))
    assert len(raw) / COUNT > 0.4  # which is why chance is subtracted
    assert best.mutual < 0.1


def test_the_larger_language_comes_first_if_all_else_is_equal() -> None:
    spaces = {"aa": space("aa", 0.5), "bb": space("bb", 0.5)}
    ranking = rank_sources(spaces, "xx", sizes={"aa": 400, "bb": 450})
    assert [one.size for one in ranking.candidates] == [450, 400]
    assert ranking.candidates[1].score / ranking.best.score == pytest.approx(
        400 / 900 / (450 / 950)
    )
    assert ranking.confidence == 1.0


@pytest.mark.slow
def test_size_saturates() -> None:
    spaces = {"aa": space("aa", 0.8, 1), "bb": space("bb", 0.4, 2)}
    rich = rank_sources(spaces, "xx", sizes={"aa": 1_000_000, "bb": 20_000})
    poor = rank_sources(spaces, "xx", sizes={"aa": 10_000, "bb": 200})
    assert (rich.best.language, poor.best.language) == ("bb", "aa")


def test_exact_ties_are_shared() -> None:
    spaces = {code: space(code, 0.5) for code in ("aa", "bb")}
    ranking = rank_sources(spaces, "xx", sizes=same_sizes(spaces))
    assert ranking.confidence == 0.5
    assert ranking.candidates[0].score == ranking.candidates[1].score


@pytest.mark.slow
def test_equal_candidates_are_seldom_told_apart() -> None:
    rankings = []
    for seed in range(12):
        spaces = {"aa": space("aa", 0.8, 2 * seed), "bb": space("bb", 0.8, 2 * seed + 1)}
        rankings.append(
            rank_sources(spaces, "xx", sizes=same_sizes(spaces), bootstrap=Bootstrap(100))
        )
    assert {ranking.best.language for ranking in rankings} == {"aa", "bb"}
    confidences = [ranking.confidence for ranking in rankings]
    assert 0.6 < np.median(confidences) < 0.9
    assert min(confidences) < 0.65


def test_spaces_may_hold_languages_in_any_order_or_all_of_them() -> None:
    apart = {"aa": space("aa", 0.8, 1), "bb": space("bb", 0.5, 2)}
    expected = rank_sources(apart, "xx", sizes=same_sizes(apart))
    turned = {"aa": apart["aa"].reversed(), "bb": apart["bb"]}
    assert rank_sources(turned, "xx", sizes=same_sizes(apart)) == expected
    joined = SharedSpace({**apart["aa"], "bb": apart["bb"]["bb"]})
    assert rank_sources({"aa": joined, "bb": joined}, "xx", sizes=same_sizes(apart)) == expected


@pytest.mark.slow
def test_the_seed_decides() -> None:
    spaces = {"aa": space("aa", 0.8, 3), "bb": space("bb", 0.8, 4)}
    found = [
        rank_sources(spaces, "xx", sizes=same_sizes(spaces), bootstrap=Bootstrap(200, seed))
        for seed in (0, 0, 1)
    ]
    assert found[0] == found[1]
    for first, other in zip(found[0].candidates, found[2].candidates, strict=True):
        assert first.score == pytest.approx(other.score, abs=0.05)
        assert first.spectral == other.spectral
    assert found[0].confidence != found[2].confidence


def test_only_frequent_words_are_looked_at() -> None:
    spoiled = BASE.copy()
    spoiled[100:] = np.random.default_rng(1).standard_normal(spoiled[100:].shape)
    shared = SharedSpace({"aa": language("aa", spoiled), "xx": language("xx", BASE)})
    top = rank_sources({"aa": shared}, "xx", sizes={"aa": 1}, vocabulary=100)
    whole = rank_sources({"aa": shared}, "xx", sizes={"aa": 1})
    assert figures(top, "aa") == pytest.approx((1, 1, 1), abs=0.05)
    assert whole.best.mutual < 0.6


def test_too_few_words_are_no_evidence() -> None:
    shared = SharedSpace({"aa": language("aa", np.eye(3)), "xx": language("xx", np.eye(3)[:1])})
    ranking = rank_sources({"aa": shared}, "xx", sizes={"aa": 9})
    assert (ranking.best.mutual, ranking.best.relational, ranking.best.score) == (0, 0, 0)
    assert ranking.confidence == 1.0
    unit = unit_rows(np.array([[3, 4], [4, 3]], np.float32))
    shared = SharedSpace({"aa": language("aa", unit), "xx": language("xx", unit)})
    assert rank_sources({"aa": shared}, "xx", sizes={"aa": 9}).best.relational == 0


# --- coverage ---------------------------------------------------------------------------------


def test_coverage_is_the_share_of_running_words() -> None:
    spaces = {"aa": space("aa", 0.5)}
    texts = {"aa": ["aa1 aa2 what", "aa1"], "xx": ["xx9 no", "such word"], "zz": ["never read"]}
    ranking = rank_sources(spaces, "xx", sizes={"aa": 500}, texts=texts)
    assert ranking.best.coverage == pytest.approx(np.sqrt(3 / 4 * 1 / 4))
    quality = np.prod([*figures(ranking, "aa"), np.sqrt(3 / 16)]) ** (1 / 4)
    assert ranking.best.score == pytest.approx(quality / 2)
    alone = rank_sources(spaces, "xx", sizes={"aa": 500}, texts={"xx": texts["xx"]})
    assert alone.best.coverage == pytest.approx(1 / 4)
    strange = rank_sources(spaces, "xx", sizes={"aa": 500}, texts={"zz": ["never read"]})
    assert strange.best.coverage is None
    own = rank_sources(spaces, "xx", sizes={"aa": 500}, texts={"aa": ["aa1 aa2", "?", ""]})
    assert own.best.coverage == pytest.approx(2 / 3)


@pytest.mark.slow
def test_few_texts_leave_doubt() -> None:
    spaces = {"aa": space("aa", 0.5), "bb": space("bb", 0.5)}
    known, unknown = {"aa": "aa1", "bb": "bb1"}, "never"
    few = {code: [word, word, word, unknown] for code, word in known.items()}
    few["aa"] = [*few["aa"][1:], unknown]
    many = {code: texts * 300 for code, texts in few.items()}
    doubtful = rank_sources(spaces, "xx", sizes=same_sizes(spaces), texts=few)
    sure = rank_sources(spaces, "xx", sizes=same_sizes(spaces), texts=many)
    assert doubtful.best.language == sure.best.language == "bb"
    assert doubtful.best.coverage == sure.best.coverage == 0.75
    assert doubtful.confidence < 0.95 < sure.confidence


def test_tokenizers_cut_the_texts_of_their_language() -> None:
    spaces = {"aa": space("aa", 0.5)}
    found = rank_sources(
        spaces,
        "xx",
        sizes={"aa": 5},
        texts={"aa": ["aa1/aa2"], "xx": ["xx1/xx2"]},
        tokenizers={"aa": lambda text: text.split("/"), "xx": lambda text: [text]},
    )
    assert found.best.coverage == 0
    assert found.best.score == 0
    cut = {"aa": lambda text: text.split("/")}
    texts = {"aa": ["aa1/aa2"]}
    found = rank_sources(spaces, "xx", sizes={"aa": 5}, texts=texts, tokenizers=cut)
    assert found.best.coverage == 1


# --- what is printed and what is refused ------------------------------------------------------


def test_it_prints_as_a_table() -> None:
    spaces = {"aa": space("aa", 1.0, 1), "bb": space("bb", 0.0, 2)}
    ranking = rank_sources(spaces, "xx", sizes={"aa": 12_345, "bb": 12_345})
    head, first, second, foot = str(ranking).splitlines()
    assert head.split() == ["score", "mutual", "spectral", "relational", "coverage", "size"]
    best = ranking.best
    figures = [f"{best.score:.3f}", f"{best.mutual:.1%}", "1.000", "1.000", "-", "12,345"]
    assert first.split() == ["bb", *figures]
    assert second.split()[0] == "aa"
    assert len(head) == len(first) == len(second)
    assert foot == "best source for xx: bb, first in 100% of resamples; a rule of thumb"


@pytest.mark.slow
def test_it_goes_into_json_and_data_frames() -> None:
    ranking = rank_sources({"aa": space("aa", 0.5)}, "xx", sizes={"aa": 7})
    told = json.loads(json.dumps(ranking.as_dict()))
    assert (told["target"], told["confidence"]) == ("xx", 1.0)
    assert told["candidates"] == [vars(ranking.best)]
    assert len(repr(ranking)) < 100
    pytest.importorskip("pandas")
    assert ranking.to_frame()["language"].tolist() == ["aa"]


GOOD = space("aa", 0.0)


@pytest.mark.parametrize(
    ("spaces", "target", "options", "message"),
    [
        ({}, "xx", {}, "at least 1 candidate"),
        ({"aa": GOOD}, "zz", {}, "must hold 'aa' and the target 'zz', got 'aa', 'xx'"),
        ({"bb": GOOD}, "xx", {}, "must hold 'bb' and the target 'xx'"),
        ({"aa": GOOD, "xx": GOOD}, "xx", {}, "must not be among the candidates"),
        ({"aa": GOOD}, "xx", {"sizes": {}}, "at least 1 labeled text of 'aa', got None"),
        ({"aa": GOOD}, "xx", {"sizes": {"aa": 0}}, "at least 1 labeled text of 'aa', got 0"),
        ({"aa": GOOD}, "xx", {"vocabulary": 0}, "vocabulary must be at least 1, got 0"),
        ({"aa": GOOD}, "xx", {"half_size": 0}, "half_size must be more than 0, got 0"),
        ({"aa": GOOD}, "xx", {"texts": {"aa": []}}, "at least 1 text of 'aa'"),
        (
            {"aa": GOOD, "bb": space("bb", 0.0)},
            "xx",
            {"texts": {"aa": ["aa1"], "xx": ["xx1"]}},
            "of all candidates or of none, got none of bb",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    spaces: dict[str, SharedSpace], target: str, options: dict[str, object], message: str
) -> None:
    arguments = {"sizes": {"aa": 10, "bb": 10, "xx": 10}, **options}
    with pytest.raises(ValueError, match=message):
        rank_sources(spaces, target, **arguments)  # type: ignore[arg-type]


def test_a_string_is_no_sequence_of_texts() -> None:
    with pytest.raises(TypeError, match="must be a sequence of strings"):
        rank_sources({"aa": GOOD}, "xx", sizes={"aa": 1}, texts={"aa": "aa1 aa2"})
