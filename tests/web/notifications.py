"""A webhook and a message by forms, and who and what there is of them."""

from typing import Any

from sqlalchemy import select

from portal.notify.subscribers import Subscriber
from portal.status.notices import Notice
from tests.sites import Site
from tests.web.pages import KEY

WEBHOOK: dict[str, Any] = {"url": "https://hooks.example.com/x", "topics": ["incidents"]}
MESSAGE: dict[str, Any] = {
    "template": "late",
    "value-what": "The mail",
    "value-when": "tomorrow",
    "audiences": ["public"],
    "key": KEY,
}


def subscribed(site: Site) -> list[Subscriber]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Subscriber)))


def told(site: Site) -> list[Notice]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Notice)))
