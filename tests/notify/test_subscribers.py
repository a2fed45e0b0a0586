"""How subscribers are counted, listed and ended."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.chain import AuditEvent
from portal.notify import subscribers
from portal.notify.subscribers import Addresses, Subscriber, SubscriberKind, acts
from portal.unit_of_work import By
from tests.instants import NOW
from tests.notify.subscribing import notice, with_components
from tests.rows import subscriber as person


@pytest.fixture
def session(session: Session) -> Session:
    return with_components(session)


def test_subscribers_are_listed_the_newest_first(session: Session):
    assert subscribers.page(session, limit=9, offset=0) == ([], 0)
    session.add_all([person(1), person(2, kind="webhook"), person(3), person(4)])
    session.flush()
    rows, total = subscribers.page(session, limit=2, offset=1)
    assert ([row.id for row in rows], total) == ([3, 2], 4)
    rows, total = subscribers.page(session, limit=9, offset=0, kind=SubscriberKind.MAIL)
    assert ([row.id for row in rows], total) == ([4, 3, 1], 3)


def test_how_many_are_told_of_a_notice(session: Session):
    session.add_all(
        [
            person(1),
            person(2, topics=["maintenance"]),
            person(3, confirmed_at=None),
            person(4, kind="webhook"),
            person(5),
        ]
    )
    session.flush()
    assert subscribers.told(session, notice()) == {"mail": 2, "slack": 0, "teams": 0, "webhook": 1}
    counts = subscribers.counts(session)
    assert (counts.mail, counts.webhook, counts.unconfirmed) == (3, 1, 1)


def test_an_operator_ends_a_subscription(session: Session):
    row = person()
    session.add(row)
    session.flush()
    session.commit()
    made = acts.Subscribers(lambda: Session(session.get_bind()), Addresses(("secret",)))
    made.remove(By("ada"), row.id)
    assert session.scalars(select(Subscriber)).all() == []
    event = session.scalars(select(AuditEvent)).one()
    assert event.detail == {"subscriber": 1, "kind": "mail"}


def test_who_comes_next_is_found_by_number(session: Session):
    session.add_all([person(number) for number in (1, 2, 3, 4)])
    session.flush()

    def after(position: int, most: int = 9) -> list[int]:
        found = subscribers.after(session, position, before=NOW, now=NOW, most=most)
        return [row.id for row in found]

    assert after(0) == [1, 2, 3, 4]
    assert after(2) == [3, 4]
    assert after(0, most=2) == [1, 2]


def test_without_a_server_those_with_a_mailbox_are_left_out(session: Session):
    session.add_all([person(1), person(2, kind="slack"), person(3), person(4, kind="webhook")])
    session.flush()
    found = subscribers.after(session, 0, before=NOW, now=NOW, most=9, has_mail=False)
    assert [row.id for row in found] == [2, 4]
    found = subscribers.after(session, 0, until=2, before=NOW, now=NOW, most=9)
    assert [row.id for row in found] == [1, 2]


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"channels": ["email"]}, ["mail"]),
        ({"channels": ["api"]}, ["slack", "teams", "webhook"]),
        ({"channels": ["email", "api"]}, ["mail", "slack", "teams", "webhook"]),
        ({"channels": ["web"]}, []),
        ({"audiences": ["admin"]}, []),
        ({"kind": "alert"}, []),
    ],
)
def test_for_which_kinds_a_notice_may_be(session: Session, values: Any, kinds: list[str]):
    what = notice(**values)
    assert sorted(subscribers.kinds_of(what)) == kinds
    session.add(person(1))
    session.flush()
    told = subscribers.told(session, what)
    assert told["mail"] == (1 if "mail" in kinds else 0)
