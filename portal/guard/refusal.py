"""Answers of the chain itself: a problem for machines, a page for people."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from portal.guard.head import Head

Headers = list[tuple[str, str]]
# Status, sentence and reference; gives the HTML of a page.
Page = Callable[[int, str, str], bytes]
_MACHINES = ("/api/", "/health")


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
        self, head: Head, status: int, detail: str, more: Headers, reference: str = ""
    ) -> Ready:
        """`detail` says what to do; `reference` is what a caller can read out."""
        if wants_page(head.path, head.header):
            kind, body = "text/html; charset=utf-8", self._page(status, detail, reference)
        else:
            problem = {
                "type": "about:blank",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": detail,
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
