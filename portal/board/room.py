"""How the board is built: what makes the answers of a picture."""

from collections.abc import Callable

from portal.board import feeds, statuspage
from portal.board.answers import Answers, Page
from portal.board.copy import Copy
from portal.board.picture import Picture
from portal.board.publish import Board
from portal.core import Core

Headers = tuple[tuple[str, str], ...]


def build(
    core: Core,
    pages: Callable[[Picture], dict[str, bytes]],
    page_of: Page,
    *,
    headers: Headers,
    page_headers: Headers,
) -> Board:
    """`pages` renders the HTML of a picture, by path; `page_of` that of one component."""
    settings = core.settings
    site = feeds.Site(settings.site_name, settings.external_url.rstrip("/"))
    documents = feeds.documents(site) | statuspage.documents(site)

    def publish(picture: Picture, before: Answers | None) -> Answers:
        return Answers(
            picture,
            pages=pages(picture),
            documents=documents,
            page_of=page_of,
            poll_seconds=settings.poll_seconds,
            extra_headers=headers,
            page_headers=page_headers,
            cors=settings.public_cors,
            before=before,
        )

    return Board(core.open_session, publish, Copy(settings.data_dir / "board.json"))
