"""A crowd of subscribers and of deliveries, made in bulk."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import Delivery
from portal.notify.subscribers import Subscriber
from portal.status import notices
from portal.status.notices import Content, Event, Notice, NoticeKind
from portal.store.revision import transaction
from tests.sites import Site

ALL = ["incidents", "maintenance", "announcements"]


def gather(site: Site, count: int, *, prefix: str = "p", **values: Any) -> None:
    """As many people who confirmed an hour ago."""
    at = clock.now() - timedelta(hours=1)
    with transaction(site.portal.core.open_session) as (session, _):
        session.execute(
            insert(Subscriber),
            [
                {
                    "kind": "mail",
                    "address": f"{prefix}{number}@example.com",
                    "topics": ALL,
                    "components": [],
                    "wanted": {},
                    "question": None,
                    "asked_at": at,
                    "confirmed_at": at,
                    "secret": "",
                    "created_at": at,
                    **values,
                }
                for number in range(count)
            ],
        )


def tell(
    site: Site,
    kind: NoticeKind = NoticeKind.WINDOW,
    event: Event = Event.STARTED,
    ref: str = "m-1",
    *,
    nth: object = "",
    now: datetime | None = None,
) -> int:
    """Put a notice that is for everybody; its number."""
    content = Content(title=f"{ref} {event}", audiences=["public"], channels=["email", "api"])
    facts = {"status": "resolved" if event is Event.RESOLVED else "investigating"}
    with transaction(site.portal.core.open_session) as (session, at):
        notices.put(session, kind, event, ref, content, facts=facts, now=now or at, nth=nth)
        return max(session.scalars(select(Notice.id)))


def address_all(site: Site, *, has_mail: bool = True) -> None:
    """Make all deliveries."""
    is_more = True
    while is_more:
        with transaction(site.portal.core.open_session) as (session, now):
            is_more = outbox.address(session, [], now=now, has_mail=has_mail)


def notice(site: Site, number: int) -> Notice:
    with site.portal.core.open_session() as session:
        row = session.get(Notice, number)
        assert row is not None
        return row


def states(site: Site, number: int) -> dict[str, int]:
    """How many deliveries of a notice are in which state, counted one by one."""
    with site.portal.core.open_session() as session:
        found: dict[str, int] = {}
        for state in session.scalars(select(Delivery.state).where(Delivery.notice_id == number)):
            found[state] = found.get(state, 0) + 1
        return found


def counted(site: Site, number: int) -> dict[str, int]:
    """The same as the notice has it."""
    row = notice(site, number)
    found = {"sent": row.sent, "dead": row.dead, "dropped": row.dropped, "pending": row.pending}
    return {state: count for state, count in found.items() if count}
