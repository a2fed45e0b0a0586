"""Notices, subscribers and deliveries in a database, and what a test does to them."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.outbox import Claim, Delivery, Outcome, Result
from portal.notify.subscribers import Subscriber
from portal.status.notices import Notice
from tests import rows
from tests.instants import NOW

US = "node me"


def put(session: Session, number: int = 1, **values: Any) -> Notice:
    named = {"key": f"k{number}", "ref": f"m-{number}", "title": f"T{number}"}
    row = rows.notice(**{"id": number, **named, **values})
    session.add(row)
    session.flush()
    return row


def person(session: Session, number: int = 1, **values: Any) -> Subscriber:
    row = rows.subscriber(number, **{"topics": ["maintenance"], **values})
    session.add(row)
    session.flush()
    return row


def deliver(session: Session, number: int = 1, **values: Any) -> Delivery:
    told = {"recipient": f"chat c{number}", "queue": "chat c"}
    row = rows.delivery(**{"id": number, **told, **values})
    session.add(row)
    if (notice := session.get(Notice, row.notice_id)) is not None:
        notice.recipients += 1
        if row.state in ("sent", "dead", "dropped"):
            setattr(notice, row.state, getattr(notice, row.state) + 1)
    session.flush()
    return row


def addressed(session: Session) -> list[tuple[int, str, str]]:
    rows = session.scalars(select(Delivery).order_by(Delivery.id))
    return [(row.notice_id, row.recipient, row.queue) for row in rows]


def is_held(session: Session, claim: outbox.Claim) -> bool:
    return claim.delivery in outbox.held(session, [claim])


def settle(
    session: Session,
    result: Result,
    reason: str = "",
    number: int = 1,
    told: Subscriber | None = None,
) -> None:
    claim = Claim(number, US, "", "", None, told)  # type: ignore[arg-type]
    outbox.settle(session, [(claim, Outcome(number, result, reason))], now=NOW)
