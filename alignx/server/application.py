"""Page and JSON of a dictionary, as an ASGI application."""

from __future__ import annotations

import logging
import os
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from alignx.server.page import served_page
from alignx.server.parameters import (
    MOST_ANSWERS,
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_WORDS,
    Parameters,
    words_of_body,
)
from alignx.support.config import config_context, get_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from alignx.server.dictionary import LiveDictionary

__all__ = ["application"]

logger = logging.getLogger("alignx")

LIMITS = {
    "words": MOST_WORDS,
    "characters": MOST_CHARACTERS,
    "answers": MOST_ANSWERS,
    "bytes": MOST_BYTES,
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def application(dictionary: LiveDictionary, hosts: Sequence[str]) -> Starlette:
    """Build the application of a dictionary.

    Parameters
    ----------
    dictionary : LiveDictionary
        Answers of the JSON interface.
    hosts : sequence of str
        Names and addresses in the header ``Host`` that are answered; ``"*"`` is any. A page of
        another site may reach a local server by a name of its own (DNS rebinding).

    Examples
    --------
    >>> from starlette.testclient import TestClient
    >>> from alignx.alignment.shared_space import SharedSpace
    >>> from alignx.server.dictionary import LiveDictionary
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = Embeddings(["perro", "gato"], [[0, 1], [1, 0]])
    >>> shared = SharedSpace({"en": english, "es": spanish})
    >>> live = LiveDictionary(shared, (english, spanish), ranking="nn")
    >>> client = TestClient(application(live, ["localhost"]), "http://localhost")
    >>> client.get("/api/complete?prefix=C").json()
    {'from': 'en', 'words': ['cat']}
    """
    answers = _Answers(dictionary)
    get = ["GET"]
    app = Starlette(
        routes=[
            Route("/", answers.page, methods=get),
            Route("/api/translate", answers.translate, methods=["GET", "POST"]),
            Route("/api/neighbors", answers.neighbors, methods=get),
            Route("/api/complete", answers.complete, methods=get),
            Route("/api/info", answers.info, methods=get),
        ],
        middleware=[Middleware(_Guard), Middleware(TrustedHostMiddleware, allowed_hosts=[*hosts])],
        exception_handlers={HTTPException: _refusal, ClientDisconnect: _refusal, 500: _failure},
    )
    app.router.redirect_slashes = False
    return app


class _Answers:
    """The page and the JSON interface; searches run in threads."""

    def __init__(self, dictionary: LiveDictionary) -> None:
        self._directions = dictionary.directions
        self._facts = {**dictionary.facts(), "limits": LIMITS}
        example = next(iter(self._directions.values())).search.source.words[0]
        self._page = served_page(self._facts, example)
        cores = get_config().n_threads or os.cpu_count() or 1
        self._limiter = CapacityLimiter(max(2, cores))  # a short one need not wait for a long one

    async def page(self, _: Request) -> Response:
        return HTMLResponse(self._page.text, headers={"Content-Security-Policy": self._page.policy})

    async def translate(self, request: Request) -> Response:
        is_post = request.method == "POST"
        given = Parameters(request, *(() if is_post else ("word",)), "from", "k")
        way = given.direction(self._directions)
        words = await words_of_body(request) if is_post else given.words()
        k = given.k(len(way.search.target))
        results = await self._searched(partial(way.translate, words, k))
        facts = {"from": way.code, "to": way.other, "ranking": way.ranking, "score": way.score}
        return _Json({**facts, "results": results})

    async def neighbors(self, request: Request) -> Response:
        given = Parameters(request, "word", "from", "k")
        way = given.direction(self._directions)
        (word, *more) = given.words()
        if more:
            raise HTTPException(400, f"word must be given once, got {1 + len(more)} values")
        k = given.k(MOST_ANSWERS)
        found = await self._searched(partial(way.neighbors, word, k))
        return _Json({"from": way.code, **found})

    async def complete(self, request: Request) -> Response:
        given = Parameters(request, "prefix", "from", "k")
        way = given.direction(self._directions)
        prefix, k = given.text("prefix"), given.k(MOST_ANSWERS)
        words = await self._searched(partial(way.completion.complete, prefix, k))
        return _Json({"from": way.code, "words": words})

    async def info(self, request: Request) -> Response:
        Parameters(request)
        return _Json(self._facts)

    async def _searched(self, search: Callable[[], Any]) -> Any:  # noqa: ANN401  # its value
        def run() -> Any:  # noqa: ANN401
            with config_context(n_threads=1):  # several searches at once gain more from cores
                return search()

        return await to_thread.run_sync(run, limiter=self._limiter, abandon_on_cancel=True)


class _Json(JSONResponse):
    """JSON in one line."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401  # as its base takes it
        return super().render(content) + b"\n"


async def _refusal(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return Response(status_code=400)  # the client has left, and nobody reads it
    text = error.detail
    if error.status_code == 404:
        text = "the paths are /, /api/translate, /api/neighbors, /api/complete and /api/info"
    if error.status_code == 405:
        allowed = sorted((error.headers or {}).get("Allow", "").split(", "))
        text = f"the methods of this path are {', '.join(allowed)}"
    return _Json({"error": text}, error.status_code, error.headers)


async def _failure(_: Request, error: Exception) -> Response:
    logger.error("%s", "".join(traceback.format_exception(error)))
    return _Json({"error": "the search failed; the terminal of the server says why"}, 500)


class _Guard:
    """Headers of security on all answers; pages of other sites get no answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app
        if scope["type"] == "http" and _is_foreign(scope):
            app = _Json({"error": "other sites may not use this interface"}, 403)
        await app(scope, receive, send_with_headers)


def _is_foreign(scope: Scope) -> bool:
    """Recognize a browser that asks for JSON on behalf of another site."""
    site = Headers(scope=scope).get("sec-fetch-site", "none")
    return scope["path"].startswith("/api/") and site not in ("none", "same-origin")
