"""Channels of readers on loopback, and what was sent into them."""

import json
from typing import Any

from portal import clock
from portal.notify.subscribers import Subscriber
from portal.settings import Target
from portal.store import engine
from portal.unit_of_work import By
from portal.worker.delivery import build_dispatcher
from tests.notify.deliveries import Told, an_incident
from tests.notify.targets import LISTED
from tests.sites import Site

KINDS = ["slack", "teams", "webhook"]


class Reached(Told):
    """A dispatcher for which channels of readers may be on loopback."""

    def __init__(self, site: Site, for_readers: tuple[Target, ...] = LISTED) -> None:
        super().__init__(site)
        self.dispatcher.stop()
        self.dispatcher = build_dispatcher(
            site.portal, site.portal.core.fence, for_readers=for_readers
        )


def channel(site: Site, server: Any, kind: str, path: str = "secret-path", **values: Any) -> int:
    """A channel of a reader on a server, confirmed; its number."""
    now = clock.now()
    url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/{path}-{kind}"
    row = Subscriber(
        **{
            "kind": kind,
            "topics": ["incidents", "maintenance", "announcements"],
            "components": [],
            "wanted": {},
            "question": None,
            "asked_at": now,
            "confirmed_at": now,
            "secret": "s" * 48 if kind == "webhook" else "",
            "created_at": now,
            "by_reader": True,
            **values,
        }
    )
    site.portal.notify.addresses.put(row, url)
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        session.add(row)
        session.commit()
        return row.id


def open_incident(site: Site, **values: Any) -> Any:
    return site.portal.status.incidents.open(By("test"), an_incident(**values))


def sent_to(server: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, body in server.calls]


def put_question(site: Site, number: int) -> None:
    from portal.status import notices
    from portal.status.notices import Content, Event, NoticeKind

    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        notices.put(
            session, NoticeKind.SUBSCRIPTION, Event.ASKED, str(number), Content(), now=clock.now()
        )
        session.commit()
