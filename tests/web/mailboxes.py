"""Subscribing by mail, the links that are sent, and who subscribed."""

import re
from typing import Any

from portal.notify.subscribers import Subscriber
from tests.sites import Site


def link_in(text: str, path: str) -> str:
    found = re.search(rf"https://status\.example\.com({path}\S+)", text)
    assert found, text
    return found.group(1)


def ask(site: Site, address: str = "ada@example.com", **form: Any) -> Any:
    values = {"address": address, "topics": ["incidents", "maintenance"], **form}
    return site.client().post("/subscribe", data=values)


def subscribers(site: Site) -> list[Subscriber]:
    with site.portal.core.open_session() as session:
        return session.query(Subscriber).all()
