"""Ready-made answers of a picture: bytes, ETag and the headers that let caches keep them.

A tag is of the bytes, but for the instant at which they were made: an answer that says what the
one before said is that one, so that its tag stands still while nothing changes. What is asked for
rarely is made by a thread that may wait (`make`); the event loop only looks up (`find`).
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from portal.board import languages, maintenance
from portal.board.answer import PENDING, Answer, Header, Headers
from portal.board.languages import DEFAULT_CHOICE, Choice
from portal.board.maintenance import BadQueryError, MaintenanceQuery
from portal.board.named import HTML, Find, Make
from portal.board.picture import Picture
from portal.board.site import Document
from portal.status.terms import Audience

CACHE_CONTROL = "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"
STATUS = "/api/status"
# The banner as a page for a frame, on sites that may show it.
EMBED = "/embed"
_MOST_VARIANTS = 128
_DEFAULT = MaintenanceQuery()
# A picture that is opened by itself must run and load nothing.
_SVG = (("Content-Security-Policy", "default-src 'none'"),)

Render = Callable[[Picture], Document]
# The pages of a picture by their paths, as a reader of a choice gets them.
Pages = Callable[[Picture, Choice], Mapping[str, bytes]]
# Whoever renders within it speaks the language of a choice.
Speaking = Callable[[Choice], AbstractContextManager[None]]


def status(picture: Picture, *, poll_seconds: int) -> dict[str, Any]:
    """The body of `/api/status`."""
    return {
        **maintenance.times(picture, picture.valid_for(Audience.PUBLIC)),
        "indicator": picture.indicator.value,
        "description": picture.description,
        "components": [
            {
                "slug": one.slug,
                "name": one.name,
                "group": one.group,
                "state": one.state.value,
                "isKnown": not one.is_unknown,
                "uptime90": one.uptime,
            }
            for one in picture.public_components
        ],
        "incidents": [
            one.model_dump(
                mode="json",
                by_alias=True,
                exclude={
                    "audiences": True,
                    "postmortem": True,
                    "updates": {"__all__": {"message_html"}},
                },
            )
            for one in picture.open_incidents
        ],
        "windows": [
            maintenance.told(one)
            for one in (*picture.active, *picture.coming)
            if one.kind == "window"
        ],
        "banners": [maintenance.told(one) for one in picture.active],
        "pollSeconds": poll_seconds,
        "staleAfterSeconds": int(poll_seconds * 1.5),
    }


def cross_origin(origin: str) -> tuple[tuple[str, str], ...]:
    """The headers by which a page of another origin may read an answer and its tag."""
    if not origin:
        return ()
    return (("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "ETag"))


def preflight(origin: str) -> tuple[tuple[str, str], ...]:
    """What `OPTIONS` of a public read answers: reads, and the condition that makes them cheap."""
    if not origin:
        return ()
    return (
        *cross_origin(origin),
        ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
        ("Access-Control-Allow-Headers", "If-None-Match"),
        ("Access-Control-Max-Age", "86400"),
    )


class Answers:
    """All answers of one picture; the rarer ones are made when first asked for."""

    def __init__(
        self,
        picture: Picture,
        *,
        pages: Pages,
        documents: Mapping[str, Render],
        named: Find,
        poll_seconds: int,
        extra_headers: Headers,
        page_headers: Headers,
        embed_headers: Headers,
        cors: str,
        speaking: Speaking = lambda choice: nullcontext(),
        before: "Answers | None" = None,
    ) -> None:
        self.picture = picture
        self._pages, self._documents, self._named = pages, documents, named
        self._speaking = speaking
        self._extra_headers = extra_headers
        self._headers_of = {HTML: page_headers, "image/svg+xml": _SVG, EMBED: embed_headers}
        self._cors = cross_origin(cors)
        self._lock = threading.Lock()
        # What the one before said word for word is not made again. Its instants must be past ones.
        is_older = before is not None and before.picture.generated_at <= picture.generated_at
        self._before = before._made if before and is_older else {}
        self._made: dict[tuple[str, str], Answer] = {}
        self._pictures: dict[str, Picture] = {}
        self._variants: dict[str, tuple[Answer, datetime]] = {}
        self._make_pages(DEFAULT_CHOICE)
        self._keep(STATUS, self._json(STATUS, status(picture, poll_seconds=poll_seconds)))
        body, _ = maintenance.body(picture, _DEFAULT)
        self._keep(maintenance.PATH, self._json(maintenance.PATH, body))
        # Only what is made of the same picture is compared; the one before may go.
        self._before = {}

    def ready(self, path: str, header: Header) -> Answer | None:
        """The answer to a GET without a query, where it is ready; reads no header without need."""
        answer = self._made.get((path, ""))
        if answer is None or not answer.is_spoken:
            return answer
        return self._made.get((path, _variant_of(path, "", header("accept-language"))))

    def find(
        self, path: str, query_string: str, now: datetime, accept_language: str | None = None
    ) -> Answer | None:
        """The answer to a public read where it is ready; PENDING for what `make` has to make.

        None for what is nothing of ours. Parameters that nothing reads make no other answer.
        """
        if path == maintenance.PATH and query_string:
            query = self._variant(query_string)
            if query is None:
                return None
            if query != _DEFAULT:
                known = self._variants.get(str(query))
                return known[0] if known and now < known[1] else PENDING
        answer = self._made.get((path, _variant_of(path, query_string, accept_language)))
        if answer is None and ((path, "") in self._made or self._maker(path)):
            return PENDING
        return answer

    def make(
        self, path: str, query_string: str, now: datetime, accept_language: str | None = None
    ) -> Answer | None:
        """The same, made where it is not ready; takes its time, so never on the event loop."""
        answer = self.find(path, query_string, now, accept_language)
        if answer is not PENDING:
            return answer
        with self._lock:
            # Whoever waited finds what another has made.
            answer = self.find(path, query_string, now, accept_language)
            if answer is not PENDING:
                return answer
            if path == maintenance.PATH:
                return self._make_variant(query_string, now)
            choice = DEFAULT_CHOICE
            if languages.is_spoken(path):
                choice = languages.choose(query_string, accept_language)
            if (path, "") in self._made and choice != DEFAULT_CHOICE and path in self._page_paths:
                self._make_pages(choice)
                return self._made[path, choice.variant]
            return self._make_document(path, choice)

    def compress(self) -> None:
        """Make all encodings of what is ready, for whoever can wait for them."""
        for answer in list(self._made.values()):
            answer.compress()

    def _maker(self, path: str, picture: Picture | None = None) -> Make | None:
        picture = picture or self.picture
        render = self._documents.get(path)
        if render is not None:
            return lambda choice: render(picture)
        return self._named(picture, path)

    def _picture_in(self, choice: Choice) -> Picture:
        """The picture in a language, made once."""
        if choice.language not in self._pictures:
            self._pictures[choice.language] = self.picture.spoken(choice.language)
        return self._pictures[choice.language]

    def _make_pages(self, choice: Choice) -> None:
        """Those that hold one another are rendered together; of other languages when asked for."""
        with self._speaking(choice):
            pages = self._pages(self._picture_in(choice), choice)
        self._page_paths = frozenset(pages)
        for path, page in pages.items():
            answer = self._keep(path, self._answer(page, path, HTML, choice), choice)
            if choice != DEFAULT_CHOICE:
                answer.compress()

    def _make_document(self, path: str, choice: Choice) -> Answer | None:
        make = self._maker(path, self._picture_in(choice))
        if make is None:
            return None
        with self._speaking(choice):
            kind, body = make(choice)
        answer = self._answer(body, path, kind, choice)
        answer.compress()
        return self._keep(path, answer, choice)

    def _variant(self, query_string: str) -> MaintenanceQuery | None:
        try:
            query = maintenance.parse_query(query_string)
        except BadQueryError:
            return None
        return query if query.audience is Audience.PUBLIC else None

    def _make_variant(self, query_string: str, now: datetime) -> Answer | None:
        query = self._variant(query_string)
        # By what was understood: however many spellings there are, the variants are few.
        name = str(query)
        body, until = maintenance.body(self.picture, query or _DEFAULT, now=now)
        answer = self._json(name, body)
        if len(self._variants) < _MOST_VARIANTS or name in self._variants:
            answer.compress()
            self._variants[name] = (answer, until)
        return answer

    def _keep(self, path: str, answer: Answer, choice: Choice = DEFAULT_CHOICE) -> Answer:
        known = self._before.get((path, choice.variant))
        if known is not None and known.etag == answer.etag:
            answer = known
        self._made[path, choice.variant] = answer
        return answer

    def _json(self, name: str, body: dict[str, Any]) -> Answer:
        made_at = json.dumps(body.pop("generatedAt"))
        rest = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        data = f'{{"generatedAt":{made_at},{rest[1:]}'.encode()
        return self._answer(data, name, "application/json", told=rest.encode())

    def _answer(
        self,
        body: bytes,
        name: str,
        kind: str,
        choice: Choice = DEFAULT_CHOICE,
        *,
        told: bytes | None = None,
    ) -> Answer:
        named = f"{name}{choice.variant}".encode()
        etag = f'W/"{digest(named + (body if told is None else told))}"'
        more = self._headers_of.get(name) or self._headers_of.get(kind, ())
        shared = (("Cache-Control", CACHE_CONTROL), *self._cors, *self._extra_headers, *more)
        return Answer.of(body, kind, etag, shared, is_spoken=languages.is_spoken(name))


def _variant_of(path: str, query_string: str, accept_language: str | None) -> str:
    if (not accept_language and not query_string) or not languages.is_spoken(path):
        return ""
    return languages.choose(query_string, accept_language).variant


def digest(data: bytes) -> str:
    """A short name of some bytes."""
    return hashlib.sha256(data).hexdigest()[:20]


Publish = Callable[[Picture, Answers | None], Answers]
