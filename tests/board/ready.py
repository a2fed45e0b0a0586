"""Ready-made answers of a picture."""

from typing import Any

from portal.board import named
from portal.board.answers import Answers
from portal.board.site import Site


def ready(
    shown, *, cors: str = "", page: bytes = b"page", before=None, asked: list[Any] | None = None
) -> Answers:
    def pages(shown, choice) -> dict[str, bytes]:
        if asked is not None:
            asked.append(choice)
        return {"/": page + choice.language.encode() if choice.language != "en" else page}

    return Answers(
        shown,
        pages=pages,
        documents={
            "/badge.svg": lambda _: ("image/svg+xml", b"<svg/>"),
            "/feed": lambda _: ("text/plain", b"feed"),
        },
        named=named.finder(Site("", ""), lambda shown, one, _: f"<h1>{one.slug}</h1>".encode()),
        poll_seconds=15,
        extra_headers=(),
        embed_headers=(),
        page_headers=(("X-Page", "1"),),
        cors=cors,
        before=before,
    )


MAINTENANCE = "/api/runtime/maintenance"
