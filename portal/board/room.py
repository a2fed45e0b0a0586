"""How the board is built: what makes the answers of a picture."""

from collections.abc import Callable

from portal.board import feeds, named, statuspage
from portal.board.answers import Answers, Pages, Speaking
from portal.board.copy import Copy
from portal.board.picture import Picture
from portal.board.publish import Board
from portal.board.site import Site
from portal.core import Core

Headers = tuple[tuple[str, str], ...]


def build(
    core: Core,
    pages: Pages,
    page_of: named.Page,
    *,
    headers: Headers,
    page_headers: Headers,
    embed_headers: Headers,
    say: Callable[[str], str],
    share: Callable[[float], str],
    speaking: Speaking,
) -> Board:
    """`pages` renders the HTML of a picture, by path; `page_of` that of one component."""
    settings = core.settings
    site = Site(settings.site_name, settings.external_url.rstrip("/"), say, share)
    documents = feeds.documents(site) | statuspage.documents(site)

    find = named.finder(site, page_of)

    def publish(picture: Picture, before: Answers | None) -> Answers:
        return Answers(
            picture,
            pages=pages,
            documents=documents,
            named=find,
            poll_seconds=settings.poll_seconds,
            extra_headers=headers,
            page_headers=page_headers,
            embed_headers=embed_headers,
            speaking=speaking,
            cors=settings.public_cors,
            before=before,
        )

    return Board(core.open_session, publish, Copy(settings.data_dir / "board.json"))
