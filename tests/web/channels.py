"""Subscribing with a channel on loopback, and the code that was sent."""

from typing import Any

from portal.notify.subscribers import Subscriber
from portal.store import engine
from tests.notify.addresses import SLACK_URL, TEAMS_URL
from tests.sites import Site

HOOK = "https://hooks.example.com/portal?key=a-long-secret"
URLS = {"slack": SLACK_URL, "teams": TEAMS_URL, "webhook": HOOK}


def ask(site: Site, kind: str = "slack", address: str = "", **form: Any) -> Any:
    values = {"kind": kind, "address": address or URLS[kind], "topics": ["incidents"], **form}
    return site.client().post("/subscribe", data=values)


def rows(site: Site) -> list[Subscriber]:
    with site.portal.core.open_session() as session:
        return session.query(Subscriber).order_by(Subscriber.id).all()


def code_of(site: Site) -> str:
    return site.portal.notify.links.code(rows(site)[-1])


def lead_to(site: Site, server: Any) -> None:
    """Have what was subscribed lead to a server on loopback."""
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        for row in session.query(Subscriber):
            url = f"http://127.0.0.1:{server.server_port}/{row.kind}-{row.id}-hook"
            site.portal.notify.addresses.put(row, url)
        session.commit()
