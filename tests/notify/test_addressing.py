"""Who is addressed: whoever wants it, some at a time, and nobody twice."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import STUCK_AFTER, Delivery, addressing
from portal.status.notices import Notice
from tests.instants import HOUR, NOW, TICK
from tests.notify.outbox_rows import addressed, person, put


def test_nothing_is_left_to_address(session: Session):
    assert not outbox.address(session, ["c"], now=NOW)
    assert not outbox.has_unaddressed(session, now=clock.now())
    put(session, addressed_at=NOW)
    assert not outbox.address(session, ["c"], now=NOW)
    assert not outbox.has_unaddressed(session, now=clock.now())
    put(session, 2)
    assert outbox.has_unaddressed(session, now=clock.now())


def test_whoever_wants_it_is_addressed_and_then_the_chats(session: Session):
    person(session, 1)
    person(session, 2, topics=["incidents"])
    person(session, 3, kind="webhook", address="https://hooks.example.com/x")
    person(session, 4, confirmed_at=None)
    notice = put(session)
    assert outbox.address(session, ["c"], now=NOW)
    assert addressed(session) == [
        (1, "subscriber 1", "mail"),
        (1, "subscriber 3", "webhook hooks.example.com"),
        (1, "chat c", "chat c"),
    ]
    assert notice.addressed_at == NOW
    row = session.get(Delivery, 1)
    assert row is not None
    assert (row.state, row.attempts, row.due_at, row.error) == ("pending", 0, NOW, "")


def test_who_confirmed_after_it_hears_nothing_of_it(session: Session):
    person(session, 1, confirmed_at=NOW)
    person(session, 2, confirmed_at=NOW + TICK)
    # By a clock that was set back since.
    person(session, 3, confirmed_at=NOW + 2 * HOUR)
    person(session, 4, confirmed_at=NOW + HOUR)
    put(session)
    outbox.address(session, [], now=NOW + HOUR)
    assert [recipient for _, recipient, _ in addressed(session)] == ["subscriber 1", "subscriber 3"]


def test_many_are_addressed_some_at_a_time(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(addressing, "AT_ONCE", 2)
    for number in (1, 2, 3, 4):
        person(session, number)
    notice = put(session)
    assert outbox.address(session, ["c"], now=NOW)
    assert (notice.position, notice.addressed_at, len(addressed(session))) == (2, None, 2)
    assert outbox.address(session, ["c"], now=NOW)
    assert (notice.position, notice.addressed_at, len(addressed(session))) == (4, None, 4)
    assert outbox.address(session, ["c"], now=NOW)
    assert notice.addressed_at == NOW
    assert addressed(session)[-1] == (1, "chat c", "chat c")
    assert not outbox.address(session, ["c"], now=NOW)


def test_a_question_goes_to_the_one_it_is_for(session: Session):
    put(session, kind="subscription", event="asked", ref="7", audiences=[], channels=[])
    assert outbox.address(session, ["c"], now=NOW)
    assert addressed(session) == [(1, "subscriber 7", "mail")]


@pytest.mark.parametrize(
    ("age", "position", "later", "is_told", "why"),
    [
        (STUCK_AFTER, 0, True, False, "nobody delivered for long, and there is later news"),
        (STUCK_AFTER - TICK, 0, True, True, "not so long"),
        (STUCK_AFTER, 0, False, True, "there is no later news"),
        (STUCK_AFTER, 1, True, True, "some have been told already"),
    ],
)
def test_what_is_overtaken_is_told_to_nobody(session, age, position, later, is_told, why):
    notice = put(session, created_at=NOW - age, position=position)
    put(session, 2, ref="m-1" if later else "m-9", addressed_at=NOW)
    put(session, 3, kind="series", ref="m-1", addressed_at=NOW)
    assert outbox.address(session, ["c"], now=NOW)
    assert notice.addressed_at == NOW
    assert bool(addressed(session)) is is_told, why


def test_what_is_for_no_subscriber_is_addressed_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(addressing, "AT_ONCE", 1)
    for number in (1, 2):
        person(session, number)
    notice = put(session, audiences=["operations"])
    assert outbox.address(session, ["c"], now=NOW)
    assert (notice.first, notice.addressed_at) == (None, NOW)
    assert addressed(session) == [(1, "chat c", "chat c")]


@pytest.mark.parametrize(
    ("values", "is_released"),
    [
        ({}, True),
        ({"ref": "m-9"}, False),
        ({"kind": "series"}, False),
        ({"addressed_at": NOW}, False),
    ],
)
def test_what_is_held_of_the_same_thing_goes_first(session: Session, values, is_released):
    held = put(session, 1, **{"held_until": NOW + HOUR, "ref": "m-1", **values})
    later = put(session, 2, ref="m-1")
    assert outbox.address(session, ["c"], now=NOW)
    session.flush()
    session.expire_all()
    assert (held.held_until is None) is is_released
    assert (later.addressed_at is None) is is_released


@pytest.mark.parametrize(
    ("reached", "pending", "last", "start"),
    [(None, 0, 100, 0), (10, 1, 100, 10), (10, 0, 100, 71), (90, 0, 100, 51), (0, 0, 1, 0)],
)
def test_where_a_notice_begins(session: Session, reached, pending, last, start):
    person(session, last)
    put(session, 1, reached=reached, recipients=5 + pending, sent=5, addressed_at=NOW)
    assert addressing._start(session) == start


@pytest.mark.parametrize(("dialect", "kind"), [("postgresql", "postgresql"), ("sqlite", "sqlite")])
def test_deliveries_are_made_in_the_words_of_the_database(dialect: str, kind: str):
    said: list[Any] = []

    def execute(statement: Any, *_: Any, **__: Any) -> Any:
        said.append(statement)
        return SimpleNamespace(rowcount=1)

    database = SimpleNamespace(dialect=SimpleNamespace(name=dialect))
    session = SimpleNamespace(get_bind=lambda: database, execute=execute)
    notice = Notice(id=1, urgency=1, recipients=0)
    addressing._deliver(session, notice, [("chat c", "chat c")], NOW)  # type: ignore[arg-type]
    assert f".{kind}." in type(said[0]).__module__
    assert notice.recipients == 1


def test_a_recipient_is_a_subscriber_or_not():
    assert outbox.subscriber_of("subscriber 12") == 12
    assert outbox.subscriber_of("chat 12") is None
