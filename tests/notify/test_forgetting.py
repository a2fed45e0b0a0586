"""What was told long ago is forgotten, and what waits can be dropped."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.outbox import FAILED_SHOWN, KEPT, Delivery, retention
from portal.status.notices import Notice
from tests.instants import HOUR, NOW, TICK
from tests.notify.outbox_rows import deliver, put


def test_what_was_told_long_ago_is_forgotten(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "SWEPT_AT_ONCE", 2)
    put(session, 1, created_at=NOW - KEPT)
    put(session, 2, created_at=NOW - KEPT + TICK)
    for number in (1, 2):
        deliver(session, number, notice_id=1)
    deliver(session, 4, notice_id=2)
    left = []
    while outbox.sweep(session, now=NOW):
        left.append(
            (
                len(session.scalars(select(Delivery.id)).all()),
                len(session.scalars(select(Notice.id)).all()),
            )
        )
    assert left == [(1, 2), (1, 1)]
    assert session.scalars(select(Notice.id)).all() == [2]


def test_there_is_more_as_long_as_as_many_went_as_may(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retention, "SWEPT_AT_ONCE", 2)
    put(session)
    for number in range(1, 4):
        deliver(session, number, state="sent", settled_at=NOW - KEPT)
    assert [outbox.sweep(session, now=NOW) for _ in range(2)] == [True, False]
    assert session.scalars(select(Delivery.id)).all() == []


def test_who_unsubscribes_gets_nothing_that_was_on_its_way(session: Session):
    put(session)
    rows = [
        deliver(session, 1, recipient="subscriber 1"),
        deliver(session, 2, recipient="subscriber 2"),
    ]
    put(session, 2)
    rows.append(deliver(session, 3, notice_id=2, recipient="subscriber 1", state="sent"))
    outbox.drop_of(session, 1, now=NOW)
    session.expire_all()
    assert [row.state for row in rows] == ["dropped", "pending", "sent"]
    assert rows[0].settled_at == NOW


def test_all_that_waits_is_dropped(session: Session):
    notice, other = put(session), put(session, 2, addressed_at=NOW - HOUR)
    rows = [
        deliver(session, number, state=state)
        for number, state in enumerate(("pending", "sending", "sent", "dead"), start=1)
    ]
    assert outbox.drop_all(session, "put back", now=NOW) == 2
    session.expire_all()
    assert [row.state for row in rows] == ["dropped", "dropped", "sent", "dead"]
    assert rows[0].error == "put back"
    assert (notice.addressed_at, other.addressed_at) == (NOW, NOW - HOUR)
    assert outbox.drop_all(session, "again", now=NOW) == 0


def test_single_deliveries_are_kept_for_some_days_and_their_numbers_for_longer(session: Session):
    notice = put(session, created_at=NOW - 9 * 24 * HOUR)
    for number, (state, age) in enumerate(
        [
            ("sent", 3 * 24 * HOUR),
            ("dropped", 3 * 24 * HOUR),
            ("sent", 3 * 24 * HOUR - TICK),
            ("dead", 3 * 24 * HOUR),
            ("dead", FAILED_SHOWN),
        ],
        start=1,
    ):
        deliver(session, number, state=state, settled_at=NOW - age)
    deliver(session, 9)
    while outbox.sweep(session, now=NOW):
        pass
    left = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
    assert left == [3, 4, 9]
    session.refresh(notice)
    assert (notice.sent, notice.dead, notice.dropped, notice.pending) == (2, 2, 1, 1)
    assert not outbox.sweep(session, now=NOW, keep=30 * 24 * HOUR)
