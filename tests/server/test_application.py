from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from served import COUNT, ODD, ZERO
from starlette.testclient import TestClient

from alignx.server.application import application
from alignx.server.dictionary import LiveDictionary
from alignx.vectors.missing import near_spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.vectors.embeddings import Embeddings

Languages = tuple["Embeddings", "Embeddings"]


@pytest.fixture(scope="module")
def shared(languages: Languages, alignment: Alignment) -> SharedSpace:
    """A space that has searched nothing yet."""
    return alignment.apply(*languages)


@pytest.fixture(scope="module")
def client(languages: Languages, alignment: Alignment) -> TestClient:
    live = LiveDictionary(alignment.apply(*languages), languages, alignment=alignment)
    app = application(live, ["testserver"])
    return TestClient(app)


def get(client: TestClient, path: str, **query: object) -> Any:  # noqa: ANN401
    answer = client.get(f"/api/{path}", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.text.count("\n") == 1
    return answer.json()


def refused(client: TestClient, path: str, status: int = 400, **options: Any) -> str:  # noqa: ANN401
    answer = client.request(options.pop("method", "GET"), path, **options)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert answer.text.count("\n") == 1
    assert answer.text.isprintable() or answer.text[:-1].isprintable()
    return str(answer.json()["error"])


def expected(space: SharedSpace, words: Sequence[str], k: int, **options: Any) -> list[Any]:  # noqa: ANN401
    return [
        [{"word": each.word, "score": pytest.approx(each.score, abs=1e-6)} for each in answers]
        for answers in space.translate(words, k, **options)
    ]


# --- answers ----------------------------------------------------------------------------------


def test_answers_are_those_of_the_space(client: TestClient, shared: SharedSpace) -> None:
    words = ["cat3", "CAT4", "cat5 cat6", "kitten", *ODD]
    found = client.post("/api/translate?k=3", json=words).json()
    assert (found["from"], found["to"]) == ("en", "es")
    assert (found["ranking"], found["score"]) == ("learned", "probability")
    assert [each["word"] for each in found["results"]] == words
    probabilities = [[each.pop("probability") for each in r["answers"]] for r in found["results"]]
    answers = [each["answers"] for each in found["results"]]
    assert answers == expected(shared, words, 3, oov="subword")
    assert probabilities == [[each["score"] for each in found] for found in answers]
    origins = [each["origin"] for each in found["results"]]
    assert origins == ["vocabulary"] * 2 + ["phrase", "subwords"] + ["vocabulary"] * len(ODD)


def test_backward_answers_are_by_csls(client: TestClient, shared: SharedSpace) -> None:
    found = get(client, "translate", **{"from": "es", "word": ["gáto3", "GÁTO7"], "k": 4})
    assert (found["from"], found["ranking"], found["score"]) == ("es", "csls", "csls")
    back = expected(shared.reversed(), ["gáto3", "gáto7"], 4)
    assert [each["answers"] for each in found["results"]] == back


@pytest.mark.parametrize("ranking", ["csls", "nn", "isf", "hnn"])
def test_other_rankings(languages: Languages, alignment: Alignment, ranking: Any) -> None:  # noqa: ANN401
    live = LiveDictionary(alignment.apply(*languages), languages, ranking=ranking, oov="drop")
    space = alignment.apply(*languages)
    for code, directed in (("en", space), ("es", space.reversed())):
        words = directed.source.words[:5]
        answers = [each["answers"] for each in live.directions[code].translate(words, 3)]
        assert answers == expected(directed, words, 3, ranking=ranking)
    assert live.directions["en"].translate(["kitten"], 1)[0]["reason"] == "not in the vocabulary"


def test_words_without_an_answer_have_a_reason(client: TestClient, shared: SharedSpace) -> None:
    (word,) = get(client, "translate", word="!?")["results"]
    assert "gives no vector to its characters" in word["reason"]
    zero, near = get(client, "translate", **{"from": "es", "word": [ZERO, "gáto31x"]})["results"]
    assert (zero["answers"], zero["origin"]) == ([], None)
    assert zero["reason"] == "in the vocabulary, but its vector is zero"
    assert (near["answers"], near["reason"]) == ([], "not in the vocabulary")
    assert near["similar"] == near_spellings(shared.target, "gáto31x") != []


def test_neighbors_are_those_of_both_languages(client: TestClient, shared: SharedSpace) -> None:
    found = get(client, "neighbors", word="Cat3", k=4)
    near = {code: [tuple(each.values()) for each in x] for code, x in found["neighbors"].items()}
    assert near["en"] == [(w, pytest.approx(c)) for w, c in shared.source.most_similar("cat3", 4)]
    ((*answers,),) = shared.translate(["cat3"], 4, ranking="nn")
    assert near["es"] == [(each.word, pytest.approx(each.score)) for each in answers]
    assert [len(x) for x in get(client, "neighbors", word="kitten", k=2)["neighbors"].values()] == [
        2,
        2,
    ]
    found = get(client, "neighbors", word="gato", **{"from": "es"})
    assert (found["neighbors"], found["reason"]) == ({"es": [], "en": []}, "not in the vocabulary")


def test_completion_ignores_accents_and_capitals(client: TestClient) -> None:
    assert get(client, "complete", prefix="GATO1", k=2, **{"from": "es"}) == {
        "from": "es",
        "words": ["gáto1", "gáto10"],
    }
    assert get(client, "complete", prefix="ano")["words"] == ["Año"]
    assert get(client, "complete", prefix="<S")["words"] == ["<script>alert(1)</script>"]
    assert get(client, "complete", prefix="zebra")["words"] == []
    assert len(get(client, "complete", prefix="", k=9)["words"]) == 9


def test_info_names_what_is_served(client: TestClient, alignment: Alignment) -> None:
    info = get(client, "info")
    assert [(each["code"], each["name"], each["words"]) for each in info["languages"]] == [
        ("en", "English", COUNT),
        ("es", "Spanish", COUNT - 1),
    ]
    assert [each["oov"] for each in info["languages"]] == ["subword", "drop"]
    assert alignment.validation is not None
    assert info["map"]["validation"]["p@1"] == alignment.validation.precision
    assert info["limits"]["words"] == 100


# --- bad input --------------------------------------------------------------------------------

LIST = 'the body must be a JSON list of words, such as ["cat", "dog"]'


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("translate", "word must be given, such as ?word=cat"),
        ("translate?word=", "word must not be blank"),
        ("translate?word=%20%09", "word must not be blank"),
        ("translate?word=%00&k=0", "k must lie in [1, 100], got '0'"),
        ("translate?word=cat&k=101", "k must lie in [1, 100], got '101'"),
        ("translate?word=cat&k=-1", "k must lie in [1, 100], got '-1'"),
        ("translate?word=cat&k=1e3", "k must lie in [1, 100], got '1e3'"),
        ("translate?word=cat&k=%D9%A3", "k must lie in [1, 100], got '\\u0663'"),
        ("translate?word=cat&k=" + "9" * 5000, "k must lie in [1, 100], got '" + "9" * 37 + "...'"),
        ("translate?word=cat&k=1&k=2", "k must be given once, got 2 values"),
        ("translate?word=cat&from=fr", "from must be one of en, es, got 'fr'"),
        ("translate?word=cat&from=%E2%80%AE%0A", "from must be one of en, es, got '\\u202e\\n'"),
        ("translate?wrod=cat", "the parameters are word, from, k, got 'wrod'"),
        ("translate?word=%FF", "the query must be UTF-8, got other bytes"),
        ("translate?word=" + "a" * 501, "word may have 500 characters, got 501"),
        ("translate?" + "word=a&" * 101, "a request may hold 100 words, got 101"),
        ("neighbors", "word must be given, such as ?word=cat"),
        ("neighbors?word=a&word=b", "word must be given once, got 2 values"),
        ("complete?prefix=" + "a" * 501, "prefix may have 500 characters, got 501"),
        ("complete", "prefix must be given, such as ?prefix=cat"),
        ("info?k=1", "no parameters here, got 'k'"),
    ],
)  # fmt: skip
def test_bad_queries(client: TestClient, query: str, error: str) -> None:
    assert refused(client, f"/api/{query}") == error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", f"{LIST}, got no JSON in UTF-8"),
        (b'["caf\xe9"]', f"{LIST}, got no JSON in UTF-8"),
        (b"[" * 100_000, f"{LIST}, got no JSON in UTF-8"),
        (b"[" + b"9" * 10_000 + b"]", f"{LIST}, got no JSON in UTF-8"),
        (b'{"word": "cat"}', f"{LIST}, got dict {{'word': 'cat'}}"),
        (b'"cat"', f"{LIST}, got str 'cat'"),
        (b'["cat", NaN]', f"{LIST}, got the item float nan"),
        (b"[]", f"{LIST}, got an empty one"),
        (b'["\\ud800"]', "word must be Unicode text, got '\\ud800'"),
        (b'["cat", " "]', "word must not be blank"),
        (json.dumps(["a" * 10_000]).encode(), "word may have 500 characters, got 10,000"),
        (json.dumps(["a"] * 101).encode(), "a request may hold 100 words, got 101"),
    ],
)
def test_bad_bodies(client: TestClient, body: bytes, error: str) -> None:
    assert refused(client, "/api/translate", method="POST", content=body) == error


def test_other_refusals(client: TestClient) -> None:
    assert "the paths are /, /api/translate" in refused(client, "/api/translate/", 404)
    for method in ("PUT", "DELETE", "OPTIONS", "POST"):
        error = refused(client, "/api/info", 405, method=method)
        assert error == "the methods of this path are GET, HEAD"
    large = json.dumps(["a" * 400] * 3_000)
    assert "the body may hold 1,048,576 bytes" in refused(
        client, "/api/translate", 413, method="POST", content=large
    )
    given = "/api/translate?word=cat"
    assert "the parameters are from, k" in refused(client, given, method="POST", json=["cat"])


def test_no_other_site_may_ask(client: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        refused(client, "/api/translate?word=cat3", 403, headers=headers)
        assert client.get("/", headers=headers).status_code == 200  # a link to the page
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}
    answer = client.get("/api/info", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    for host in ("evil.example", "127.0.0.1.evil.example", "", "a b"):
        assert client.get("/", headers={"Host": host}).status_code == 400


def test_every_answer_has_the_headers_of_security(client: TestClient) -> None:
    for path in ("/", "/api/info", "/api/no", "/api/translate"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "frame-ancestors 'none'"} <= {*policy}
        assert "unsafe" not in str(policy)
        assert headers["x-content-type-options"] == "nosniff"


def test_a_defect_is_logged_and_told_in_one_line(
    languages: Languages, alignment: Alignment, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveDictionary(alignment.apply(*languages), languages, ranking="nn")
    object.__setattr__(live.directions["en"], "completion", None)
    client = TestClient(application(live, ["testserver"]), raise_server_exceptions=False)
    error = refused(client, "/api/complete?prefix=a", 500)
    assert error == "the search failed; the terminal of the server says why"
    assert "AttributeError" in caplog.text
