"""Answers of the chain itself: a problem for machines, a page for people."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from portal.guard.head import Head

Headers = list[tuple[str, str]]
_MACHINES = ("/api/", "/health")
TOO_MANY = "More than %(limit)d requests in %(window)d seconds. Try again in %(seconds)d seconds."
STOPPING = "The portal is about to stop and takes no writes. Try again soon."
ORIGIN = "This origin may not ask for this."
BLOCKED = "This address is blocked for another %(length)s."
SUSPECT = "This request was refused. Quote the reference if it should not have been."
OVERLOADED = "The portal is overloaded. Try again in a few seconds."
BROKEN = "Something went wrong. It was logged."
# What a reader may meet, for the catalogues of other languages; the rest is for programs.
TEXTS = (TOO_MANY, STOPPING, ORIGIN, BLOCKED, SUSPECT, OVERLOADED, BROKEN)


@dataclass(frozen=True)
class Detail:
    """A sentence that says what to do, with places as `%(seconds)d` for its figures."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


# Of whom, status, sentence and reference; gives the HTML of a page in the reader's language.
Page = Callable[[Head, int, Detail, str], bytes]


@dataclass(slots=True)
class Ready:
    """An answer that needs no Flask; `body` is empty for HEAD and 304."""

    status: int
    headers: Headers
    body: bytes


class Refusals:
    """Makes them; `headers` go with each."""

    def __init__(self, page: Page, headers: tuple[tuple[str, str], ...]) -> None:
        self._page = page
        self._headers = headers

    def make(
        self, head: Head, status: int, detail: str | Detail, more: Headers, reference: str = ""
    ) -> Ready:
        """`detail` says what to do; `reference` is what a caller can read out."""
        if isinstance(detail, str):
            detail = Detail(detail)
        if wants_page(head.path, head.header):
            kind, body = "text/html; charset=utf-8", self._page(head, status, detail, reference)
        else:
            problem = {
                "type": "about:blank",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": str(detail),
            }
            if reference:
                problem["reference"] = reference
            kind, body = "application/problem+json", json.dumps(problem).encode()
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *self._headers,
            *more,
        ]
        return Ready(status, headers, b"" if head.method == "HEAD" else body)


def wants_page(path: str, header: Callable[[str], str | None]) -> bool:
    """Whether a person's browser asks for a page; API, health and HTMX get a problem."""
    if path.startswith(_MACHINES) or header("hx-request"):
        return False
    return "text/html" in (header("accept") or "")
