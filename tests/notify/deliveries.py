"""Subscribers by mail, and a dispatcher that is turned until nothing is left to do."""

from typing import Any

from portal import clock
from portal.notify import outbox, subscribers
from portal.notify.outbox import Delivery, State
from portal.notify.subscribers import SubscriptionIn
from portal.settings import MailServer
from portal.status.incidents import IncidentIn
from portal.status.notices import Notice
from portal.store import engine
from portal.store.lease import Fence
from portal.worker.delivery import build_dispatcher
from tests.notify.post import Post
from tests.patience import until
from tests.sites import Site


def settings(post: Post) -> dict[str, Any]:
    return {
        "smtp_url": MailServer("127.0.0.1", post.port, "offered"),
        "mail_from": "Test status <status@example.com>",
        "mail_rate": 1000.0,
        "external_url": "https://status.example.com",
    }


def subscribe(site: Site, address: str, **choices: Any) -> None:
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        now = clock.now()
        subscribers.ask(session, SubscriptionIn(address=address, **choices), now=now)
        row = session.query(subscribers.Subscriber).filter_by(address=address).one()
        subscribers.confirm(row, now=now)
        # The question itself is not what these tests look at.
        session.query(Notice).filter_by(kind="subscription").delete()
        session.commit()


class Told:
    """A dispatcher that is turned until nothing is left to do."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.dispatcher = build_dispatcher(site.portal, Fence())

    def __enter__(self) -> "Told":
        return self

    def __exit__(self, *_: object) -> None:
        self.dispatcher.stop()

    def is_quiet(self) -> bool:
        """Take a turn; whether it left nothing to do and nothing under way."""
        return not self.dispatcher.run_once() and not self.dispatcher.is_waiting

    def run(self, seconds: float = 60) -> None:
        """Until no delivery is due and none is under way."""

        def is_done() -> bool:
            if self.dispatcher.run_once():
                return False
            with self.site.portal.core.open_session() as session:
                due = session.query(Delivery).filter(
                    (Delivery.state == State.SENDING)
                    | ((Delivery.state == State.PENDING) & (Delivery.due_at <= clock.now()))
                )
                return due.count() == 0 and not outbox.has_unaddressed(session, now=clock.now())

        until(is_done, seconds=seconds, what="the end of the deliveries")


def states(site: Site) -> dict[str, int]:
    with site.portal.core.open_session() as session:
        found: dict[str, int] = {}
        for row in session.query(Delivery):
            found[row.state] = found.get(row.state, 0) + 1
        return found


def an_incident(**values: Any) -> IncidentIn:
    return IncidentIn.model_validate(
        {"title": "Payments fail", "impact": "major", "message": "We **look** into it."} | values
    )
